"""Checking a file: every row and value, and whether an index tells the truth.

    rows     read whole: structure, checksums, and every value of its declared type
    index    leads to every row: a query of any of its bases finds it; a bigBed's extra
             indexes lead to its name, and its summaries are those of the rows

What a scan would raise, this raises too; what it would warn of is listed.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gidx.dataset import Dataset, open
from gidx.errors import GidxWarning
from gidx.formats import registry
from gidx.formats.several import Several
from gidx.scan import format_of, read_as


@dataclass(frozen=True)
class Report:
    """What was found: rows, rows by chrom, and everything that is not as it should be."""

    path: str
    format: str
    rows: int
    chroms: dict[str, int]
    index: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(
    source: Any,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    opening: Mapping[str, Any] | None = None,
) -> Report:
    """Read a file whole, and compare what its index says with what is there.

    Parameters
    ----------
    source
        What `gidx.open` takes, or a Dataset.
    opening : mapping, optional
        Options of `gidx.open`: ``schema``, ``types``, ``encoding`` …

    Raises
    ------
    FormatError
        The file is broken, or the index that of another file.

    Examples
    --------
    >>> from gidx.check import check
    >>> report = check("genes.bb")
    >>> report.ok, report.rows, report.chroms
    (True, 3, {'chr22': 2, 'chrX': 1})
    """
    problems: list[str] = []
    counts: Counter[str | None] = Counter()
    rows = 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", GidxWarning)
        found = source if isinstance(source, Dataset) else open(source, **(opening or {}))
        file = format_of(found)
        for batch in () if isinstance(file, Several) else found.scan(threads=threads):
            rows += batch.num_rows
            values = batch.column("chrom").value_counts()
            for name, count in zip(values.field(0), values.field(1), strict=True):
                counts[name.as_py()] += count.as_py()
            if progress is not None:
                progress(rows)
    problems += [str(w.message) for w in told if issubclass(w.category, GidxWarning)]
    if isinstance(file, Several):
        return _each(found, file, problems, threads, progress)
    problems += registry.prove(file, counts, threads)
    chroms = {name: count for name, count in counts.items() if name is not None}
    return Report(
        found.path, found.format, rows, chroms, file.index_kind or "none", tuple(problems)
    )


def _each(
    found: Dataset,
    files: Several,
    told: list[str],
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> Report:
    """Of files that are opened as one each by itself, beside what opening them told."""
    rows, problems = 0, dict.fromkeys(told)
    chroms: Counter[str] = Counter()
    for file in files.files:
        done = rows
        so_far = None if progress is None else lambda n, done=done: progress(done + n)
        report = check(read_as(found, file), threads=threads, progress=so_far)
        rows += report.rows
        chroms.update(report.chroms)
        problems.update(dict.fromkeys(report.problems))
    index = files.index_kind or "none"
    return Report(found.path, found.format, rows, dict(chroms), index, tuple(problems))
