"""What people reported of other tools for bigWig, rebuilt small."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from tests.support.bigwig_bytes import build, frame, written
from tests.support.tables import rows_in

import gidx
from gidx.bbi.header import BIGWIG_MAGIC, read_header
from gidx.bbi.range_tree import RangeTree
from gidx.check import check
from gidx.convert import convert
from gidx.errors import WriteError
from gidx.ground.source import MemorySource

NAN = float("nan")


def test_two_chroms_in_one_call():
    """pyBigWig 54: entries of two chroms are called out of order."""
    start = np.array([0, 10, 40, 50, 60, 70, 80, 90])
    rows = pd.DataFrame({"chrom": np.repeat(["chr1", "chr2"], 4), "start": start,
                         "end": start + 5, "value": np.arange(8.0)})  # fmt: skip
    assert len(rows_in(written(rows, {"chr1": 100, "chr2": 100}))) == 8


def test_rows_without_bases_are_named_or_dropped():
    """pyBigWig 110, kentUtils 7: `17 22 doesn't intersect 17 17`, or no word which row it is."""
    rows = frame([("chr1", 7, 8, 1.0), ("chr1", 9, 9, 2.0), ("chr1", 9, 12, 3.0)])
    with pytest.raises(WriteError, match=r"row 1 \(chr1:10-9\): it is empty") as error:
        written(rows, {"chr1": 20})
    assert error.value.row == 1
    kept = written(rows, {"chr1": 20}, invalid="drop")
    assert rows_in(kept) == [("chr1", 7, 8, 1.0), ("chr1", 9, 12, 3.0)]


def test_rows_that_overlap_are_refused_with_the_way_to_their_depth():
    """pyBigWig 93: are values of rows that overlap added up?"""
    rows = frame([("chr1", 100, 110, 2.0), ("chr1", 105, 115, 3.0)])
    with pytest.raises(WriteError, match=r"it overlaps the row before.*df.gidx.pileup\(\)"):
        written(rows, {"chr1": 200})
    assert rows.gidx.pileup()["value"].tolist() == [1, 2, 1]


def test_a_value_that_is_not_a_number_leaves_a_gap():
    """pyBigWig 132: NaN of an array is written as a value, which other tools fall over."""
    data = written({"chr1": np.array([1.0, NAN, NAN, 2.0])})
    assert rows_in(data) == [("chr1", 0, 1, 1.0), ("chr1", 3, 4, 2.0)]


def test_a_sum_is_that_of_the_values():
    """pyBigWig 12, 146: 10.8 for 6294.5, since it comes from a zoom level."""
    rows = [("c", i, i + 1, float(i % 13)) for i in range(5000)]
    dataset = gidx.open(written(frame(rows), {"c": 6000}))
    region = ("c", 777, 1911)
    exact = float(dataset.values(region).astype(float).sum())
    assert dataset.values(region, 1, "sum")[0] == exact
    assert dataset.summary(region, 1, "sum", exact=True)[0] == exact
    assert dataset.summary(region, 1, "sum")[0] == pytest.approx(exact, rel=0.05)


def test_regions_of_another_assembly_have_no_value_behind_the_end():
    """pyBigWig 49, 124, deepTools 788: `Invalid interval bounds!` stops the whole run."""
    dataset = gidx.open(build([("chr2", 40, 50, 3.0)], {"chr2": 50}))
    assert dataset.values(("chr2", 48, 52)).tolist()[:2] == [3.0, 3.0]
    assert np.isnan(dataset.values(("chr2", 60, 70))).all()
    peaks = pd.DataFrame({"chrom": ["chr2", "chr2"], "start": [45, 60], "end": [55, 70]})
    assert peaks.gidx.average(dataset)["covered"].tolist() == [5, 0]


@pytest.mark.parametrize("numbers", [(2, 0, 1), (0, 2, 1), (1, 2, 0)])
def test_ids_of_chroms_may_be_in_any_order(numbers):
    """pyBigWig 152: values of chroms whose ids are not in order of their names are NaN."""
    ids = dict(zip(["chr1", "chr2", "chr10"], numbers, strict=True))
    rows = [(chrom, 5, 9, float(i)) for i, chrom in enumerate(sorted(ids, key=ids.get))]
    dataset = gidx.open(build(rows, dict.fromkeys(ids, 20), chrom_ids=ids, items_per_slot=1))
    for chrom, *_, value in rows:
        assert dataset.values((chrom, 4, 6)).tolist()[1] == value


def test_lengths_that_differ_by_one_stay(tmp_path):
    """bigwig-nim 8: the third row came out one base shorter, and a new one behind it."""
    rows = [("chr1", 11259707, 11259782, 1.0), ("chr1", 11259782, 11259857, 0.0),
            ("chr1", 11259857, 11259933, 1.0), ("chr1", 11259933, 11260908, 0.0)]  # fmt: skip
    assert rows_in(written(frame(rows), {"chr1": 248956422})) == rows


@pytest.mark.parametrize("items", [1, 3, 1024])
def test_the_header_says_the_largest_of_all_blocks(items):
    """bigtools 55: IGV fails, since blocks of zoom levels are larger than the header says."""
    rows = [("c", i * 3, i * 3 + 1 + i % 2, float(i)) for i in range(3000)]
    source = MemorySource(written(frame(rows), {"c": 10_000}, items_per_slot=items))
    header = read_header(source, BIGWIG_MAGIC, "bigWig")
    offsets = [int(header.fixed["index_offset"]), *header.zooms["index_offset"].tolist()]
    for at in offsets:
        ranges = RangeTree(source, at, header.order, "tree").ranges()
        sizes = [len(zlib.decompress(bytes(piece))) for piece in source.read_many(ranges)]
        assert max(sizes) <= header.fixed["uncompress_buffer_size"]


def test_a_file_without_zoom_levels_is_summed_up_all_the_same():
    """bam2bw 5: a flat line."""
    dataset = gidx.open(build([("c", i, i + 1, 2.0) for i in range(100)], {"c": 1000}))
    assert dataset.zoom_levels == []
    assert dataset.summary("c", 10).tolist()[:2] == [2.0, pytest.approx(NAN, nan_ok=True)]


def test_merged_rows_end_where_the_chrom_does():
    """bigtools 78, gtars 74: a merged file has rows behind the chrom's end."""
    one = written(frame([("chr1", 990, 1003, 1.0)]), {"chr1": 1003})
    other = written(frame([("chr1", 995, 1003, 2.0)]), {"chr1": 1003})
    target = io.BytesIO()
    gidx.merge_bigwigs([one, other], target)
    assert rows_in(target.getvalue()) == [("chr1", 990, 995, 1.0), ("chr1", 995, 1003, 3.0)]


def test_others_open_a_file_without_rows(tmp_path):
    """pyBigWig 38: bedGraphToBigWig makes one that pyBigWig does not open."""
    path = str(tmp_path / "none")
    for write, columns in ((gidx.write_bigwig, 4), (gidx.write_bigbed, 3)):
        write(frame([]).iloc[:, :columns], path, {"chr1": 10})
        assert pyBigWig.open(path).chroms() == gidx.open(path).chroms == {}


def test_a_file_without_rows_has_its_chroms_where_it_says_them(tmp_path):
    """bigtools 95: of a header alone pybigtools says `Invalid magic (likely a bug)`."""
    path = str(tmp_path / "none.bw")
    with pyBigWig.open(path, "w") as file:
        file.addHeader([("chr1", 10)])
    dataset = gidx.open(path)
    assert (dataset.chroms, len(dataset), dataset.total_summary.valid_count) == ({"chr1": 10}, 0, 0)
    assert np.isnan(dataset.values("chr1")).all()
    assert dataset.matrix(["chr1", "chr1:2-3"], 2, "coverage").tolist() == [[0, 0], [0, 0]]
    assert np.isnan(dataset.summary("chr1", 2)).all()
    assert check(path).ok


def test_a_start_of_transcription_at_the_end_of_a_chrom_has_its_row():
    """deepTools 250, 402, CREsted PR 44: `Invalid interval bounds!`, or fewer rows than regions."""
    dataset = gidx.open(written(frame([("MT", 0, 16_569, 2.0)]), {"MT": 16_569}))
    genes = pd.DataFrame({"chrom": ["MT", "MT", "X"], "start": [577, 14_674, 5],
                          "end": [648, 16_500, 9], "strand": ["+", "-", "+"]})  # fmt: skip
    around = {"anchor": "start", "flank": 2000, "missing_chroms": "ignore"}
    found = dataset.matrix(genes, 4, "coverage", **around)
    assert found.tolist() == [[0, 0.577, 1, 1], [0, 69 / 1000, 1, 1], [0, 0, 0, 0]]
    assert np.isnan(dataset.matrix(genes, 4, **around)).tolist()[2] == [True] * 4


def test_a_region_shorter_than_its_bins_has_its_row():
    """deepTools 1005, 1411, figeno 20: `Skipping...`, or peaks beside their places."""
    dataset = gidx.open(written(frame([("c", i, i + 1, float(i)) for i in range(5)]), {"c": 9}))
    found = dataset.matrix([("c", 0, 5), ("c", 2, 3)], 10)
    assert found[0].tolist() == pytest.approx([v for i in range(5) for v in (NAN, i)], nan_ok=True)
    assert found[1][-1] == 2.0


def test_one_row_as_long_as_the_largest_chrom():
    """libBigWig 26: a contig of one value is past the last zoom level, and ends the program."""
    dataset = gidx.open(written(frame([("c", 0, 2**32 - 1, 0.0)]), {"c": 2**32 - 1}))
    assert dataset.summary("c", 3).tolist() == [0, 0, 0]
    assert dataset.values("c", 2, "coverage").tolist() == [1, 1]
    assert dataset.total_summary.valid_count == 2**32 - 1


def test_a_file_of_pybigwig_without_zoom_levels_is_whole(tmp_path):
    """pyBigWig 75: `Mismatch in the magic number!` of what was written with maxZooms=0."""
    path = str(tmp_path / "a.bw")
    with pyBigWig.open(path, "w") as file:
        file.addHeader([("chr1", 1000)], maxZooms=0)
        file.addEntries(["chr1"] * 3, [0, 100, 125], ends=[5, 120, 126], values=[0.0, 1.0, 200.0])
    assert gidx.open(path).values("chr1:1-126")[[0, 5, 125]].tolist() == pytest.approx(
        [0, NAN, 200], nan_ok=True
    )
    assert check(path).ok


def test_the_least_and_most_of_a_region_are_of_its_own_bases():
    """pyBigWig 153: the largest value before the region is the largest in it."""
    rows = [("c", i * 10, i * 10 + 10, 2.0 if i == 99 else 1.0) for i in range(4000)]
    dataset = gidx.open(written(frame(rows), {"c": 40_000}))
    assert dataset.values(("c", 1000, 40_000), 1, "max").tolist() == [1.0]
    assert dataset.summary(("c", 1000, 40_000), 1, "max", exact=True).tolist() == [1.0]


def test_a_base_alone_has_its_mean_however_wide_the_view():
    """bigtools 85: ten sites of one base are drawn as wide steps."""
    sites = [69_590, 191_549, 259_409, 605_419, 777_871, 817_114]
    rows = [("c", site, site + 1, i / 8) for i, site in enumerate(sites)]
    dataset = gidx.open(written(frame(rows), {"c": 248_956_422}))
    found = dataset.summary("c:1-1,000,000", 1000)
    assert found[~np.isnan(found)].tolist() == [row[3] for row in rows]


def test_bins_of_another_size_than_the_rows_are_their_means():
    """deepTools 409: what is made of a signal in steps, around a place, in bins of their own."""
    rows = [("chr1", 0, 25, 1.0), ("chr1", 25, 50, 2.0), ("chr1", 50, 75, 3.0)]
    place = pd.DataFrame({"chrom": "chr1", "start": [50, 52], "end": [60, 60], "strand": "+"})
    dataset = gidx.open(written(frame(rows), {"chr1": 100}))
    found = dataset.matrix(place, 4, anchor="start", flank=10)
    np.testing.assert_allclose(found, [[2, 2, 3, 3], [2, 2.4, 3, 3]])


def test_a_site_of_one_base_is_in_one_column_on_both_strands():
    """deepTools 712: reads of one base around sites of one base, 250 upstream, 150 downstream."""
    sites = pd.DataFrame({"chrom": "chrI", "start": [6125, 29_594], "end": [6126, 29_595],
                          "strand": ["-", "+"]})  # fmt: skip
    signal = sites.assign(value=[1.0, 2.0])
    dataset = gidx.open(written(signal.sort_values("start"), {"chrI": 30_000}, value="value"))
    found = dataset.matrix(sites, 401, "sum", anchor="start", flank=(250, 151))
    assert found.shape == (2, 401)
    assert [np.flatnonzero(row).tolist() for row in found] == [[250], [250]]
    assert found[:, 250].tolist() == [1.0, 2.0]


def test_a_mean_of_files_has_each_base_once():
    """WiggleTools 21, 78: the mean of several files comes in rows that overlap."""
    files = [
        written(frame([("c", 0, 25, 0.0), ("c", 25, 30, 2.0), ("c", 55, 60, 3.0)]), {"c": 70}),
        written(frame([("c", 0, 35, 0.0), ("c", 35, 40, 3.5), ("c", 55, 60, 3.0)]), {"c": 70}),
        written(frame([("c", 30, 50, 1.0), ("c", 60, 65, 4.0)]), {"c": 70}),
    ]
    file = io.BytesIO()
    gidx.merge_bigwigs(files, file, "mean")
    rows = rows_in(file.getvalue())
    assert rows == [("c", 0, 25, 0.0), ("c", 25, 30, 1.0), ("c", 30, 35, 0.5), ("c", 35, 40, 2.25),
                    ("c", 40, 50, 1.0), ("c", 55, 60, 3.0), ("c", 60, 65, 4.0)]  # fmt: skip


def test_how_much_of_a_bin_has_a_value_is_told_beside_its_mean():
    """pyBigWig 161, metaseq 30: the mean of 17 bases of 128 is that of all, or says so nowhere."""
    values = np.r_[np.full(17, 0.5), np.full(111, NAN)]
    signal = gidx.open(written({"chr9": values}))
    found = {s: signal.values("chr9", bins=1, stat=s).item() for s in ("mean", "coverage", "sum")}
    assert found == {"mean": 0.5, "coverage": 17 / 128, "sum": 8.5}
    assert signal.values("chr9", fill=0).mean() == pytest.approx(8.5 / 128)
    row = pd.DataFrame({"chrom": ["chr9"], "start": [0], "end": [128]})
    over = row.gidx.average(signal)
    assert over[["mean0", "mean"]].iloc[0].tolist() == [8.5 / 128, 0.5]


def test_whole_numbers_are_values():
    """pyBigWig 126: integers are no valid set of entries."""
    rows = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [249250621], "value": [0]})
    assert rows_in(written(rows, {"chr1": 249250621})) == [("chr1", 0, 249250621, 0.0)]


def test_files_of_other_chroms_are_merged_in_any_order(tmp_path):
    """deepTools 532, WiggleTools 48, pyBigWig 100: chroms that some lack, and their order; dpi1 2,
    one file alone."""
    sizes = {"chr1": 9, "chr10": 9, "chr2": 9}
    one = written({"chr10": np.ones(5), "chr1": np.full(4, 3.0)}, sizes)
    other = written({"chr2": np.full(2, 5.0), "chr10": np.full(9, 3.0)}, sizes)
    gidx.merge_bigwigs([one, other], tmp_path / "a.bw", how="mean")
    expected = [
        ("chr1", 0, 4, 3.0),
        ("chr10", 0, 5, 2.0),
        ("chr10", 5, 9, 3.0),
        ("chr2", 0, 2, 5.0),
    ]
    assert rows_in(tmp_path / "a.bw") == expected
    gidx.merge_bigwigs([one], tmp_path / "b.bw")
    assert rows_in(tmp_path / "b.bw") == rows_in(one)


def test_a_bedgraph_that_is_called_bigwig_is_told(tmp_path):
    """deepTools 1208, pyGenomeTracks 378: `There was an error while reading in the header!`"""
    (tmp_path / "a.bw").write_text("chr1\t0\t5\t1.5\n")
    with pytest.raises(gidx.FormatError, match=r"a\.bw: a bed file, expected bigWig"):
        gidx.open_bigwig(tmp_path / "a.bw")


@pytest.mark.parametrize("as_arrays", [False, True])
def test_a_chrom_of_zeros_leaves_the_others_as_they_are(as_arrays):
    """rtracklayer 132: `export.bw` writes only the last chromosome."""
    rows = [("chr1", 0, 100, 0.0), ("chr1", 100, 110, 1.0), ("chr1", 110, 120, 3.0)]
    rows += [("chr2", 0, 200, 0.0)]
    arrays = {"chr1": np.repeat([0.0, 1.0, 3.0], [100, 10, 10]), "chr2": np.zeros(200)}
    found = gidx.open(written(arrays if as_arrays else frame(rows), {"chr1": 120, "chr2": 200}))
    assert [tuple(row.values()) for row in found.to_table().to_pylist()] == rows


def test_windows_over_both_ends_have_all_their_bins_on_both_strands():
    """deepTools 413: one bin too few where a window reaches past the chrom; 1005: short ones."""
    sites = pd.DataFrame({"chrom": "a", "start": [1, 1, 8, 8], "end": [2, 2, 9, 9],
                          "strand": ["+", "-"] * 2})  # fmt: skip
    values = [np.nan] * 3 + [*range(10)] + [np.nan] * 3  # from base -3 on
    found = gidx.open(written({"a": np.arange(10.0)})).matrix(
        sites, bins=5, anchor="start", flank=(4, 1)
    )
    expected = [values[0:5], values[4:9][::-1], values[7:12], values[11:16][::-1]]
    np.testing.assert_array_equal(found, expected)


def test_a_peak_past_the_end_of_its_chrom_is_cut_to_it(tmp_path):
    """MACS 438, GGR-cwl 38: `End coordinate 81195231 bigger than chr17 size of 81195210`."""
    peak = pd.DataFrame({
        "chrom": "chr17", "start": [81195100], "end": [81195231], "name": "p", "score": 5,
        "strand": ".", "signalValue": 1.5, "pValue": 2.0, "qValue": 3.0, "peak": [25],
    })  # fmt: skip
    sizes, path = {"chr17": 81195210}, tmp_path / "a.bb"
    with pytest.raises(WriteError, match="end 81195231 is past the size of chr17"):
        gidx.write_bigbed(peak, path, sizes, autosql="narrowPeak")
    with pytest.warns(gidx.GidxWarning, match="cut 1 row"):
        gidx.write_bigbed(peak, path, sizes, autosql="narrowPeak", clip=True)
    assert gidx.read_bigbed(path)["end"].tolist() == [81195210]


def test_a_chrom_without_rows_has_no_lines(tmp_path):
    """bigtools 18: of a file of pyBigWig with such a chrom, the bedGraph never ends."""
    with pyBigWig.open(str(tmp_path / "a.bw"), "w") as file:
        file.addHeader([("chr1", 100), ("chr2", 100), ("chr3", 100)])
        file.addEntries(["chr1", "chr3"], [0, 0], ends=[5, 6], values=[1.0, 2.0])
    convert(tmp_path / "a.bw", tmp_path / "a.bedGraph", header=False)
    expected = "chr1\t0\t5\t1.0\nchr3\t0\t6\t2.0\n"
    assert (tmp_path / "a.bedGraph").read_text() == expected


def test_a_row_on_a_chrom_that_the_signal_has_not_has_its_size_and_its_label():
    """bigtools 53, 38, genomation 157: an error, size 0, 0 as the least, or another row's label."""
    signal = written(frame([("chr1", 100_000, 100_272, 0.5)]), {"chr1": 200_000})
    rows = pd.DataFrame({"chrom": ["chr22", "chr1"], "start": 100_000, "end": 110_000},
                        index=["a", "b"])  # fmt: skip
    found = rows.gidx.average(signal)
    assert found[["size", "covered", "sum", "mean0"]].to_numpy().tolist() == [
        [10_000, 0, 0, 0], [10_000, 272, 136, 0.0136],
    ]  # fmt: skip
    assert found.loc["a", ["mean", "min", "max"]].isna().all()
    matrix = gidx.open(signal).matrix(rows, 1, missing_chroms="ignore")
    np.testing.assert_array_equal(matrix, [[NAN], [0.5]])


def test_one_bin_a_region_is_the_mean_of_what_is_there():
    """genomation 168, 113, 166: all ones, 0 for no value, or 1e299 in the last bin."""
    rows = [(f"chr{c}", s, e, float(v)) for c in (1, 2)
            for s, e, v in ((0, 4, c - 1), (4, 9, c), (9, 25, 2 * c))]  # fmt: skip
    signal = gidx.open(written(frame(rows), {"chr1": 249_250_621, "chr2": 243_199_373}))
    asked = [("chr1", 0, 4), ("chr1", 8, 14), ("chr2", 14, 20), ("chr2", 25, 30)]
    np.testing.assert_allclose(signal.matrix(asked, 1), [[0], [11 / 6], [4], [NAN]])
    assert signal.matrix([("chr2", 0, 4001)], 100)[0, -1] != 0  # none is there
    noise = gidx.open(written({"c": np.linspace(0, 0.2, 20_000)}))
    found = noise.matrix([("c", i, i + 4001) for i in range(0, 15_000, 997)], 100)
    assert ((found >= 0) & (found <= 0.2)).all()


def test_sums_of_bins_are_no_more_than_their_bases_hold():
    """WiggleTools 62: bins of 20 bases of at most 1.0 sum up to 26.4."""
    values = np.r_[np.full(7, 21 / 22), 0.95, np.full(179, 1.0), np.full(13, 0.95)]
    signal = gidx.open(written({"chr1": np.r_[np.zeros(1000), values]}))
    region = ("chr1", 1000, 1200)
    found = signal.values(region, 10, "sum")
    np.testing.assert_allclose(found, values.reshape(10, 20).sum(axis=1))
    assert found.max() == 20


def test_chroms_may_come_as_an_aligner_has_them():
    """deepTools 213, pybedtools 178, grape-nf 29: chr1, chr2, chr10 are not `case-sensitive`;
    pyBigWig 17: a chrom that comes twice."""
    sizes = dict.fromkeys(["chr1", "chr2", "chr10"], 300)
    rows = [(chrom, 5, 9, float(i)) for i, chrom in enumerate(sizes)]
    made = written(frame(rows), sizes)
    assert made == written(frame(sorted(rows)), sizes)
    assert gidx.open(made).values(("chr10", 5, 6)).tolist() == [2.0]
    twice = frame([*rows, ("chr1", 99, 100, 7.0)])
    with pytest.raises(
        WriteError, match=r"not sorted: chr1:99 after chr10:5 \(row 3\); .*sort=True"
    ):
        written(twice, sizes)
    assert len(rows_in(written(twice, sizes, sort=True))) == 4


def test_tiny_values_behind_a_row_as_long_as_half_a_chrom(tmp_path):
    """bigtools 79: one row of 123 Mb, then thousands of 20 bases, and the program hangs."""
    rows = [("chr1", 0, 123_554_979, 0.0)] + [
        ("chr1", at, at + 20, (i % 4) * 9.977_34e-12)
        for i, at in enumerate(range(123_554_979, 123_614_979, 20))
    ]
    path = tmp_path / "a.bw"
    gidx.write_bigwig(frame(rows), path, {"chr1": 248_956_422})
    assert (len(gidx.open(path)), check(path).ok) == (3001, True)


def test_rows_behind_a_contig_are_left_out_where_that_is_asked():
    """WiggleTools 22, scATAC_snakemake 1: an item past the end crashes, `bedClip -truncate` leaves
    a row that ends before it starts."""
    rows = frame([("g", 179_190, 179_204, 1.0), ("g", 179_204, 179_210, 2.0), ("k", 16, 18, 1.0)])
    with pytest.warns(gidx.GidxWarning, match="cut 2 rows .* left out 1 "):
        made = written(rows, {"g": 179_198, "k": 17}, clip=True)
    assert rows_in(made) == [("g", 179_190, 179_198, 1.0), ("k", 16, 17, 1.0)]
