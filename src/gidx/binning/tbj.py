"""TBJ: a tabix index as JSON, gzipped or not, in the layout of the package tabixpy.

::

    n_ref, format, col_seq, … skip, l_nm, names
    refs      bins                chunks      chunk_begin, chunk_end: a place for each
                                  chunks_begin, chunks_end: the first and the last of them
              bins_begin, bins_end, first_block, last_block: the places of the extremes
              intvs               the linear index: a place for each window
    n_no_coor, __format_name__, __format_ver__

A place is a virtual offset in two parts, ``real`` and ``bytes``, with the chunk where the
offset first occurs (``bin_n`` and ``chunk_n``, or -1). With the data at hand, it has also
the size of the block (``block_len``), the position of the row that begins there
(``bin_pos``), and those of the block's first and last row on the chrom; -1 where the
block does not tell. Positions are as the file has them.

What tabixpy fails at is written all the same. The pseudo-bin is one more bin, the last,
with -1 for what is looked up; a reference without bins has null for its extremes. A CSI
has ``min_shift`` and ``depth``, and in each bin ``loffset``; no layout is null. Bins are
ascending, as in all indexes from here, where tabixpy has them as they are in the file.
Chrom and start are in the layout's columns, where tabixpy takes the first two of any file.

Source: tabixpy 1.5.2, its README.md and _tabix.py; version 5. Version 4 (tabixpy 1.3), of
fewer keys, is read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import numpy as np

from gidx.bgzf.block import MAX_BLOCK, inflate_each, walk
from gidx.binning import tbi
from gidx.binning.bins import DEPTH, MAX_DEPTH, MIN_SHIFT, pseudo_bin
from gidx.binning.model import VCF, Index, Integers, Kind, Layout, Offsets
from gidx.binning.tbi import layout_of, normalized, pack_columns
from gidx.errors import format_error
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import ByteSource
from gidx.ground.tuning import tuning
from gidx.kernels.block_rows import read_block
from gidx.kernels.templates import fill_templates

NAME, VERSION = "TBJ", 5
READ = (4, 5)  # versions that are read

OFFSET = ("bin_n", "chunk_n", "real", "bytes")  # of a place
LOOKED_UP = ("block_len", "bin_pos", "first_pos", "last_pos")
COLUMNS = ("format", "col_seq", "col_beg", "col_end", "meta", "skip", "l_nm")

UNKNOWN = -1
UNIT, WITHIN = np.uint64(16), np.uint64(0xFFFF)
NO_BLOCK = (1 << 48) - 1  # of a window that no row has set: all ones
# Blocks to look rows up in at a time: 2 MB of text, as in gidx.bgzf.lines.TEXT.
BLOCKS = 32


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def format_index(index: Index, data: ByteSource | None = None) -> Iterator[bytes]:
    """The JSON text, piece by piece; rows are looked up in ``data``, the indexed file."""
    layout = index.layout
    columns: dict[str, Any] = dict.fromkeys(COLUMNS)
    packed = np.frombuffer(pack_columns(layout or VCF, index.names), tbi.COLUMNS, 1)[0]
    if layout is not None:
        columns = {key: int(packed[key]) for key in COLUMNS} | {"meta": layout.meta}
    scheme = {"min_shift": index.min_shift, "depth": index.depth} if index.kind == "csi" else {}
    parts = _parts(
        {
            "n_ref": index.n_refs,
            **columns,
            "names": list(index.names),
            **scheme,
            "refs": [MARK] if index.n_refs else [],
            "n_no_coor": index.n_no_coor,
            "__format_name__": NAME,
            "__format_ver__": VERSION,
        }
    )
    yield parts.pop(0)
    templates = _Templates(index.kind, OFFSET if data is None else OFFSET + LOOKED_UP)
    for ref in range(index.n_refs):
        rows = None
        if data is not None:
            rows = _RowPlaces(data, layout or VCF, _bytes(index.names[ref]) if index.names else b"")
        yield b",\n  " if ref else b""
        yield from _format_reference(index, ref, rows, templates)
    yield from parts


def _format_reference(
    index: Index, ref: int, rows: _RowPlaces | None, templates: _Templates
) -> Iterator[bytes]:
    found = _places(index, ref, rows)
    n_chunks = int(found.first[-1]) - (2 if index.has_pseudo[ref] else 0)
    lowest, highest = _extremes(found.places, found.of_chunks[:n_chunks])
    begin, end = templates.place(found.places, lowest), templates.place(found.places, highest)
    parts = _parts(
        {
            "ref_n": ref,
            "ref_name": index.names[ref] if index.names else None,
            "n_bin": len(found.bins),
            "bins": [MARK] if len(found.bins) else [],
            "bins_begin": begin,
            "bins_end": end,
            "first_block": begin,
            "last_block": end if rows is None or end is None else rows.last_block(end),
            "n_intv": len(found.of_windows),
            "intvs": [MARK] if len(found.of_windows) else [],
        },
        2,
    )
    yield parts.pop(0)
    if len(found.bins):
        for first_bin, stop in _slices(found.first):
            yield templates.bins(found, first_bin, stop)
        yield parts.pop(0)
    if len(found.of_windows):
        step = tuning.json_chunks
        for at in range(0, len(found.of_windows), step):
            yield templates.windows(found.places, found.of_windows[at : at + step], at == 0)
        yield parts.pop(0)


class _Places(NamedTuple):
    """A reference's bins and places: numbers of a place in the order of the keys."""

    bins: Integers
    loffset: Offsets  # of a CSI
    first: Integers  # of the chunks of each bin
    places: Integers  # (places, keys)
    of_chunks: Integers  # (chunks, 2): which places
    of_windows: Integers


def _places(index: Index, ref: int, rows: _RowPlaces | None) -> _Places:
    """Each offset once, with the chunk that has it first; pseudo-bin and windows included."""
    b0, b1 = index.ref_first[ref : ref + 2].tolist()
    first = index.chunk_first[b0 : b1 + 1] - index.chunk_first[b0]
    chunks = index.chunk_ranges[index.chunk_first[b0] : index.chunk_first[b1]]
    windows = index.linear[index.linear_first[ref] : index.linear_first[ref + 1]]
    bins, loffset = index.bins[b0:b1], index.loffset[b0:b1]
    known, at, which = np.unique(chunks.reshape(-1), return_index=True, return_inverse=True)
    more = np.setdiff1d(windows, known)
    offsets = np.concatenate([known, more])
    of_bin = np.repeat(np.arange(len(bins)), np.diff(first))[at >> 1]
    unknown = np.full(len(more), UNKNOWN)
    numbers = [
        np.r_[of_bin, unknown],
        np.r_[(at >> 1) - first[of_bin], unknown],
        *_split(offsets),
    ]
    if rows is not None:
        numbers += list(rows.look_up(offsets).T)
    places = np.column_stack(numbers).astype(np.int64, copy=False)
    of_chunks = which.reshape(-1, 2)
    order = np.argsort(offsets)
    of_windows = order[np.searchsorted(offsets, windows, sorter=order)]
    if index.has_pseudo[ref]:
        extent = np.full((4, places.shape[1]), UNKNOWN, np.int64)
        extent[:, 0], extent[:, 1] = len(bins), (0, 0, 1, 1)
        extent[:, 2], extent[:, 3] = _split(index.pseudo[ref])
        of_chunks = np.concatenate([of_chunks, np.arange(4).reshape(2, 2) + len(places)])
        places = np.concatenate([places, extent])
        bins = np.append(bins, pseudo_bin(index.depth))
        loffset = np.append(loffset, np.uint64(0))
        first = np.append(first, first[-1] + 2)
    return _Places(bins, loffset, first, places, of_chunks, of_windows)


def _extremes(places: Integers, of_chunks: Integers) -> tuple[int | None, int | None]:
    """The place where the lowest position begins, and the one where the highest ends.

    By first and last position where they were looked up, else by offset; of equals the
    first.
    """
    if len(of_chunks) == 0:
        return None, None
    looked_up = places.shape[1] > len(OFFSET)
    lowest, highest = (6, 7) if looked_up else (2, 2)
    least = int(np.argmin(places[of_chunks[:, 0], lowest]))
    most = int(np.argmax(places[of_chunks[:, 1], highest]))
    return int(of_chunks[least, 0]), int(of_chunks[most, 1])


def _split(offsets: Offsets) -> tuple[Integers, Integers]:
    return (offsets >> UNIT).astype(np.int64), (offsets & WITHIN).astype(np.int64)


def _slices(first: Integers) -> Iterator[tuple[int, int]]:
    """Runs of bins with about `tuning.json_chunks` chunks and bins each."""
    step = tuning.json_chunks
    weight = first + np.arange(len(first))
    at = np.searchsorted(weight, np.arange(0, weight[-1] + step, step)).tolist()
    cuts = sorted({*at, 0, len(first) - 1} - {len(first)})
    yield from pairwise(cuts)


# ── templates ───────────────────────────────────────────────────────────────────────────────────

# In JSON, the text of either is nothing else's: a name has no NUL, and templates no names.
MARK, SLOT = "\0", "\1"


def _text(value: Any, depth: int) -> str:
    return json.dumps(value, indent=1).replace("\n", "\n" + " " * depth)


def _parts(value: Any, depth: int = 0) -> list[bytes]:
    """The JSON text before, between and behind the marks."""
    return [part.encode() for part in _text(value, depth).split(json.dumps(MARK))]


# A bin's pieces of text, in the order in which they come
OPEN, FIRST, NEXT, MIDDLE, CLOSE, EMPTY, WINDOW, NEXT_WINDOW = range(8)


class _Templates:
    """Bins and windows as text, many at once.

    Why templates: of 100,000 chunks and 720,000 windows Python's json makes the 112 MB of
    text in 24 s, from objects that have to be made first; these in 1.3 s.
    """

    def __init__(self, kind: Kind, keys: Sequence[str]) -> None:
        self.keys = keys
        self.csi = kind == "csi"
        place = dict.fromkeys(keys, SLOT)
        loffset = {"loffset": {"real": SLOT, "bytes": SLOT}} if self.csi else {}
        full = {
            "bin_n": SLOT,
            "bin": SLOT,
            "n_chunk": SLOT,
            "chunks": {"chunk_begin": [MARK], "chunk_end": [MARK]},
            "chunks_begin": place,
            "chunks_end": place,
            **loffset,
        }
        nothing: dict[str, list[str]] = {"chunk_begin": [], "chunk_end": []}
        empty = {**full, "n_chunk": 0, "chunks": nothing, "chunks_begin": None, "chunks_end": None}
        begin, middle, end = _text(full, 4).split(json.dumps(MARK))
        texts = [""] * 8
        texts[OPEN], texts[MIDDLE], texts[CLOSE] = ",\n    " + begin, middle, end
        texts[EMPTY] = ",\n    " + _text(empty, 4)
        texts[FIRST], texts[NEXT] = _text(place, 7), ",\n       " + _text(place, 7)
        texts[WINDOW], texts[NEXT_WINDOW] = _text(place, 4), ",\n    " + _text(place, 4)
        pieces = [text.encode().split(json.dumps(SLOT).encode()) for text in texts]
        self.slots = np.array([len(p) - 1 for p in pieces])
        self.first = np.cumsum([0, *map(len, pieces)])
        flat = [piece for p in pieces for piece in p]
        self.bounds = np.cumsum([0, *map(len, flat)])
        self.text = np.frombuffer(b"".join(flat), np.uint8)

    def place(self, places: Integers, at: int | None) -> dict[str, int] | None:
        """One place as JSON has it."""
        return None if at is None else dict(zip(self.keys, places[at].tolist(), strict=True))

    def windows(self, places: Integers, which: Integers, first: bool) -> bytes:
        """Places of windows; ``first`` where none comes before them."""
        tokens = np.full(len(which), NEXT_WINDOW)
        tokens[:1] = WINDOW if first else NEXT_WINDOW
        return self._filled(tokens, places[which].reshape(-1))

    def bins(self, found: _Places, begin: int, end: int) -> bytes:
        """The bins from ``begin`` on and before ``end``."""
        first = found.first[begin : end + 1]
        chunks = found.of_chunks[first[0] : first[-1]]
        counts = np.diff(first)
        bin_n = np.arange(begin, end)
        # open, begins, middle, ends, close; or empty
        sizes = np.where(counts > 0, 2 * counts + 3, 1)
        at = np.cumsum(sizes) - sizes
        tokens = np.full(int(sizes.sum()), NEXT)
        full = counts > 0
        tokens[at] = np.where(full, OPEN, EMPTY)
        opened, n = at[full], counts[full]
        tokens[opened + 1], tokens[opened + 2 + n] = FIRST, FIRST
        tokens[opened + 1 + n], tokens[opened + 2 + 2 * n] = MIDDLE, CLOSE
        behind = np.cumsum(self.slots[tokens])
        slot = behind - self.slots[tokens]
        numbers = np.empty(int(behind[-1]), np.int64)
        numbers[slot[at]], numbers[slot[at] + 1] = bin_n, found.bins[begin:end]
        numbers[slot[opened] + 2] = n
        of_bin = np.repeat(np.arange(len(counts)), counts)
        token = at[of_bin] + 1 + np.arange(len(chunks)) - (first[:-1] - first[0])[of_bin]
        keys = np.arange(len(self.keys))
        numbers[slot[token][:, None] + keys] = found.places[chunks[:, 0]]
        token += counts[of_bin] + 1
        numbers[slot[token][:, None] + keys] = found.places[chunks[:, 1]]
        closed = slot[opened + 2 + 2 * n][:, None] + keys
        numbers[closed] = found.places[chunks[(first[:-1] - first[0])[full], 0]]
        numbers[closed + len(keys)] = found.places[chunks[(first[1:] - first[0])[full] - 1, 1]]
        if self.csi:
            last = behind[at + sizes - 1]
            numbers[last - 2], numbers[last - 1] = _split(found.loffset[begin:end])
        text = self._filled(tokens, numbers)
        return text if begin else text.removeprefix(b",\n    ")

    def _filled(self, tokens: Integers, numbers: Integers) -> bytes:
        filled = fill_templates(self.text, self.bounds, self.first, tokens, numbers)
        return bytes(filled)


# ── rows of the data ────────────────────────────────────────────────────────────────────────────


class _RowPlaces:
    """Looks up a chrom's rows in the blocks of the indexed file."""

    def __init__(self, data: ByteSource, layout: Layout, chrom: bytes) -> None:
        self.data, self.layout = data, layout
        self.chrom = np.frombuffer(bytearray(chrom), np.uint8)

    def look_up(self, offsets: Offsets) -> Integers:
        """`LOOKED_UP` of each virtual offset; a block is inflated once."""
        order = np.argsort(offsets, kind="stable")
        blocks = offsets[order] >> UNIT
        first = np.flatnonzero(np.r_[True, blocks[1:] != blocks[:-1]][: len(blocks)])
        bounds = np.append(first, len(blocks)).tolist()
        of_blocks = offsets[order]
        tasks = [
            partial(self._look_up, of_blocks, bounds[i : i + BLOCKS + 1])
            for i in range(0, len(first), BLOCKS)
        ]
        found = np.full((len(offsets), len(LOOKED_UP)), UNKNOWN, np.int64)
        results = [r for part in in_order(tasks, thread_count(None, len(tasks))) for r in part]
        if results:
            found[order] = np.concatenate(results)
        return found

    def _look_up(self, offsets: Offsets, bounds: list[int]) -> list[Integers]:
        starts = offsets[bounds[:-1]] >> UNIT
        size = np.uint64(self.data.size)
        ends = np.minimum(starts + np.uint64(MAX_BLOCK), size)
        spans = np.column_stack([np.minimum(starts, ends), ends])
        pieces = self.data.read_many(spans)
        return [
            self._rows(piece, int(start), offsets[a:b] & WITHIN)
            for piece, start, (a, b) in zip(pieces, starts, pairwise(bounds), strict=True)
        ]

    def _rows(self, piece: Any, start: int, within: Offsets) -> Integers:
        """`LOOKED_UP` for places in the block that the bytes begin with, if there is one."""
        found = np.full((len(within), len(LOOKED_UP)), UNKNOWN, np.int64)
        if len(piece) == 0:
            # where a file without an EOF marker ends, and what no row has set
            if start in (self.data.size, NO_BLOCK):
                return found
            raise format_error(
                self.data.name,
                self.data.size,
                f"the file ends here, but its index names a block at byte {start}; "
                "the index is of another file",
            )
        (size, *_), _ = walk(piece, start, self.data.name, final=True, most=1)
        (block,) = inflate_each(piece, [size], start, self.data.name)
        text = np.frombuffer(block, np.uint8)
        if len(text) == 0:  # the EOF marker has no rows and, with tabixpy, no size
            return found
        layout, positions = self.layout, np.empty(len(within), np.int64)
        _, _, _, first, last, _ = read_block(
            text, ord(layout.meta), layout.chrom, layout.start, self.chrom,
            within.astype(np.int64), positions,
        )  # fmt: skip
        found[:, 0], found[:, 1], found[:, 2], found[:, 3] = size, positions, first, last
        return found

    def last_block(self, place: dict[str, int]) -> dict[str, int]:
        """The last block behind a place that still has rows of the chrom, as a place.

        A place is in the block in which a chunk ends; the chrom's last rows may be in the
        next. It ends with the first block that does not tell, as tabixpy does.
        """
        found = place
        real, block_len, last_pos = place["real"], place["block_len"], place["last_pos"]
        while block_len > 0 and last_pos > 0:
            real += block_len
            offset = np.array([real << 16], np.uint64)
            block_len, bin_pos, first_pos, last_pos = self.look_up(offset)[0].tolist()
            if block_len > 0 and last_pos > 0:
                numbers = (UNKNOWN, UNKNOWN, real, 0, block_len, bin_pos, first_pos, last_pos)
                found = dict(zip(OFFSET + LOOKED_UP, numbers, strict=True))
        return found


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def parse_index(text: bytes, name: str) -> Index:
    """The index in JSON text; FormatError says where in it something is wrong.

    What was looked up in the data is not an index's, and is not looked at.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise format_error(name, error.pos, f"not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise format_error(name, None, f"not JSON: {error}") from None
    told = data.get("__format_name__") if isinstance(data, dict) else None
    if told != NAME:
        raise format_error(name, None, f"not a TBJ: __format_name__ is {told!r}, expected {NAME!r}")
    return _Parser(name).index(data)


@dataclass(frozen=True)
class _Parser:
    name: str  # of the file, for errors

    def fail(self, place: str, message: str) -> NoReturn:
        raise format_error(self.name, None, f"{place}: {message}")

    def index(self, data: dict[str, Any]) -> Index:
        version = self.integer(data, "__format_ver__", "top level", 0)
        if version not in READ:
            known = " and ".join(map(str, READ))
            self.fail("__format_ver__", f"TBJ of version {version}; versions {known} are read")
        min_shift, depth, kind = MIN_SHIFT, DEPTH, "tbi"
        if "min_shift" in data:
            kind = "csi"
            depth = self.integer(data, "depth", "top level", 0, MAX_DEPTH)
            min_shift = self.integer(data, "min_shift", "top level", 0, 62 - 3 * depth)
        n_ref = self.integer(data, "n_ref", "top level", 0)
        names, layout = self.names(data), self.layout(data)
        refs = self.items(data, "refs", "top level", n_ref)
        if len(names) != n_ref and (names or layout is not None):
            self.fail("names", f"{len(names)} names, but {n_ref} references")
        parts = [self.reference(refs, r, names, kind == "csi") for r in range(n_ref)]
        columns: list[Any] = list(zip(*parts, strict=True)) or [()] * 5
        bins, loffset, counts, chunks, linear = columns
        no_coor = data.get("n_no_coor")
        if no_coor is not None:
            no_coor = self.integer(data, "n_no_coor", "top level", 0, 2**64 - 1)
        found = normalized(
            Index(
                "csi" if kind == "csi" else "tbi",
                names,
                layout,
                min_shift,
                depth,
                _first(list(map(len, bins))),
                _joined(bins, np.int64),
                _joined(loffset, np.uint64),
                _first(_joined(counts, np.int64)),
                _joined(chunks, np.uint64).reshape(-1, 2),
                _first(list(map(len, linear))),
                _joined(linear, np.uint64),
                np.zeros(n_ref, np.bool_),
                np.zeros((n_ref, 4), np.uint64),
                no_coor,
            )
        )
        if np.any(found.chunk_ranges[:, 0] > found.chunk_ranges[:, 1]):
            self.fail("refs", "a chunk ends before it begins")
        return found

    def names(self, data: dict[str, Any]) -> tuple[str, ...]:
        names = self.items(data, "names", "top level")
        if not all(isinstance(n, str) and "\0" not in n for n in names):
            self.fail("names", "expected texts without a NUL")
        if len(set(names)) != len(names):
            twice = next(n for i, n in enumerate(names) if n in names[:i])
            self.fail("names", f"the name {twice!r} occurs twice")
        return tuple(names)

    def layout(self, data: dict[str, Any]) -> Layout | None:
        if data.get("format") is None:  # the auxiliary block of a CSI may be empty
            return None
        meta = data.get("meta")
        if not isinstance(meta, str) or len(meta) != 1 or ord(meta) > 0xFF:
            self.fail("meta", f"found {meta!r}, expected one character")
        numbers = [key for key in COLUMNS if key != "meta"]
        found = {k: self.integer(data, k, "top level", -(2**31), 2**31 - 1) for k in numbers}
        try:
            layout = layout_of({**found, "meta": ord(meta)})
        except ValueError as error:
            self.fail("top level", str(error))
        size = sum(len(_bytes(n)) + 1 for n in data["names"])
        if found["l_nm"] != size:
            self.fail("l_nm", f"found {found['l_nm']}, but the names are {size} bytes")
        return layout

    def reference(
        self, refs: list[Any], r: int, names: tuple[str, ...], csi: bool
    ) -> tuple[Integers, Offsets, list[int], Offsets, Offsets]:
        """Bins; the loffset and how many chunks of each; the chunks; the linear index."""
        place, ref = f"refs[{r}]", refs[r]
        if names and self.of(ref, place).get("ref_name") != names[r]:
            self.fail(f"{place}.ref_name", f"found {ref.get('ref_name')!r}, expected {names[r]!r}")
        bins = self.items(ref, "bins", place, self.integer(ref, "n_bin", place, 0))
        counts: list[int] = []
        begins: list[Any] = []
        ends: list[Any] = []
        for b, found in enumerate(bins):
            at = f"{place}.bins[{b}]"
            chunks = self.of(found, at).get("chunks")
            n = self.integer(found, "n_chunk", at, 0)
            begins += self.items(chunks, "chunk_begin", f"{at}.chunks", n)
            ends += self.items(chunks, "chunk_end", f"{at}.chunks", n)
            counts.append(n)
        numbers = [self.integer(b, "bin", f"{place}.bins", 0, 2**32 - 1) for b in bins]
        ranges: Offsets = np.column_stack(
            [
                self.offsets(begins, f"{place}: chunk_begin"),
                self.offsets(ends, f"{place}: chunk_end"),
            ]
        )
        loffset = [b.get("loffset") for b in bins] if csi else []
        windows = self.items(ref, "intvs", place, self.integer(ref, "n_intv", place, 0))
        if csi and windows:
            self.fail(f"{place}.n_intv", f"found {len(windows)}, but a CSI has no linear index")
        return (
            np.array(numbers, np.int64),
            self.offsets(loffset, f"{place}: loffset"),
            counts,
            ranges,
            self.offsets(windows, f"{place}.intvs"),
        )

    def offsets(self, places: list[Any], where: str) -> Offsets:
        """Virtual offsets of places."""
        try:
            parts = np.array([(p["real"], p["bytes"]) for p in places]).reshape(-1, 2)
            good = len(places) == 0 or (
                parts.dtype == np.int64
                and bool(((parts >= 0) & (parts < (1 << 48, 1 << 16))).all())
            )
        except (TypeError, KeyError, ValueError):
            good = False
        if not good:
            i, found = next((i, p) for i, p in enumerate(places) if not _is_place(p))
            self.fail(
                where, f"number {i} is {found!r:.80}, expected an object with real, a number "
                "below 2^48, and bytes, one below 2^16"
            )  # fmt: skip
        real, within = parts.astype(np.uint64).T
        return real << UNIT | within

    def of(self, found: Any, place: str) -> dict[str, Any]:
        if not isinstance(found, dict):
            self.fail(place, f"found {found!r:.80}, expected an object")
        return found

    def items(self, found: Any, key: str, place: str, count: int | None = None) -> list[Any]:
        """A list, of as many items as was said."""
        value = self.of(found, place).get(key)
        if not isinstance(value, list):
            self.fail(place, f"{key} is {value!r:.80}, expected a list")
        if count is not None and len(value) != count:
            self.fail(place, f"{key} has {len(value)} items, expected {count}")
        return value

    def integer(self, found: Any, key: str, place: str, least: int, most: int = 2**31 - 1) -> int:
        value = self.of(found, place).get(key)
        if type(value) is not int or not least <= value <= most:
            self.fail(place, f"{key} is {value!r:.80}, expected {least} to {most}")
        return value


def _is_place(found: Any) -> bool:
    return isinstance(found, dict) and all(
        type(found.get(key)) is int and 0 <= found[key] < most
        for key, most in (("real", 1 << 48), ("bytes", 1 << 16))
    )


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _first(counts: Any) -> Integers:
    """Where each begins, of so many, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _joined(parts: Sequence[Any], kind: type[np.integer[Any]]) -> Any:
    return np.concatenate([np.empty(0, kind), *(np.asarray(p, kind).reshape(-1) for p in parts)])
