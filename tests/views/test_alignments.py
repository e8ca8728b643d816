"""Rows as Biopython's alignments: those that Biopython reads from the same file.

Real files are those of ``$GIDX_CORPUS/bigbed``. Where Biopython reads otherwise, or not at
all, ``UNREAD`` or the test says why gidx's answer is the right one.
"""

from __future__ import annotations

import itertools
import sys
import types

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from Bio import Align
from Bio.Align.bigbed import AutoSQLTable
from Bio.Seq import Seq
from Bio.SeqRecord import SeqRecord
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx
from gidx.errors import ColumnError, FormatError, ValueTypeError, WriteError

BIGBED = [
    *(f"bed{n}.bb" for n in (3, 4, 5, 6, 7, 8, 9, 12)),
    "bigbed_extended.bigendian.bb",
    "bigbed_extended.littleendian.bb",
    "bigbedtest.bb",
    "bigPsl.bb",
    "chr22_with_name_and_geneName_index.bb",
    "oxbow_sample.bb",
    "psl_34_001.bb",
    "transcripts.bb",
    "ucsc_test.bb",
    "volvox.bb",
]

UNREAD = {  # file: rows, what Biopython raises
    "bigBedExample.bb": (14810, AssertionError),  # version 1, which has no total summary
    "unipLocCytopl.bb": (0, Exception),  # no rows, so the index has no node: struct.error
}

BED = [f"bed{n}.bed" for n in (3, 4, 5, 6, 7, 8, 9, 12)] + ["psl_34_001.bed"]


def told(alignment):
    """All that an Alignment says, so that two can be compared."""
    said = {k: v for k, v in vars(alignment).items() if k not in ("sequences", "coordinates")}
    records = [
        {
            **{k: v for k, v in vars(record).items() if k not in ("_seq", "features")},
            "seq": repr(record.seq),
            "features": [(f.type, f.location) for f in record.features],
        }
        for record in alignment.sequences
    ]
    return records, alignment.coordinates.tolist(), alignment.coordinates.dtype, said


def ours(rows, **options):
    return list(map(told, gidx.to_alignments(rows, **options)))


def theirs(path, fmt):
    with Align.parse(path, fmt) as alignments:
        return list(map(told, alignments))


def letters_joined(found, dataset):
    """Biopython's annotations, in which a custom char[1] is a list of its letter.

    AutoSQL's ``char[1]`` is a text of one letter, as Biopython itself has it for strand.
    """
    fields = gidx.autosql.parse(dataset.autosql).fields
    letters = {f.name for f in fields if f.type == "char"}
    for *_, said in found:
        for name in letters & said.get("annotations", {}).keys():
            said["annotations"][name] = "".join(said["annotations"][name])
    return found


def black_as_0(found):
    """A table holds itemRgb as a number; of its 0 we make ``0``, not ``0,0,0``."""
    for *_, said in found:
        if said.get("itemRgb") == "0,0,0":
            said["itemRgb"] = "0"
    return found


# ── real files ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", BIGBED)
def test_alignments_of_a_bigbed_are_those_of_biopython(corpus, file):
    path = corpus / "bigbed" / file
    dataset = gidx.open(path)
    expected = letters_joined(theirs(path, "bigbed"), dataset)
    assert ours(dataset, fmt="bed") == expected


@pytest.mark.parametrize(
    "rows",
    [
        lambda dataset: dataset.scan(),
        lambda dataset: dataset.scan(names="native", batch_size=7),
        lambda dataset: dataset.to_table(),
        lambda dataset: dataset.to_batches(),
        lambda dataset: dataset.to_pandas(),
        lambda dataset: dataset.to_pandas(dtype_backend=None),
    ],
    ids=["reader", "native", "table", "batches", "pandas", "numpy"],
)
@pytest.mark.parametrize(
    ("file", "fmt"),
    [
        ("bed3.bb", "bed"),
        ("bed12.bb", "bed"),
        ("bigbed_extended.bigendian.bb", "bed"),
        ("psl_34_001.bb", "bed"),
        ("transcripts.bb", "bed"),
        ("volvox.bb", "bed"),
        ("bigPsl.bb", "bed"),
        ("bigPsl.bb", "bigpsl"),
    ],
)
def test_alignments_are_the_same_from_tables_of_any_kind(corpus, file, fmt, rows):
    path = corpus / "bigbed" / file
    dataset = gidx.open(path)
    expected = theirs(path, fmt if fmt == "bigpsl" else "bigbed")
    expected = black_as_0(letters_joined(expected, dataset))
    assert ours(rows(dataset), fmt=fmt) == expected


def test_a_bigpsl_is_told_by_its_columns(corpus):
    path = corpus / "bigbed" / "bigPsl.bb"
    found = ours(gidx.open(path))
    assert found == theirs(path, "bigpsl")
    assert found == ours(gidx.open(path), fmt="bigpsl") != ours(gidx.open(path), fmt="bed")


@pytest.mark.parametrize("file", BED)
def test_alignments_of_bed_text_are_those_of_biopython(corpus, file):
    path = corpus / "bigbed" / file
    schema = file.removesuffix(".bed") if file == "bed7.bed" else None  # half a thick part
    assert ours(gidx.open(path, **({"schema": schema} if schema else {}))) == theirs(path, "bed")


def test_a_bed_line_parted_otherwise_than_those_before_is_an_error(corpus):
    """Biopython splits at any blank, so also names that hold one."""
    path = corpus / "bigbed" / "bigbedtest.bed"
    assert len(theirs(path, "bed")) == 8
    with pytest.raises(FormatError, match=r"bigbedtest\.bed, line \d+: 1 fields, expected 3"):
        ours(gidx.open(path))
    named = "chr1\t5\t9\ttwo words\n"
    assert [a.query.id for a in gidx.to_alignments(gidx.open(named.encode()))] == ["two words"]


@pytest.mark.parametrize("file", UNREAD)
def test_files_that_biopython_does_not_read_are_read(corpus, file):
    rows, error = UNREAD[file]
    path = corpus / "bigbed" / file
    with path.open("rb") as handle, pytest.raises(error):
        list(Align.parse(handle, "bigbed"))
    assert len(ours(gidx.open(path))) == rows


@pytest.mark.parametrize("file", BIGBED)
def test_search_targets_declaration_and_len_are_there(corpus, file):
    path = corpus / "bigbed" / file
    dataset = gidx.open(path)
    with Align.parse(path, "bigbed") as alignments:
        assert dataset.count_rows() == len(alignments)
        assert list(dataset.chroms.items()) == [(t.id, len(t)) for t in alignments.targets]
        assert AutoSQLTable.from_string(dataset.autosql) == alignments.declaration
        fields = dataset.fields.to_pylist()
        assert [f["description"] for f in fields] == [f.comment for f in alignments.declaration]
        rows = dataset.to_table(columns=["chrom", "start", "end"]).to_pylist()
        regions = [(row["chrom"],) for row in rows[:1]]
        for row in rows[:: max(1, len(rows) // 6)]:
            chrom, start, end = row.values()
            regions += [
                (chrom, start, end),
                (chrom, max(0, start - 1), start),
                (chrom, end, end + 1),
                (chrom, start, start),
            ]
        for region in regions:
            expected = list(map(told, alignments.search(*region)))
            expected = black_as_0(letters_joined(expected, dataset))
            assert ours(dataset.scan(region), fmt="bed") == expected, region
        # a start alone is one base
        expected = list(map(told, alignments.search(chrom, start)))
        expected = black_as_0(letters_joined(expected, dataset))
        assert ours(dataset.scan((chrom, start, start + 1)), fmt="bed") == expected


def test_a_search_of_no_chromosome_is_the_whole_file(corpus):
    """So says Biopython's documentation; its code fails there."""
    path = corpus / "bigbed" / "bed4.bb"
    with Align.parse(path, "bigbed") as alignments, pytest.raises(UnboundLocalError):
        next(alignments.search())
    assert ours(gidx.open(path).scan(None)) == theirs(path, "bigbed")


# ── any rows ────────────────────────────────────────────────────────────────────────────────────

SIZE = 10_000
gaps_and_sizes = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=6
)


@st.composite
def bed12(draw):
    rows = []
    for number in range(draw(st.integers(1, 5))):
        blocks = draw(gaps_and_sizes)
        start = draw(st.integers(0, 500))
        sizes = [size for *_, size in blocks]
        gaps = [0, *(gap for gap, *_ in blocks[1:])]
        starts = (np.cumsum(gaps) + np.cumsum([0, *sizes[:-1]])).tolist()
        rows.append(
            {
                "chrom": "chr1",
                "start": start,
                "end": start + starts[-1] + sizes[-1],
                "name": f"read{number}",
                "score": draw(st.integers(0, 1000)),
                "strand": draw(st.sampled_from("+-.")),
                "thickStart": start,
                "thickEnd": start + 1,
                "itemRgb": draw(st.sampled_from([0, 0xFF8000])),
                "blockCount": len(blocks),
                "blockSizes": sizes,
                "chromStarts": starts,
                "tag": draw(st.sampled_from(["", "a b"])),
            }
        )
    return sorted(rows, key=lambda row: (row["start"], row["end"]))


@settings(max_examples=20)
@given(rows=bed12())
def test_blocks_of_any_rows_are_those_of_biopython(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("bed12") / "a.bb"
    gidx.write_bigbed(
        pa.Table.from_pylist(rows), path, chromsizes={"chr1": SIZE}, bed_type="bed12+1"
    )
    assert ours(gidx.open(path)) == theirs(path, "bigbed")


@st.composite
def psl(draw):
    """An Alignment with gaps on either side, of no known kind, DNA or protein."""
    kind = draw(st.sampled_from([None, "DNA", "protein"]))
    times = 3 if kind == "protein" else 1
    at, place = draw(st.integers(0, 100)), draw(st.integers(0, 9))
    path = [(at, place)]
    for target_gap, query_gap, size in draw(gaps_and_sizes):
        for gap in ((target_gap, 0), (0, query_gap)):
            if any(gap) and len(path) > 1:
                at, place = at + gap[0], place + gap[1]
                path.append((at, place))
        at, place = at + times * size, place + size
        path.append((at, place))
    length = place + draw(st.integers(0, 9))
    coordinates = np.array(path).T
    if draw(st.booleans()):  # on the strand -, of a protein in the target
        row, whole = (0, SIZE) if kind == "protein" else (1, length)
        coordinates[row] = whole - coordinates[row]
    letters = draw(st.booleans())
    sequence = Seq(("ACGT" * length)[:length]) if letters else Seq(None, length=length)
    annotations = {"molecule_type": kind} if kind else {}
    records = [
        SeqRecord(Seq(None, length=SIZE), id="chr1"),
        SeqRecord(sequence, id="read", annotations=annotations),
    ]
    alignment = Align.Alignment(records, coordinates)
    alignment.score = draw(st.integers(0, 1000))
    alignment.annotations = {}
    return alignment, letters


@settings(max_examples=25)
@given(case=psl())
def test_bigpsl_that_biopython_writes_is_read_as_biopython_reads_it(tmp_path_factory, case):
    alignment, letters = case
    alignments = Align.Alignments([alignment])
    alignments.targets = alignment.sequences[:1]
    path = tmp_path_factory.mktemp("psl") / "a.bb"
    Align.write(alignments, path, "bigpsl", fa=letters)
    assert ours(gidx.open(path)) == theirs(path, "bigpsl")


PSL = {
    "chrom": "chr1", "start": 100, "end": 130, "name": "read", "score": 7, "strand": "+",
    "thickStart": 100, "thickEnd": 130, "reserved": 0, "blockCount": 2, "blockSizes": [10, 15],
    "chromStarts": [0, 15], "oChromStart": 2, "oChromEnd": 27, "oStrand": "+", "oChromSize": 30,
    "oChromStarts": [2, 12], "oSequence": "ACG" * 10, "oCDS": "join(3..6,9..20)",
    "chromSize": SIZE, "match": 20, "misMatch": 3, "repMatch": 2, "nCount": 0, "seqType": 1,
}  # fmt: skip


def one(row, **options):
    (found,) = gidx.to_alignments(pd.DataFrame([row]), **options)
    return found


def test_a_bigpsl_query_has_its_sequence_coding_region_and_counts():
    found = one(PSL)
    assert found.coordinates.tolist() == [[100, 110, 115, 130], [2, 12, 12, 27]]
    assert found.query.seq == "ACG" * 10
    assert found.query.annotations == {"molecule_type": "DNA"}
    (coding,) = found.query.features
    assert (coding.type, str(coding.location)) == ("CDS", "join{[2:6](+), [8:20](+)}")
    counts = found.matches, found.misMatches, found.repMatches, found.nCount
    assert counts == (20, 3, 2, 0)
    assert len(found.target) == SIZE  # that a row says, where no file does


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"oChromStarts": [2]}, "2 blockSizes, 1 oChromStarts, expected as many"),
        ({"oChromEnd": 28}, "blocks span in the query 2 to 27, expected 2 to 28"),
        ({"seqType": 3}, "seqType is 3, expected 0 .none., 1 .DNA. or 2 .protein."),
        ({"oSequence": "ACG"}, "oSequence has 3 letters, oChromSize is 30"),
        ({"oCDS": "here"}, "oCDS is 'here', expected a location"),
        ({"match": None}, "match is missing"),
    ],
)
def test_a_bigpsl_row_that_contradicts_itself_says_where(change, message):
    with pytest.raises(ValueTypeError, match=f"^row 0, chr1:101-130: {message}"):
        one(PSL | change)


def test_a_chrom_of_another_size_than_the_files_is_an_error():
    frame = pd.DataFrame([PSL])
    frame.attrs["gidx"] = '{"version": 1, "chromsizes": {"chr1": 5}}'
    with pytest.raises(ValueTypeError, match="chromSize is 10000, expected 5 as in the file"):
        ours(frame)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blockCount": 3}, "2 blockSizes, 2 chromStarts, blockCount is 3"),
        ({"chromStarts": [0]}, "2 blockSizes, 1 chromStarts"),
        ({"blockSizes": [], "chromStarts": [], "blockCount": 0}, "0 blockSizes"),
        ({"blockSizes": None}, "blockSizes is missing"),
        ({"end": 131}, "blocks span 100 to 130, expected 100 to 131"),
        ({"start": 131}, "start is after end"),
        ({"blockSizes": [-5, 15]}, "a block's size is -5, expected 0 or more"),
        ({"chromStarts": [1, 15]}, "blocks span 101 to 130, expected 100 to 130"),
    ],
)
def test_a_row_whose_blocks_are_not_its_span_says_where(change, message):
    good = PSL | {"start": 0, "end": 30}
    rows = pa.Table.from_pylist([good, PSL | change])
    with pytest.raises(ValueTypeError, match=f"^row 1, chr1:1..-13[01]: {message}"):
        ours(rows, fmt="bed")


def test_texts_of_numbers_are_read_as_those():
    texts = {k: v if isinstance(v, str) else str(v) for k, v in PSL.items()}
    texts |= {k: ",".join(map(str, v)) + "," for k, v in PSL.items() if isinstance(v, list)}
    assert told(one(texts)) == told(one(PSL))
    with pytest.raises(ValueTypeError, match=r"column 'blockSizes', rows 0 to 0: .*'ten'"):
        one(texts | {"blockSizes": "ten,15"})
    with pytest.raises(ValueTypeError, match="'blockSizes', rows 0 to 0: a value in a list is mis"):
        one(PSL | {"blockSizes": [10, None]})


def test_frames_of_any_convention_are_rows():
    bed = pd.DataFrame({"chrom": ["chr1"], "start": [9], "end": [20], "strand": ["-"]})
    gff = pd.DataFrame({"seqid": ["chr1"], "start": [10], "end": [20], "strand": ["-"]})
    mine = pd.DataFrame({"c": ["chr1"], "from": [10], "to": [20], "strand": ["-"]})
    mine = mine.gidx.set("c", "from", "to", coords="1-based")
    expected = ours(bed)
    assert expected[0][1] == [[9, 20], [11, 0]]
    assert ours(gff) == ours(mine) == ours(pa.Table.from_pandas(gff)) == expected


def test_what_a_row_lacks_an_alignment_lacks():
    rows = pa.table(
        {"chrom": ["chr1", "chr1"], "start": [1, 2], "end": [3, 4], "name": ["a", None],
         "score": [None, 2.5], "thickStart": [None, 2], "itemRgb": [None, 255], "tag": ["", None]}
    )  # fmt: skip
    *_, first = told(next(gidx.to_alignments(rows)))
    assert first == {"annotations": {"tag": ""}}
    _, second = gidx.to_alignments(rows)
    assert second.query.id is None
    said = {"score": 2.5, "thickStart": 2, "itemRgb": "0,0,255", "annotations": {"tag": None}}
    assert told(second)[-1] == said
    assert len(second.target) == sys.maxsize


def test_nan_where_pandas_has_no_integer_is_missing():
    rows = pd.DataFrame({"chrom": "chr1", "start": 1, "end": [3, 4], "thickStart": [np.nan, 2]})
    first, second = gidx.to_alignments(rows)
    assert not hasattr(first, "thickStart")
    assert second.thickStart == 2


def test_further_columns_of_a_bigpsl_are_annotations():
    assert one(PSL).annotations == {}
    assert one(PSL | {"tag": "x"}).annotations == {"tag": "x"}


def test_alignments_come_one_by_one_and_share_their_target():
    batch = pa.record_batch(
        {"chrom": ["chr1"] * 70_000, "start": [5] * 70_000, "end": [6] * 70_000}
    )
    taken = itertools.count()
    found = gidx.to_alignments(batch for _ in taken)
    assert isinstance(found, types.GeneratorType)
    first, second = next(found), next(found)
    assert first.target is second.target
    assert first.query is not second.query
    assert not np.shares_memory(first.coordinates, second.coordinates)
    assert next(taken) <= 2


def test_no_rows_are_no_alignments():
    assert ours(pa.table({"chrom": pa.array([], pa.string()), "start": [], "end": []})) == []


def test_what_are_no_rows_is_refused():
    with pytest.raises(ColumnError, match="no columns that are known as chrom, start, end"):
        gidx.to_alignments(pa.table({"name": ["a"]}))
    with pytest.raises(ColumnError, match="need a column of ends"):
        gidx.to_alignments(pa.table({"CHROM": ["1"], "POS": [5]}))
    with pytest.raises(ColumnError, match="'blockSizes' but no 'chromStarts'; blocks need both"):
        gidx.to_alignments(pa.Table.from_pylist([PSL]).drop(["chromStarts"]))
    with pytest.raises(ColumnError, match="bigPsl needs a column 'oSequence'"):
        gidx.to_alignments(pa.Table.from_pylist([PSL]).drop(["oSequence"]), fmt="bigpsl")
    with pytest.raises(ValueError, match="fmt is 'psl', expected 'bed' or 'bigpsl'"):
        gidx.to_alignments([], fmt="psl")
    with pytest.raises(WriteError, match="cannot read rows from str"):
        gidx.to_alignments("genes.bb")


def test_without_biopython_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "Bio.Align", None)
    with pytest.raises(ImportError, match=r'pip install "gidx\[biopython\]"'):
        gidx.to_alignments(pa.table({"chrom": ["1"], "start": [5], "end": [6]}))
