"""What a file says of its rows comes back out of Parquet, Arrow IPC and pandas."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.bigbed.test_write_bigbed import SIZES, tables
from tests.support import tabix_files

import gidx
from gidx.convert import convert
from gidx.errors import GidxWarning, UnknownChromError


@contextmanager
def without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("converted")


def converted(source: bytes, folder: Path, *kinds: str) -> bytes:
    """A file as it is after it was each of these kinds."""
    for kind in kinds:
        convert(io.BytesIO(source), folder / kind, to=kind)
        source = (folder / kind).read_bytes()
    return source


@settings(max_examples=25)
@given(
    tables(), st.booleans(), st.sampled_from([(), ("parquet",), ("arrow",), ("arrow", "parquet")])
)
def test_a_bigbed_comes_back_with_its_declaration_or_without_one(folder, table, declared, through):
    file = io.BytesIO()
    gidx.write_bigbed(table, file, SIZES)
    data = bytearray(file.getvalue())
    if not declared:
        data[36:44] = bytes(8)  # where the AutoSQL is
    with without_warnings():
        before = gidx.open_bigbed(bytes(data))
        after = gidx.open_bigbed(converted(bytes(data), folder, *through, "bigbed"))
        assert (after.header, after.autosql) == (before.header, before.autosql)
        assert (after.header == "") != declared
        assert (after.bed_type, after.chroms) == (before.bed_type, before.chroms)
        assert after.schema.equals(before.schema, check_metadata=True)
        assert after.to_table().equals(before.to_table())
        for kind in through[-1:]:
            assert gidx.open(folder / kind).header == before.header


def test_a_declaration_that_is_given_is_written_though_the_file_had_none():
    file = io.BytesIO()
    gidx.write_bigbed({"chrom": ["chr1"], "start": [1], "end": [5], "name": ["7"]}, file, SIZES)
    data = bytearray(file.getvalue())
    data[36:44] = bytes(8)
    with without_warnings():
        bare = gidx.open_bigbed(bytes(data))
        for rows in (bare.to_pandas(), bare.to_table()):
            gidx.write_bigbed(rows, file := io.BytesIO())
            assert gidx.open_bigbed(file.getvalue()).header == ""
            gidx.write_bigbed(rows, file := io.BytesIO(), autosql=bare.autosql)
            assert gidx.open_bigbed(file.getvalue()).header == bare.autosql != ""
        retyped = gidx.open(bytes(data), types={"name": "int32"})
        gidx.write_bigbed(retyped, file := io.BytesIO())
        assert "int" in gidx.open_bigbed(file.getvalue()).header


CONTIGS = ("chr1", "chr2", "chr9", "chr10", "HLA-A*01:01")


@settings(max_examples=25)
@given(
    declared=st.lists(st.tuples(st.sampled_from(CONTIGS), st.booleans()), unique_by=lambda c: c[0]),
    with_rows=st.lists(st.sampled_from(CONTIGS), unique=True),
    through=st.sampled_from(["parquet", "arrow"]),
)
def test_contigs_that_a_vcf_declares_with_or_without_a_length_are_known_to_what_is_made_of_it(
    folder, declared, with_rows, through
):
    contigs = "".join(
        f"##contig=<ID={name}{',length=1000' if sized else ''}>\n" for name, sized in declared
    )
    names = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    rows = "".join(f"{name}\t{at}\t.\tA\tG\t.\t.\t.\n" for name in with_rows for at in (5, 7))
    path = folder / "contigs.vcf.gz"
    tabix_files.write(path, "##fileformat=VCFv4.3\n" + contigs + names + rows, "vcf")
    before = gidx.open(path)
    gidx.to_parquet(path, folder / "parquet") if through == "parquet" else convert(
        path, folder / "arrow", to="arrow"
    )
    after = gidx.open(folder / through)
    assert list(after.chroms.items()) == list(before.chroms.items())
    frames = [before.to_pandas(), after.to_pandas()]
    if through == "parquet":
        frames.append(pd.read_parquet(folder / "parquet", dtype_backend="pyarrow"))
    for name in CONTIGS:
        ways = [before.count_rows, after.count_rows]
        ways += [lambda name, f=frame: len(f.gidx.query(name)) for frame in frames]
        if name in before.chroms:
            assert {ask(name) for ask in ways} == {2 * (name in with_rows)}
            continue
        for ask in ways:
            with pytest.raises(UnknownChromError):
                ask(name)


@pytest.mark.parametrize("rest", ["", ";x=1"])
def test_a_gff_that_pandas_read_out_of_parquet_has_no_more_attributes(tmp_path, rest):
    """pandas has a map as a list of pairs: an empty one was written as a key; more is refused."""
    lines = [f"chr1\tx\tgene\t{i + 1}\t{i + 9}\t.\t+\t.\tID=g{i}{rest}" for i in range(9)]
    path = tabix_files.write(tmp_path / "a.gff3.gz", "\n".join(lines) + "\n", "gff")
    gidx.to_parquet(gidx.open(path, attributes=["ID"]), tmp_path / "a.parquet")
    frame = pd.read_parquet(tmp_path / "a.parquet")
    if rest:
        with pytest.raises(gidx.errors.WriteError, match="attributes"):
            gidx.write_gff(frame, tmp_path / "b.gff3")
        return
    gidx.write_gff(frame, tmp_path / "b.gff3")
    written = (tmp_path / "b.gff3").read_text().splitlines()
    assert [line for line in written if not line.startswith("#")] == lines
