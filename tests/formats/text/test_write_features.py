"""GFF and GTF, written from frames of other tools."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gidx

NINE = ["seqname", "source", "feature", "start", "end", "score", "strand", "frame", "attribute"]
GTF = '1\ts\texon\t5\t9\t.\t-\t.\tgene_id "x"; level 2;'
GTF_TEXT = 'gene_id "x"; level 2;'


def lines(data: Any, write: Any = gidx.write_gtf, **options: Any) -> list[str]:
    file = io.BytesIO()
    file.name = "x.txt"  # type: ignore[misc]
    write(data, file, **options)
    return [x for x in file.getvalue().decode().splitlines() if x[0] != "#"]


def nine(text: str, names: list[str] = NINE) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), sep="\t", names=names)


def through_accessor(frame: pd.DataFrame, path: Path, method: str = "to_gtf") -> list[str]:
    getattr(frame.gidx, method)(path)
    return [x for x in path.read_text().splitlines() if x[0] != "#"]


def test_nine_columns_as_pandas_reads_them_are_the_same_line(tmp_path: Path) -> None:
    assert lines(nine(GTF)) == [GTF]
    assert through_accessor(nine(GTF), tmp_path / "x.gtf") == [GTF]
    chr1 = GTF.replace("1\ts", "chr1\ts", 1)
    assert lines(nine(chr1)) == [chr1]


GFF3 = "c\ts\tCDS\t5\t9\t0.5\t+\t0\tID=a;Note=b%2Cc,d"


@pytest.mark.parametrize("first", ["seqid", "seq_id", "seqname"])
@pytest.mark.parametrize("last", ["attribute", "attributes"])
def test_nine_columns_of_gff3_too(first: str, last: str, tmp_path: Path) -> None:
    names = [first, "source", "type", "start", "end", "score", "strand", "phase", last]
    assert lines(nine(GFF3, names), gidx.write_gff) == [GFF3]
    assert through_accessor(nine(GFF3, names), tmp_path / "x.gff3", "to_gff") == [GFF3]


def test_attribute_text_of_the_other_format_is_written_anew() -> None:
    expected = 'c\ts\tCDS\t5\t9\t0.5\t+\t0\tID "a"; Note "b,c"; Note "d";'
    assert lines(nine(GFF3)) == [expected]
    assert lines(nine(GTF), gidx.write_gff)[0].split("\t")[8] == "gene_id=x;level=2"


FIELDS: dict[str, Any] = {"source": "s", "type": "exon", "score": None, "strand": "-", "phase": 1}


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ("Chromosome Start End Source Feature Score Strand Frame", 4),  # PyRanges
        ("seqname start end source feature score strand frame", 5),  # gtfparse
        ("seqnames start end source type score strand phase", 5),  # GRanges
        ("chrom start end source feature score strand frame", 4),
    ],
)
@pytest.mark.parametrize("missing", ["", None])
def test_columns_of_others_are_in_their_places(
    names: str, start: int, missing: Any, tmp_path: Path
) -> None:
    if "type" in names.split():  # as gidx has it, where '' is a value
        missing = None
    values = ["1", start, 9, "s", "exon", np.nan, "-", "1"]
    row = dict(zip(names.split(), values, strict=True))
    frame = pd.DataFrame([{**row, "gene_id": "g", "tag": missing}])
    expected = '1\ts\texon\t5\t9\t.\t-\t1\tgene_id "g";'
    assert lines(frame) == [expected]
    assert through_accessor(frame, tmp_path / "x.gtf") == [expected]
    assert through_accessor(frame, tmp_path / "y.gff3", "to_gff") == [
        "1\ts\texon\t5\t9\t.\t-\t1\tgene_id=g"
    ]
    for format in ("gtf", "gff3"):
        assert frame.gidx.validate(format=format).empty


def test_numbers_from_1_that_were_said_to_be(tmp_path: Path) -> None:
    frame = nine(GTF).rename(columns={"seqname": "chrom", "attribute": "attributes"})
    for write in (lambda: lines(frame), lambda: through_accessor(frame, tmp_path / "x.gtf")):
        with pytest.raises(gidx.WriteError, match=r"df.gidx.set\(coords='1-based'\)"):
            write()
    with pytest.warns(gidx.GidxWarning, match="alone mean 0-based half-open"):
        said = frame.gidx.set(coords="1-based")
    assert through_accessor(said, tmp_path / "x.gtf") == [GTF]
    assert lines(said.assign(chrom="1")) == [GTF]
    zero = frame.gidx.set(coords="0-based")
    assert through_accessor(zero, tmp_path / "x.gtf") == [GTF.replace("\t5\t", "\t6\t")]


@pytest.mark.parametrize("text", ['gene_id "x', "=", 'gene_id "x"; level "2', '"x"'])
@pytest.mark.parametrize("write", [gidx.write_gtf, gidx.write_gff])
def test_broken_attribute_text_is_an_error_with_the_row(text: str, write: Any) -> None:
    frame = pd.concat([nine(GTF)] * 2, ignore_index=True)
    frame["attribute"] = [GTF_TEXT, text]
    frame["seqname"] = "c"
    with pytest.raises(gidx.WriteError, match=r"row 1 .*column attribute: found ") as caught:
        lines(frame, write)
    assert caught.value.row == 1
    report = frame.gidx.validate(format="gtf" if write is gidx.write_gtf else "gff")
    assert (report["row"].tolist(), report["column"].tolist()) == ([1], ["attribute"])


def test_a_key_that_is_a_column_and_in_the_text_is_refused() -> None:
    frame = nine(GTF).assign(seqname="c", gene_id="x")
    with pytest.raises(gidx.WriteError, match="the key 'gene_id' is that of a column"):
        lines(frame)


def test_further_columns_stand_behind_the_text() -> None:
    frame = nine(GTF).assign(seqname="c", biotype="b")
    assert lines(frame)[0].split("\t")[8] == 'gene_id "x"; level 2; biotype "b";'
