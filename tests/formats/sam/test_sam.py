"""SAM text: what pysam says of the same lines, and what `*` and 0 stand for."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import tabix_files
from tests.support.gff_text import lines_of

import gidx
from gidx.check import check
from gidx.formats.sam.read import Sam, from_head
from gidx.formats.text.dialect import Head

HEADER = "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:1000\n@SQ\tLN:500\tSN:chr2\tM5:x\n@CO\tx\n"


def sam_row(qname="r1", flag=0, rname="chr1", pos=10, mapq=30, cigar="5M", rnext="*", pnext=0,
            tlen=0, seq="ACGTA", qual="IIIII", tags=()):  # fmt: skip
    parts = [qname, flag, rname, pos, mapq, cigar, rnext, pnext, tlen, seq, qual, *tags]
    return "\t".join(map(str, parts)).encode() + b"\n"


def read(text, names="canonical", columns=None):
    """(a table of rows, problems)."""
    sam = from_head(Head("x.sam", HEADER.encode(), text))
    fields = sam.named(names)
    picked = [i for i, f in enumerate(fields) if columns is None or f.name in columns]
    reader = sam.reader(picked, names)
    rows, problems = reader.decode(lines_of(text, sam.rules, reader.want))
    arrays = rows.columns
    for array in arrays:
        array.validate(full=True)
    return pa.Table.from_arrays(arrays, schema=pa.schema([fields[i] for i in picked])), problems


def one(**options):
    """The one row, as a dict."""
    table, problems = read(sam_row(**options))
    assert not problems
    return table.to_pylist()[0]


def test_canonical_columns_are_zero_based_half_open():
    assert one(rnext="=", pnext=20, tlen=-15, tags=("NM:i:0", "MD:Z:5:x")) == {
        "chrom": "chr1", "start": 9, "end": 14, "qname": "r1", "flag": 0, "mapq": 30,
        "cigar": "5M", "rnext": "=", "pnext": 19, "tlen": -15, "seq": "ACGTA", "qual": "IIIII",
        "tags": [("NM", "i:0"), ("MD", "Z:5:x")],
    }  # fmt: skip


def test_native_columns_are_the_file_s_own_in_its_order():
    text = sam_row(rnext="=", pnext=20, tags=("NM:i:0",)) + sam_row(rname="*", pos=0, cigar="*")
    table, _ = read(text, "native")
    assert table.schema.names == [
        "QNAME", "FLAG", "RNAME", "POS", "MAPQ", "CIGAR", "RNEXT", "PNEXT", "TLEN", "SEQ", "QUAL",
        "tags",
    ]  # fmt: skip
    assert table.select(["RNAME", "POS", "PNEXT"]).to_pylist() == [
        {"RNAME": "chr1", "POS": 10, "PNEXT": 20}, {"RNAME": None, "POS": 0, "PNEXT": 0},
    ]  # fmt: skip


def test_numbers_have_the_specification_s_widths():
    assert [str(t) for t in read(b"", "native")[0].schema.types] == [
        "string", "uint16", "dictionary<values=string, indices=int32, ordered=0>", "int32", "uint8",
        "string", "string", "int32", "int32", "string", "string", "map<string, string>",
    ]  # fmt: skip
    row = one(flag=65535, mapq=255, tlen=-(2**31) + 1, pnext=2**31 - 1)
    assert [row[c] for c in ("flag", "mapq", "tlen", "pnext")] == [
        65535, 255, -(2**31) + 1, 2**31 - 2,
    ]  # fmt: skip


def test_a_star_is_null():
    row = one(qname="*", cigar="*", rnext="*", seq="*", qual="*")
    assert {k for k, v in row.items() if v is None} == {
        "qname", "cigar", "rnext", "pnext", "seq", "qual",
    }  # fmt: skip
    assert one(seq="A", qual="*", cigar="1M")["qual"] is None  # or Phred 9: htslib says missing


def test_a_read_without_a_place_has_neither_start_nor_end():
    row = one(rname="*", pos=0, cigar="*", flag=4)
    assert [row[c] for c in ("chrom", "start", "end")] == [None, None, None]
    row = one(rname="chr1", pos=0, cigar="*", flag=4)
    assert [row[c] for c in ("chrom", "start", "end")] == ["chr1", None, None]
    row = one(rname="*", pos=7, cigar="*", flag=4)  # "no assumptions can be made about POS"
    assert [row[c] for c in ("chrom", "start", "end")] == [None, None, None]


def test_an_unmapped_read_may_have_its_mate_s_place():
    row = one(flag=4, pos=100, cigar="*")
    assert [row[c] for c in ("chrom", "start", "end")] == ["chr1", 99, 100]


def test_an_unmapped_read_has_one_base_whatever_its_cigar(tmp_path):
    """samtools' index has it so, and tabix's finds it, too; a region lost it by the former."""
    import pysam

    path = tmp_path / "a.sam.gz"
    text = "@SQ\tSN:c\tLN:99999\n" + "".join(
        f"r{flag}\t{flag}\tc\t100\t9\t20000N5M\t*\t0\t0\t*\t*\n" for flag in (0, 4, 77)
    )
    path.write_bytes(tabix_files.bgzip(text.encode()))
    for how in ("samtools", "tabix", "gidx"):
        if how == "samtools":
            pysam.index("-c", str(path))
        else:
            (tmp_path / "a.sam.gz.csi").unlink(missing_ok=True)
        if how == "tabix":
            pysam.tabix_index(str(path), preset="sam", force=True, keep_original=True)
        if how == "gidx":
            gidx.build_index(path)
        dataset = gidx.open(path)
        assert dataset.to_table(columns=["end"])["end"].to_pylist() == [20_104, 100, 100]
        assert [dataset.count_rows(("c", at, at + 1)) for at in (99, 100, 20_103)] == [3, 1, 1]
        assert check(path).ok


def test_no_tags_are_an_empty_map_and_not_null():
    text = sam_row() + sam_row(tags=("XX:Z:",)) + sam_row().replace(b"\n", b"\r\n")
    text += sam_row(tags=("NM:i:1", "XB:B:c,1,2")).replace(b"\n", b"\r\n") + sam_row(tags=("",))
    assert read(text, columns=["tags"])[0]["tags"].to_pylist() == [
        [], [("XX", "Z:")], [], [("NM", "i:1"), ("XB", "B:c,1,2")], [],
    ]  # fmt: skip


def test_what_is_no_tag_is_left_out_and_said():
    text = sam_row() + sam_row(tags=("NM:i:1", "foo", "XX:Z:a", "", "NM:1"))
    table, problems = read(text)
    assert table["tags"].to_pylist()[1] == [("NM", "i:1"), ("XX", "Z:a")]
    assert [(p.column, p.declared, p.count, p.row, p.text) for p in problems] == [
        ("tags", "TAG:TYPE:VALUE", 3, 1, "foo")
    ]


def test_what_is_no_number_is_missing_and_said_under_the_column_s_name():
    text = sam_row(mapq=256)
    for names, name in (("canonical", "mapq"), ("native", "MAPQ")):
        table, problems = read(text, names)
        assert table[name].to_pylist() == [None]
        assert [(p.column, p.count, p.text) for p in problems] == [(name, 1, "256")]


def test_only_fields_that_are_asked_for_are_split():
    sam = Sam("")
    canonical = [f.name for f in sam.named("canonical")]
    wants = [
        sam.reader([canonical.index(n)], "canonical").want for n in ("start", "end", "qual", "tags")
    ]
    assert wants == [0, 0, 11, 12]
    assert [sam.reader([i], "native").want for i in (2, 3)] == [0, 4]


def test_the_header_is_kept_and_tells_chroms():
    sam = from_head(Head("x", (HEADER + "@SQ\tSN:chr3\tLN:x\n").encode(), b""))
    assert dict(sam.chroms) == {"chr1": 1000, "chr2": 500, "chr3": None}
    assert sam.metadata["sam_header"].startswith(HEADER)
    assert sam.info() == {"version": "1.6", "sort order": "coordinate", "reference sequences": 3}
    assert pickle.loads(pickle.dumps(sam)) == sam
    names = sam.fields().column("declared_name").to_pylist()
    assert names[:5] == ["RNAME", "POS", "end", "QNAME", "FLAG"]


# ── against pysam ───────────────────────────────────────────────────────────────────────────────

VALUES = {"i": st.integers(-(2**31), 2**32 - 1).map(str), "A": st.sampled_from("aZ!"),
          "Z": st.text("ab :;*", max_size=5), "H": st.sampled_from(["", "1AE3"])}  # fmt: skip


@st.composite
def rows(draw):
    size = draw(st.integers(1, 6))
    seq = draw(st.one_of(st.just("*"), st.text("ACGTN=", min_size=size, max_size=size)))
    none = seq == "*"
    score = st.text("!*I~", min_size=size, max_size=size).filter(lambda q: q[0] != "*")
    left, right = draw(st.integers(1, size)), draw(st.integers(0, 9))
    cigars = [f"{size}M", f"{left}M{right}N{size - left}M", f"2H{left}={3}D{size - left}S"]
    cigars = [c.replace("0M", "").replace("0S", "") for c in cigars]
    mapped = draw(st.booleans())
    placed = mapped or draw(st.booleans())  # a read beyond its chrom's end has a CIGAR, too
    mate = draw(st.sampled_from([("*", 0), ("=", 7), ("chr2", 100)]))
    types = draw(st.lists(st.sampled_from("iAZH"), max_size=3))
    return {
        "qname": draw(st.sampled_from(["r1", "a:b", "*"])),
        "flag": draw(st.integers(0, 4095)) & ~4 | (0 if mapped else 4),
        "rname": draw(st.sampled_from(["chr1", "chr2"])) if placed else "*",
        "pos": draw(st.integers(1, 400)) if placed else 0,
        "mapq": draw(st.integers(0, 255)),
        "cigar": draw(st.sampled_from(cigars)) if placed else "*",
        "rnext": mate[0] if mapped else "*",
        "pnext": mate[1] if mapped else 0,
        "tlen": draw(st.integers(-999, 999)),
        "seq": seq,
        "qual": "*" if none else draw(st.one_of(st.just("*"), score)),
        "tags": [f"X{i}:{t}:{draw(VALUES[t])}" for i, t in enumerate(types)],
    }


def as_pysam(row):
    """A row of pysam's as one of ours."""
    placed = row.reference_id >= 0
    # as htslib writes it: pysam's own `qual` reads past one-base reads
    texts = [None if text == "*" else text for text in row.to_string().split("\t")]
    return {
        "chrom": row.reference_name,
        "start": row.reference_start if placed else None,
        # pysam gives no end to a read without a CIGAR; htslib's index gives it one base
        "end": (row.reference_end or row.reference_start + 1) if placed else None,
        # pysam keeps the star; the specification: "the information is unavailable"
        "qname": None if row.query_name == "*" else row.query_name,
        "flag": row.flag,
        "mapq": row.mapping_quality,
        "cigar": row.cigarstring,
        "rnext": None if row.next_reference_id < 0
        else "=" if row.next_reference_id == row.reference_id else row.next_reference_name,
        "pnext": row.next_reference_start if row.next_reference_start >= 0 else None,
        "tlen": row.template_length,
        "seq": texts[9],
        "qual": texts[10],
        "tags": texts[11:],
    }  # fmt: skip


@settings(max_examples=60)
@given(st.lists(rows(), min_size=1, max_size=6))
def test_rows_are_those_of_pysam(made):
    pysam = pytest.importorskip("pysam")
    header = pysam.AlignmentHeader.from_text(HEADER)
    lines = [sam_row(**row) for row in made]
    expected = [as_pysam(pysam.AlignedSegment.fromstring(line[:-1], header)) for line in lines]
    table, problems = read(b"".join(lines))
    assert problems == []
    found = table.to_pylist()
    for row in found:
        row["tags"] = [f"{tag}:{value}" for tag, value in row["tags"]]
        if row["rnext"] and row["rnext"] == row["chrom"]:  # the same, written out
            row["rnext"] = "="
    assert found == expected
    own = gidx.open(HEADER.encode() + b"".join(lines)).to_table(columns=["start", "end"])
    assert own.to_pylist() == [{"start": row["start"], "end": row["end"]} for row in expected]


def test_a_real_file_reads_as_pysam_does(corpus):
    pysam = pytest.importorskip("pysam")
    path = corpus / "tabix" / "oxbow_sample.sam.gz"
    with pysam.AlignmentFile(str(path)) as file:
        expected = [as_pysam(row) for row in file]
    dataset = gidx.open(path)
    found = dataset.to_table().to_pylist()
    assert found == expected
    assert dict(dataset.chroms) == {"chr1": 45, "chr2": 40}
    query = dataset.to_table("chr1:20-30", columns=["qname", "cigar"])
    assert query.to_pylist() == [
        {"qname": "r004", "cigar": "6M14N1I5M"}, {"qname": "r003", "cigar": "6H5M"},
    ]  # fmt: skip
