"""How much at a time: numbers that were measured, and that no answer depends on.

They stand in one place so that tests can make few rows go the way of many:

>>> with tuning.set(write_rows=2):
...     tuning.write_rows
2
>>> tuning.write_rows
65536
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Tuning:
    """Sizes of this process."""

    # threads where nobody says how many: as many as this process may use
    threads: int | None = None

    # ── writing ──
    # Rows, and bytes of their columns, that are encoded at a time. 2 M bed6 rows on one
    # thread: 0.15 s in pieces of 64k rows; 0.18 s in 16k, 0.19 s in 256k, 0.52 s in 2k. Also
    # those of a spooled batch: streams may come in batches of ten rows, and each batch costs
    # 20 us whenever rows are looked up in it.
    write_rows: int = 65_536
    write_bytes: int = 8 << 20
    survey_rows: int = 262_144  # whose order is looked at at a time: 6 MB
    # A stream of fewer bytes stays in memory: with 64 MB nobody's peak grows noticeably,
    # and what most people stream never touches the disk.
    spool_bytes: int = 64 << 20
    merged_bases: int = 1 << 22  # of bigWigs, at a time: 16 MB where each has a value of its own

    # ── reading ──
    # Up to so many rows are imported into Arrow as a whole, which is quicker by a third; but
    # pyarrow then keeps all of their columns for as long as it keeps one.
    batch_whole: int = 4_096

    # A range tree of so many blocks (2 MB of leaves) is read whole with its first query; of a
    # larger one each query reads the nodes that it needs.
    whole_tree: int = 65_536
    # Bytes of a bbi file that are inflated and decoded at a time: so many that the calls do not
    # count, so few that a group's text stays in the cache.
    bbi_group: int = 512 << 10
    # Bytes of inflated blocks of bbi files that a process keeps, of however many files: some
    # hundred blocks.
    bbi_kept: int = 8 << 20

    # Files opened as one that are held open: of more, each read opens its file again (14 us).
    held_files: int = 64

    # Pieces up to which an engine has a task for each, of one chrom. Of 100,000 contigs it had as
    # many, which took longer to hand out than to do: Dask was not done after two minutes.
    tasks: int = 1000

    # ── reading plain text and plain gzip ──
    plain_bytes: int = 1 << 16  # read at a time
    gzip_inflated: int = 1 << 18  # inflated at a time, at most

    # ── frames ──
    threads_from: int = 200_000  # rows that are copied or encoded; fewer are not worth a thread
    queries_apart: int = 50_000  # fewer queries are not worth a second thread
    queries_sorted: int = 64  # fewer are not worth sorting
    # Up to so many regions are searched one by one; more pass over the sorted rows once,
    # which takes 10 ms for 2 M rows whatever overlaps.
    regions_tried: int = 16
    indexes_apart: int = 100_000  # rows whose index takes longer than to start a thread
    piled_rows: int = 65_536  # of several chroms, whose depth is counted at once
    digested: int = 50_000  # rows whose digest takes less than 0.2 ms
    digested_texts: int = 5_000  # as many where chroms are Python's texts
    kernel_names: int = 4_096  # different names that our own kernel finds; a power of 2

    # ── looking at it ──
    # Of more rows only a histogram is drawn: no figure holds them. One of 10 inches holds some
    # 13,000 features of one point each in 55 rows.
    drawn_rows: int = 20_000
    bar_after: float = 1.0  # seconds before a progress bar appears
    json_chunks: int = 1 << 15  # of an index that become JSON at a time, 10 to 30 MB of text

    @contextmanager
    def set(self, **values: float | None) -> Iterator[None]:
        """These values for a while; in all threads."""
        before = {name: getattr(self, name) for name in values}
        try:
            for name, value in values.items():
                setattr(self, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(self, name, value)


tuning = Tuning()
