"""TBJ and TBK, the JSON and the block index of the package tabixpy: the same text, and back.

tabixpy 1.5.2 is the oracle. It reads few indexes (`why_not` says which not), has bins in the
order of the file and ours are ascending: so it gets indexes that gidx has written.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.tabix_files import EOF, bgzip, block

import gidx
from gidx.binning import BED, GFF, SAM, VCF, IndexBuilder, TabixIndex, TbkIndex
from gidx.errors import FormatError, WriteError
from gidx.ground.tuning import tuning


def leaves_files_open(test):
    """For a test in which tabixpy fails: it closes a file only when it has read it."""
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        test = pytest.mark.filterwarnings(f"ignore::{warning}")(test)
    return test


PLACE = {"bin_n", "chunk_n", "real", "bytes"}
LOOKED_UP = PLACE | {"block_len", "bin_pos", "first_pos", "last_pos"}


@pytest.fixture(scope="module")
def tabixpy():
    """tabixpy, which prints and logs what it does."""
    module = pytest.importorskip("tabixpy")
    module.logger.setLevel("CRITICAL")
    from tabixpy import _io, _tabix, _vcfbgzpy

    return SimpleNamespace(
        Tabix=module.Tabix, Formats=module.Formats, read=_tabix.readTabix, load=_io.loadTabixPy,
        read_blocks=_vcfbgzpy.readBGZ, save_blocks=_io.saveVcfGzPy, load_blocks=_io.loadVcfGzPy,
    )  # fmt: skip


def vcf(seed: int, n: int = 120) -> bytes:
    """Rows of three chroms, sorted, so near each other that none is in bin 0."""
    r = random.Random(seed)
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for chrom in ("1", "chr2", "X"):
        places = sorted(r.randrange(1, 100_000) for _ in range(r.randint(1, n)))
        lines += [f"{chrom}\t{p}\t.\t{r.choice(['A', 'ACGT'])}\tT\t.\t.\t." for p in places]
    return ("\n".join(lines) + "\n").encode()


def write_vcf(folder, text: bytes, sizes) -> tuple[str, TabixIndex]:
    """A file and its index without pseudo-bins, as that of the first tabix."""
    path = str(folder / "x.vcf.gz")
    (folder / "x.vcf.gz").write_bytes(bgzip(text, sizes))
    (folder / "x.vcf.gz.tbi").unlink(missing_ok=True)
    gidx.build_index(path, preset="vcf", kind="tbi")
    made = TabixIndex.read(path + ".tbi")
    index = replace(made, has_pseudo=np.zeros_like(made.has_pseudo),
                    pseudo=np.zeros_like(made.pseudo), n_no_coor=None)  # fmt: skip
    index.write(path + ".tbi")
    return path, index


def said(theirs: dict) -> str:
    """What tabixpy writes, uncompressed."""
    return json.dumps({**theirs, "__format_name__": "TBJ", "__format_ver__": 5}, indent=1)


# ── the same text ───────────────────────────────────────────────────────────────────────────────


@leaves_files_open
@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_the_text_is_tabixpys_with_the_data_and_without(tabixpy, tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("tbj")
    path, index = write_vcf(folder, vcf(seed), random.Random(seed))
    without = index.to_json()
    try:
        theirs = tabixpy.read(path)
    except AttributeError:  # no block has three rows, so it has no last one
        assert set(json.loads(index.to_json(data=path))["refs"][0]["bins_end"]) == LOOKED_UP
    else:
        assert index.to_json(data=path) == said(theirs)
    (folder / "x.vcf.gz").rename(folder / "elsewhere")
    try:
        theirs = tabixpy.read(path)
    except AttributeError:  # all is in the first block, whose place, 0, is not above 0
        assert set(json.loads(without)["refs"][0]["bins_end"]) == PLACE
    else:
        assert without == said(theirs)


@pytest.mark.parametrize("size", [100, 900, 65280])
def test_the_text_is_tabixpys_for_blocks_of_one_size(tabixpy, tmp_path, size):
    path, index = write_vcf(tmp_path, vcf(1, 600), size)
    assert index.to_json(data=path) == said(tabixpy.read(path))
    assert TabixIndex.from_json(said(tabixpy.read(path))) == index


def why_not(index: TabixIndex, data: bytes) -> str | None:
    """Why tabixpy cannot read an index."""
    if index.layout.preset not in (1, 2) or index.layout.zero_based:
        return "it knows only the formats 1 and 2, SAM and VCF"
    if index.has_pseudo.any():
        return "of a pseudo-bin's second chunk the end, unmapped rows, is before the begin"
    if (index.bins == 0).any():
        return "bin 0 is no bin to it"
    if not data.isascii():
        return "it takes the length in characters for that in bytes"
    return None


@leaves_files_open
def test_what_tabixpy_reads_of_the_corpus_has_its_text(tabixpy, corpus, tmp_path):
    read = 0
    for path in sorted((corpus / "tabix").rglob("*.tbi")):
        index, data = TabixIndex.read(path), path.with_suffix("").read_bytes()
        (tmp_path / "x.vcf.gz").write_bytes(data)
        index.write(tmp_path / "x.vcf.gz.tbi")
        if why_not(index, gzip.decompress(data)):
            with pytest.raises(AssertionError):
                tabixpy.read(str(tmp_path / "x.vcf.gz"))
        else:
            theirs = tabixpy.read(str(tmp_path / "x.vcf.gz"))
            assert index.to_json(data=data) == said(theirs), path.name
            read += 1
    assert read >= 1


def test_every_index_of_the_corpus_comes_back_to_the_byte(corpus):
    paths = sorted((corpus / "tabix").rglob("*.[tc][bs]i"))
    for path in paths:
        index = TabixIndex.read(path)
        for data in (None, path.with_suffix("")):
            text = index.to_json(data=data)
            back = TabixIndex.from_json(text)
            assert back == index, path.name
            assert back.to_bytes() == index.to_bytes(), path.name
            assert len(text) > 1e6 or text == json.dumps(json.loads(text), indent=1), path.name
    assert len(paths) > 25


# ── any index ───────────────────────────────────────────────────────────────────────────────────


@st.composite
def indexes(draw):
    """Of both kinds and any layout, with chroms without rows, and without names."""
    builder = IndexBuilder(draw(st.sampled_from([14, 14, 12])))
    at = 0
    for ref in draw(st.lists(st.integers(0, 4), unique=True, max_size=4)):
        starts = sorted(draw(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=12)))
        ends = [s + draw(st.sampled_from([1, 100, 70_000])) for s in starts]
        steps = draw(st.lists(st.integers(1, 2**33), min_size=len(starts), max_size=len(starts)))
        offsets = [at, *(at + sum(steps[: i + 1]) for i in range(len(steps)))]
        assert builder.push([ref] * len(starts), starts, ends, offsets) is None
        at = offsets[-1]
    layout = draw(st.sampled_from([BED, GFF, SAM, VCF]))
    names = ["chr1", 'a "quoted" \\ name', "é", "\udcff", "\x01"]
    found = builder.finish(names, layout)
    if found.kind == "csi" and draw(st.booleans()):
        return replace(found, names=(), layout=None)
    return replace(found, n_no_coor=draw(st.sampled_from([None, 0, 2**64 - 1])))


@settings(max_examples=60)
@given(indexes())
def test_an_index_comes_back_from_its_json(index):
    text = index.to_json()
    assert TabixIndex.from_json(text) == index
    assert TabixIndex.from_json(text.encode()).to_bytes() == index.to_bytes()
    assert text == json.dumps(json.loads(text), indent=1)


def test_text_in_several_pieces_is_the_same(monkeypatch, tmp_path):

    _, index = write_vcf(tmp_path, vcf(3, 400), 500)
    whole = index.to_json()
    monkeypatch.setattr(tuning, "json_chunks", 2)
    assert index.to_json() == whole


def small(rows=((0, 10, 20), (0, 20_000, 20_010)), names=("chr1", "none"), **options):
    builder = IndexBuilder()
    refs, starts, ends = zip(*rows, strict=True)
    builder.push(refs, starts, ends, [14 * i for i in range(len(rows) + 1)])
    return builder.finish(names, BED, **options)


def test_a_pseudo_bin_is_one_more_bin_the_last_and_tells_no_positions():
    ref = json.loads(small().to_json())["refs"][0]
    assert [b["bin"] for b in ref["bins"]] == [4681, 4682, 37450]
    extent, counts = ref["bins"][2]["chunks"]["chunk_begin"]
    assert (extent["real"], extent["bytes"]) == (0, 0)
    assert (counts["real"], counts["bytes"]) == (0, 2)  # two rows
    assert ref["bins_begin"]["bin_n"] == ref["bins_end"]["bin_n"] == 0  # of all in one block


def test_a_chrom_without_rows_has_no_extremes():
    ref = json.loads(small().to_json())["refs"][1]
    assert ref == {
        "ref_n": 1, "ref_name": "none", "n_bin": 0, "bins": [], "bins_begin": None,
        "bins_end": None, "first_block": None, "last_block": None, "n_intv": 0, "intvs": [],
    }  # fmt: skip


def test_a_csi_has_its_scheme_and_each_bin_its_loffset():
    data = json.loads(small(kind="csi", depth=6).to_json())
    assert (data["min_shift"], data["depth"]) == (14, 6)
    assert [b["loffset"] for b in data["refs"][0]["bins"][:2]] == [
        {"real": 0, "bytes": 0}, {"real": 0, "bytes": 14},
    ]  # fmt: skip
    assert data["refs"][0]["intvs"] == []


def test_bins_without_chunks_and_windows_that_no_row_set_come_back():
    index = small()
    odd = replace(index, linear=index.linear | np.uint64(2**64 - 1),
                  chunk_first=np.array([0, 0, 2]), has_pseudo=~index.has_pseudo,
                  pseudo=index.pseudo[::-1])  # fmt: skip
    assert TabixIndex.from_json(odd.to_json()) == odd
    data = bgzip(b"chr1\t10\t20\n" * 4)
    assert TabixIndex.from_json(odd.to_json(data=data)) == odd


def test_a_name_with_a_nul_is_an_error():
    with pytest.raises(WriteError, match="holds a NUL"):
        small(names=("a", "b\0")).to_json()


# ── the rows of the data ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("preset", ["bed", "gff", "sam"])
def test_positions_are_those_of_the_lines_that_begin_there(tmp_path, preset):
    r = random.Random(preset)
    form, column = {
        "bed": ("c\t{0}\t{1}\tn", 1), "gff": ("c\ts\tt\t{0}\t{1}\t.\t+\t.\tI", 3),
        "sam": ("r\t0\tc\t{0}\t9\t5M\t*\t0\t0\tACGTA\t*", 3),
    }[preset]  # fmt: skip
    starts = sorted(r.randrange(1, 300_000) for _ in range(900))
    text = "".join(form.format(s, s + r.randint(1, 9)) + "\n" for s in starts).encode()
    path = tmp_path / "x.gz"
    path.write_bytes(bgzip(text, 2000))
    gidx.build_index(path, preset=preset)
    ref = json.loads(TabixIndex.read(f"{path}.tbi").to_json(data=path))["refs"][0]
    found = 0
    with gidx.bgzf.open(path) as file:
        for place in (p for b in ref["bins"] for p in b["chunks"]["chunk_begin"]):
            if place["bin_pos"] != -1:
                file.seek(gidx.bgzf.make_virtual_offset(place["real"], place["bytes"]))
                assert int(file.readline().split(b"\t")[column]) == place["bin_pos"]
                assert place["first_pos"] <= place["bin_pos"] <= place["last_pos"]
                found += 1
    assert found > 10
    assert ref["bins_begin"]["first_pos"] == starts[0]
    assert ref["last_block"]["last_pos"] in starts[-40:]


def test_the_data_of_another_index_is_an_error():
    index = small()
    with pytest.raises(FormatError, match="no block begins here"):
        index.to_json(data=b"chr1\t10\t20\n" * 9)
    other = replace(index, chunk_ranges=index.chunk_ranges + np.uint64(900 << 16))
    with pytest.raises(FormatError, match=r"byte \d+: the file ends here, but its index names"):
        other.to_json(data=bgzip(b"chr1\t10\t20\n"))


def test_what_is_no_number_and_no_row_tells_nothing():
    index = small()
    for text in (
        b"",
        b"chr1\t10\t20\n" * 2,
        b"chr1\tx\t20\n" * 9,
        b"#chr1\t1\t2\n" * 9,
        b"chr1\n" * 9,
    ):
        data = (block(text) if text else b"") + EOF
        place = json.loads(index.to_json(data=data))["refs"][0]["bins"][0]["chunks_begin"]
        assert (place["bin_pos"], place["first_pos"], place["last_pos"]) == (-1, -1, -1)


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def test_tabixpy_loads_the_file_and_queries_with_it(tabixpy, tmp_path):
    """Of an index with pseudo-bins, too, which it could not read itself."""
    text = vcf(7, 900)
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(bgzip(text, 3000))
    gidx.build_index(path)
    index = TabixIndex.read(f"{path}.tbi")
    index.to_json(f"{path}.tbj", data=path)
    assert gzip.decompress((tmp_path / "x.vcf.gz.tbj").read_bytes()).decode() == index.to_json(
        data=path
    )
    assert tabixpy.load(str(path)) == json.loads(index.to_json(data=path))
    theirs = tabixpy.Tabix(str(path))
    theirs.load()
    rows = [line.split("\t") for line in text.decode().splitlines() if line[0] != "#"]
    starts = [int(r[1]) for r in rows if r[0] == "chr2"]
    begin, end = starts[len(starts) // 3], starts[len(starts) // 2]
    found = list(theirs.getChromosomeIter("chr2", begin=begin, end=end))
    assert [int(r[1]) for r in found] == [s for s in starts if begin <= s < end]


@pytest.mark.parametrize("name", ["x.tbj", "x.json.gz", "x.json"])
def test_a_file_is_read_by_content_and_compressed_by_name(tmp_path, name):
    index = small()
    index.to_json(tmp_path / name)
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == (name != "x.json")
    assert TabixIndex.read(tmp_path / name) == index
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_compression_is_as_asked_and_an_open_file_stays_open(tmp_path):
    index = small()
    for compression in (None, "gzip"):
        file = io.BytesIO()
        index.to_json(file, compression=compression)
        assert TabixIndex.read(file.getvalue()) == index
        assert (file.getvalue()[:1] == b"{") == (compression is None)


V4 = """{"n_ref": 1, "format": 2, "col_seq": 1, "col_beg": 2, "col_end": 0, "meta": "#",
 "skip": 0, "l_nm": 11, "names": ["SL2.50ch00"], "refs": [{"ref_n": 0,
 "ref_name": "SL2.50ch00", "n_bin": 1, "bins": [{"bin_n": 0, "bin": 4681, "n_chunk": 1,
 "chunks": {"chunk_begin": [{"real": 0, "bytes": 29542, "bin_pos": -1, "first_pos": -1,
 "last_pos": -1}], "chunk_end": [{"real": 124525, "bytes": 19630, "bin_pos": 16388,
 "first_pos": 16141, "last_pos": 17808}]}}], "n_intv": 1, "intvs": [{"real": 0,
 "bytes": 29542, "bin_pos": -1, "first_pos": -1, "last_pos": -1}]}], "n_no_coor": null,
 "__format_name__": "TBJ", "__format_ver__": 4}"""


def test_version_4_of_tabixpys_readme_is_read():
    index = TabixIndex.from_json(V4)
    assert index.names == ("SL2.50ch00",)
    assert index.layout == VCF
    assert index.chunks("SL2.50ch00:1-100").tolist() == [[29542, 124525 << 16 | 19630]]
    assert TabixIndex.from_bytes(index.to_bytes()) == index


DAMAGE = {
    "names: 1 names, but 2 references": lambda d: d.update(n_ref=2, refs=d["refs"] * 2),
    "n_ref is '1', expected 0 to": lambda d: d.update(n_ref="1"),
    "refs is None, expected a list": lambda d: d.pop("refs"),
    "names: the name 'a' occurs twice": lambda d: d.update(names=["a", "a"]),
    "names: expected texts": lambda d: d.update(names=[1]),
    "meta: found 'ab'": lambda d: d.update(meta="ab"),
    "unknown preset 7": lambda d: d.update(format=7),
    "col_seq is 0, expected 1 or more": lambda d: d.update(col_seq=0),
    "l_nm: found 12, but the names are 11 bytes": lambda d: d.update(l_nm=12),
    "version 6; versions 4 and 5 are read": lambda d: d.update(__format_ver__=6),
    "not a TBJ: __format_name__ is 'x'": lambda d: d.update(__format_name__="x"),
    "n_no_coor is -1": lambda d: d.update(n_no_coor=-1),
    "ref_name: found 'x', expected 'SL2": lambda d: d["refs"][0].update(ref_name="x"),
    r"refs\[0\]: bins has 1 items, expected 2": lambda d: d["refs"][0].update(n_bin=2),
    r"refs\[0\]: intvs has 1 items": lambda d: d["refs"][0].update(n_intv=0),
    r"bins\[0\].chunks: chunk_begin has 1": lambda d: d["refs"][0]["bins"][0].update(n_chunk=2),
    "bin is 4294967296": lambda d: d["refs"][0]["bins"][0].update(bin=2**32),
    r"refs\[0\].intvs: number 0 is 7": lambda d: d["refs"][0].update(intvs=[7]),
    "depth is None": lambda d: d.update(min_shift=14),
    "n_intv: found 1, but a CSI has": lambda d: d.update(min_shift=14, depth=5, refs=[
        {**d["refs"][0], "bins": [{**d["refs"][0]["bins"][0], "loffset": {"real": 0, "bytes": 0}}]}
    ]),
    "loffset: number 0 is None": lambda d: d.update(min_shift=14, depth=5, refs=[
        {**d["refs"][0], "n_intv": 0, "intvs": []}
    ]),
}  # fmt: skip
PLACES = [None, {}, {"real": 1}, {"real": 1 << 48, "bytes": 0}, {"real": 0, "bytes": 1 << 16},
          {"real": -1, "bytes": 0}, {"real": 1.0, "bytes": 0}, {"real": "1", "bytes": 0},
          {"real": 1 << 99, "bytes": 0}]  # fmt: skip


@pytest.mark.parametrize("message", DAMAGE)
def test_what_does_not_agree_is_an_error_that_says_where(message):
    data = json.loads(V4)
    DAMAGE[message](data)
    with pytest.raises(FormatError, match=f"^<json>.*{message}"):
        TabixIndex.from_json(json.dumps(data))


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_no_offset_is_an_error(place):
    data = copy.deepcopy(json.loads(V4))
    data["refs"][0]["bins"][0]["chunks"]["chunk_end"] = [place]
    with pytest.raises(FormatError, match=r"refs\[0\]: chunk_end: number 0 is .*, expected an obj"):
        TabixIndex.from_json(json.dumps(data))


def test_a_chunk_that_ends_before_it_begins_is_an_error():
    data = json.loads(V4)
    data["refs"][0]["bins"][0]["chunks"]["chunk_end"] = [{"real": 0, "bytes": 0}]
    with pytest.raises(FormatError, match="a chunk ends before it begins"):
        TabixIndex.from_json(json.dumps(data))


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": 1', "[" * 100_000, "7", "[]", '{"a": %s}' % ("9" * 5000)]
)
def test_text_that_is_no_tbj_is_an_error(text):
    with pytest.raises(FormatError, match=r"not JSON|not a TBJ"):
        TabixIndex.from_json(text)


def test_a_file_cut_anywhere_is_an_error(tmp_path):
    small().to_json(tmp_path / "x.tbj")
    whole = (tmp_path / "x.tbj").read_bytes()
    for size in range(0, len(whole), 7):
        with pytest.raises(FormatError):
            TabixIndex.read(whole[:size])


# ── TBK ─────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_a_tbk_is_tabixpys_to_the_byte(tabixpy, tmp_path_factory, seed):
    path = tmp_path_factory.mktemp("tbk") / "x.vcf.gz"
    text = vcf(seed)
    path.write_bytes(bgzip(text, random.Random(seed) if seed % 3 else 700))
    head = text.index(b"\n", text.index(b"#CHROM"))
    starts = gidx.bgzf.blocks(path)["data_start"].to_pylist()
    assume(not any(0 < start <= head for start in starts))  # its rest is a row to tabixpy
    tbk = TbkIndex.build(path)
    theirs = tabixpy.read_blocks(str(path))
    assert list(tbk.chroms) == theirs["chroms"]
    assert tbk.n_rows.tolist() == [n for chrom in theirs["numberRows"] for n in chrom]
    tabixpy.save_blocks(str(path), theirs)
    assert tbk.to_bytes() == gzip.decompress(path.with_suffix(".gz.tbk").read_bytes())
    assert TbkIndex.read(f"{path}.tbk") == tbk
    tbk.write(f"{path}.tbk")
    if all(sum(places) for places in theirs["realPositions"]):  # 0 it takes for damage
        assert tabixpy.load_blocks(str(path)) == theirs


@pytest.fixture
def tbk(tmp_path):
    (tmp_path / "x.vcf.gz").write_bytes(bgzip(vcf(1, 500), 900))
    return TbkIndex.build(tmp_path / "x.vcf.gz")


def test_a_tbk_comes_back_and_knows_other_columns(tbk, tmp_path):
    assert TbkIndex.from_bytes(tbk.to_bytes()) == tbk
    tbk.write(tmp_path / "x.tbk")
    assert TbkIndex.read(tmp_path / "x.tbk") == tbk
    lines = [b"s\tt\tchr1\t%d\t9\n" % p for p in range(100)]
    found = TbkIndex.build(bgzip(b"".join(lines)), layout=replace(GFF, chrom=3))
    assert (found.chroms, found.first_pos.tolist(), found.last_pos.tolist()) == (
        ("chr1",), [0], [99],
    )  # fmt: skip


def test_a_tbk_of_no_rows_is_empty():
    for data in (EOF, block(b"#x\n") + EOF):
        found = TbkIndex.build(data)
        assert repr(found) == "TbkIndex(0 chroms, 0 blocks, 0 rows)"
        assert TbkIndex.from_bytes(found.to_bytes()) == found


def test_a_marker_in_the_middle_does_not_end_a_tbk():
    rows = b"".join(b"1\t%d\tA\n" % p for p in range(1, 9))
    found = TbkIndex.build(block(rows) + EOF + block(rows) + EOF)
    assert found.n_rows.tolist() == [8, 8]


def test_a_damaged_tbk_is_an_error(tbk):
    whole = tbk.to_bytes()
    for size in range(0, len(whole), 11):
        with pytest.raises(FormatError):
            TbkIndex.from_bytes(whole[:size])
    for at in (11, 30, 200, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        with pytest.raises(FormatError):
            TbkIndex.from_bytes(bytes(damaged))
    with pytest.raises(FormatError, match="ends with"):
        TbkIndex.from_bytes(whole + b"\0")
    with pytest.raises(FormatError, match="truncated or damaged gzip"):
        TbkIndex.from_bytes(gzip.compress(whole)[:-20])
    with pytest.raises(FormatError, match="not a TBK: begins with"):
        TbkIndex.from_bytes(b"TBI\1")


def test_a_tbk_is_no_tabix_index_and_says_so(tbk):
    with pytest.raises(FormatError, match=r"a TBK lists blocks, and has no bins; see .*TbkIndex"):
        TabixIndex.read(gzip.compress(tbk.to_bytes()))
