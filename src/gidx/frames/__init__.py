"""Frames in memory: what `DataFrame.gidx` does, a module for each kind of question.

frame ─roles─▶ chrom, start, end ─positions─▶ arrays ─index─▶ Intervals (numpy, kernels)
─query, join, nearest─▶ row numbers ─take─▶ frame
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gidx.frames import join, nested, order, query, signal, validate, write

__all__ = ["join", "nested", "order", "query", "signal", "validate", "write"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A kind of question is imported when it is asked."""
        if name in __all__:
            return import_module(f"gidx.frames.{name}")
        raise AttributeError(f"module 'gidx.frames' has no attribute {name!r}", name=name)
