"""The TBI codec: a tabix index of 16 kb windows and 512 Mb at most.

Header, names, then for each reference its bins and its linear index (the picture is
in gidx.kernels.bins), then the number of rows without a place, if the file is new
enough to tell. A CSI has the same parts in another order, so it shares them.

Source: hts-specs tabix.pdf.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gidx.binning.bins import DEPTH, MIN_SHIFT, pseudo_bin
from gidx.binning.model import GAF_PRESET, Index, Kind, Layout
from gidx.errors import WriteError, format_error
from gidx.ground.layout import Record
from gidx.ground.limits import limits
from gidx.kernels.bins import OK, TRUNCATED, count_parts, read_parts, write_parts

MAGIC = b"TBI\x01"
ZERO_BASED = 0x10000  # a bit of `format`

# fmt: off
HEADER = np.dtype([             # offset
    ("magic", "<u4"),           #  0
    ("n_ref", "<i4"),           #  4  references
])
COLUMNS = np.dtype([            # offset, in the header from 8 on
    ("format", "<i4"),          #  0  preset: 0 generic, 1 SAM, 2 VCF, 3 GAF; | 0x10000 zero-based
    ("col_seq", "<i4"),         #  4  columns, from 1
    ("col_beg", "<i4"),         #  8
    ("col_end", "<i4"),         # 12  0 none
    ("meta", "<i4"),            # 16  a comment line's first byte
    ("skip", "<i4"),            # 20  lines before the first row
    ("l_nm", "<i4"),            # 24  bytes of names, each closed by a NUL
])
# fmt: on


def unpack(data: bytes, name: str) -> Index:
    """The index in inflated bytes; FormatError says at which of them it breaks."""
    header = take(data, 0, HEADER, name)
    layout, names, at = unpack_columns(data, HEADER.itemsize, name)
    n_ref = int(header["n_ref"])
    if n_ref != len(names):
        raise fail(name, 4, f"{n_ref} references, but {len(names)} names")
    return unpack_references(data, at, n_ref, "tbi", names, layout, (MIN_SHIFT, DEPTH), name)


def pack(index: Index) -> bytes:
    """The mirror image of `unpack`."""
    if (index.min_shift, index.depth) != (MIN_SHIFT, DEPTH):
        raise WriteError(
            f"a TBI has min_shift {MIN_SHIFT} and depth {DEPTH}, "
            f"not {index.min_shift} and {index.depth}; write a CSI"
        )
    if index.layout is None or len(index.names) != index.n_refs:
        raise WriteError("a TBI needs names and a layout; see TabixIndex.named")
    header = np.zeros((), HEADER)
    header["magic"] = int.from_bytes(MAGIC, "little")
    header["n_ref"] = index.n_refs
    return b"".join(
        [header.tobytes(), pack_columns(index.layout, index.names), pack_references(index)]
    )


def unpack_columns(data: bytes, at: int, name: str) -> tuple[Layout, tuple[str, ...], int]:
    """Columns and names from ``at`` on, and where they end."""
    found = take(data, at, COLUMNS, name)
    try:
        layout = layout_of(found)
    except ValueError as error:
        raise fail(name, at, str(error)) from None
    furthest = max(layout.chrom, layout.start, layout.end)
    if furthest > limits.fields:
        raise limits.passed("fields", name, at, f"the index is of column {furthest:,}")
    at += COLUMNS.itemsize
    text = data[at : at + int(found["l_nm"])]
    if len(text) != found["l_nm"]:
        raise fail(name, at, f"truncated names: {int(found['l_nm'])} bytes, {len(text)} are there")
    if text and text[-1] != 0:
        raise fail(name, at + len(text), "the last name has no closing NUL")
    # names are whatever bytes the file has; surrogates bring them back as they were
    names = tuple(n.decode("utf-8", "surrogateescape") for n in text.split(b"\0")[:-1])
    if len(set(names)) != len(names):
        twice = next(n for i, n in enumerate(names) if n in names[:i])
        raise fail(name, at, f"the name {twice!r} occurs twice")
    return layout, names, at + len(text)


def layout_of(found: Record) -> Layout:
    """The layout that `COLUMNS` tell; ValueError says what is wrong with them."""
    preset = int(found["format"]) & ~ZERO_BASED
    if not 0 <= preset <= GAF_PRESET:
        raise ValueError(f"unknown preset {preset}, expected 0 (generic) to 3 (GAF)")
    for column, least in (("col_seq", 1), ("col_beg", 1), ("col_end", 0), ("skip", 0), ("l_nm", 0)):
        if found[column] < least:
            raise ValueError(f"{column} is {int(found[column])}, expected {least} or more")
    return Layout(
        preset,
        bool(found["format"] & ZERO_BASED),
        int(found["col_seq"]),
        int(found["col_beg"]),
        int(found["col_end"]),
        chr(int(found["meta"]) & 0xFF),  # htslib compares one byte
        int(found["skip"]),
    )


def pack_columns(layout: Layout, names: tuple[str, ...]) -> bytes:
    """The mirror image of `unpack_columns`."""
    text = b"".join(n.encode("utf-8", "surrogateescape") + b"\0" for n in names)
    if text.count(0) != len(names):
        raise WriteError("a chrom's name holds a NUL, which closes names in an index")
    columns = (
        layout.preset | (ZERO_BASED if layout.zero_based else 0),
        layout.chrom,
        layout.start,
        layout.end,
        ord(layout.meta),
        layout.skip,
        len(text),
    )
    return np.array(columns, COLUMNS).tobytes() + text


def unpack_references(
    data: bytes,
    at: int,
    n_ref: int,
    kind: Kind,
    names: tuple[str, ...],
    layout: Layout | None,
    scheme: tuple[int, int],
    name: str,
) -> Index:
    """Bins and linear index of each reference, sorted; with what goes before, the index.

    ``scheme`` is min_shift and depth.
    """
    csi = kind == "csi"
    if n_ref > (len(data) - at) // 4:  # before anything of that size is allocated
        raise fail(name, at, f"truncated: {n_ref} references expected, {len(data) - at} bytes left")
    buf = np.frombuffer(data, np.uint8)
    status, end, n_bins, n_chunks, n_linear = count_parts(buf, at, n_ref, csi)
    if status != OK:
        how = "truncated" if status == TRUNCATED else "negative count"
        raise fail(name, end, f"{how} in the list of references, bins and chunks")
    ref_first, bins = np.empty(n_ref + 1, np.int64), np.empty(n_bins, np.int64)
    loffset = np.empty(n_bins if csi else 0, np.uint64)
    chunk_first, chunks = np.empty(n_bins + 1, np.int64), np.empty((n_chunks, 2), np.uint64)
    linear_first, linear = np.empty(n_ref + 1, np.int64), np.empty(n_linear, np.uint64)
    read_parts(buf, at, csi, ref_first, bins, loffset, chunk_first, chunks, linear_first, linear)
    left = len(data) - end
    if left not in (0, 8):
        what = "truncated count of rows without a place" if left < 8 else f"{left - 8} bytes follow"
        raise fail(name, end + min(left, 8), what)
    found = Index(
        kind, names, layout, *scheme, ref_first, bins, loffset, chunk_first, chunks,
        linear_first, linear, np.zeros(n_ref, np.bool_), np.zeros((n_ref, 4), np.uint64),
        int.from_bytes(data[end:], "little") if left else None,
    )  # fmt: skip
    found = normalized(found)
    if np.any(found.chunk_ranges[:, 0] > found.chunk_ranges[:, 1]):
        raise fail(name, at, "a chunk ends before it begins")
    return found


def pack_references(index: Index) -> bytes:
    """The mirror image of `unpack_references`."""
    csi = index.kind == "csi"
    n_pseudo = int(index.has_pseudo.sum())
    size = (
        4 * index.n_refs
        + (16 if csi else 8) * (len(index.bins) + n_pseudo)
        + 16 * (len(index.chunk_ranges) + 2 * n_pseudo)
        + (0 if csi else 4 * index.n_refs + 8 * len(index.linear))
    )
    buf = np.empty(size, np.uint8)
    write_parts(
        buf, csi, index.ref_first, index.bins, index.loffset, index.chunk_first,
        index.chunk_ranges, index.linear_first, index.linear, pseudo_bin(index.depth),
        index.has_pseudo, index.pseudo,
    )  # fmt: skip
    last = b"" if index.n_no_coor is None else index.n_no_coor.to_bytes(8, "little")
    return buf.tobytes() + last


def take(data: bytes, at: int, layout: np.dtype[Any], name: str) -> Record:
    """One record of inflated bytes."""
    if at + layout.itemsize > len(data):
        raise fail(name, at, f"truncated: {layout.itemsize} bytes expected, {len(data) - at} left")
    return np.frombuffer(data, layout, 1, at)[0]


def fail(name: str, at: int, message: str) -> Exception:
    """A FormatError whose byte counts in what was inflated."""
    return format_error(name, at, f"{message} (the byte is of the inflated index)")


def normalized(index: Index) -> Index:
    """The index that arrays in a file's order are: sorted, pseudo-bins apart."""
    return _without_pseudo(_sorted(index))


def _sorted(index: Index) -> Index:
    """Bins ascending in each reference, chunks by begin in each bin (but a pseudo-bin's).

    htslib writes bins in the order of its hash table.
    """
    refs = np.repeat(np.arange(index.n_refs), np.diff(index.ref_first))
    order = np.lexsort((index.bins, refs))
    counts = np.diff(index.chunk_first)[order]
    first = np.zeros(len(order) + 1, np.int64)
    np.cumsum(counts, out=first[1:])
    taken = np.repeat(index.chunk_first[:-1][order] - first[:-1], counts) + np.arange(first[-1])
    chunks = index.chunk_ranges[taken]
    bins = index.bins[order]
    of = np.repeat(np.arange(len(order)), counts)
    key = np.where(bins[of] == pseudo_bin(index.depth), 0, chunks[:, 0])
    if np.any((key[1:] < key[:-1]) & (of[1:] == of[:-1])):
        chunks = chunks[np.lexsort((key, of))]
    return replace(
        index,
        bins=bins,
        loffset=index.loffset[order] if len(index.loffset) else index.loffset,
        chunk_first=first,
        chunk_ranges=chunks,
    )


def _without_pseudo(index: Index) -> Index:
    """Take the pseudo-bins out: not chunks, but a reference's extent and counts."""
    counts = np.diff(index.chunk_first)
    special = (index.bins == pseudo_bin(index.depth)) & (counts == 2)
    if not special.any():
        return index
    refs = np.repeat(np.arange(index.n_refs), np.diff(index.ref_first))
    index.has_pseudo[refs[special]] = True
    at = index.chunk_first[:-1][special]
    index.pseudo[refs[special], :2] = index.chunk_ranges[at]
    index.pseudo[refs[special], 2:] = index.chunk_ranges[at + 1]
    keep = ~special
    ref_first, chunk_first = np.zeros_like(index.ref_first), np.zeros(keep.sum() + 1, np.int64)
    np.cumsum(np.bincount(refs[keep], minlength=index.n_refs), out=ref_first[1:])
    np.cumsum(counts[keep], out=chunk_first[1:])
    return replace(
        index,
        ref_first=ref_first,
        bins=index.bins[keep],
        loffset=index.loffset[keep] if len(index.loffset) else index.loffset,
        chunk_first=chunk_first,
        chunk_ranges=index.chunk_ranges[np.repeat(keep, counts)],
    )
