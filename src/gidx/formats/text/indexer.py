"""Tabix indexes of text: rows found as a reader finds them, and where they are.

    whole lines ─scan─▶ chroms, starts, ends, places in the text ─Indexer─▶ TabixIndex

Writers and `build_index` share it, and both find rows with the kernel that reads them
(`gidx.kernels.lines`), so an index agrees with the reader.

`scan` knows nothing of other pieces, so pieces can be scanned on any thread: names of
chroms are numbered in each by itself. `Indexer` takes what was found in file order.

An index equals that of `tabix` (see gidx.binning.build for the one exception), but where
`tabix` is older than htslib 1.22 and does not know how far a VCF row of symbolic alleles
reaches. Lines with more or fewer fields than others are indexed: they have a place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from gidx.bgzf.lines import Text
from gidx.binning.build import IndexBuilder
from gidx.binning.index import TabixIndex
from gidx.binning.model import SAM, VCF, Kind, Layout
from gidx.formats.text.dialect import EVERY, Rules
from gidx.kernels import lines as kernels

Ints = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.uint64]


def layout_of(rules: Rules, skip: int = 0) -> Layout:
    """What an index says of a format's columns.

    >>> from gidx.binning import BED
    >>> layout_of(Rules(0, 1, 2, one_based=False)) == BED
    True
    """
    preset = {"vcf": VCF, "sam": SAM}.get(rules.span)
    if preset is not None:
        return replace(preset, meta=rules.meta.decode("latin-1"), skip=skip)
    return Layout(
        0, not rules.one_based, rules.chrom + 1, rules.start + 1, rules.end + 1,
        rules.meta.decode("latin-1"), skip,
    )  # fmt: skip


def odd_lines(header: bytes, rules: Rules) -> int:
    """How many lines a header has, if one of them would be taken for a row; else 0.

    >>> odd_lines(b"# a\\ntrack x\\n", Rules(0, 1, 2, one_based=False, tracks=True))
    0
    >>> odd_lines(b"# a\\nchrom\\tstart\\tend\\n", Rules(0, 1, 2, one_based=False))
    2
    """
    lines = header.split(b"\n")[:-1] if header.endswith(b"\n") else header.split(b"\n")
    for line in lines:
        tracks = rules.tracks and line.split(None, 1)[:1] in ([b"track"], [b"browser"])
        if line.rstrip(b"\r") and not line.startswith(rules.meta) and not tracks:
            return len(lines)
    return 0


# ── rows of a piece of text ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Scanned:
    """The rows of some text. ``chrom`` counts in ``names``; -1 is SAM's ``*``.

    Row i is ``text[begins[i] : ends_at[i]]``, its line break included. ``ended``: a
    line said that the table ends there.
    """

    names: list[bytes]
    chrom: npt.NDArray[np.int32]
    start: Ints
    end: Ints
    begins: Ints
    ends_at: Ints
    ended: bool

    def __len__(self) -> int:
        return len(self.chrom)

    @property
    def places(self) -> Ints:
        """Where the first row begins, and where each ends."""
        return np.append(self.begins[:1], self.ends_at)


@dataclass(frozen=True)
class Broken:
    """A line that is no row: where it begins in the text, what is wrong, fields found."""

    at: int
    status: int
    found: int


def scan(text: Text, rules: Rules) -> Scanned | Broken:
    """The rows of a text, or the first line that is none and should be."""
    changes, ended = kernels.read_chroms(
        text.text, text.begins, text.stops, text.cut, rules.meta[0], rules.tracks, rules.fasta,
        rules.chrom,
    )  # fmt: skip
    whole = text.text.data
    names = list(dict.fromkeys(bytes(whole[a:b]) for a, b in changes.tolist()))
    stops = text.stops
    if ended >= 0:
        stops = np.minimum(stops, ended)
    compiled = replace(rules, exact=0).compiled(names)
    status, at, found, chrom, start, end, fields, line_stops, *_ = kernels.read_lines(
        text.text, text.begins, stops, text.cut, text.blocks, compiled, 0, EVERY
    )
    if status != kernels.OK:
        return Broken(int(at), status, int(found))
    behind = line_stops.astype(np.int64) + 1
    behind += text.text[line_stops] == ord("\r")
    return Scanned(names, chrom, start, end, fields[0].astype(np.int64), behind, ended >= 0)


def whole_lines(data: npt.NDArray[np.uint8]) -> Text:
    """Bytes that are whole lines, as a text to scan."""
    return Text(
        data,
        np.zeros(1, np.int64),
        np.array([len(data)], np.int64),
        np.zeros(1, np.bool_),
        np.zeros((1, 2), np.int64),
    )


# ── rows in file order ──────────────────────────────────────────────────────────────────────────


class Unsorted(Exception):  # noqa: N818, never reaches a user
    """A row that may not stand where it does: its number in the piece, and why."""

    def __init__(self, local: int, why: str) -> None:
        super().__init__(why)
        self.local = local


class Indexer:
    """Builds an index from scanned pieces, in file order; pieces of any size give the same.

    >>> indexer = Indexer(Rules(0, 1, 2, one_based=False))
    >>> text = np.frombuffer(b"chr1\\t5\\t9\\nchr1\\t7\\t8\\n", np.uint8)
    >>> rows = scan(whole_lines(text), indexer.rules)
    >>> indexer.add(rows, rows.places.astype("u8"))
    >>> indexer.finish()
    TabixIndex('tbi', 1 chrom, 1 bin, 1 chunk, 2 rows)
    """

    def __init__(self, rules: Rules, *, skip: int = 0, min_shift: int = 14) -> None:
        self.rules = rules
        self._skip, self._builder = skip, IndexBuilder(min_shift)
        self._ids: dict[bytes, int] = {}
        self._last = ""  # the place of the row before
        self._unplaced = 0

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return self._builder.n_rows + self._unplaced

    def add(self, rows: Scanned, offsets: Offsets) -> None:
        """The next rows, and virtual offsets: of the first, and behind each.

        Raises Unsorted for one that may not stand there; then all is over.
        """
        if len(rows) == 0:
            return
        refs = np.array([*map(self._id, rows.names), -1], np.int64)[rows.chrom]
        placed = refs >= 0
        count = len(rows) if placed.all() else int(np.argmin(placed))
        late = placed if self._unplaced else placed[count:]
        if late.any():
            local = int(np.argmax(late)) + (len(placed) - len(late))
            here = self._place(rows, local)
            raise Unsorted(local, f"rows are not sorted: {here} after rows without a place")
        if count:
            before = self._builder.n_rows
            bad = self._builder.push(
                refs[:count], rows.start[:count], rows.end[:count], offsets[: count + 1]
            )
            if bad is not None:
                raise self._refused(rows, bad.row - before, bad.reason)
            self._last = self._place(rows, count - 1)
        self._unplaced += len(rows) - count

    def _id(self, name: bytes) -> int:
        if name == b"*" and self.rules.span == "sam":
            return -1
        return self._ids.setdefault(name, len(self._ids))

    def _place(self, rows: Scanned, i: int) -> str:
        name = rows.names[int(rows.chrom[i])].decode("utf-8", "backslashreplace")
        return f"{name}:{rows.start[i] + int(self.rules.one_based)}"

    def _refused(self, rows: Scanned, i: int, reason: str) -> Unsorted:
        here = self._place(rows, i)
        if reason == "too far":
            return Unsorted(i, f"{here} ends at {rows.end[i]}, farther than an index can tell")
        last = self._last if i == 0 else self._place(rows, i - 1)
        return Unsorted(i, f"rows are not sorted: {here} after {last} (row {self.rows})")

    def finish(self, kind: Kind | Literal["auto"] = "auto", end: int | None = None) -> TabixIndex:
        """The index; ``end`` is the virtual offset behind all lines."""
        names = [name.decode("utf-8", "surrogateescape") for name in self._ids]
        index = self._builder.finish(
            names,
            layout_of(self.rules, self._skip),
            kind=kind,
            end=None if self._unplaced or not self._builder.n_rows else end,
        )
        return replace(index, n_no_coor=self._unplaced)
