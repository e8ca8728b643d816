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
        sys.meta_path.insert(0, _Watch())


def _register() -> None:
    import gidx.accessor  # noqa: F401


class _Watch:
    """Finds pandas as others do, and registers the accessor behind it."""

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        from importlib.util import find_spec

        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = cast(Any, _Registering(spec.loader))
        return spec


class _Registering:
    """pandas' own loader, and then the accessor."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register()
