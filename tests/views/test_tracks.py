"""Signals drawn, and tracks under each other."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from tests.support.bigwig_bytes import build

import gidx

mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def signal():
    n = 3000
    rows = pd.DataFrame({"chrom": "a", "start": np.arange(n) * 10, "end": np.arange(n) * 10 + 8,
                         "value": np.sin(np.arange(n) / 50)})  # fmt: skip
    file = io.BytesIO()
    gidx.write_bigwig(rows, file, {"a": 40_000})
    yield gidx.open(file.getvalue())
    plt.close("all")


def line_of(ax):
    (line,) = ax.lines
    return line.get_xdata(), line.get_ydata()


def test_a_short_region_has_each_base(signal):
    x, y = line_of(signal.plot("a:101-200"))
    np.testing.assert_array_equal(x, np.arange(100, 201))
    np.testing.assert_array_equal(y[:-1], signal.values("a:101-200"))


def test_a_long_region_is_from_zoom_levels(signal):
    ax = signal.plot("a")
    x, y = line_of(ax)
    assert len(x) < 1000
    assert (x[0], x[-1]) == (0, 40_000)
    assert np.isnan(y[-2])  # nothing there, and no line
    low, high = ax.get_ylim()
    assert low < -0.9
    assert high > 0.9
    assert 0.0 in ax.get_yticks()


def test_a_region_without_a_value_says_so(signal):
    ax = signal.plot(("a", 35_000, 35_100))
    assert ax.lines[:] == []
    assert ax.texts[-1].get_text() == "no values"


VALUES = [1.0, np.nan, np.nan, -2.0, 3.0, np.nan, np.inf, 0.5]


def drawn():
    """A file that gidx does not write: it has an infinite value."""
    rows = [("a", i, i + 1, v) for i, v in enumerate(VALUES) if not np.isnan(v)]
    return gidx.open(build(rows, {"a": 8}))


@pytest.mark.parametrize("size", [1e-7, 5e5])
def test_the_values_at_the_axis_are_whole_in_the_picture(size):
    file = io.BytesIO()
    gidx.write_bigwig({"a": np.array([-0.998, 1.48], "f4") * size}, file)
    ax = gidx.open(file.getvalue()).plot("a")
    ax.figure.canvas.draw()
    labels = [label.get_window_extent().x0 for label in ax.get_yticklabels()]
    assert len(labels) == 3
    assert min(labels) >= 0
    plt.close(ax.figure)


def test_each_base_with_a_finite_value_is_filled_from_0_to_it():
    figure, ax = plt.subplots()
    drawn().plot("a", ax=ax)
    figure.canvas.draw()
    (filled,) = ax.patches
    path = filled.get_path()
    for base, value in enumerate(VALUES):
        inside = [path.contains_point((base + 0.5, part * value)) for part in (0.05, 0.95)]
        assert inside == [bool(np.isfinite(value))] * 2
    assert ax.get_yticks().tolist() == [-2, 0, 3]
    assert ax.texts[-1].get_text() == "value of each base · 1 infinite, not drawn"
    plt.close(figure)


def test_infinite_values_alone_are_told():
    ax = gidx.open(build([("a", 2, 4, np.inf)], {"a": 9})).plot("a")
    assert ax.texts[-1].get_text() == "no finite values, 2 infinite"


@pytest.mark.parametrize(("least", "most", "ticks"), [(-0.01, 5, [0, 5]), (-5, 0.01, [-5, 0])])
def test_labels_of_values_are_not_on_each_other(least, most, ticks):
    rows = [("a", 0, 2, least), ("a", 2, 4, most)]
    np.testing.assert_allclose(gidx.open(build(rows, {"a": 9})).plot("a").get_yticks(), ticks)


def test_tracks_share_the_bases(signal):
    genes = pd.DataFrame({"chrom": ["a"], "start": [500], "end": [900], "name": ["g"]})
    axes = gidx.plot.tracks({"chip": signal, "genes": genes}, "a:1-2000", heights=[1, 0.5])
    assert [ax.get_ylabel() for ax in axes] == ["chip", "genes"]
    assert axes[0].get_xlim() == axes[1].get_xlim() == (0, 2000)
    assert [bool(ax.get_xlabel()) for ax in axes] == [False, True]
    assert len(gidx.plot.tracks([signal, genes, genes], "a:1-2000")) == 3


def said(axes):
    return [[text.get_text() for text in ax.texts if text.get_text()] for ax in axes]


GENES = pd.DataFrame({"chrom": ["a", "c"], "start": [500, 3], "end": [900, 5], "name": ["g", "h"]})


def test_a_source_without_the_chrom_has_an_empty_track_that_says_so(signal):
    """As in IGV and pyGenomeTracks, whose other tracks are drawn all the same."""
    axes = gidx.plot.tracks([signal, GENES], "c:1-20")
    assert said(axes) == [["no c here"], ["h", "1 feature · pack"]]
    assert [ax.get_xlim() for ax in axes] == [(0, 20)] * 2
    with pytest.raises(gidx.UnknownChromError, match=r"track 1: unknown chrom 'c'"):
        gidx.plot.tracks([signal, GENES], "c:1-20", missing_chroms="error")


def test_a_chrom_that_no_source_has_is_an_error_unless_it_is_asked(signal):
    with pytest.raises(gidx.UnknownChromError, match="known are a, c"):
        gidx.plot.tracks([signal, GENES], "zz:1-20")
    axes = gidx.plot.tracks([signal, GENES], "zz:1-20", missing_chroms="ignore")
    assert said(axes) == [["no zz here"]] * 2
    with pytest.raises(ValueError, match="missing_chroms is 'no'"):
        gidx.plot.tracks([signal], "a", missing_chroms="no")


def test_a_chrom_of_another_style_is_an_error_that_names_the_track(signal):
    other = pd.DataFrame({"chrom": ["chra"], "start": [5], "end": [9]})
    for missing in (None, "ignore", "error"):
        with pytest.raises(gidx.UnknownChromError, match=r"track 'genes': .* mean 'chra'"):
            gidx.plot.tracks({"s": signal, "genes": other}, "a:1-99", missing_chroms=missing)


def test_a_whole_chrom_is_the_same_bases_in_all_tracks(signal):
    # its size, which a frame does not know; else the last row of any
    assert {ax.get_xlim() for ax in gidx.plot.tracks([signal, GENES], "a")} == {(0, 40_000)}
    shorter = GENES.assign(end=GENES["end"] - 1)
    assert {ax.get_xlim() for ax in gidx.plot.tracks([GENES, shorter], "a")} == {(0, 900)}


def test_a_region_larger_than_the_chrom_is_drawn(signal):
    """pyGenomeTracks 381: `Invalid interval bounds!`, five times."""
    for region in ("a:1-90,000", "a:39,001-90,000"):
        start = int(region[2:].split("-")[0].replace(",", "")) - 1
        assert signal.plot(region).get_xlim() == (start, 90_000)


def test_one_source_needs_no_list(signal, tmp_path):
    path = tmp_path / "a.bw"
    gidx.write_bigwig({"a": np.ones(9)}, path)
    for one in (signal, GENES, path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert len(gidx.plot.tracks(one, "a:1-9")) == 1


@pytest.mark.parametrize(("sizes", "error", "said"), [
    ({"width": 0}, ValueError, "width is 0, expected inches"),
    ({"width": "wide"}, TypeError, "width is 'wide'"),
    ({"heights": 2}, TypeError, "heights is 2, expected a list"),
    ({"heights": "2"}, TypeError, "heights is '2', expected a list"),
    ({"heights": [float("nan")]}, ValueError, "a height is nan"),
    ({"heights": [-1]}, ValueError, "a height is -1"),
    ({"heights": [None]}, TypeError, "a height is None"),
])  # fmt: skip
def test_sizes_of_tracks_are_inches(signal, sizes, error, said):
    before = plt.get_fignums()
    with pytest.raises(error, match=said):
        gidx.plot.tracks([signal], "a", **sizes)
    assert plt.get_fignums() == before


def test_tracks_that_cannot_be_drawn_leave_no_figure(signal):
    before = plt.get_fignums()
    with pytest.raises(ValueError, match="one source or more"):
        gidx.plot.tracks([], "a")
    with pytest.raises(ValueError, match="heights are 1, expected one for each of 2 tracks"):
        gidx.plot.tracks([signal, signal], "a", heights=[1])
    with pytest.raises(gidx.UnknownChromError):
        gidx.plot.tracks([signal], "b")
    assert plt.get_fignums() == before
