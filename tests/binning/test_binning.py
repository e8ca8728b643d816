"""Bins, the two codecs of tabix indexes, and planning."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gidx.binning import (
    BED,
    GFF,
    PSLTBL,
    SAM,
    VCF,
    Layout,
    TabixIndex,
    bin_count,
    bin_level,
    bin_span,
    depth_for,
    max_position,
    reg2bin,
    reg2bins,
)
from gidx.errors import FormatError, UnknownChromError, WriteError
from gidx.ground.region import resolve

WINDOW = 1 << 14
SCHEMES = [(14, 5), (14, 6), (12, 3), (1, 2), (14, 0), (16, 8)]

# ── the specification's code, as it is written there ────────────────────────────────────────────


def c_reg2bin(beg, end, min_shift, depth):
    end -= 1
    s, t = min_shift, ((1 << depth * 3) - 1) // 7
    for level in range(depth, 0, -1):
        if beg >> s == end >> s:
            return t + (beg >> s)
        s += 3
        t -= 1 << (level - 1) * 3  # the printed `1<<l*3` comes after --l
    return 0


def c_reg2bins(beg, end, min_shift, depth):
    end -= 1
    s, t, bins = min_shift + depth * 3, 0, []
    for level in range(depth + 1):
        bins += range(t + (beg >> s), t + (end >> s) + 1)
        s -= 3
        t += 1 << level * 3
    return bins


@st.composite
def intervals(draw, min_shift=14, depth=5, most=1 << 20):
    """(start, end), often at the edges of bins."""
    top = max_position(min_shift, depth)
    edge = st.builds(
        lambda level, i, d: (i << min_shift + 3 * level) + d,
        st.integers(0, depth), st.integers(0, 9), st.integers(-2, 2),
    )  # fmt: skip
    start = min(max(draw(edge | st.integers(0, top)), 0), top)
    end = draw(edge | st.integers(start, start + most) | st.just(start))
    return start, min(max(end, start), top)


@settings(max_examples=50)
@given(st.sampled_from(SCHEMES), st.data())
def test_reg2bin_is_the_specifications(scheme, data):
    min_shift, depth = scheme
    rows = data.draw(st.lists(intervals(min_shift, depth), min_size=1))
    expected = [c_reg2bin(start, end, min_shift, depth) for start, end in rows]
    starts, ends = np.array(rows).T
    assert reg2bin(starts, ends, min_shift, depth).tolist() == expected
    assert [reg2bin(s, e, min_shift, depth) for s, e in rows] == expected


@settings(max_examples=50)
@given(st.sampled_from(SCHEMES), st.data())
def test_reg2bins_is_the_specifications(scheme, data):
    min_shift, depth = scheme
    start, end = data.draw(intervals(min_shift, depth, most=1 << min_shift + 4))
    if start < end and (end - start) >> min_shift < 10_000:
        assert reg2bins(start, end, min_shift, depth).tolist() == c_reg2bins(
            start, end, min_shift, depth
        )


@given(intervals(), intervals())
def test_a_rows_bin_is_among_those_of_each_region_that_overlaps_it(row, region):
    if max(row[0], region[0]) < min(row[1], region[1]):
        assert reg2bin(*row) in reg2bins(*region)


@pytest.mark.parametrize(("min_shift", "depth"), SCHEMES)
def test_a_bin_holds_what_it_spans_and_no_smaller_one_does(min_shift, depth):
    for bin in {*range(min(bin_count(depth), 100)), bin_count(depth) - 1}:
        start, end = bin_span(bin, min_shift, depth)
        assert reg2bin(start, end, min_shift, depth) == bin
        assert end - start == 1 << min_shift + 3 * (depth - bin_level(bin))
    assert bin_span(0, min_shift, depth) == (0, max_position(min_shift, depth))


def test_what_is_no_bin_has_no_span():
    with pytest.raises(ValueError, match="bin 37449 is not among the 37449 of depth 5"):
        bin_span(37449)


def test_a_region_past_the_scheme_has_no_bins():
    assert reg2bins(2**29, 2**29 + 5).tolist() == []
    assert reg2bins(2**29 - 1, 2**62).tolist() == reg2bins(2**29 - 1, 2**29).tolist()


@given(st.integers(1, 2**40), st.sampled_from([10, 14, 20]))
def test_the_depth_for_a_size_is_the_least_that_reaches(size, min_shift):
    depth = depth_for(size, min_shift)
    assert max_position(min_shift, depth) >= size
    assert depth == 0 or max_position(min_shift, depth - 1) < size


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────

COLUMNS = (
    "00000100"  # format: generic, 0x10000: zero-based
    "01000000 02000000 03000000"  # col_seq, col_beg, col_end
    "23000000"  # meta: "#"
    "00000000"  # skip
    "0a000000"  # l_nm
    "63687231 00 63687258 00"  # "chr1", "chrX"
)
# bins in a hash table's order: the pseudo-bin may come first
TBI = bytes.fromhex(
    "54424901 02000000" + COLUMNS +  # magic, n_ref
    "03000000"  # chr1: n_bin
    "4a920000 02000000"  # bin 37450, the pseudo-bin: n_chunk
    "0a00000000000000 6400000000000000"  # off_beg, off_end
    "0700000000000000 0100000000000000"  # n_mapped, n_unmapped
    "4a120000 01000000"  # bin 4682: n_chunk
    "3c00000000000000 6400000000000000"  # chunk 60-100
    "49120000 01000000"  # bin 4681: n_chunk
    "0a00000000000000 3c00000000000000"  # chunk 10-60
    "02000000"  # n_intv
    "0a00000000000000 3c00000000000000"  # ioff of windows 0 and 1
    "00000000 00000000"  # chrX: n_bin, n_intv
    "0500000000000000"  # n_no_coor
)  # fmt: skip
CSI = bytes.fromhex(
    "43534901 0e000000 05000000"  # magic, min_shift, depth
    "26000000" + COLUMNS +  # l_aux, aux
    "02000000"  # n_ref
    "03000000"  # chr1: n_bin
    "4a920000 0000000000000000 02000000"  # bin 37450: loffset, n_chunk
    "0a00000000000000 6400000000000000"  # off_beg, off_end
    "0700000000000000 0100000000000000"  # n_mapped, n_unmapped
    "4a120000 3c00000000000000 01000000"  # bin 4682: loffset, n_chunk
    "3c00000000000000 6400000000000000"  # chunk 60-100
    "49120000 0a00000000000000 01000000"  # bin 4681: loffset, n_chunk
    "0a00000000000000 3c00000000000000"  # chunk 10-60
    "00000000"  # chrX: n_bin
    "0500000000000000"  # n_no_coor
)  # fmt: skip
BOTH = pytest.mark.parametrize("data", [TBI, CSI], ids=["tbi", "csi"])


@BOTH
def test_an_index_tells_columns_names_bins_chunks_and_counts(data):
    index = TabixIndex.from_bytes(data)
    assert index.names == ("chr1", "chrX")
    assert index.layout == BED
    assert (index.min_shift, index.depth) == (14, 5)
    assert index.ref_first.tolist() == [0, 2, 2]
    assert index.bins.tolist() == [4681, 4682]
    assert index.chunk_first.tolist() == [0, 1, 2]
    assert index.chunk_ranges.tolist() == [[10, 60], [60, 100]]
    assert index.pseudo.tolist() == [[10, 100, 7, 1], [0, 0, 0, 0]]
    assert index.has_pseudo.tolist() == [True, False]
    assert index.n_no_coor == 5
    assert index.row_counts == {"chr1": 8, "chrX": 0}


def test_a_tbi_has_a_linear_index_and_a_csi_an_offset_a_bin():
    tbi, csi = TabixIndex.from_bytes(TBI), TabixIndex.from_bytes(CSI)
    assert (tbi.linear.tolist(), tbi.linear_first.tolist(), len(tbi.loffset)) == (
        [10, 60],
        [0, 2, 2],
        0,
    )
    assert (csi.loffset.tolist(), csi.linear_first.tolist(), len(csi.linear)) == (
        [10, 60],
        [0, 0, 0],
        0,
    )
    assert TabixIndex.from_bytes(tbi.to_bytes("csi")) == csi


def test_a_csi_cannot_become_a_tbi():
    with pytest.raises(WriteError, match="a CSI has no linear index"):
        TabixIndex.from_bytes(CSI).to_bytes("tbi")


@BOTH
def test_what_is_written_reads_the_same_and_has_bins_in_order(data):
    index = TabixIndex.from_bytes(data)
    written = index.to_bytes()
    assert len(written) == len(data)
    assert written.index(struct.pack("<I", 4681)) < written.index(struct.pack("<I", 37450))
    assert TabixIndex.from_bytes(written) == index
    assert TabixIndex.from_bytes(written).to_bytes() == written


@BOTH
def test_bgzf_plain_gzip_and_no_compression_are_told_by_content(data, tmp_path):
    index = TabixIndex.from_bytes(data)
    path = tmp_path / "any.name"
    index.write(path)
    assert path.read_bytes()[12:14] == b"BC"
    file = io.BytesIO()
    index.write(file)
    for what in (path, str(path), path.read_bytes(), file, gzip.compress(data), data):
        assert TabixIndex.read(what) == index


def test_a_url_is_read():
    import fsspec

    with fsspec.open("memory://index/a.tbi", "wb") as file:
        file.write(TBI)
    assert TabixIndex.read("memory://index/a.tbi") == TabixIndex.from_bytes(TBI)


@BOTH
def test_an_index_can_be_pickled_compared_and_shown(data):
    index = TabixIndex.from_bytes(data)
    index.chunks("chr1")  # what it has prepared for queries is not pickled
    again = pickle.loads(pickle.dumps(index))
    assert again == index
    assert "plan" not in vars(again)
    assert index != TabixIndex.from_bytes(TBI if data == CSI else CSI)
    assert index != "an index"
    assert (
        repr(TabixIndex.from_bytes(TBI)) == "TabixIndex('tbi', 2 chroms, 2 bins, 2 chunks, 8 rows)"
    )
    assert repr(TabixIndex.from_bytes(CSI)).endswith("8 rows, min_shift 14, depth 5)")


@BOTH
def test_an_old_index_ends_before_the_rows_without_a_place(data):
    index = TabixIndex.from_bytes(data[:-8])
    assert index.n_no_coor is None
    assert index.to_bytes() == TabixIndex.from_bytes(data).to_bytes()[:-8]


@BOTH
def test_an_index_cut_anywhere_is_a_format_error(data):
    for length in range(len(data)):
        if length != len(data) - 8:
            with pytest.raises(FormatError):
                TabixIndex.from_bytes(data[:length])


@BOTH
def test_a_compressed_index_cut_anywhere_is_a_format_error(data):
    file = io.BytesIO()
    TabixIndex.from_bytes(data).write(file)
    whole = file.getvalue()
    for cut in (whole, gzip.compress(data)):
        for length in range(len(cut) - 28):
            with pytest.raises(FormatError):
                TabixIndex.from_bytes(cut[:length])


def test_the_error_names_file_and_byte():
    with pytest.raises(
        FormatError, match=r"a\.tbi, byte 8: truncated: 28 bytes expected, 2 left"
    ) as e:
        TabixIndex.from_bytes(TBI[:10], "a.tbi")
    assert (e.value.path, e.value.offset) == ("a.tbi", 8)


@pytest.mark.parametrize(
    ("at", "new", "message"),
    [
        (0, b"BAI\1", "not a tabix index: magic is 42414901, expected 54424901"),
        (4, b"\3\0\0\0", "3 references, but 2 names"),
        (4, b"\xff\xff\xff\xff", "-1 references, but 2 names"),
        (8, b"\4\0\0\0", "unknown preset 4"),
        (12, b"\0\0\0\0", "col_seq is 0, expected 1 or more"),
        (20, b"\xff\xff\xff\xff", "col_end is -1, expected 0 or more"),
        (32, b"\xff\xff\xff\x7f", "truncated names: 2147483647 bytes, 138 are there"),
        (32, b"\x09\0\0\0", "the last name has no closing NUL"),
        (41, b"chr1\0", "the name 'chr1' occurs twice"),
        (46, b"\xff\xff\xff\xff", "byte 46: negative count"),
        (46, b"\xff\xff\xff\x7f", "truncated in the list of references"),
        (54, b"\xff\xff\xff\x7f", "byte 54: truncated in the list of references"),
        (94, b"\xff\xff\xff\xff", "byte 94: negative count"),
        (98, b"\xff", "a chunk ends before it begins"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_format_error(at, new, message):
    broken = TBI[:at] + new + TBI[at + len(new) :]
    with pytest.raises(FormatError, match=message):
        TabixIndex.from_bytes(broken)


@pytest.mark.parametrize(
    ("at", "new", "message"),
    [
        (4, b"\x40\0\0\0", "byte 4: min_shift is 64, expected 0 to 47"),
        (8, b"\x0b\0\0\0", "byte 8: depth is 11, expected 0 to 10"),
        (12, b"\xff\xff\xff\x7f", "auxiliary block of 2147483647 bytes"),
        (54, b"\1\0\0\0", "1 references, but 2 names"),
    ],
)  # fmt: skip
def test_a_csi_header_that_cannot_be_is_a_format_error(at, new, message):
    broken = CSI[:at] + new + CSI[at + len(new) :]
    with pytest.raises(FormatError, match=message):
        TabixIndex.from_bytes(broken)


@BOTH
def test_a_changed_byte_is_a_format_error_or_an_index(data):
    """Never another error, a crash or a hang."""
    for at in range(len(data)):
        for new in (0, 1, 0x7F, 0x80, 0xFF):
            broken = data[:at] + bytes([new]) + data[at + 1 :]
            try:
                index = TabixIndex.from_bytes(broken)
            except FormatError:
                continue
            assert TabixIndex.from_bytes(index.to_bytes()) == index
            with suppress(FormatError):  # of a bin or window that the scheme has not
                assert len(index.ranges(resolve("chr1", {"chr1": 0}))) <= 2


def test_bytes_after_the_end_are_a_format_error():
    with pytest.raises(FormatError, match="3 bytes follow"):
        TabixIndex.from_bytes(TBI + b"abc")


@pytest.mark.parametrize("aux", [b"", b"\2\0\0\0"], ids=["none", "4 bytes"])
def test_a_csi_without_columns_gets_its_names_from_who_knows_them(aux):
    data = CSI[:12] + struct.pack("<i", len(aux)) + aux + CSI[54:]
    index = TabixIndex.from_bytes(data)
    assert (index.names, index.layout, index.row_counts) == ((), None, {})
    assert repr(index) == "TabixIndex('csi', 2 chroms, 2 bins, 2 chunks, min_shift 14, depth 5)"
    with pytest.raises(UnknownChromError):
        index.chunks("chr1")
    assert index.ranges(resolve("chr1", {"chr1": 0})).tolist() == [[10, 100]]
    named = index.named(["chr1", "chrX", "chrY"], VCF)
    assert named.chunks("chr1").tolist() == [[10, 100]]
    assert named.chunks(["chrX", "chrY"]).tolist() == []
    assert TabixIndex.from_bytes(named.to_bytes()) == named
    with pytest.raises(ValueError, match="the index has 2 references, but names only 1"):
        index.named(["chr1"])


def test_presets_are_htslibs():
    assert [(c.preset, c.zero_based, c.chrom, c.start, c.end, c.meta, c.skip) for c in (
        BED, GFF, SAM, VCF, PSLTBL
    )] == [
        (0, True, 1, 2, 3, "#", 0),
        (0, False, 1, 4, 5, "#", 0),
        (1, False, 3, 4, 0, "@", 0),
        (2, False, 1, 2, 0, "#", 0),
        (0, True, 15, 17, 18, "#", 0),
    ]  # fmt: skip


@settings(max_examples=50)
@given(
    st.builds(
        Layout,
        preset=st.integers(0, 3),
        zero_based=st.booleans(),
        chrom=st.integers(1, 50),
        start=st.integers(1, 50),
        end=st.integers(0, 50),
        meta=st.characters(max_codepoint=255),
        skip=st.integers(0, 1000),
    ),
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), unique=True
    ),
    st.sampled_from(["tbi", "csi"]),
)
def test_any_layout_and_names_come_back(layout, names, kind):
    index = TabixIndex.from_bytes(empty(kind)).named(names, layout)
    assert TabixIndex.from_bytes(index.to_bytes()) == index


def test_a_name_of_any_bytes_comes_back():
    data = TBI.replace(b"chrX\0", b"ch\xffX\0")
    assert b"ch\xffX\0" in TabixIndex.from_bytes(data).to_bytes()


def empty(kind):
    return pack(kind, [], BED, {})


# ── planning ────────────────────────────────────────────────────────────────────────────────────


UNSET = np.uint64(2**64 - 1)  # stays where no later entry is set
NONE = np.empty(0, np.uint64)


def htslib(rows, offsets, kind="tbi", min_shift=14, depth=5):
    """What htslib indexes rows (reference, start, end) as, in plain Python.

    For each reference: bins with their chunks, linear index, extent and count; before
    small bins are merged (`merged` does it). As hts_idx_push, insert_to_l, update_loff.
    """
    refs = {}
    last = None
    for i, (ref, *place) in enumerate(rows):
        start, end = max(place[0], 0), max(place[1], 1)
        if ref not in refs:
            refs[ref] = {"bins": {}, "linear": NONE, "extent": [offsets[i], None], "rows": 0}
            last = None
        of = refs[ref]
        bin = c_reg2bin(start, end, min_shift, depth)
        if bin == last:
            of["bins"][bin][-1][1] = offsets[i + 1]
        else:
            of["bins"].setdefault(bin, []).append([offsets[i], offsets[i + 1]])
        last = bin
        from_, to = start >> min_shift, (end - 1) >> min_shift
        more = max(to + 1 - len(of["linear"]), 0)
        of["linear"] = np.pad(of["linear"], (0, more), constant_values=UNSET)
        windows = of["linear"][from_ : to + 1]
        windows[windows == UNSET] = offsets[i]
        of["extent"][1] = offsets[i + 1]
        of["rows"] += 1
    for of in refs.values():  # what is not set takes the next entry's value, a larger one
        of["linear"] = np.minimum.accumulate(of["linear"][::-1])[::-1]
    return refs


def merged(bins, depth):
    """compress_binning: small bins into their parents, chunks of a block into one."""
    bins = {bin: list(chunks) for bin, chunks in bins.items()}
    for level in range(depth, 0, -1):
        for bin in [b for b in bins if bin_level(b) == level]:
            chunks = sorted(bins[bin])
            parent = (bin - 1) >> 3
            if (chunks[-1][1] >> 16) - (chunks[0][0] >> 16) < 0x10000 and parent in bins:
                bins[parent] = bins[parent] + bins.pop(bin)
    for bin, chunks in bins.items():
        out = []
        for begin, end in sorted(chunks):
            if out and out[-1][1] >> 16 >= begin >> 16:
                out[-1][1] = max(out[-1][1], end)
            else:
                out.append([begin, end])
        bins[bin] = out
    return bins


def pack(kind, names, layout, refs, min_shift=14, depth=5, pseudo=True, linear=None, merge=True):
    """The index as bytes; bins in a disorder, as those of a hash table."""
    text = b"".join(n.encode() + b"\0" for n in names)
    columns = struct.pack(
        "<7i", layout.preset | layout.zero_based << 16, layout.chrom, layout.start, layout.end,
        ord(layout.meta), layout.skip, len(text),
    ) + text  # fmt: skip
    out = [
        struct.pack("<4si", b"TBI\1", len(names)) + columns
        if kind == "tbi"
        else struct.pack("<4s3i", b"CSI\1", min_shift, depth, len(columns))
        + columns
        + struct.pack("<i", len(names))
    ]
    for ref in range(len(names)):
        of = refs.get(ref, {"bins": {}, "linear": NONE})
        bins = merged(of["bins"], depth) if merge else of["bins"]
        entries = of["linear"]
        has_pseudo = pseudo and bool(bins)
        out.append(struct.pack("<i", len(bins) + has_pseudo))
        listed = sorted(bins, reverse=True)
        for bin in listed[1::2] + listed[::2]:
            bottom = (bin - ((1 << 3 * bin_level(bin)) - 1) // 7) << 3 * (depth - bin_level(bin))
            loffset = int(entries[bottom]) if bottom < len(entries) else 0
            out.append(struct.pack("<I", bin))
            out.append(struct.pack("<Q", loffset) if kind == "csi" else b"")
            out.append(struct.pack("<i", len(bins[bin])))
            out += [struct.pack("<QQ", *chunk) for chunk in bins[bin]]
        if has_pseudo:
            out.append(struct.pack("<I", bin_count(depth) + 1))
            out.append(bytes(8) if kind == "csi" else b"")
            out.append(struct.pack("<i4Q", 2, *of["extent"], of["rows"], 0))
        if kind == "tbi":
            entries = linear(entries) if linear else entries
            out += [struct.pack("<i", len(entries)), entries.astype("<u8").tobytes()]
    return b"".join([*out, bytes(8)])


def touches(row, region):
    """Overlap as gidx.ground.region has it: a row of length zero overlaps where it touches."""
    (chrom, start, end), (asked, lo, hi) = row, region
    if chrom != asked:
        return False
    return lo <= start <= hi if start == end else start < hi and end > lo


@st.composite
def files(draw, min_shift=14, depth=5, zero=True):
    """Sorted rows (reference, start, end) and their offsets, one more."""
    # a region of few bins, so that rows and regions meet; sometimes far apart
    place = intervals(min_shift, depth, most=draw(st.sampled_from([1, 100, 1 << 18, 1 << 29])))
    found = draw(st.lists(st.tuples(st.integers(0, 2), place), max_size=14))
    rows = sorted((ref, s, e) for ref, (s, e) in found if zero or s % (1 << min_shift) or s < e)
    # sorted by start; where starts are equal, in any order
    rows = sorted(draw(st.permutations(rows)), key=lambda r: r[:2])
    offsets = [draw(st.integers(0, 3))]
    for _ in rows:
        block, within = offsets[-1] >> 16, offsets[-1] & 0xFFFF
        step = draw(st.sampled_from([0, 0, 0, 100, 40_000, 200_000]))
        offsets.append((block + step) << 16 | ((0 if step else within) + draw(st.integers(1, 50))))
    return rows, offsets


def answer(index, rows, offsets, regions):
    """The rows that a reader finds: those in the index's ranges, filtered exactly."""
    ranges = index.chunks(regions)
    assert np.all(ranges[:, 0] < ranges[:, 1])
    assert np.all(ranges[1:, 0] > ranges[:-1, 1])  # disjoint, in order
    asked = [(index.names.index(c), s, e) for c, s, e in regions]
    found = []
    for i, row in enumerate(rows):
        inside = (ranges[:, 0] <= offsets[i]) & (ranges[:, 1] >= offsets[i + 1])
        if inside.any() and any(touches(row, region) for region in asked):
            found.append(i)
    return found


def brute_force(rows, regions):
    asked = [("abc".index(c), s, e) for c, s, e in regions]
    return [i for i, row in enumerate(rows) if any(touches(row, region) for region in asked)]


def regions_of(min_shift=14, depth=5):
    one = st.tuples(st.sampled_from("abc"), intervals(min_shift, depth))
    far = st.tuples(st.sampled_from("abc"), st.just((0, 2**62)))
    return st.lists((one | far).map(lambda r: (r[0], *r[1])), min_size=1, max_size=4)


LINEAR = {
    "all": None,
    "missing": lambda entries: entries[:0],
    "half of it zero": lambda entries: entries * (np.arange(len(entries), dtype="u8") % 2),
    "cut": lambda entries: entries[: len(entries) // 2],
    "zeros at first": lambda entries: entries * (np.arange(len(entries)) >= 9).astype("u8"),
}


@settings(max_examples=80)
@given(files(), regions_of(), st.sampled_from(list(LINEAR)), st.booleans(), st.booleans())
def test_a_tbi_never_misses_a_row(file, regions, linear, merge, pseudo):
    rows, offsets = file
    data = pack(
        "tbi", "abc", BED, htslib(rows, offsets), linear=LINEAR[linear], merge=merge, pseudo=pseudo
    )
    index = TabixIndex.from_bytes(data)
    assert answer(index, rows, offsets, regions) == brute_force(rows, regions)
    assert TabixIndex.from_bytes(index.to_bytes()) == index


@settings(max_examples=80)
@given(st.sampled_from([(14, 5), (10, 4), (4, 3), (1, 1), (8, 0)]), st.data())
def test_a_csi_of_any_scheme_never_misses_a_row(scheme, data):
    min_shift, depth = scheme
    rows, offsets = data.draw(files(min_shift, depth))
    regions = data.draw(regions_of(min_shift, depth))
    refs = htslib(rows, offsets, "csi", min_shift, depth)
    packed = pack("csi", "abc", BED, refs, min_shift, depth, merge=data.draw(st.booleans()))
    index = TabixIndex.from_bytes(packed)
    assert answer(index, rows, offsets, regions) == brute_force(rows, regions)
    assert TabixIndex.from_bytes(index.to_bytes()) == index


def test_a_row_of_length_zero_at_a_windows_first_base_is_found():
    """htslib has it in no window, and copies the next window's entry, of a later row."""
    rows = [(0, WINDOW, WINDOW), (0, WINDOW, WINDOW + 6)]
    offsets = [0, 100 << 16, 200 << 16]
    refs = htslib(rows, offsets)
    assert refs[0]["linear"].tolist() == [100 << 16, 100 << 16]
    for kind in ("tbi", "csi"):
        index = TabixIndex.from_bytes(pack(kind, "abc", BED, refs))
        for start in (WINDOW - 100, WINDOW):
            assert index.chunks(("a", start, WINDOW + 1))[0, 0] == 0


def many_rows(n=3000):
    """Rows of one window each and a few long ones, each in a block of its own."""
    rows = [(0, w * WINDOW + 5, w * WINDOW + 9) for w in range(n)]
    rows += [(0, w * WINDOW, (w + 9) * WINDOW) for w in range(0, n, 100)]
    rows.sort()
    offsets = [(i * 70_000) << 16 for i in range(len(rows) + 1)]
    return rows, offsets


@pytest.mark.parametrize("kind", ["tbi", "csi"])
def test_a_small_region_reads_little(kind):
    """Of 3,030 rows, each a block, those of a window, of the one before, and what spans both."""
    rows, offsets = many_rows()
    index = TabixIndex.from_bytes(pack(kind, "abc", BED, htslib(rows, offsets)))
    for w in (0, 1, 99, 100, 105, 1111, 2999):
        ranges = index.chunks(("a", w * WINDOW + 5, w * WINDOW + 6))
        read = sum(np.any((ranges[:, 0] <= o) & (o < ranges[:, 1])) for o in offsets[:-1])
        assert 1 <= read <= 3


def test_chunks_of_one_block_are_joined_and_no_others():
    rows, offsets = many_rows(64)
    index = TabixIndex.from_bytes(pack("tbi", "abc", BED, htslib(rows, offsets)))
    regions = [("a", w * WINDOW + 5, w * WINDOW + 6) for w in (10, 20, 30)]
    assert len(index.chunks(regions)) == 3
    close = [i * 100 for i in range(len(rows) + 1)]
    bins = htslib(rows, close)
    index = TabixIndex.from_bytes(pack("tbi", "abc", BED, bins, merge=False))
    assert len(index.chunks(regions)) == 1


def test_a_region_past_the_scheme_is_clipped_and_one_beyond_has_nothing():
    index = TabixIndex.from_bytes(TBI)
    assert index.chunks(("chr1", 0, 2**62)).tolist() == [[10, 100]]
    assert index.chunks(("chr1", 2**29 + 1, 2**30)).tolist() == []
    assert index.chunks(("chr1", 40_000, 50_000)).tolist() == []


def test_chroms_known_elsewhere_have_no_chunks():
    index = TabixIndex.from_bytes(TBI)
    chroms = {"chr1": 0, "chrX": 0, "chr7": 0}
    assert index.ranges(resolve(["chr7", "chrX"], chroms)).tolist() == []
    assert index.ranges(resolve(["chr7", "chr1"], chroms)).tolist() == [[10, 100]]


def test_a_thousand_regions_are_the_union_of_each():
    rows, offsets = many_rows()
    index = TabixIndex.from_bytes(pack("tbi", "abc", BED, htslib(rows, offsets)))
    regions = [("a", s, s + 10) for s in range(0, 3000 * WINDOW, 3 * WINDOW - 7)]
    begins = np.array(offsets[:-1], np.uint64)

    def covered(asked):
        ranges = index.chunks(asked)
        at = np.searchsorted(ranges[:, 0], begins, side="right") - 1
        return set(np.flatnonzero((at >= 0) & (begins < ranges[at, 1])).tolist())

    assert len(regions) == 1001
    assert covered(regions) == set().union(*map(covered, regions))


def test_every_index_of_the_corpus_reads_and_comes_back(corpus):
    paths = [p for p in sorted((corpus / "tabix").rglob("*")) if p.suffix in (".tbi", ".csi")]
    assert len(paths) > 25
    for path in paths:
        index = TabixIndex.read(path)
        assert index.kind == path.suffix[1:]
        assert index.names
        assert index.layout is not None
        assert TabixIndex.from_bytes(index.to_bytes()) == index
        assert all(len(index.chunks(name)) for name in index.names)
