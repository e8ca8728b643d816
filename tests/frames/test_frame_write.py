"""Frames to files and back: each format, each backend, after what people do in pandas."""

from __future__ import annotations

import io
import json
import random
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tabix_files import write

import gidx
from gidx.arrow import schema
from gidx.errors import ColumnError, GidxWarning, WriteError
from gidx.frames import write as frames
from gidx.frames.backend import to_frame
from gidx.ground.conventions import CANONICAL, ONE_BASED, Roles, recognise

BACKENDS = ["pyarrow", "numpy_nullable", None]
CHROMS = ("chr2", "chr10", "chrX")  # neither natural nor lexical order
N = 15  # rows of a chrom


def places(seed):
    r = random.Random(seed)
    for chrom in CHROMS:
        at = 0
        for i in range(N):
            at += r.randint(0, 500)
            yield r, i, chrom, at, at + r.randint(1, 900)


def bigbed(folder):
    text = (
        'table rows "Rows" ( string chrom; "c" uint chromStart; "s" uint chromEnd; "e" '
        'string name; "n" uint score; "s" char[1] strand; "s" uint thickStart; "s" '
        'uint thickEnd; "e" uint reserved; "color" int blockCount; "n" int[blockCount] blockSizes; '
        '"sizes" int[blockCount] chromStarts; "starts" enum(low, high) level; "l" '
        'set(a, b) flags; "f" double[2] pair; "two" bigint large; "l" float weight; "w" )'
    )
    rows = [
        {
            "chrom": c, "start": s, "end": e, "name": f"n{i}", "score": r.randint(0, 1000),
            "strand": r.choice("+-."), "thickStart": s, "thickEnd": e, "reserved": i,
            "blockCount": 1, "blockSizes": [e - s], "chromStarts": [0],
            "level": r.choice(["low", "high"]), "flags": r.choice([[], ["a"], ["a", "b"]]),
            "pair": [r.random(), -1.5], "large": r.randint(-(2**62), 2**62), "weight": 0.25 * i,
        }
        for r, i, c, s, e in places(1)
    ]  # fmt: skip
    sizes = dict.fromkeys(CHROMS, 100_000)
    gidx.write_bigbed(pd.DataFrame(rows), folder / "x.bb", sizes, autosql=text, bed_type="bed12+5")
    return folder / "x.bb"


def bed(folder):
    text = "#chrom\tstart\tend\tname\tscore\tstrand\tsignal\tcount\n" + "".join(
        f"{c}\t{s}\t{e}\tn{i}\t{'.' if i % 4 == 2 else 9 * i}\t{r.choice('+-.')}\t{i + 0.5}\t"
        f"{r.randint(-9, 9)}\n"
        for r, i, c, s, e in places(2)
    )
    return write(folder / "x.bed.gz", text)


def vcf(folder):
    head = """\
##fileformat=VCFv4.3
##FILTER=<ID=q10,Description="Low">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=DB,Number=0,Type=Flag,Description="Known">
##INFO=<ID=CI,Number=2,Type=Integer,Description="Interval">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">
##contig=<ID=chr2>
##contig=<ID=chr10>
##contig=<ID=chrX,length=100000>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\tNA2
"""
    lines = []
    for r, i, c, s, _ in places(3):
        info = r.choice(["AF=0.5,0.25;DP=8;DB", "DP=3;CI=-5,9", "MY=text,s;DP=7", "."])
        gt = [r.choice(["0/1", "1|2", ".", "./.", "0/0"]) for _ in range(2)]
        keys, cells = r.choice([("GT", gt), ("GT:AD", [f"{g}:1,2,3" for g in gt])])
        lines.append(
            f"{c}\t{s + 1}\t{r.choice(['.', f'rs{i}'])}\tA\tC,G\t{r.choice(['.', '29.5'])}\t"
            f"{r.choice(['PASS', '.', 'q10'])}\t{info}\t{keys}\t" + "\t".join(cells) + "\n"
        )
    return write(folder / "x.vcf.gz", head + "".join(lines), "vcf")


def gff3(folder):
    text = "##gff-version 3\n##sequence-region chr2 1 100000\n" + "".join(
        f"{c}\there\t{r.choice(['gene', 'exon'])}\t{s + 1}\t{e}\t{r.choice(['.', '0.5'])}\t"
        f"{r.choice('+-.')}\t{r.choice('.012')}\tID=g{i};Name=a%2Cb;Parent=p{i},q{i}\n"
        for r, i, c, s, e in places(4)
    )
    return write(folder / "x.gff3.gz", text, "gff")


def gtf(folder):
    text = "".join(
        f"{c}\there\texon\t{s + 1}\t{e}\t.\t{r.choice('+-')}\t{r.choice('.012')}\t"
        f'gene_id "g{i}"; transcript_id "t \\"{i}\\""; tag "x"; tag "y";\n'
        for r, i, c, s, e in places(5)
    )
    return write(folder / "x.gtf.gz", text, "gff")


def table(folder):
    """A gene first, and positions that count from 1, as an eQTL table has them."""
    text = "#gene\tchrom\tpos\tpvalue\n" + "".join(
        f"G{i}\t{c}\t{s + 1}\t{'NA' if i % 5 == 4 else i / 8}\n" for _, i, c, s, _ in places(6)
    )
    return write(folder / "x.tsv.gz", text, None, seq_col=1, start_col=2, end_col=2, meta_char="#")


# how it is made, read, written, and to which name
FORMATS = {
    "bigbed": (bigbed, gidx.read_bigbed, partial(frames.written, "bigbed"), "y.bb"),
    "bed": (bed, gidx.read_bed, partial(frames.written, "bed"), "y.bed.gz"),
    "vcf": (vcf, gidx.read_vcf, partial(frames.written, "vcf"), "y.vcf.gz"),
    "gff3": (gff3, gidx.read_gff, partial(frames.written, "gff"), "y.gff3.gz"),
    "gtf": (gtf, gidx.read_gtf, partial(frames.written, "gtf"), "y.gtf.gz"),
    "tsv": (table, gidx.read_tabix, partial(frames.written, "tabix"), "y.tsv.gz"),
}
STEPS = {
    "nothing": lambda f: f,
    "shuffled, sorted": lambda f: f.sample(frac=1, random_state=1).sort_index(),
    "halves put together": lambda f: pd.concat([f.iloc[: N + 3], f.iloc[N + 3 :]]),
    "a slice": lambda f: f.iloc[3:-2],
    "a mask": lambda f: f[f["start"] < f["start"].median()],
    "a query": lambda f: f[f["chrom"] != "chr10"],
    "a column, and without it": lambda f: f.assign(new=1.5).drop(columns="new"),
    "another index": lambda f: f.set_axis([f"row {i}" for i in range(len(f))]),
}


@pytest.fixture(scope="module", params=FORMATS)
def made(request, tmp_path_factory):
    make, read, to, name = FORMATS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, make(folder), read, to, folder / name


@pytest.fixture(scope="module")
def frame_in(made):
    """The file's rows in a backend, read once."""
    _, path, read, _, _ = made
    return cache(lambda backend: read(path, dtype_backend=backend))


def about(frame):
    return schema.read_metadata(frame.attrs)


def alike(found, frame):
    """Values and dtypes; a file knows no chroms that its rows have not, and no index."""
    frames = [f.reset_index(drop=True) for f in (found, frame)]
    for one in frames:
        one["chrom"] = one["chrom"].cat.remove_unused_categories()
    pd.testing.assert_frame_equal(*frames)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", STEPS)
def test_what_is_read_and_worked_with_is_written_and_read_again(made, frame_in, backend, step):
    kind, _, read, to, target = made
    frame = STEPS[step](frame_in(backend))
    found = read(to(frame, CANONICAL, target), dtype_backend=backend)
    alike(found, frame)
    theirs, mine = about(found), about(frame)
    if kind == "bigbed":  # which has sizes of the chroms that it has rows of
        sizes = mine.pop("chromsizes").items()
        assert theirs.pop("chromsizes").items() <= sizes
    assert theirs == mine


@pytest.mark.parametrize("backend", BACKENDS)
def test_native_columns_become_canonical_ones(made, backend):
    """``names="native"``: chromStart, POS, seqid … and 1-based starts, told by their names."""
    kind, path, read, to, target = made
    native = read(path, names="native", dtype_backend=backend)
    found = read(to(native, recognise(native.columns), target), dtype_backend=backend)
    expected = read(path, dtype_backend=backend)
    if kind == "gtf":  # its phase is called frame, its type feature
        assert {"feature", "frame"} <= {*native.columns}
    if kind == "bed":  # whose native names are field8 …
        found = found.set_axis(expected.columns, axis=1)
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_genotypes_as_alleles_and_chosen_samples_are_written_again(tmp_path, backend):
    frame = gidx.read_vcf(vcf(tmp_path), samples=["NA2"], gt="alleles", dtype_backend=backend)
    path = frames.written("vcf", frame.iloc[5:], CANONICAL, tmp_path / "y.vcf.gz")
    alike(gidx.read_vcf(path, gt="alleles", dtype_backend=backend), frame.iloc[5:])
    assert gidx.open(path).samples == ["NA2"]


def test_scores_in_a_bed_stay_integers_whatever_pandas_made_of_them(tmp_path):
    frame = gidx.read_bed(bed(tmp_path), dtype_backend=None)
    assert frame["score"].dtype == "float64"
    path = frames.written("bed", frame, CANONICAL, tmp_path / "y.bed")
    assert gidx.read_bed(path)["score"].dtype == pd.ArrowDtype(pa.uint32())
    halves = frame.assign(score=frame["score"] / 2)
    path = frames.written("bed", halves, CANONICAL, tmp_path / "y.bed")
    assert ".5\t" in path.read_text()


def test_counts_in_a_table_come_back_as_pandas_had_them(tmp_path):
    """Nothing declares a table's columns: where integers are missing, pandas' own are floats."""
    text = "#chrom\tpos\tn\n1\t5\t7\n1\t6\tNA\n"
    path = write(tmp_path / "x.tsv.gz", text, None, seq_col=0, start_col=1, end_col=1)
    for backend, dtype in zip(BACKENDS, ["int64[pyarrow]", "Int64", "float64"], strict=True):
        frame = gidx.read_tabix(path, dtype_backend=backend)
        assert frame["n"].dtype == dtype
        again = gidx.read_tabix(frames.written("tabix", frame, CANONICAL, tmp_path / "y.tsv.gz"))
        assert again["n"].dtype == ("double[pyarrow]" if backend is None else "int64[pyarrow]")


# ── attrs ───────────────────────────────────────────────────────────────────────────────────────

KEEPING = {
    **STEPS,
    "sorted": lambda f: f.sort_values("start"),
    "some columns": lambda f: f[["chrom", "start", "end"]],
    "renamed": lambda f: f.rename(columns={"end": "stop"}),
    "another dtype": lambda f: f.astype({"start": "float64"}),
    "without an index": lambda f: f.reset_index(drop=True),
    "head": lambda f: f.head(2),
    "missing dropped": lambda f: f.dropna(subset=["start"]),
    "twice each": lambda f: f.take([0, 0, 1, 1]),
}


@pytest.mark.parametrize("step", KEEPING)
def test_metadata_survive_what_keeps_rows(frame_in, step):
    frame = frame_in("pyarrow")
    assert KEEPING[step](frame).attrs == frame.attrs
    assert about(frame)["coordinates"] == "0-based half-open"


def test_metadata_of_unlike_frames_do_not_survive_concat(tmp_path):
    """pandas keeps attrs where all are the same, so nobody's header is another's."""
    one, two = gidx.read_bed(bed(tmp_path)), gidx.read_gff(gff3(tmp_path))
    assert pd.concat([one, two]).attrs == {}


# ── canonical form ──────────────────────────────────────────────────────────────────────────────


def frame_of(**columns):
    return pd.DataFrame(columns)


def test_a_canonical_frame_is_itself():
    frame = frame_of(chrom=["1"], start=[5], end=[9], other=[[1]])
    assert frames.canonical(frame, CANONICAL) is frame


CALLED = {
    "UCSC": (frame_of(name=["a"], chrom=["1"], chromStart=[5], chromEnd=[9]), 5, 9),
    "#chrom": (pd.DataFrame({"#chrom": ["1"], "start": [5], "end": [9], "name": ["a"]}), 5, 9),
    "PyRanges": (frame_of(Chromosome=["1"], Start=[5], End=[9], name=["a"]), 5, 9),
    "GFF3": (frame_of(seqid=["1"], name=["a"], start=[5], end=[9]), 4, 9),
    "GRanges": (frame_of(seqnames=["1"], start=[5], end=[9], name=["a"]), 4, 9),
    "positions": (frame_of(name=["a"], chrom=["1"], pos=[5]), 4, 5),
    "moved": (frame_of(name=["a"], end=[9], start=[5], chrom=["1"]), 5, 9),
    "VCF": (frame_of(CHROM=["1"], POS=[5], name=["a"], REF=["ACG"]), 4, 7),
}


@pytest.mark.parametrize("called", CALLED)
@pytest.mark.parametrize("dtype", ["int64", "Int64", "uint32[pyarrow]"])
def test_columns_are_renamed_counted_from_0_and_put_first(called, dtype):
    frame, start, end = CALLED[called]
    roles = recognise(frame.columns)
    frame = frame.astype(dict.fromkeys(roles.names[1:], dtype))
    before = frame.copy()
    found = frames.canonical(frame, roles)
    others = [name for name in frame.columns if name not in roles.names]
    assert found.columns.tolist() == ["chrom", "start", "end", *others]
    assert found.loc[0, ["chrom", "start", "end"]].tolist() == ["1", start, end]
    assert (found.dtypes[["start", "end"]] == dtype).all()
    assert about(found) == {"version": 1, "coordinates": "0-based half-open"}
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["int64", "Int64"])
def test_a_row_without_a_chrom_keeps_its_place(dtype):
    frame = frame_of(chrom=["1", None], pos=[5, 7]).astype({"pos": dtype})
    found = frames.canonical(frame, recognise(frame.columns))
    assert found[["start", "end"]].to_numpy().tolist() == [[4, 5], [6, 7]]
    assert (found.dtypes[["start", "end"]] == dtype).all()


def test_what_was_set_is_forgotten_when_it_is_so():
    told = {"chrom": "c", "start": "from", "end": "to", "coordinates": ONE_BASED}
    text = json.dumps({"version": 1, "format": "bed", "roles": told})
    frame = pd.DataFrame({"from": [1], "to": [9], "c": ["1"]})
    frame.attrs = {"gidx": text, "mine": 5}
    found = frames.canonical(frame, Roles(**told))
    assert found.iloc[0].tolist() == ["1", 0, 9]
    assert found.attrs["mine"] == 5
    assert about(found) == {"version": 1, "format": "bed", "coordinates": "0-based half-open"}
    assert frame.attrs["gidx"] == text


def test_one_based_columns_of_canonical_names_are_shifted_where_it_was_said():
    frame = frame_of(chrom=["1"], start=[1], end=[9])
    found = frames.canonical(frame, Roles("chrom", "start", "end", ONE_BASED))
    assert found.iloc[0].tolist() == ["1", 0, 9]
    assert frame["start"].tolist() == [1]


@pytest.mark.parametrize("dtype", ["int64", "Int8", "int64[pyarrow]", "category"])
def test_chroms_that_are_numbers_are_written_as_texts(tmp_path, dtype):
    frame = frame_of(chrom=[10, 10, 2], start=[1, 2, 3], end=9).astype({"chrom": dtype})
    found = gidx.read_bed(frames.written("bed", frame, CANONICAL, tmp_path / "x.bed.gz"))
    assert found["chrom"].tolist() == ["10", "10", "2"]
    assert frame["chrom"].dtype == dtype


def test_a_name_that_another_column_has_is_refused():
    frame = frame_of(chrom=["1"], seqid=["1"], start=[1], end=[2])
    with pytest.raises(ColumnError, match="'seqid' is to be written as 'chrom', but another"):
        frames.canonical(frame, Roles("seqid", "start", "end", ONE_BASED))
    frame = frame_of(chrom=["1"], pos=[1], end=["mine"])
    with pytest.raises(ColumnError, match="written as 'end', but another column"):
        frames.canonical(frame, Roles("chrom", "pos", None, ONE_BASED))
    twice = pd.concat(
        [
            frame_of(Chromosome=["1"], Start=[1], End=[2]),
            frame_of(a=[1], b=[2]).set_axis(["x", "x"], axis=1),
        ],
        axis=1,
    )
    with pytest.raises(ColumnError, match="two columns are named 'x'"):
        frames.canonical(twice, recognise(twice.columns))


def test_columns_may_swap_their_names():
    frame = frame_of(end=[1], start=[9], chrom=["1"])
    found = frames.canonical(frame, Roles("chrom", "end", "start"))
    assert found.columns.tolist() == ["chrom", "start", "end"]
    assert found.iloc[0].tolist() == ["1", 1, 9]


# ── frames of other makers ──────────────────────────────────────────────────────────────────────


def test_a_vcf_that_pandas_has_read_can_be_written(tmp_path):
    frame = pd.DataFrame(
        {"#CHROM": ["1", "1", "1"], "POS": [5, 6, 7], "ID": ["rs1", ".", "."],
         "REF": ["A", "AC", "N"], "ALT": ["C,G", "A", "<DEL>"], "QUAL": [".", "3.5", "30"],
         "FILTER": ["PASS", "q10;s50", "."],
         "INFO": ["DP=8;DB;AF=0.5,0.25", ".", "END=90;X=a=b"]}
    )  # fmt: skip
    path = frames.written("vcf", frame, recognise(frame.columns), tmp_path / "x.vcf.gz")
    found = gidx.read_vcf(path)
    assert found["start"].tolist() == [4, 5, 6]
    assert found["end"].tolist() == [5, 7, 90]
    assert found["alt"].tolist() == [["C", "G"], ["A"], ["<DEL>"]]
    assert found["filter"].tolist()[:2] == [["PASS"], ["q10", "s50"]]
    assert found["filter"].isna().tolist() == [False, False, True]
    lines = gidx.bgzf.open(path).read().decode().splitlines()[-3:]
    assert [line.split("\t")[7] for line in lines] == frame["INFO"].tolist()


@pytest.mark.parametrize("texts", [[None, ".", ""], [None, "A", None], [], ["A=1;B", "C="]])
@pytest.mark.parametrize("dtype", ["object", "str", pd.ArrowDtype(pa.large_string())])
def test_info_texts_of_any_kind_are_keys_and_values(tmp_path, texts, dtype):
    frame = frame_of(CHROM=["1"] * len(texts), POS=range(1, len(texts) + 1), REF="A")
    frame["CHROM"] = frame["CHROM"].astype("str")
    frame["REF"] = frame["REF"].astype("str")
    frame["INFO"] = pd.Series(texts, dtype=dtype)
    path = frames.written("vcf", frame, recognise(frame.columns), tmp_path / "x.vcf")
    rows = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert [row.split("\t")[7] for row in rows] == [t or "." for t in texts]


def test_info_texts_of_a_slice_are_its_own(tmp_path):
    frame = frame_of(CHROM=["1"] * 4, POS=range(1, 5), REF="A", INFO=["A=1", "B=2;C", "D", "E=5"])
    for some in (frame, frame.astype({"INFO": pd.ArrowDtype(pa.string())})):
        path = frames.written("vcf", some.iloc[1:3], recognise(frame.columns), tmp_path / "x.vcf")
        rows = path.read_text().splitlines()[-2:]
        assert [row.split("\t")[7] for row in rows] == ["B=2;C", "D"]


def test_samples_that_are_texts_are_refused_with_a_way_out(tmp_path):
    frame = frame_of(CHROM=["1"], POS=[5], REF=["A"], ALT=["C"], FORMAT=["GT"], NA1=["0/1"])
    with pytest.raises(WriteError, match=r"columns 'FORMAT' and 'NA1' .* gidx.read_vcf"):
        frames.written("vcf", frame, recognise(frame.columns), tmp_path / "x.vcf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", [partial(frames.written, "gff"), partial(frames.written, "gtf")])
def test_features_that_pandas_has_read_can_be_written(tmp_path, to):
    frame = pd.DataFrame(
        {"seqid": ["1", "1"], "source": ["me", "."], "type": ["gene", "exon"], "start": [5, 6],
         "end": [9, 9], "score": [".", "0.5"], "strand": ["+", "."], "phase": [".", "0"],
         "gene_id": ["G", "H"]}
    )  # fmt: skip
    found = gidx.read_gff(to(frame, recognise(frame.columns), tmp_path / "x.gff"))
    assert found["start"].tolist() == [4, 5]
    assert found["type"].tolist() == ["gene", "exon"]
    assert found["score"].isna().tolist() == [True, False]
    assert found["gene_id"].tolist() == ["G", "H"]


def test_attributes_that_are_one_text_are_written_as_they_are(tmp_path):
    frame = frame_of(seqid=["1"], start=[5], end=[9], attributes=["ID=a"])
    frames.written("gff", frame, recognise(frame.columns), tmp_path / "x.gff3")
    assert (tmp_path / "x.gff3").read_text().endswith("\t5\t9\t.\t.\t.\tID=a\n")


def test_a_frame_of_positions_can_be_written_in_every_format(tmp_path):
    frame = frame_of(chrom=["1", "1"], pos=[5, 8], n=[1, 2])
    roles = recognise(frame.columns)
    for name, to, read in [
        ("x.bed", partial(frames.written, "bed"), gidx.read_bed),
        ("x.tsv.gz", partial(frames.written, "tabix"), gidx.read_tabix),
        ("x.gff3", partial(frames.written, "gff"), gidx.read_gff),
        ("x.bb", lambda *a: frames.written("bigbed", *a, {"1": 100}), gidx.read_bigbed),
        ("x.parquet", frames.to_parquet, pd.read_parquet),
    ]:
        found = read(to(frame, roles, tmp_path / name))
        assert found[["start", "end"]].to_numpy().tolist() == [[4, 5], [7, 8]], name


# ── what is returned, and what is left ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "to",
    [
        partial(frames.written, "bed"),
        partial(frames.written, "gff"),
        partial(frames.written, "tabix"),
        frames.to_parquet,
    ],
)
def test_the_path_is_returned_as_it_was_given(tmp_path, to):
    frame = frame_of(chrom=["1"], start=[5], end=[9])
    for path in (str(tmp_path / "x.gz"), tmp_path / "x.gz"):
        assert to(frame, CANONICAL, path) is path
    with open(tmp_path / "x", "wb") as file:
        assert to(frame, CANONICAL, file) is file
    assert (tmp_path / "x").stat().st_size > 0


def test_options_go_to_the_writer(tmp_path):
    frame = frame_of(chrom=["2", "1"], start=[5, 5], end=[9, 9])
    path = frames.written("bed", frame, CANONICAL, tmp_path / "x.bed.gz", sort=True, index="csi")
    assert gidx.read_bed(path, "1")["start"].tolist() == [5]
    assert (tmp_path / "x.bed.gz.csi").exists()
    with pytest.raises(WriteError):
        frames.written("bigbed", frame, CANONICAL, tmp_path / "x.bb", {"1": 7, "2": 7}, sort=True)


# ── Parquet ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", ["halves put together", "a mask"])
def test_parquet_gives_values_dtypes_and_attrs_back(frame_in, tmp_path, backend, step):
    target = tmp_path / "y.parquet"
    frame = STEPS[step](frame_in(backend))
    frames.to_parquet(frame, CANONICAL, target)
    frame = frame.reset_index(drop=True)
    found = pd.read_parquet(target)
    assert found.attrs == frame.attrs
    nested = [n for n, t in frame.dtypes.items() if isinstance(t, pd.ArrowDtype)
              and pa.types.is_nested(t.pyarrow_dtype)]  # fmt: skip
    texts = [n for n, t in frame.dtypes.items() if t == pd.ArrowDtype(pa.string())]
    # pandas knows no name of a nested dtype, and takes string[pyarrow] for its own
    expected = frame.drop(columns=nested)
    expected = expected.astype({n: pd.StringDtype("pyarrow") for n in texts})
    # chrom is text, which readers of Parquet can prune by
    assert found["chrom"].tolist() == frame["chrom"].tolist()
    assert not isinstance(found["chrom"].dtype, pd.CategoricalDtype)
    parts = (one.drop(columns=["chrom"]) for one in (found.drop(columns=nested), expected))
    pd.testing.assert_frame_equal(*parts)
    typed = pd.read_parquet(target, dtype_backend="pyarrow")
    assert typed.attrs == frame.attrs
    for name in nested:
        assert found[name].dtype == object
        assert pa.array(typed[name]).to_pylist() == pa.array(frame[name]).to_pylist()


def test_parquet_has_gidxs_metadata_and_no_index(made):
    _, path, read, _, target = made
    frame = read(path)
    frames.to_parquet(frame.set_axis(frame["start"].astype(str), axis=0), CANONICAL, target)
    arrow = pq.read_schema(target)
    assert arrow.names == frame.columns.tolist()
    assert schema.read_metadata(arrow) == about(frame)
    assert arrow.field("chrom").type == pa.string()


@pytest.mark.parametrize("backend", BACKENDS)
def test_parquet_of_a_frame_is_read_by_gidx_as_that_of_its_file(made, tmp_path, backend):
    _, path, read, _, _ = made
    frames.to_parquet(read(path, dtype_backend=backend), CANONICAL, tmp_path / "frame.parquet")
    gidx.to_parquet(path, tmp_path / "file.parquet")
    mine, theirs = (pq.read_table(tmp_path / f"{n}.parquet") for n in ("frame", "file"))
    assert mine.schema.names == theirs.schema.names
    one, other = to_frame(mine, backend), to_frame(theirs, backend)
    if backend is None:  # a column of integers and missing values was one of floats
        other = other.astype(one.dtypes[[t == np.float64 for t in one.dtypes]].to_dict())
    pd.testing.assert_frame_equal(one, other)


def test_parquet_of_nothing_has_the_columns(tmp_path):
    frame = gidx.read_vcf(vcf(tmp_path)).iloc[:0]
    path = frames.to_parquet(frame, CANONICAL, tmp_path / "y.parquet")
    found = pd.read_parquet(path, dtype_backend="pyarrow")
    assert found.columns.tolist() == frame.columns.tolist()
    assert found.attrs == frame.attrs


@pytest.mark.parametrize("format", ["bigbed", "vcf"])
def test_parquet_has_lists_of_a_fixed_size_that_are_missing(tmp_path, format):
    pairs = [[1.0, 2.0], None, [3.0, None], None]
    table = pa.table({"chrom": ["1"] * 4, "start": [1, 2, 3, 4], "end": [9] * 4,
                      "pair": pa.array(pairs, pa.list_(pa.float64(), 2))})  # fmt: skip
    frame = to_frame(table).iloc[::-1].iloc[1:]
    frame.attrs["gidx"] = json.dumps({"version": 1, "format": format})
    path = frames.to_parquet(frame, CANONICAL, tmp_path / "x.parquet")
    assert pq.read_table(path)["pair"].to_pylist() == pairs[-2::-1]


def test_parquet_keeps_other_attrs_that_json_can_say(tmp_path):
    frame = frame_of(chrom=["1"], start=[5], end=[9])
    frame.attrs = {"mine": [1, 2], "object": object()}
    found = pd.read_parquet(frames.to_parquet(frame, CANONICAL, tmp_path / "x.parquet"))
    assert found.attrs == {"mine": [1, 2]}


def test_parquet_that_cannot_be_written_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"before")
    frame = frame_of(chrom=["1", "1"], start=[5, 6], end=[9, 9], mixed=[1, "a"])
    with pytest.raises(WriteError, match="mixed"):
        frames.to_parquet(frame, CANONICAL, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


# ── Arrow ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_of_a_frame_is_that_of_its_file(made, frame_in, backend):
    _, path, *_ = made
    frame = frame_in(backend)
    found, expected = frames.to_arrow(frame, CANONICAL), gidx.open(path).to_table()
    found.validate(full=True)
    assert schema.read_metadata(found.schema) == schema.read_metadata(expected.schema)
    assert found.schema.names == expected.schema.names
    assert found.schema.types[:3] == expected.schema.types[:3]
    pd.testing.assert_frame_equal(to_frame(found, backend), frame)


@pytest.mark.parametrize("dtype", ["str", "object", "category", pd.ArrowDtype(pa.large_string())])
@pytest.mark.parametrize("integer", ["int32", "Int64", "float64", "uint8[pyarrow]"])
def test_heads_have_their_types_whatever_the_frames_are(dtype, integer):
    frame = frame_of(chrom=["b", "a", "b"], start=[1, 2, 3], end=[4, 5, 6], x=[0.5, None, 1])
    frame = frame.astype({"chrom": dtype, "start": integer, "end": integer})
    frame.index = [5, 5, 6]
    found = frames.to_arrow(frame, CANONICAL)
    assert found.schema.types[:3] == [schema.CHROM, pa.int64(), pa.int64()]
    assert found.column_names == ["chrom", "start", "end", "x"]
    assert found["chrom"].to_pylist() == ["b", "a", "b"]
    assert found["end"].to_pylist() == [4, 5, 6]
    assert schema.read_metadata(found.schema)["coordinates"] == "0-based half-open"


def test_attrs_that_are_no_text_do_not_matter():
    frame = frame_of(chrom=["1"], start=[1], end=[2])
    frame.attrs["object"] = object()
    assert frames.to_arrow(frame, CANONICAL).num_rows == 1


def test_missing_heads_are_nulls():
    frame = frame_of(chrom=["1", None], start=[1.0, None], end=pd.array([None, 5], "Int64"))
    found = frames.to_arrow(frame, CANONICAL)
    assert found.to_pydict() == {"chrom": ["1", None], "start": [1, None], "end": [None, 5]}


def test_a_table_of_no_rows_has_its_types():
    frame = frame_of(chrom=["1"], start=[1], end=[2]).astype({"chrom": "category"})
    found = frames.to_arrow(frame.iloc[:0], CANONICAL)
    assert found.num_rows == 0
    assert found.schema.types == [schema.CHROM, pa.int64(), pa.int64()]


def test_a_table_shares_the_memory_of_the_frames_columns():
    table = pa.table({"chrom": ["1"], "start": [1], "end": [2], "x": pa.array([[1, 2]])})
    found = frames.to_arrow(to_frame(table), CANONICAL)
    mine, theirs = (t["x"].chunk(0).buffers() for t in (found, table))
    assert [b and b.address for b in mine] == [b and b.address for b in theirs]


# ── the index ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("write", [
    lambda frame: gidx.write_bed(frame, io.BytesIO()),
    lambda frame: gidx.write_bigbed(frame, io.BytesIO(), {"chr1": 9}),
    lambda frame: gidx.write_vcf(frame.assign(ref="A"), io.BytesIO()),
    lambda frame: frame.gidx.to_bed(io.BytesIO()),
    lambda frame: frame.gidx.to_tabix(io.BytesIO()),
    lambda frame: frame.gidx.to_parquet(io.BytesIO()),
], ids=["write_bed", "write_bigbed", "write_vcf", "to_bed", "to_tabix", "to_parquet"])  # fmt: skip
def test_an_index_with_a_name_is_not_left_out_in_silence(write):
    frame = pd.DataFrame({"chrom": "chr1", "start": [1, 3], "end": [2, 4], "name": ["a", "b"]})
    with pytest.warns(
        GidxWarning, match="^the index 'name' is not written; df.reset_index"
    ) as said:
        write(frame.set_index("name"))
    assert len(said) == 1
    write(frame.loc[frame["start"] > 1, ["chrom", "start", "end"]])  # no name, so nobody misses it


# ── dtypes ──────────────────────────────────────────────────────────────────────────────────────

NUMBERS = {
    name: (lambda values, name=name: pd.Series(values, dtype=name))
    for name in ["int64", "uint32", "Int64", "int32[pyarrow]", "uint64[pyarrow]", "object"]
} | {
    "big-endian": lambda values: pd.Series(np.array(values, ">i8")),
}
TEXTS = {
    name: (lambda values, name=name: pd.Series(values, dtype=name))
    for name in ["object", "str", "string[python]", "string[pyarrow]", "category"]
} | {
    "chunks": lambda values: pd.Series(
        pd.arrays.ArrowExtensionArray(
            pa.chunked_array([[], values[:1], values[1:]], pa.large_string())
        )
    ),
}


def written_by(frame):
    """What each writer and the accessor make of a frame."""
    out = []
    for writer in [
        gidx.write_tabix, lambda f, to: f.gidx.to_bed(to),
        lambda f, to: gidx.write_bigbed(f, to, {"chr1": 9999}),
    ]:  # fmt: skip
        file = io.BytesIO()
        writer(frame, file)
        out.append(file.getvalue())
    return [*out, frame.gidx.to_arrow().to_pylist()]


@given(st.data())
def test_the_dtypes_of_a_frame_make_no_difference_to_what_is_written(data):
    starts = sorted(data.draw(st.lists(st.integers(0, 900), min_size=1, max_size=4)))
    columns = {
        "chrom": ["chr1"] * len(starts),
        "start": starts,
        "end": [start + 7 for start in starts],
        "name": [data.draw(st.sampled_from(["", ".", "1", "NA", "é"])) for _ in starts],
        "score": [data.draw(st.integers(0, 1000)) for _ in starts],
    }
    expected = written_by(pd.DataFrame(columns).astype({"score": "uint32"}))
    kinds = {
        name: data.draw(st.sampled_from(sorted(TEXTS if name in ("chrom", "name") else NUMBERS)))
        for name in columns
    }
    frame = pd.DataFrame(
        {name: (TEXTS | NUMBERS)[kinds[name]](values) for name, values in columns.items()}
    )
    assert written_by(frame) == expected


def test_floats_that_arrow_does_not_know_are_an_error_that_names_the_column():
    frame = pd.DataFrame(
        {"chrom": ["chr1"], "start": [1], "end": [2], "x": np.ones(1, "longdouble")}
    )
    with pytest.raises(WriteError, match=r"^column 'x': .*expected values of one type in a column"):
        gidx.write_tabix(frame, io.BytesIO())
