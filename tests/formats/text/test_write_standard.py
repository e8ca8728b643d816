"""BED's own fields, written from columns of any tool: their names, order, gaps and colors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx
from gidx.arrow.colors import as_rgb

SIZES = {"chr1": 1000, "chr2": 1000}
BED12: dict[str, list[Any]] = {
    "chrom": ["chr1", "chr1"],
    "start": [10, 20],
    "end": [40, 60],
    "name": ["a", "b"],
    "score": [960, 0],
    "strand": ["+", "-"],
    "thickStart": [12, 0],
    "thickEnd": [30, 0],
    "itemRgb": [0xFF0000, 0],
    "blockCount": [2, 1],
    "blockSizes": [[5, 10], [40]],
    "blockStarts": [[0, 20], [0]],
}
LINES = [
    "chr1\t10\t40\ta\t960\t+\t12\t30\t255,0,0\t2\t5,10,\t0,20,",
    "chr1\t20\t60\tb\t0\t-\t0\t0\t0\t1\t40,\t0,",
]
PYRANGES = {
    "chrom": "Chromosome", "start": "Start", "end": "End", "name": "Name", "score": "Score",
    "strand": "Strand", "thickStart": "ThickStart", "thickEnd": "ThickEnd", "itemRgb": "ItemRGB",
    "blockCount": "BlockCount", "blockSizes": "BlockSizes", "blockStarts": "BlockStarts",
}  # fmt: skip
BIOFRAME = {"itemRgb": "rgb"}
SNAKE = {"thickStart": "thick_start", "itemRgb": "item_rgb", "blockStarts": "chromStarts"}


def bed_lines(data: Any, **options: Any) -> list[str]:
    file = io.BytesIO()
    file.name = "x.bed"  # type: ignore[misc]
    gidx.write_bed(data, file, **options)
    return file.getvalue().decode().splitlines()


def bigbed_lines(data: Any, path: Path, **options: Any) -> list[str]:
    """By another reader."""
    gidx.write_bigbed(data, path, SIZES, **options)
    with pyBigWig.open(str(path)) as file:
        found = [(c, *e) for c in file.chroms() for e in file.entries(c, 0, 1000) or []]
    return ["\t".join(map(str, e)).rstrip("\t") for e in found]


@given(
    st.permutations(list(BED12)),
    st.sampled_from([{}, PYRANGES, BIOFRAME, SNAKE]),
    st.sampled_from([np.int64, np.float64, np.int32]),
    st.integers(3, 12),
    st.booleans(),
)
@settings(max_examples=40)
def test_order_names_and_width_of_columns_change_nothing_of_what_is_written(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[str],
    names: dict[str, str],
    kind: Any,
    fields: int,
    streamed: bool,
) -> None:
    kept = list(BED12)[: fields if fields < 10 else 12]
    frame = pd.DataFrame({n: BED12[n] for n in order if n in kept})
    for name in ("score", "thickStart", "thickEnd", "blockCount"):
        if name in kept:
            frame[name] = frame[name].astype(kind)
    data: Any = frame.rename(columns=names)
    if streamed:
        table = pa.Table.from_pandas(data, preserve_index=False)
        data = table.to_reader(max_chunksize=1)
    expected = ["\t".join(line.split("\t")[: len(kept)]) for line in LINES]
    assert bed_lines(data) == expected
    path = tmp_path_factory.mktemp("bb") / "x.bb"
    if not streamed:
        assert bigbed_lines(data, path) == expected
        assert gidx.open(path).bed_type == f"bed{len(kept)}"


def few(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"chrom": "chr1", "start": [1, 2, 3], "end": [5, 6, 7], **columns})


def rests(lines: list[str]) -> list[str]:
    return [line.split("\t", 3)[3] for line in lines]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"strand": list("+-+")}, [".\t0\t+", ".\t0\t-", ".\t0\t+"]),
        ({"score": [1, 2, 3]}, [".\t1", ".\t2", ".\t3"]),
        ({"strand": list("+-+"), "x": [7, 8, 9], "name": list("abc")},
         ["a\t0\t+\t7", "b\t0\t-\t8", "c\t0\t+\t9"]),
        ({"itemRgb": ["#ff0000", "blue", (0, 9, 0)]},
         [".\t0\t.\t0\t0\t255,0,0", ".\t0\t.\t0\t0\t0,0,255", ".\t0\t.\t0\t0\t0,9,0"]),
        ({"blockSizes": [[4]] * 3, "blockStarts": [[0]] * 3},
         [".\t0\t.\t0\t0\t0\t1\t4,\t0,"] * 3),
    ],
)  # fmt: skip
def test_fields_before_a_standard_one_are_filled(
    columns: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    if "itemRgb" in columns:  # of one kind in a column
        columns = {"itemRgb": [c if isinstance(c, str) else "0,9,0" for c in columns["itemRgb"]]}
    frame = few(**columns)
    assert rests([x for x in bed_lines(frame) if x[0] != "#"]) == expected
    assert rests(bigbed_lines(frame, tmp_path / "x.bb")) == expected


def test_a_score_that_is_missing_is_0_in_bigbed_and_a_point_in_text(tmp_path: Path) -> None:
    frame = few(name=list("abc"), score=[1.0, np.nan, 3.0], strand=["+", None, "-"])
    found = bigbed_lines(frame, tmp_path / "x.bb")
    assert rests(found) == ["a\t1\t+", "b\t0\t.", "c\t3\t-"]
    assert gidx.open(tmp_path / "x.bb").bed_type == "bed6"
    assert rests(bed_lines(frame)) == ["a\t1\t+", "b\t.\t.", "c\t3\t-"]
    nullable = frame.assign(score=frame["score"].astype("Int64"))
    assert bigbed_lines(nullable, tmp_path / "y.bb") == found


@pytest.mark.parametrize(
    ("columns", "message", "kind"),
    [
        ({"name": list("abc"), "score": [0.5, 1, 2]}, r"score: found 0.5.* bed4\+$", "bed4+1"),
        ({"score": [1.0, 2000.0, 3]}, r"score: found 2000.0, .*0 to 1000.* bed3\+$", "bed3+1"),
        ({"score": ["1", "x", "3"]}, r"score: found 'x'.* bed3\+$", "bed3+1"),
        ({"name": [1.5, 2, 3]}, r"name: double cannot be string.* bed3\+$", "bed3+1"),
        ({"strand": [1, -1, 1]}, r"strand: int64 cannot be char.* bed3\+$", "bed3+1"),
        ({"blockSizes": [[4]] * 3}, r"blockSizes: .*not both there.* bed3\+$", "bed3+2"),
        ({"blockStarts": [[0]] * 3}, r"blockStarts: .*not both there.* bed3\+$", "bed3+2"),
    ],
)
def test_what_cannot_be_standard_is_said(
    columns: dict[str, Any], message: str, kind: str, tmp_path: Path
) -> None:
    with pytest.warns(gidx.GidxWarning, match=message):
        gidx.write_bigbed(few(**columns), tmp_path / "x.bb", SIZES)
    assert gidx.open(tmp_path / "x.bb").bed_type == kind


def test_texts_that_are_integers_are_scores(tmp_path: Path) -> None:
    frame = few(name=[1, 2, 3], score=["1", "20", "0"])
    assert rests(bigbed_lines(frame, tmp_path / "x.bb")) == ["1\t1", "2\t20", "3\t0"]


def test_what_was_read_is_written_in_its_own_order_however_it_lies(tmp_path: Path) -> None:
    rows = ["chr1\t1\t5\ta\t1\t+\t0.5\t1\t2\t3", "chr1\t2\t5\tb\t2000\t-\t0.5\t1\t2\t-1"]
    path = tmp_path / "x.bed"
    path.write_text("".join(f"{row}\n" for row in rows))
    frame = gidx.read_bed(path, schema="bed6+4")
    turned = frame[list(reversed(frame.columns))]
    turned.attrs = frame.attrs
    assert bed_lines(turned) == rows


def test_a_bed_type_is_met_by_aliases_and_gaps(tmp_path: Path) -> None:
    frame = few(Strand=list("+-+"), Score=[1, 2, 3])
    expected = [".\t1\t+", ".\t2\t-", ".\t3\t+"]
    assert rests(bigbed_lines(frame, tmp_path / "x.bb", bed_type="bed6")) == expected
    assert rests(bed_lines(frame, schema="bed6")) == expected


# ── colors ──────────────────────────────────────────────────────────────────────────────────────

RED: list[tuple[Any, str]] = [
    (0xFF0000, "255,0,0"), ("255,0,0", "255,0,0"), ("16711680", "255,0,0"), ("#ff0000", "255,0,0"),
    ("#F00", "255,0,0"), ("#ff0000ff", "255,0,0"), ("red", "255,0,0"), ("Red", "255,0,0"),
    ((255, 0, 0), "255,0,0"), ([255, 0, 0, 255], "255,0,0"), ((1.0, 0.0, 0.0), "255,0,0"),
    (np.array([1.0, 0.0, 0.0]), "255,0,0"), (0, "0"), ("0", "0"), ("0,0,0", "0,0,0"),
    ((0, 0, 0), "0,0,0"), ("tab:blue", "31,119,180"), ("rebeccapurple", "102,51,153"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "written"), RED)
@pytest.mark.parametrize("name", ["itemRgb", "reserved", "ItemRGB", "rgb"])
def test_a_color_is_written_as_rgb(value: Any, written: str, name: str, tmp_path: Path) -> None:
    frame = few(**{name: [value] * 3})
    assert {x.split("\t")[8] for x in bed_lines(frame)} == {written}
    if name == "itemRgb":
        assert {x.split("\t")[8] for x in bigbed_lines(frame, tmp_path / "x.bb")} == {written}
        assert {x.split("\t")[8] for x in bed_lines(frame, schema="bed9")} == {written}


@given(st.integers(1, 2**24 - 1))
def test_a_color_is_the_same_in_all_its_forms(value: int) -> None:
    red, green, blue = value.to_bytes(3, "big")
    expected = [f"{red},{green},{blue}"]
    assert as_rgb(pa.array([value], pa.uint32())).to_pylist() == expected
    assert as_rgb(pa.array([f"#{value:06x}"])).to_pylist() == expected
    assert as_rgb(pa.array([[red, green, blue]])).to_pylist() == expected
    assert as_rgb(pa.array([[red / 255, green / 255, blue / 255]])).to_pylist() == expected


@pytest.mark.parametrize(
    "value", ["reddish", "#ff00000", "1,2", (1, 2), (256, 0, 0), (0.5, 2.0, 0)]
)
def test_what_is_no_color_is_refused(value: Any, tmp_path: Path) -> None:
    with pytest.raises(gidx.WriteError, match=r"column itemRgb: found .*expected uint or R,G,B"):
        gidx.write_bigbed(few(itemRgb=[value] * 3), tmp_path / "x.bb", SIZES)


def test_colors_of_a_file_are_the_same_in_a_copy(tmp_path: Path) -> None:
    lines = [f"chr1\t{i}\t{i + 5}\t.\t0\t+\t{i}\t{i}\t{rgb}"
             for i, rgb in enumerate(["255,0,0", "0,0,255", "0", "1,2,3"])]  # fmt: skip
    (tmp_path / "x.bed").write_text("".join(f"{line}\n" for line in lines))
    frame = gidx.read_bed(tmp_path / "x.bed")
    found = bigbed_lines(frame, tmp_path / "x.bb")
    assert found == lines
    again = gidx.read_bigbed(tmp_path / "x.bb")
    assert bigbed_lines(again, tmp_path / "y.bb") == lines
    assert (tmp_path / "x.bb").read_bytes() == (tmp_path / "y.bb").read_bytes()
    assert bed_lines(again) == lines
