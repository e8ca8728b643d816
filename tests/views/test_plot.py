"""Pictures of a region, told by the shapes in them: no image is compared."""

from __future__ import annotations

import builtins
import pickle
import subprocess
import sys
from itertools import pairwise

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb

import gidx
from gidx.bbi.summary import bin_edges
from gidx.errors import ColumnError, RegionError, UnknownChromError
from gidx.ground.conventions import CANONICAL, recognise
from gidx.ground.region import Region
from gidx.ground.tuning import tuning
from gidx.views import plot
from gidx.views.plot.features import LONGEST
from gidx.views.plot.packing import BARE, PACK, THIN, first_fit

REGION = ("chr1", 1000, 2000)
WHITE, DARK = (1.0, 1.0, 1.0), (0.15, 0.15, 0.15)


@pytest.fixture(autouse=True)
def _figures_closed():
    yield
    plt.close("all")


def frame_of(*spans, chrom="chr1", **columns):
    """Rows with these (start, end)."""
    start, end = np.array(spans, np.int64).reshape(-1, 2).T
    return pd.DataFrame({"chrom": chrom, "start": start, "end": end, **columns})


def random_frame(n, longest, size=1_000_000, seed=0):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, size, n)
    end = start + rng.integers(1, longest + 1, n)
    return frame_of(*zip(start, end, strict=True), name="a", strand=rng.choice(["+", "-"], n))


def draw(frame, region=REGION, **options):
    return plot.plot_frame(frame, recognise(frame.columns), region, **options)


def given_axes(width=10.0, height=4.0):
    return plt.figure(figsize=(width, height)).add_axes((0, 0, 1, 1))


def boxes(ax):
    """(left, right, top, bottom, colour) of all boxes, in the data's numbers."""
    return [
        (*path.vertices[[0, 2], 0], *path.vertices[[0, 2], 1], tuple(color[:3]))
        for shapes in ax.collections
        if isinstance(shapes, PolyCollection)
        for path, color in zip(
            shapes.get_paths(), cycled(shapes.get_facecolors(), shapes), strict=True
        )
    ]


def cycled(colors, shapes):
    return [colors[i % len(colors)] for i in range(len(shapes.get_paths()))]


def lines(ax, corners):
    """The lines of so many corners, with their colours."""
    return [
        (path.vertices, tuple(color[:3]))
        for shapes in ax.collections
        if isinstance(shapes, LineCollection)
        for path, color in zip(shapes.get_paths(), cycled(shapes.get_colors(), shapes), strict=True)
        if len(path.vertices) == corners
    ]


def note(ax):
    """What the picture says of itself."""
    return ax.texts[-1].get_text()


def labels(ax):
    return [text.get_text() for text in ax.texts[:-1]]


# ── rows of the picture ─────────────────────────────────────────────────────────────────────────

EXTENTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=40)


@given(EXTENTS, st.integers(1, 8))
def test_each_extent_is_in_the_first_row_where_it_overlaps_no_earlier_one(spans, rows):
    spans = sorted((left, left + size) for left, size in spans)
    left, right = np.array(spans, float).reshape(-1, 2).T
    found = first_fit(left, right, rows).tolist()
    held = [[] for _ in range(rows)]
    for (begin, end), row in zip(spans, found, strict=True):
        free = [i for i in range(rows) if all(begin >= e for _, e in held[i])]  # brute force
        assert row == (free[0] if free else -1)
        if free:
            held[row].append((begin, end))


@given(st.lists(st.tuples(st.integers(900, 2050), st.integers(0, 300)), min_size=1, max_size=40),
       st.sampled_from([2.0, 4.0, 10.0]), st.booleans())  # fmt: skip
@settings(max_examples=40)
def test_nothing_that_is_drawn_overlaps_another_feature_on_paper(spans, width, named):
    """Boxes, and labels as matplotlib's renderer measures them, stay apart in pixels."""
    spans = [(start, start + size) for start, size in spans]
    names = [f"name {i}" if named else "" for i in range(len(spans))]
    ax = draw(frame_of(*spans, name=names), ax=given_axes(width, 8))
    ax.figure.canvas.draw()
    drawn = [ax.transData.transform([(a, c), (b, d)]) for a, b, c, d, _ in boxes(ax)]
    found = [(*sorted(xy[:, 0]), *sorted(xy[:, 1])) for xy in drawn]
    for text in ax.texts[:-1]:
        box = text.get_window_extent()
        found.append((box.x0, box.x1, box.y0, box.y1))
    a = np.array(found).reshape(-1, 4)
    overlap = [
        np.minimum(a[:, None, i + 1], a[None, :, i + 1]) - np.maximum(a[:, None, i], a[None, :, i])
        for i in (0, 2)
    ]
    both = (overlap[0] > 0.6) & (overlap[1] > 0.6)  # a pixel's part is rounding
    assert not np.triu(both, 1).any()
    plt.close(ax.figure)


@given(st.lists(st.tuples(st.integers(900, 2100), st.integers(0, 300)), min_size=1, max_size=30))
def test_the_rows_drawn_are_those_that_overlap(spans):
    spans = [(start, start + size) for start, size in spans]
    _, start, end = REGION[0], *REGION[1:]
    expected = [
        i for i, (s, e) in enumerate(spans)
        if (s < end and e > start) or (s == e and start <= s <= end)
    ]  # fmt: skip
    _, (rows, *_) = plot._rows(frame_of(*spans), CANONICAL, REGION)
    assert rows.tolist() == expected


# ── how much is shown ───────────────────────────────────────────────────────────────────────────


def test_ten_features_have_labels():
    spans = [(1000 + 100 * i, 1050 + 100 * i) for i in range(10)]
    ax = draw(frame_of(*spans, name=[f"gene{i}" for i in range(10)]))
    assert labels(ax) == [f"gene{i}" for i in range(10)]
    assert note(ax) == "10 features · pack"


def test_more_features_lose_their_labels_then_their_height_then_become_a_histogram():
    frames = [random_frame(n, 20_000) for n in (30, 400, 1500, 10_000)]
    notes = [note(draw(frame.assign(name="a feature"), "chr1")) for frame in frames]
    assert [text.partition(" · ")[2].partition(",")[0] for text in notes] == [
        "pack", "pack without labels", "squish", "density",
    ]  # fmt: skip
    assert notes[3].startswith("10,000 features · density, up to ")


def test_features_too_small_to_tell_apart_become_a_histogram():
    assert "density" in note(draw(random_frame(10_000, 100), "chr1"))
    assert "squish" in note(draw(random_frame(600, 100), "chr1", ax=given_axes(10, 1)))


def test_a_low_axes_holds_fewer_rows():
    spans = [(1000, 2000)] * 5
    assert note(draw(frame_of(*spans, name="a"), ax=given_axes(10, 3))) == "5 features · pack"
    assert "squish" in note(draw(frame_of(*spans), ax=given_axes(10, 0.7)))
    assert "density" in note(draw(frame_of(*spans), ax=given_axes(10, 0.3)))


def test_the_number_of_artists_does_not_grow_with_that_of_features():
    few, many = random_frame(200, 1000), random_frame(10_000, 1000)
    for mode in ("pack", "squish", "density"):
        counts = [len(draw(f, "chr1", mode=mode, label=False).get_children()) for f in (few, many)]
        assert counts[0] == counts[1] < 20


def test_a_mode_that_is_asked_says_what_it_has_no_room_for():
    ax = draw(random_frame(3000, 20_000), "chr1", mode="pack", ax=given_axes(10, 2))
    shown = int(note(ax).partition(" of 3,000 features shown")[0])
    assert 50 < shown < 3000
    assert len(boxes(ax)) == shown


def test_of_more_rows_than_any_figure_holds_only_a_histogram_is_drawn(monkeypatch):
    monkeypatch.setattr(tuning, "drawn_rows", 99)
    for mode in (None, "pack", "squish"):
        assert "100 features · density" in note(draw(random_frame(100, 10), "chr1", mode=mode))


def test_a_figure_of_its_own_is_as_high_as_its_rows():
    low, high = (draw(frame_of(*[(1000, 2000)] * n)).figure for n in (1, 10))
    assert low.get_figheight() < high.get_figheight() < 6
    assert low.get_figwidth() == high.get_figwidth() == 10


def test_a_histogram_counts_the_features_that_overlap_each_bin():
    frame = random_frame(2000, 5000, size=50_000)
    ax = draw(frame, ("chr1", 10_000, 30_000), mode="density")
    points = ax.collections[0].get_paths()[0].vertices
    bins = int(ax.get_window_extent().width * 72 / ax.figure.dpi)
    edges = bin_edges(10_000, 30_000, bins)
    start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
    expected = [int(((start < b) & (end > a)).sum()) for a, b in pairwise(edges)]
    middles = (edges[:-1] + edges[1:]) / 2
    assert heights(points, middles).tolist() == expected
    size = (np.diff(edges)).mean()
    assert f"up to {max(expected)} in {size:.3g} bp" in note(ax)


def heights(points, middles):
    """The upper outline of a filled histogram at these places."""
    upper = {}
    for (x0, y0), (x1, y1) in pairwise(points):
        if x1 > x0 and y0 == y1 and y0 >= 0:
            upper[x0, x1] = max(y0, upper.get((x0, x1), 0))
    spans = np.array(sorted(upper))
    values = np.array([upper[tuple(span)] for span in spans])
    return values[np.searchsorted(spans[:, 0], middles) - 1]


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────

GENE = {
    "name": ["g"], "strand": ["-"], "thickStart": [1150], "thickEnd": [1750],
    "blockSizes": [[100, 300]], "chromStarts": [[0, 500]],
}  # fmt: skip


@pytest.mark.parametrize("form", ["lists", "arrow", "texts", "arrays", "blockStarts",
                                  "pyranges"])  # fmt: skip
def test_blocks_are_where_bed12_says_thick_ones_twice_as_high(form):
    frame = frame_of((1100, 1900), **GENE)
    kinds = {
        "arrow": lambda v: pd.Series([v[0]], dtype=pd.ArrowDtype(pa.list_(pa.int32()))),
        "texts": lambda v: [",".join(map(str, v[0])) + ","],
        "arrays": lambda v: [np.array(v[0])],
    }
    for name in ("blockSizes", "chromStarts"):
        frame[name] = kinds.get(form, lambda v: v)(GENE[name])
    if form == "blockStarts":
        frame = frame.rename(columns={"chromStarts": form})
    if form == "pyranges":
        frame = frame.rename(columns={
            "thickStart": "ThickStart", "thickEnd": "ThickEnd", "blockSizes": "BlockSizes",
            "chromStarts": "BlockStarts",
        })  # fmt: skip
    found = boxes(draw(frame))
    spans = [(left, right) for left, right, *_ in found]
    assert sorted(spans) == [(1100, 1200), (1150, 1200), (1600, 1750), (1600, 1900)]
    heights = {(a, b): bottom - top for a, b, top, bottom, _ in found}
    assert heights[1150, 1200] == heights[1600, 1750] == pytest.approx(PACK.box)
    assert heights[1100, 1200] == heights[1600, 1900] < 0.6 * PACK.box
    middles = {round((top + bottom) / 2, 6) for *_, top, bottom, _ in found}
    assert len(middles) == 1


def test_colours_are_known_by_pyranges_name_of_them():
    frame = frame_of((1100, 1900), ItemRGB=["255,0,0"])
    for asked in ({}, {"color": "ItemRGB"}):
        ((*_, color),) = boxes(draw(frame, **asked))
        assert color == to_rgb("red")


def test_a_line_goes_from_the_first_block_to_the_last():
    ((line, color),) = lines(draw(frame_of((1100, 1900), **GENE)), 2)
    assert line[:, 0].tolist() == [1100, 1900]
    assert color == to_rgb("C0")


def test_what_is_not_coding_is_thin_all_over():
    gene = {**GENE, "thickStart": [1100], "thickEnd": [1100]}
    found = boxes(draw(frame_of((1100, 1900), **gene)))
    assert [(a, b) for a, b, *_ in found] == [(1100, 1200), (1600, 1900)]
    assert all(bottom - top < 0.6 * PACK.box for _, _, top, bottom, _ in found)


def test_a_row_without_blocks_or_thick_part_is_one_thick_box():
    missing = {name: [None] for name in ("thickStart", "thickEnd", "blockSizes", "chromStarts")}
    for columns in ({}, missing):
        ((left, right, top, bottom, _),) = boxes(draw(frame_of((1100, 1900), **columns)))
        assert (left, right, bottom - top) == (1100, 1900, pytest.approx(BARE.box))


def test_blocks_that_do_not_pair_are_an_error():
    frame = frame_of((0, 5), (1100, 1900), blockSizes=[[5], [1, 2]], chromStarts=[[0], [0]])
    with pytest.raises(ColumnError, match=r"row 1: blockSizes has 2 values, chromStarts 1"):
        draw(frame)
    with pytest.raises(ColumnError, match="column 'chromStarts' holds no blocks"):
        draw(frame.assign(blockSizes="1,", chromStarts="x,"))


def test_shapes_end_at_the_regions_edges():
    spans = [(0, 1100), (1900, 5000), (0, 5000), (990, 1000), (2000, 2010), (999, 1001)]
    found = boxes(draw(frame_of(*spans, name="a long label")))
    assert len(found) == 4
    assert all(1000 - 1e-6 <= left < right <= 2000 + 1e-6 for left, right, *_ in found)
    assert {(1000, 1100), (1900, 2000), (1000, 2000)} <= {(a, b) for a, b, *_ in found}


@pytest.mark.parametrize("place", [1000, 1500, 2000])
def test_a_feature_of_length_zero_is_seen_also_at_an_edge(place):
    ax = draw(frame_of((place, place), thickStart=[place], thickEnd=[place]))
    ((left, right, *_),) = boxes(ax)
    width = ax.get_window_extent().width * 72 / ax.figure.dpi
    assert (right - left) * width / 1000 == pytest.approx(THIN)
    assert 1000 - 1e-6 <= left <= place <= right <= 2000 + 1e-6
    assert note(ax).startswith("1 feature · ")


@pytest.mark.parametrize(("strand", "sign"), [("+", 1), ("-", -1), (".", 0), (None, 0)])
@pytest.mark.parametrize("dtype", ["object", "category", "string[pyarrow]"])
def test_arrows_point_along_the_strand(strand, sign, dtype):
    frame = frame_of((1100, 1900), **{**GENE, "strand": pd.Series([strand], dtype=dtype)})
    arrows = [corners for corners, _ in lines(draw(frame), 3)]
    assert (len(arrows) > 20) == (sign != 0)
    for back, tip, other in arrows:
        assert back[0] == other[0]
        assert np.sign(tip[0] - back[0]) == sign
    inside = [tip[0] for _, tip, _ in arrows]
    assert all(1100 <= x <= 1900 for x in inside)


def test_a_line_that_crosses_the_whole_region_has_arrows():
    gene = {"strand": ["+"], "blockSizes": [[10, 10]], "chromStarts": [[0, 8990]]}
    ax = draw(frame_of((0, 9000), **gene))
    assert boxes(ax) == []
    assert len(lines(ax, 3)) > 30


def test_arrows_in_boxes_contrast_with_them():
    frame = frame_of((1100, 1400), (1500, 1800), strand="+", itemRgb=["0,0,128", "255,255,0"])
    colors = {(tip[0] > 1450): color for (_, tip, _), color in lines(draw(frame), 3)}
    assert colors == {False: WHITE, True: DARK}


# ── colours and labels ──────────────────────────────────────────────────────────────────────────

RED = (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0xFF0000, RED), ("255,0,0", RED), ("255,0,0,", RED), ("16711680", RED), ("red", RED),
        ("#ff0000", RED), ([255, 0, 0], RED), (0x010203, (1 / 255, 2 / 255, 3 / 255)),
        (0, "C0"), ("0", "C0"), ("0,0,0", "C0"), (".", "C0"), (None, "C0"), ("999,0,0", "C0"),
        ("none", "C0"), ("what?", "C0"),
    ],
)  # fmt: skip
def test_colours_are_read_as_files_write_them(value, expected):
    frame = frame_of((1100, 1900), itemRgb=pd.Series([value], dtype=object))
    ((*_, color),) = boxes(draw(frame))
    assert color == pytest.approx(to_rgb(expected))


def test_colours_come_from_the_first_column_that_has_them():
    frame = frame_of((1100, 1900), color="lime", reserved=0x0000FF, itemRgb="255,0,0")
    for column, expected in (("itemRgb", RED), ("reserved", (0, 0, 1)), ("color", (0, 1, 0))):
        assert boxes(draw(frame))[0][-1] == expected
        frame = frame.drop(columns=column)


def test_a_colour_that_is_given_wins_and_may_be_a_column():
    frame = frame_of((1100, 1900), reserved=[0xFF0000], mine=["0,255,0"])
    assert boxes(draw(frame, color="navy"))[0][-1] == to_rgb("navy")
    assert boxes(draw(frame, color=(0, 0, 1)))[0][-1] == (0, 0, 1)
    assert boxes(draw(frame, color="mine"))[0][-1] == (0, 1, 0)
    ax = draw(frame, color="navy", mode="density")
    assert tuple(ax.collections[0].get_facecolor()[0][:3]) == to_rgb("navy")
    with pytest.raises(ColumnError, match="color 'nine' is neither a column; did you mean 'mine'"):
        draw(frame, color="nine")


def test_a_label_is_the_genes_symbol_or_else_the_rows_name():
    frame = frame_of(
        (1100, 1200), (1300, 1400), (1500, 1600), (1700, 1800),
        name=["ENST1", "ENST2", ".", None], geneName=["TP53", "", None, None], ID=[1, 2, 3, None],
    )  # fmt: skip
    frame["ID"] = frame["ID"].astype("Int64")
    assert labels(draw(frame)) == ["TP53", "ENST2", "3"]
    assert labels(draw(frame, label="name")) == ["ENST1", "ENST2"]
    assert labels(draw(frame.assign(p=[0.25, 1e-9, None, 3]), label="p")) == ["0.25", "1e-09", "3"]
    assert labels(draw(frame, label=False)) == []
    with pytest.raises(ColumnError, match="no column 'nam' for labels; did you mean 'name'"):
        draw(frame, label="nam")


def test_labels_are_the_texts_that_they_are_and_not_formulas():
    names = ["$\\frac{1}", "a\nb", "x" * 99]
    ax = draw(frame_of((1100, 1200), (1300, 1400), (1500, 1600), name=names))
    assert labels(ax) == ["$\\frac{1}", "a b", "x" * (LONGEST - 1) + "…"]
    ax.figure.canvas.draw()


def test_variants_are_pins_with_their_id_or_alleles():
    frame = frame_of((1100, 1101), (1300, 1301), (1500, 1700), id=["rs1", None, None],
                     ref=["A", "C", "G" * 200], alt=[["G"], ["T", "A"], ["G"]])  # fmt: skip
    ax = draw(frame)
    assert labels(ax) == ["rs1", "C>T,A", "GGGGGGG…>G"]
    assert [(a, b) for a, b, *_ in boxes(ax)] == [(1500, 1700)]
    heads = ax.collections[-1].get_offsets()[:, 0]
    assert heads.tolist() == pytest.approx([1100.5, 1300.5])


# ── regions and axes ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("region", "limits"),
    [
        ("chr1:1,001-2,000", (1000, 2000)),
        (("chr1", 1000, 2000), (1000, 2000)),
        (Region("chr1", 1000, 2000), (1000, 2000)),
        ("chr1", (0, 5000)),
        ("chr1:1001-", (1000, 5000)),
    ],
)
def test_the_limits_are_exactly_the_region(region, limits):
    ax = draw(frame_of((1500, 1600), (4000, 5000)), region)
    assert ax.get_xlim() == limits
    assert ax.get_xlabel() == str(Region("chr1", *limits))
    assert ax.get_yticks().tolist() == []


def test_a_whole_chrom_ends_where_the_metadata_say():
    frame = frame_of((1500, 1600))
    frame.attrs["gidx"] = '{"version": 1, "chromsizes": {"chr1": 8000, "chr2": 70}}'
    assert draw(frame, "chr1").get_xlim() == (0, 8000)
    empty = draw(frame, "chr2")
    assert empty.get_xlim() == (0, 70)
    assert note(empty) == "no features"


def test_a_region_without_rows_says_no_features():
    rows = frame_of((1500, 1600), name="a", reserved=1).astype({"chrom": "category"})
    for frame in (rows, rows[["chrom", "start", "end"]], rows.iloc[:0]):
        for mode in (None, "pack", "squish", "density"):
            assert note(draw(frame, ("chr1", 0, 100), mode=mode)) == "no features"


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (["chr1:1-10", "chr1:50-60"], "plot takes one region, found 2"),
        ([], "plot takes one region, found 0"),
        (("chr1", 5, 5), "no bases to draw"),
        ("chr1:5-x", "cannot read '5-x'"),
    ],
)
def test_a_region_is_one_and_has_bases(region, message):
    with pytest.raises(RegionError, match=message):
        draw(frame_of((1500, 1600)), region)


def test_an_unknown_chrom_has_a_hint():
    with pytest.raises(UnknownChromError, match="did you mean 'chr1'"):
        draw(frame_of((1500, 1600)), "1:1-100")


def test_what_is_no_axes_or_no_option_is_told():
    with pytest.raises(TypeError, match="ax is int, expected matplotlib's Axes"):
        draw(frame_of((1500, 1600)), ax=5)
    with pytest.raises(TypeError, match="ax is ndarray, expected matplotlib's Axes, one of them"):
        draw(frame_of((1500, 1600)), ax=np.array([None, None]))


def test_an_unknown_mode_is_an_error():
    with pytest.raises(ValueError, match="mode is 'full', expected one of 'pack', 'squish'"):
        draw(frame_of((1500, 1600)), mode="full")


def test_rows_may_have_any_names_and_count_from_one():
    frame = pd.DataFrame({"seqid": ["x"], "start": [1101], "end": [1900], "strand": ["+"]})
    ((left, right, *_),) = boxes(draw(frame, "x:1001-2000"))
    assert (left, right) == (1100, 1900)
    frame = frame.rename(columns={"seqid": "where", "start": "a", "end": "b"})
    frame.gidx.set("where", "a", "b", coords="0-based")
    ax = frame.gidx.plot(("x", 1000, 2000))
    assert boxes(ax)[0][:2] == (1101, 1900)


def test_ticks_stand_in_the_middle_of_round_bases():
    ax = draw(frame_of((1500, 1600)), ("chr1", 99, 140))
    ax.figure.canvas.draw()
    shown = dict(zip(ax.get_xticks(), (t.get_text() for t in ax.get_xticklabels()), strict=True))
    assert shown[109.5] == "110"  # base 110 is drawn over [109, 110)
    assert all(x + 0.5 == int(text) for x, text in shown.items())


@given(st.integers(0, 3 * 10**9), st.integers(1, 40) | st.integers(1, 10**9))
@settings(max_examples=8)
def test_a_tick_has_a_base_of_its_own(start, bases):
    """A region of one base had its number five times."""
    plt.close("all")
    ax = draw(frame_of((0, 9)), ("chr1", start, start + bases))
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    shown = [x for x in ax.get_xticks() if low <= x <= high]
    assert all((x - 0.5).is_integer() for x in shown)
    assert len(shown) >= min(bases, 2)
    texts = [t.get_text() for t in ax.get_xticklabels() if low <= t.get_position()[0] <= high]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("region", "labels"),
    [
        (("chr1", 20_000_000, 20_000_400), {"20,000,100", "20,000,200"}),
        (("chr1", 20_000_000, 20_100_000), {"20,020 kb", "20,040 kb"}),
        (("chr1", 0, 248_956_422), {"50 Mb", "100 Mb"}),
        (("chr1", 20_000_000, 21_000_000), {"20.2 Mb", "20.4 Mb"}),
    ],
)
def test_ticks_have_the_unit_of_their_step(region, labels):
    ax = draw(frame_of((1500, 1600)), region)
    ax.figure.canvas.draw()
    assert labels <= {text.get_text() for text in ax.get_xticklabels()}


def test_the_axes_that_is_given_comes_back_and_pyplot_is_not_needed():
    ax = given_axes()
    assert draw(frame_of((1500, 1600)), ax=ax) is ax
    code = (
        "import sys, pandas as pd\n"
        "from matplotlib.figure import Figure\n"
        "from gidx.ground.conventions import CANONICAL\n"
        "from gidx.views.plot import plot_frame\n"
        "ax = Figure().add_subplot()\n"
        "f = pd.DataFrame({'chrom': ['a'], 'start': [1], 'end': [9], 'name': ['b']})\n"
        "plot_frame(f, CANONICAL, 'a', ax=ax)\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_a_figure_can_be_pickled():
    figure = draw(frame_of((1500, 1600), name="a", strand="+")).figure
    figure.canvas.draw()
    again = pickle.loads(pickle.dumps(figure))
    again.canvas.draw()
    texts = [[t.get_text() for t in f.axes[0].get_xticklabels()] for f in (figure, again)]
    assert texts[0] == texts[1]


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **options):
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'plots need matplotlib: pip install "gidx\[plot\]"'):
        draw(frame_of((1500, 1600)))


# ── a Dataset ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same 30,000 rows as bigBed and as BED."""
    folder = tmp_path_factory.mktemp("plot")
    frame = random_frame(30_000, 3000, size=20_000_000).sort_values(["start", "end"])
    frame["score"] = 0
    frame = frame[["chrom", "start", "end", "name", "score", "strand"]].reset_index(drop=True)
    sizes = {"chr1": 20_010_000, "chr2": 100}
    gidx.write_bigbed(frame, folder / "a.bb", chromsizes=sizes)
    gidx.write_bed(frame, folder / "a.bed.gz", index="tbi")
    return frame, gidx.open(folder / "a.bb"), gidx.open(folder / "a.bed.gz")


def test_a_narrow_region_of_a_file_is_drawn_as_its_frame(files):
    frame, *datasets = files
    region = ("chr1", 5_000_000, 5_050_000)
    expected = draw(frame, region)
    for dataset in datasets:
        ax = dataset.plot(region)
        assert boxes(ax) == boxes(expected)
        assert (note(ax), labels(ax)) == (note(expected), labels(expected))


def test_a_wide_region_of_a_bigbed_is_the_summary_of_its_zoom_levels(files):
    _, bigbed, _ = files
    ax = bigbed.plot("chr1")
    width = int(ax.get_window_extent().width * 72 / ax.figure.dpi)
    edges = bin_edges(0, 20_010_000, width)
    middles = (edges[:-1] + edges[1:]) / 2
    drawn = [heights(c.get_paths()[0].vertices, middles) for c in ax.collections]
    total, most = (
        np.nan_to_num(bigbed.summary("chr1", bins=width, stat=stat)) for stat in ("sum", "max")
    )
    assert len(drawn) == 2
    np.testing.assert_allclose(drawn[0], most)
    np.testing.assert_allclose(drawn[1], total / np.diff(edges))
    assert note(ax).endswith(f": mean, and lighter the most, up to {most.max():.3g}")


def test_where_the_most_would_hide_the_mean_only_that_is_drawn(tmp_path):
    frame = random_frame(30_000, 20, size=20_000_000).sort_values(["start", "end"])
    gidx.write_bigbed(frame[["chrom", "start", "end"]], tmp_path / "a.bb", chromsizes={
                      "chr1": 20_010_000})  # fmt: skip
    ax = gidx.open(tmp_path / "a.bb").plot("chr1")
    assert len(ax.collections) == 1
    assert "mean" not in note(ax)


def test_a_wide_region_of_a_text_file_is_the_count_of_its_rows(files):
    frame, _, bed = files
    ax, expected = bed.plot(("chr1", 0, 20_010_000)), draw(frame, ("chr1", 0, 20_010_000))
    assert note(ax) == note(expected)
    assert note(ax).startswith("30,000 features · density, up to ")
    for one, other in zip(ax.collections, expected.collections, strict=True):
        assert np.array_equal(one.get_paths()[0].vertices, other.get_paths()[0].vertices)
    whole = bed.plot("chr1")  # whose size the file does not say
    assert whole.get_xlim() == (0, frame["end"].max())


def test_a_files_region_without_rows_says_no_features(files):
    _, bigbed, bed = files
    for dataset in (bigbed, bed):
        for mode in (None, "density"):
            ax = dataset.plot(("chr1", 20_009_000, 20_010_000), mode=mode)
            assert ax.get_xlim() == (20_009_000, 20_010_000)
            assert note(ax) == "no features"
    with pytest.raises(UnknownChromError):
        bed.plot("chr2")
    with pytest.raises(RegionError, match="one region"):
        bigbed.plot(["chr1:1-5", "chr1:8-9"])


def test_options_reach_the_picture_of_a_file(files):
    _, bigbed, bed = files
    ax = given_axes()
    region = ("chr1", 5_000_000, 5_010_000)
    assert bed.plot(region, ax=ax, label="strand", color="navy", mode="pack") is ax
    assert set(labels(ax)) == {"+", "-"}
    assert {color for *_, color in boxes(ax)} == {to_rgb("navy")}
    ax = bigbed.plot(region, mode="density", color="navy")
    assert tuple(ax.collections[0].get_facecolor()[0][:3]) == to_rgb("navy")
    with pytest.raises(ColumnError, match="no column 'nam' for labels"):
        bed.plot(region, label="nam")
