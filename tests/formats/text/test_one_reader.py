"""There is one reader of text: `convert` to Parquet is what `open` and `read_*` read.

However the text lies there: plain, in plain gzip, in BGZF with an index or without, or in a
pipe. Names, types, values, and what the schema's metadata say.
"""

from __future__ import annotations

import gzip
import io
import os
import warnings
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.gff_text import gff3_fields, gff_row, gtf_fields
from tests.support.tabix_files import bgzip
from tests.support.vcf_text import vcfs

import gidx
from gidx.arrow import schema
from gidx.convert import convert
from gidx.errors import GidxError, GidxWarning
from gidx.formats.parquet import write as parquet

CORPUS = os.environ.get("GIDX_CORPUS")
SUFFIXES = (".vcf", ".bed", ".gff", ".gff3", ".gtf")
REAL = sorted(
    f
    for f in (Path(CORPUS, "tabix").rglob("*") if CORPUS else ())
    if f.name.removesuffix(".gz").endswith(SUFFIXES)
)


def packed(text: bytes, folder: Path) -> dict[str, object]:
    """The same text in every way that `convert` takes it without an index."""
    (folder / "plain").write_bytes(text)
    (folder / "zipped.gz").write_bytes(gzip.compress(text))
    (folder / "bgzf.gz").write_bytes(bgzip(text, 97 if len(text) < 10_000 else 9973))
    files = {name: folder / name for name in ("plain", "zipped.gz", "bgzf.gz")}
    return {**files, "stream": text}


def converted(source: object, folder: Path) -> pa.Table | str:
    """What `convert` makes of it, or what it says."""
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GidxWarning)
            convert(source, folder / "x.parquet")
    except GidxError as error:
        return type(error).__name__
    return pq.read_table(folder / "x.parquet")


def read(source: object) -> pa.Table | str:
    """What `open` reads, or what it says."""
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GidxWarning)
            return gidx.open(source).to_table()
    except GidxError as error:
        return type(error).__name__


def assert_same(found: pa.Table | str, expected: pa.Table | str) -> None:
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected
        return
    # Parquet has no lists of a fixed size: those of text are written as lists; and chroms are
    # texts there, so that all who read it can leave out groups of rows
    assert pa.types.is_dictionary(expected.schema.types[0])
    types = [pa.string(), *map(parquet._stored_type, expected.schema.types[1:])]
    assert found.schema.names == expected.schema.names
    assert found.schema.types == types
    stored = pa.Table.from_arrays(
        [c.cast(t) for c, t in zip(expected.columns, types, strict=True)],
        schema=found.schema,
    )
    if not found.equals(stored):  # which is quick, but to it nan is no nan
        assert repr(found.to_pylist()) == repr(expected.to_pylist())
    assert schema.read_metadata(found.schema) == schema.read_metadata(expected.schema)


# ── generated text of each format ───────────────────────────────────────────────────────────────

CELLS = st.sampled_from(
    ["", ".", "0", "7", "-3", "007", "+5", "1.50", "1e-9", "NA", "nan", "x", "+", "-", "1,2,",
     "255,0,0", "rs1", "é", "9223372036854775808"]
)  # fmt: skip
HEADS = st.sampled_from(
    ["", "# a comment\n", "track name=x\n", "browser position a\n", "#chrom\tstart\tend{names}\n",
     "chrom\tstart\tend{names}\n", "#chrom\tchromStart\tchromEnd{names}\n"]
)  # fmt: skip


@st.composite
def beds(draw: st.DrawFn) -> bytes:
    """BED and tables with a line of names: any fields behind chrom, start, end."""
    width = draw(st.integers(0, 9))
    few = draw(st.lists(CELLS, min_size=1, max_size=3))
    rows, start = [], 0
    for _ in range(draw(st.integers(1, 6))):
        start += draw(st.integers(0, 9))
        cells = [draw(st.sampled_from(few)) for _ in range(width)]
        rows.append("\t".join(["a", str(start), str(start + draw(st.integers(0, 5))), *cells]))
    names = "".join(f"\t{n}" for n in draw(st.permutations("nstuvwxyz"))[:width])
    return (draw(HEADS).format(names=names) + "\n".join(rows) + "\n").encode()


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Tables whose line of names has chrom, start and end anywhere."""
    names = draw(st.permutations(["chrom", "start", "end", "gene", "p"]))
    rows = [names]
    for i in range(draw(st.integers(1, 5))):
        cells = {"chrom": "a", "start": str(i), "end": str(i + 4), "gene": draw(CELLS)}
        rows.append([cells.get(n, draw(CELLS)) for n in names])
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def gffs(head: bytes, fields: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    rows = st.lists(fields.map(gff_row), min_size=1, max_size=5)
    return rows.map(lambda found: head + b"".join(found))


TEXTS = {
    "bed": beds(),
    "table": tables(),
    "vcf": vcfs().map(lambda drawn: drawn.text),
    "gff3": gffs(b"##gff-version 3\n", gff3_fields()),
    "gtf": gffs(b"##gff-version 2\n", gtf_fields()),
}


@pytest.mark.parametrize("format", TEXTS)
@settings(max_examples=25)
@given(data=st.data())
def test_convert_to_parquet_is_read(tmp_path_factory, format, data):
    text = data.draw(TEXTS[format])
    folder = tmp_path_factory.mktemp("law")
    sources = packed(text, folder)
    expected = read(sources["plain"])
    for source in sources.values():
        assert_same(converted(source, folder), expected)


@pytest.mark.parametrize("format", ["bed", "table"])
@settings(max_examples=25)
@given(data=st.data())
def test_text_to_text_keeps_what_stands_there(tmp_path_factory, format, data):
    """Values of BED and tables go from text to text as they are."""
    text = data.draw(TEXTS[format])
    folder = tmp_path_factory.mktemp("law")
    (folder / "x").write_bytes(text)
    convert(folder / "x", folder / "y.tsv", header=False)
    rows = [line.split("\t") for line in text.decode().splitlines()]
    names = rows[0]
    if format == "table":
        order = [*map(names.index, ("chrom", "start", "end"))]
        order += [i for i in range(len(names)) if i not in order]
        expected = [[row[i] for i in order] for row in rows[1:]]
    else:
        expected = [row for row in rows if row[0] == "a"]
    found = (folder / "y.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t") for line in found] == expected


# ── real files ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not REAL, reason="GIDX_CORPUS is not set: no real files")
@pytest.mark.parametrize("real", REAL, ids=lambda f: str(f.relative_to(CORPUS)))
def test_convert_to_parquet_is_read_of_real_files(real, tmp_path):
    """Their first rows; `test_corpus_convert` has all of those that have an index."""
    text = gzip.decompress(real.read_bytes()) if real.suffix == ".gz" else real.read_bytes()
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line[:1] not in b"#tb"), 0)
    text = b"".join(lines[: first + 100])
    expected = read(text)
    sources = packed(text, tmp_path)
    if first > 1000:  # thousands of columns
        sources = {"zipped.gz": sources["zipped.gz"]}
    for source in sources.values():
        assert_same(converted(source, tmp_path), expected)
