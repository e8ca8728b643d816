"""A line in the registry is all that a format needs: what it offers, users have everywhere."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import gidx
from gidx.arrow import schema
from gidx.check import check
from gidx.cli import main
from gidx.convert import convert
from gidx.formats import registry
from gidx.formats.base import Format, Rows

MAGIC = b"SPAN1\n"
KIND = registry.Kind(
    "spans", "Spans", begins=lambda head: head.startswith(MAGIC), open=lambda s, _: Spans(s)
)


class Bound:
    """Some columns of rows ``chr1 start end``, read anew from the bytes."""

    def __init__(self, file, columns):
        self.file, self.columns = file, columns
        self.schema = pa.schema([file.schema("canonical")[i] for i in columns])

    def decode(self, blocks, regions):
        rows = self.file.overlapping(blocks, regions)
        columns = [
            pa.array(np.zeros(len(rows), np.int32)), pa.array(rows[:, 0]), pa.array(rows[:, 1])
        ]  # fmt: skip
        columns[0] = pa.DictionaryArray.from_arrays(columns[0], pa.array(["chr1"]))
        return Rows(schema.batch([columns[i] for i in self.columns], self.schema, len(rows)))


class Spans(Format):
    """Pairs of little-endian numbers behind a magic: all that a format must be."""

    kind, header, index_kind = "spans", "", "inside"
    chroms = {"chr1": 1000}  # noqa: RUF012

    def __init__(self, source):
        self.source = source

    def schema(self, names):
        del names
        positions = [pa.field(n, schema.POSITION) for n in ("start", "end")]
        return pa.schema([pa.field("chrom", schema.CHROM), *positions])

    def fields(self):
        return pa.table({n: pa.array([], pa.string()) for n in ("name", "type", "description")})

    def settle(self, regions):
        del regions

    def plan(self, regions):
        del regions
        return np.array([[len(MAGIC), self.source.size]], np.uint64)

    def groups(self, ranges, size=None):
        del size
        return list(ranges)

    def fetch(self, group, regions=None):
        del regions
        begin, end = map(int, group)
        return np.frombuffer(bytes(self.source.read(begin, end - begin)), "<i8").reshape(-1, 2)

    def overlapping(self, rows, regions):
        if regions is None:
            return rows
        asked = zip(regions.start, regions.end, strict=True)
        return rows[np.any([(rows[:, 0] < e) & (rows[:, 1] > s) for s, e in asked], axis=0)]

    def count(self, blocks, regions):
        return len(self.overlapping(blocks, regions))

    def row_count(self):
        return (self.source.size - len(MAGIC)) // 16

    def info(self):
        return {"format": "Spans", "rows": self.row_count()}

    def reader(self, columns, names):
        del names
        return Bound(self, columns)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.KINDS, "spans", KIND)
    rows = np.array([[0, 10], [5, 20], [40, 50]], "<i8")
    (tmp_path / "a.spans").write_bytes(MAGIC + rows.tobytes())
    return str(tmp_path / "a.spans")


def test_it_is_opened_and_read_by_regions_columns_and_filters(path):
    ds = gidx.open(path)
    assert type(ds) is gidx.Dataset
    assert (ds.format, len(ds), ds.count_rows("chr1:8-30")) == ("spans", 3, 2)
    assert gidx.read(path, "chr1:8-30", columns=["end"])["end"].tolist() == [10, 20]
    assert ds.head(1).to_pylist() == [{"chrom": "chr1", "start": 0, "end": 10}]


def test_it_is_checked_and_shown(path, capsys):
    report = check(path)
    assert (report.ok, report.rows, report.index) == (True, 3, "inside")
    assert main(["info", "--json", path]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    assert "3 rows" in gidx.open(path)._repr_html_()


def test_it_is_converted(path, tmp_path):
    convert(path, tmp_path / "a.bed", regions="chr1:8-30")
    assert (tmp_path / "a.bed").read_text() == "chr1\t0\t10\nchr1\t5\t20\n"


def test_what_it_does_not_offer_is_refused_in_words(path, capsys):
    with pytest.raises(TypeError, match="a Spans file has its index inside; drop index="):
        gidx.open(path, index="a.tbi")
    assert main(["search", path, "x"]) == 1
    assert "spans files have no index of names" in capsys.readouterr().err
    with pytest.raises(gidx.FormatError, match="its kind is not known"):
        convert(path, path + ".spans")


def test_no_two_formats_have_one_name_one_ending_or_one_beginning():
    kinds = registry.KINDS
    assert [name for name, kind in kinds.items() if kind.name != name] == []
    endings = [ending for kind in kinds.values() for ending in kind.endings]
    assert len(endings) == len({*endings})
    for kind in kinds.values():
        assert (kind.begins is None) == (kind.open is None)
        assert kind.begins is None or not kind.begins(b"chr1\t1\t2\n")
    assert replace(kinds["bed"], text=None).is_lines is False
