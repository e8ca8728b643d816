"""Real bigBed files: gidx says what four independent readers say.

Where a reader is left out, ``UNREAD`` or the test says what it does instead, and
why gidx's answer is the right one. The files are those of ``$GIDX_CORPUS/bigbed``.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from tests.support.strategies import Table
from tests.support.tables import rows_of

import gidx
from gidx.check import check
from gidx.errors import FormatError

FILES = {  # name: rows, bed type
    "bed3.bb": (2, "bed3"),
    "bed4.bb": (2, "bed4"),
    "bed5.bb": (2, "bed5"),
    "bed6.bb": (2, "bed6"),
    "bed7.bb": (2, "bed7"),
    "bed8.bb": (2, "bed8"),
    "bed9.bb": (2, "bed9"),
    "bed12.bb": (2, "bed12"),
    "bigBedExample.bb": (14810, "bed3"),
    "bigPsl.bb": (100, "bed12+13"),
    "bigbed_extended.bigendian.bb": (10, "bed9+2"),
    "bigbed_extended.littleendian.bb": (10, "bed9+2"),
    "bigbedtest.bb": (8, "bed6"),
    "chr22_with_name_and_geneName_index.bb": (4394, "bed12+5"),
    "oxbow_sample.bb": (100, "bed3"),
    "psl_34_001.bb": (22, "bed12"),
    "transcripts.bb": (10, "bed4+17"),
    "ucsc_test.bb": (3, "bed3+1"),
    "unipLocCytopl.bb": (0, "bed12+17"),
    "volvox.bb": (4, "bed12+5"),
}

UNREAD = {
    ("pyBigWig", "bigbed_extended.bigendian.bb"): "cannot open: it knows one byte order",
    ("pyBigWig", "bigbedtest.bb"): "loses the row 0-0: its overlap is strict, so none is asked for",
    ("pyBigWig", "unipLocCytopl.bb"): "cannot open a file without rows",
    ("pybigtools", "bigbedtest.bb"): "takes the row 0-0 for a broken file; bedToBigBed writes it",
    ("pybigtools", "bigPsl.bb"): "shifts the columns after an empty field: it splits at any blank",
    ("pybigtools", "ucsc_test.bb"): "splits a text at its blanks into several fields",
    ("Biopython", "bigBedExample.bb"): "AssertionError: it needs a total summary (version 1)",
    ("Biopython", "unipLocCytopl.bb"): "struct.error: the index of no rows has no node",
    ("oxbow", "bigbedtest.bb"): "takes the row 0-0 for a broken file (as pybigtools)",
    ("oxbow", "bigBedExample.bb"): "panics without AutoSQL",
}

INTEGERS = ("int", "uint", "short", "ushort", "byte", "ubyte", "bigint")


def files(reader=None):
    """All files that a reader reads."""
    return pytest.mark.parametrize("file", [f for f in FILES if (reader, f) not in UNREAD])


@pytest.fixture
def dataset(corpus, file):
    return gidx.open(corpus / "bigbed" / file)


@pytest.fixture
def path(corpus, file):
    return str(corpus / "bigbed" / file)


def typed(text, declared, name):
    """A field's text as the value that its declaration means, by Python's own conversions."""
    kind, _, size = declared.partition("[")
    if kind in INTEGERS and size:
        return [int(item) for item in text.rstrip(",").split(",")] if text else []
    if kind in INTEGERS and name in ("reserved", "itemRgb") and "," in text:
        r, g, b = map(int, text.rstrip(",").split(","))
        return r << 16 | g << 8 | b
    if kind in INTEGERS:
        return int(text)
    assert kind in ("string", "lstring", "char"), declared  # all that these files have
    return text


def typed_rows(dataset, rows):
    """Rows (chrom, start, end, rest as text), typed."""
    fields = dataset.fields.to_pylist()[3:]
    for chrom, start, end, rest in rows:
        texts = rest.split("\t") if fields else []
        yield (chrom, start, end, *(
            typed(text, f["declared_type"], f["declared_name"])
            for text, f in zip(texts, fields, strict=True)
        ))  # fmt: skip


@files()
def test_every_file_reads_with_all_its_rows_and_without_a_warning(dataset, file):
    rows, bed_type = FILES[file]
    assert dataset.to_table(errors="raise").num_rows == dataset.count_rows() == rows
    assert dataset.bed_type == bed_type


@files("pyBigWig")
def test_rows_are_those_of_pybigwig(dataset, path):
    import pyBigWig

    theirs = pyBigWig.open(path)
    rows = [
        (chrom, start, end, rest)
        for chrom, size in theirs.chroms().items()
        for start, end, rest in theirs.entries(chrom, 0, size) or []
    ]
    # it lists chroms by name, the file has them in another order
    order = list(dataset.chroms)
    rows.sort(key=lambda row: order.index(row[0]))
    assert sorted_in_chrom(rows_of(dataset.to_table()), order) == list(typed_rows(dataset, rows))
    theirs.close()


def sorted_in_chrom(rows, order):
    return sorted(rows, key=lambda row: order.index(row[0]))


@files()
def test_indexes_and_summaries_are_those_of_the_rows(path):
    assert check(path).problems == ()


@files("pybigtools")
def test_rows_are_those_of_pybigtools(dataset, path):
    import pybigtools

    with pybigtools.open(path) as theirs:
        rows = [
            (chrom, start, end, "\t".join(rest))
            for chrom in dataset.chroms
            for start, end, *rest in theirs.records(chrom)
        ]
    order = list(dataset.chroms)
    assert sorted_in_chrom(rows_of(dataset.to_table()), order) == list(typed_rows(dataset, rows))


@files("Biopython")
def test_places_names_and_scores_are_those_of_biopython(dataset, path):
    """It reads rows as alignments, so not all of its values compare."""
    from Bio import Align

    ours = dataset.to_table().to_pylist()
    with Align.parse(path, "bigbed") as alignments:
        theirs = list(alignments)
    assert len(ours) == len(theirs)
    for row, alignment in zip(ours, theirs, strict=True):
        place = alignment.target.id, alignment.coordinates[0, 0], alignment.coordinates[0, -1]
        assert (row["chrom"], row["start"], row["end"]) == place
        assert row.get("name") == alignment.query.id
        assert row.get("score") == getattr(alignment, "score", None)
        for name, value in getattr(alignment, "annotations", {}).items():
            kind = dataset.schema.field(name).type
            # of a char[1] it makes a list
            assert row[name] == ("".join(value) if kind == pa.string() else value)


@files("oxbow")
def test_typed_columns_are_those_of_oxbow(dataset, path):
    import oxbow

    ours = dataset.to_table()
    file = oxbow.from_bigbed(path, schema="autosql")
    theirs = pa.Table.from_batches(map(pa.record_batch, file.batches()), file.schema)
    assert theirs.num_columns == ours.num_columns
    for i, name in enumerate(ours.column_names):
        mine, other = ours.column(i).to_pylist(), theirs.column(i).to_pylist()
        if name == "reserved" and other != mine:
            # R,G,B in a uint: it reads the whole column as null, so it says nothing
            assert set(other) == {None}
        elif name == "oSequence":
            # it makes an empty text null; the file says that there is a text, and none in it
            assert [text or None for text in mine] == other
        else:
            assert mine == other, name


BESIDE = [
    "bed3",
    "bed4",
    "bed5",
    "bed6",
    "bed7",
    "bed8",
    "bed9",
    "bed12",
    "bigbedtest",
    "psl_34_001",
]


@pytest.mark.parametrize("file", [f"{name}.bb" for name in BESIDE])
def test_rows_are_those_of_the_bed_file_beside(dataset, corpus, file):
    beside = (corpus / "bigbed" / file).with_suffix(".bed")
    rows = []
    for line in beside.read_text().splitlines():
        chrom, start, end, *rest = line.split("\t" if "\t" in line else None)
        rows.append((chrom, int(start), int(end), "\t".join(rest)))
    expected = list(typed_rows(dataset, rows))
    assert sorted(rows_of(dataset.to_table())) == sorted(expected)


@files()
def test_a_region_is_the_scan_filtered(dataset):
    """Around rows from all over the file: at their edges and a base beside them."""
    table = Table(dict(dataset.chroms), rows_of(dataset.to_table()))
    for row in table.rows[:: max(1, len(table.rows) // 12)]:
        chrom, start, end = row[:3]
        for asked in (
            (chrom, start, end),
            (chrom, max(0, start - 1), start),
            (chrom, end, end + 1),
            (chrom, start, start),
            (chrom, max(0, start - 5000), end + 5000),
        ):
            expected = table.overlapping(asked)
            assert rows_of(dataset.to_table(asked)) == expected, asked
            assert dataset.count_rows(asked) == len(expected)


@files()
def test_chroms_and_their_sizes_are_those_of_pybigtools(dataset, path):
    import pybigtools

    with pybigtools.open(path) as theirs:
        assert dataset.chroms == theirs.chroms()


@files()
def test_zoom_summaries_are_those_of_pybigtools(dataset, path):
    import pybigtools

    with pybigtools.open(path) as theirs:
        assert dataset.zoom_levels == theirs.zooms()
        for level in dataset.zoom_levels:
            expected = [
                (chrom, start, end, s["bases_covered"], s["min_val"], s["max_val"], s["sum"],
                 s["sum_squares"])
                for chrom in dataset.chroms
                for start, end, s in theirs.zoom_records(level, chrom)
            ]  # fmt: skip
            assert rows_of(dataset.scan_zoom(level).read_all()) == expected


@files("pyBigWig")
def test_the_total_summary_is_that_of_pybigwig(dataset, path, file):
    import pyBigWig

    if file == "bigBedExample.bb":
        return  # version 1 has none; the next test but one computes it
    theirs = pyBigWig.open(path)
    head = theirs.header()
    keys = ("nBasesCovered", "minVal", "maxVal", "sumData", "sumSquared")
    assert [int(v) for v in dataset.total_summary] == [head[key] for key in keys]
    theirs.close()


@files("pybigtools")
def test_exact_summaries_are_those_of_pybigtools(dataset, path):
    import pybigtools

    table = dataset.to_table(columns=["chrom", "start", "end"])
    with pybigtools.open(path) as theirs:
        for chrom in table["chrom"].unique().to_pylist()[:3]:
            rows = table.filter(pa.compute.equal(table["chrom"], chrom))
            start = int(pa.compute.min(rows["start"]).as_py())
            end = start + 400
            for stat in ("mean", "min", "max"):
                expected = theirs.values(
                    chrom, start, end, bins=8, summary=stat, exact=True, fillna=None
                )
                found = dataset.summary((chrom, start, end), 8, stat, exact=True)
                np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=f"{chrom} {stat}")


@files()
def test_the_total_summary_is_that_of_every_row(dataset, file):
    table = dataset.to_table(columns=["chrom", "start", "end"]).to_pandas()
    stretches = [np.empty((2, 0))]
    for _, rows in table.groupby("chrom", observed=True):
        edges = np.concatenate([rows["start"], rows["end"]])
        steps = np.repeat([1, -1], len(rows))
        order = np.argsort(edges, kind="stable")
        stretches.append(np.stack([np.diff(edges[order]), np.cumsum(steps[order])[:-1]]))
    width, depth = np.concatenate(stretches, axis=1)
    width, depth = width[(depth > 0) & (width > 0)], depth[(depth > 0) & (width > 0)]
    expected = (
        width.sum(), depth.min(initial=10**9), depth.max(initial=0), (width * depth).sum(),
        (width * depth**2).sum(),
    )  # fmt: skip
    found = dataset.total_summary
    if file in TOO_DEEP:
        assert found.valid_count == expected[0]
        assert found.max > expected[2]
    elif len(width):
        assert tuple(found) == expected


# Its writer, of 2014, took the depth too large where items overlap; what a file says of
# itself is told as it is.
TOO_DEEP = {"chr22_with_name_and_geneName_index.bb"}


def test_a_big_endian_file_and_its_little_endian_twin_are_equal(corpus):
    big, little = (
        gidx.open(corpus / "bigbed" / f"bigbed_extended.{order}endian.bb")
        for order in ("big", "little")
    )
    assert big.to_table().equals(little.to_table(), check_metadata=True)
    assert big.total_summary == little.total_summary
    for level in little.zoom_levels:
        assert big.scan_zoom(level).read_all().equals(little.scan_zoom(level).read_all())


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("chr22_with_name_and_geneName_index.bb", "name"),
        ("chr22_with_name_and_geneName_index.bb", "geneName"),
        ("bigbed_extended.bigendian.bb", "name"),
        ("bigbed_extended.bigendian.bb", "geneSymbol"),
        ("bigbed_extended.littleendian.bb", "geneSymbol"),
        ("volvox.bb", "name"),
    ],
)
def test_an_extra_index_finds_what_a_filter_finds(dataset, field):
    assert field in dataset.indexes
    table = dataset.to_table()
    names = table[field].unique().to_pylist()
    for name in names[:: max(1, len(names) // 40)]:
        expected = table.filter(pa.compute.equal(table[field], name))
        assert dataset.find(name, field=field).equals(expected.combine_chunks()), name
    assert dataset.find(names, field=field).combine_chunks().equals(table.combine_chunks())


def test_a_file_of_garbage_is_a_format_error(corpus):
    with pytest.raises(FormatError, match=r"malformed\.bb, byte 0: no format that gidx reads"):
        gidx.open(corpus / "bigbed" / "malformed.bb")


@pytest.mark.parametrize("file", ["volvox.bb", "ucsc_test.bb", "bigbed_extended.bigendian.bb"])
def test_a_real_file_cut_anywhere_is_a_format_error(corpus, file):
    data = (corpus / "bigbed" / file).read_bytes()
    for length in [*range(0, 400), *range(400, len(data), 97), len(data) - 1]:
        with pytest.raises(FormatError):
            gidx.open(io.BytesIO(data[:length])).to_table()


@files()
def test_a_frame_reads_too(path, file):
    assert len(gidx.read_bigbed(path)) == FILES[file][0]
