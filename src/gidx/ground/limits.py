"""Limits: what a file may cost before one of its rows is seen.

A few bytes of a file can declare, or inflate to, any amount of memory: a block of 1 MB
became 1 GB, an index of 4 MB took 4 GB. What a limit stops is a FormatError that names
it. They are meant to be far above what real files have.

Of a batch of rows, memory is a few times the largest of ``block`` and ``line`` at most; a
whole table costs what its rows cost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from gidx.errors import FormatError, format_error, hint, whole

PREFIX = "GIDX_LIMIT_"  # of environment variables
_MOST = 2**62  # more than a kernel counts to


class Limits:
    """The limits of this process: set an attribute, or an environment variable before.

    ========== ============ =====================================================
    name       default      most …
    ========== ============ =====================================================
    ``block``  268,435,456  bytes that blocks, read together, inflate to
    ``index``  268,435,456  bytes of an index, inflated
    ``header`` 268,435,456  bytes of text before the first row; of an AutoSQL text
    ``line``   134,217,728  bytes of a row of text
    ``fields`` 1,000,000    columns of a table of text
    ``columns`` 256         attributes of GFF that become columns by themselves; the
                            rest stays in the map ``attributes``
    ``array``  65,536       items of an array whose size is fixed (``int[65536]``), bytes
                            of a value in an interval index
    ``bins``   16,777,216   bins that one region may be in
    ``cache``  4,294,967,296 bytes of the folder that ``cache=`` names
    ========== ============ =====================================================

    ``GIDX_LIMIT_BLOCK=1000000000`` in the environment sets ``block``, for the command
    line, and for workers of dask and spark, which do not see what was set here.

    >>> gidx.limits.block
    268435456
    >>> gidx.limits.block = 2**30
    >>> gidx.limits.blok = 2**30
    Traceback (most recent call last):
    ...
    AttributeError: no limit 'blok'; did you mean 'block'?
    >>> gidx.limits.block = 2**28
    """

    block: int
    index: int
    header: int
    line: int
    fields: int
    columns: int
    array: int
    bins: int
    cache: int

    DEFAULTS: ClassVar[Mapping[str, int]] = {
        "block": 2**28,
        "index": 2**28,
        "header": 2**28,
        "line": 2**27,
        "fields": 1_000_000,
        "columns": 256,
        "array": 2**16,
        "bins": 2**24,
        "cache": 2**32,
    }

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        for name, value in self.DEFAULTS.items():
            said = environment.get(PREFIX + name.upper())
            if said is None:
                setattr(self, name, value)
                continue
            try:
                setattr(self, name, int(said.replace("_", "")))
            except ValueError:
                raise ValueError(
                    f"{PREFIX}{name.upper()} is {said!r}, expected a number of 1 or more"
                ) from None

    def __setattr__(self, name: str, value: int) -> None:
        if name not in self.DEFAULTS:
            raise AttributeError(f"no limit {name!r}{hint(name, self.DEFAULTS)}")
        object.__setattr__(self, name, min(whole(f"limit {name}", value, 1), _MOST))

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{n}={getattr(self, n):,}' for n in self.DEFAULTS)})"

    def passed(self, name: str, path: str, offset: int | None, what: str) -> FormatError:
        """The error of a file that passes a limit: ``what`` says with what.

        >>> str(gidx.limits.passed("block", "a.bb", 80, "a block that inflates to more"))
        'a.bb, byte 80: a block that inflates to more, where the limit "block" is 268,435,456; \
if that is meant, raise it: gidx.limits.block = ..., or GIDX_LIMIT_BLOCK=... in the environment'
        """
        return format_error(
            path,
            offset,
            f'{what}, where the limit "{name}" is {getattr(self, name):,}; if that is meant, '
            f"raise it: gidx.limits.{name} = ..., or {PREFIX}{name.upper()}=... in the "
            "environment",
        )


limits = Limits()
