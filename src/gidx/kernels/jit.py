"""How kernels are compiled, in one place.

`kernel`: called from Python. `helper`: called from kernels only; without the
wrappers for Python, which took half of its compile time.

A helper lives in the module of the kernels that call it: numba keys its cache by the
kernel's own file, so after an edit elsewhere a kernel would run the old helper.

Compiled code is kept on disk (numba's cache: beside the source, or in the user's
cache folder where that cannot be written), so a machine compiles once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

kernel: Callable[[F], F] = njit(nogil=True, cache=True, error_model="numpy")
helper: Callable[[F], F] = njit(
    nogil=True,
    cache=True,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
)
