"""Hot loops in Cython, compiled when the package is built: arrays, no objects; files by number.

They are `.pyx` and not Python files in Cython's pure mode: a kernel has no interpreted twin
that could run in its place, a hundred times slower and unnoticed. `types.pxd` names numbers,
`letters.pxd` bytes, `common.pxd` is what several kernels do; a `.pyi` beside each tells type
checkers its signatures. backend/gidx_build.py says how all are compiled.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

try:
    import_module("gidx.kernels._shared")  # which all compiled kernels need
except ImportError as error:
    raise ImportError(
        f"{Path(__file__).parent}: the kernels are not compiled for Python "
        f"{sys.version_info.major}.{sys.version_info.minor} ({error}); in a clone run "
        "'python backend/gidx_build.py', else install gidx again",
        name=__name__,
    ) from error
