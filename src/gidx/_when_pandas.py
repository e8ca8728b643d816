"""`DataFrame.gidx` is there as soon as both pandas and gidx are, whichever comes first.

Importing gidx does not import pandas (0.3 to 0.5 s), which the command line and users of
Arrow tables may never need. Where pandas comes later, its import is noticed by a finder at
the head of ``sys.meta_path`` (PEP 302), which then goes. Neither class derives from those of
`importlib.abc`, whose import takes 15 ms.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def register_accessor() -> None:
    """Register `DataFrame.gidx` now, or when pandas is imported."""
    if "pandas" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, cast(Any, _Watch()))


def _register() -> None:
    import gidx.accessors  # noqa: F401


class _Watch:
    """Finds pandas as others do, so that the accessor is registered behind it.

    It stays until pandas is executed: who only asks whether it can be imported finds it, too.
    """

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        spec.loader = cast(Any, _Registering(spec.loader, self))
                    return spec
        return None


class _Registering:
    """pandas' own loader, and then the accessor."""

    def __init__(self, loader: Any, watch: _Watch) -> None:
        self._loader, self._watch = loader, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        if self._watch in sys.meta_path:
            sys.meta_path.remove(cast(Any, self._watch))
        _register()
