"""Dask: pieces as partitions, columns pushed down, the same rows on workers, and written back."""

from __future__ import annotations

import pickle

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow.compute as pc
import pytest
from tests import test_conformance as conformance
from tests.support import tabix_files
from tests.support.tables import places

import gidx
from gidx.engines.dask import Read
from gidx.ground.tuning import tuning

KINDS = conformance.KINDS


@pytest.fixture(autouse=True)
def _in_this_process():
    with dask.config.set(scheduler="sync"):
        yield


@pytest.fixture(scope="module", params=KINDS)
def file(request, tmp_path_factory):
    path = KINDS[request.param](tmp_path_factory.mktemp(request.param))
    dataset = gidx.open(path)
    return dataset, dataset.to_pandas()


def same(found, expected):
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_a_frame_has_each_row_once_in_order_with_its_types(file):
    dataset, whole = file
    for n in (1, 7, 300):
        frame = dataset.to_dask(npartitions=n)
        assert frame.npartitions >= min(n, 3)
        assert frame.divisions == (None,) * (frame.npartitions + 1)
        assert list(frame.columns) == list(whole.columns)
        found = frame.compute()
        same(found, whole)
        assert found.dtypes.tolist() == whole.dtypes.tolist()
        assert list(frame._meta.chrom.cat.categories) == list(whole.chrom.cat.categories)


@pytest.mark.parametrize("regions", [None, ["chr1:1-90,000", "chrX"]])
def test_a_partition_has_several_whole_chroms_where_there_are_very_many(file, regions):
    dataset, _ = file
    each = dataset.to_dask(regions, npartitions=1)
    with tuning.set(tasks=2):
        frame = dataset.to_dask(regions, npartitions=1)
    assert frame.npartitions <= each.npartitions
    same(frame.compute(), dataset.to_pandas(regions))
    assert frame.compute().dtypes.tolist() == each.compute().dtypes.tolist()


def test_of_many_contigs_there_are_as_many_partitions_as_were_asked_for(tmp_path):
    names = [f"contig{i}" for i in range(2_000)]
    rows = pd.DataFrame({"chrom": names, "start": 5, "end": 9, "name": names})
    gidx.write_bigbed(rows, tmp_path / "a.bb", dict.fromkeys(names, 100))
    dataset = gidx.open(tmp_path / "a.bb")
    assert dataset.to_dask().npartitions == 1
    frame = dataset.to_dask(npartitions=50)
    assert 30 < frame.npartitions < 80
    same(frame.compute(), dataset.to_pandas())


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable", None])
def test_the_other_options_are_those_of_to_pandas(file, backend):
    dataset, _ = file
    options = {
        "columns": ["end", "start", "chrom"], "filter": pc.field("start") > 900,
        "dtype_backend": backend,
    }  # fmt: skip
    frame = dataset.to_dask(["chr1:1-90,000", "chrX"], npartitions=5, **options)
    expected = dataset.to_pandas(["chr1:1-90,000", "chrX"], **options)
    assert frame._meta.dtypes.tolist() == expected.dtypes.tolist()
    same(frame.compute(), expected)


def test_only_the_columns_that_a_graph_needs_are_decoded(file, monkeypatch):
    dataset, whole = file
    seen = []
    scan = gidx.Dataset.to_table

    def spy(self, regions=None, **options):
        seen.append(options["columns"])
        return scan(self, regions, **options)

    monkeypatch.setattr(gidx.Dataset, "to_table", spy)
    frame = dataset.to_dask(npartitions=3)
    assert seen == []  # nothing is read to make it
    assert frame[frame.start > 900].end.max().compute() == whole.end[whole.start > 900].max()
    assert {tuple(sorted(columns)) for columns in seen} == {("end", "start")}
    del seen[:]
    assert len(frame) == frame.index.size.compute() == len(whole)
    assert {*map(tuple, seen)} == {()}
    del seen[:]
    near = frame[(frame.start > 900) & (frame.chrom == "chr2")]
    assert len(near) == ((whole.start > 900) & (whole.chrom == "chr2")).sum()
    assert {tuple(sorted(columns)) for columns in seen} == {("chrom", "start")}
    del seen[:]
    same(frame[["start"]].head(2), whole[["start"]].head(2))
    assert {*map(tuple, seen)} == {("start",)}


def test_what_is_asked_of_a_frame(file):
    dataset, whole = file
    frame = dataset.to_dask(npartitions=9)
    width = whole.assign(width=whole.end - whole.start)
    grouped = frame.assign(width=frame.end - frame.start).groupby("chrom", observed=True)
    expected = width.groupby("chrom", observed=True).width.sum()
    assert grouped.width.sum().compute().to_dict() == expected.to_dict()
    same(frame.head(3, npartitions=-1), whole.head(3))
    assert frame[frame.chrom == "chr2"].start.compute().tolist() == (
        whole.start[whole.chrom == "chr2"].tolist()
    )


def test_files_without_rows_or_index_and_enums(tmp_path):
    (tmp_path / "none.bed").write_text("")
    assert len(gidx.open_bed(tmp_path / "none.bed").to_dask()) == 0
    (tmp_path / "a.bed").write_text("c2\t5\t9\nc1\t1\t4\n" * 50)
    frame = gidx.open(tmp_path / "a.bed").to_dask(npartitions=4)
    assert frame.npartitions == 4
    assert frame.compute().chrom.tolist() == ["c2", "c1"] * 50
    rows = gidx.open(conformance.bigbed(tmp_path)).to_table("chr1:1-900")
    autosql = (
        'table t "t" (string chrom; "c" uint chromStart; "s" uint chromEnd; "e" enum(a, b) k; "k")'
    )
    data = {"chrom": rows["chrom"], "start": rows["start"], "end": rows["end"]}
    data["k"] = ["a"] * rows.num_rows
    gidx.write_bigbed(data, tmp_path / "e.bb", conformance.SIZES, autosql=autosql)
    dataset = gidx.open(tmp_path / "e.bb")
    same(dataset.to_dask(npartitions=2).compute(), dataset.to_pandas())


def test_a_task_is_small_and_can_be_sent(file):
    dataset, _ = file
    read = Read(dataset, {"threads": 1}, {})
    task = pickle.dumps((read, dataset.partitions(50)[3]))
    assert len(task) < 1000
    again, piece = pickle.loads(task)
    assert len(again(piece, columns=["start"])) == dataset.count_rows(piece)


def test_options_that_there_are_not(file):
    with pytest.raises(TypeError, match="no option 'colums'"):
        file[0].to_dask(colums=["start"])
    with pytest.raises(gidx.ColumnError, match="no column 'nme'"):
        file[0].to_dask(columns=["nme"])


@pytest.mark.parametrize("kind", ["bed", "bigbed", "vcf", "gff3"])
def test_frames_are_written_as_one_file_with_its_index(tmp_path, kind):
    source = KINDS[kind](tmp_path)
    frame = gidx.open(source).to_dask(npartitions=7)
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / source.name
    write = {
        "bed": gidx.write_bed, "vcf": gidx.write_vcf, "gff3": gidx.write_gff,
        "bigbed": lambda rows, path, **o: gidx.write_bigbed(rows, path, conformance.SIZES, **o),
    }[kind]  # fmt: skip
    write(frame, target)
    found, expected = gidx.open(target), gidx.open(source)
    assert places(found.to_table()) == places(expected.to_table())
    region = ("chr2", 20_000, 30_000)
    assert found.to_table(region).column("start").equals(expected.to_table(region)["start"])
    swapped = dd.concat([frame.partitions[3:], frame.partitions[:3]])
    with pytest.raises(gidx.WriteError, match=r"not sorted.*sort=True"):
        write(swapped, target)
    write(swapped, target, sort=True)
    again = gidx.open(target)
    assert sorted(places(again.to_table())) == sorted(conformance.ROWS)


def test_a_frame_of_other_columns_keeps_its_dtypes_without_rows(tmp_path):
    frame = gidx.open(conformance.bed(tmp_path)).to_dask(npartitions=4)
    gidx.write_bed(frame[frame.start < 0], tmp_path / "b.bed.gz")
    assert gidx.open(tmp_path / "b.bed.gz").count_rows() == 0
    gidx.to_parquet(gidx.open(tmp_path / "b.bed.gz"), tmp_path / "b.parquet")


def test_two_workers_read_and_their_rows_are_written(tmp_path):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    rows = [*tabix_files.intervals(5, 3000)]
    dataset = gidx.open(conformance.bed(tmp_path, rows))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
        dask.config.set(scheduler=client),
    ):
        frame = dataset.to_dask(npartitions=8)
        same(frame.compute(), dataset.to_pandas())
        counts = frame.groupby("chrom", observed=True).size().compute().to_dict()
        assert sum(counts.values()) == len(rows)
        gidx.write_bed(frame[frame.chrom == "chr2"], tmp_path / "b.bed.gz")
    found = gidx.open(tmp_path / "b.bed.gz")
    assert found.count_rows() == found.count_rows("chr2") == counts["chr2"]
