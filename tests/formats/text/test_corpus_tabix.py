"""Real text files with tabix indexes: gidx has the rows and lines that htslib has.

The files are those of ``$GIDX_CORPUS/tabix``. Rows come whole and by region; formatted
back they are the lines that pysam finds, but for ways to write the same value (``10.40``
and ``10.4``, the order of INFO keys), which `same_line` takes for equal.

What pysam and tabix cannot read, and gidx can, is said in ``UNREAD``.
"""

from __future__ import annotations

import gzip
import io
import random
import warnings
from functools import cache

import numpy as np
import pysam
import pytest
from tests.support import gff_text
from tests.support.tables import places

import gidx
from gidx.arrow.schema import HEAD
from gidx.errors import GidxWarning

FILES = {  # name: format, rows
    "CHM1_pacbio_clip2.bed.gz": ("bed", 32),
    "CNVtest.vcf.gz": ("vcf", 5),
    "CrlfOffsetTest.vcf.gz": ("vcf", 2),
    "OffsetTest.vcf.gz": ("vcf", 2),
    "YRI.low_coverage.2010_07_excerpt.genotypes.vcf.gz": ("vcf", 906),
    "YRI.trio.2010_06.novelsequences.sites.vcf.gz": ("vcf", 17),
    "bin_boundary.bed.gz": ("bed", 4),
    "end.vcf.gz": ("vcf", 2),
    "example.gtf.gz": ("gtf", 237),
    "example_0v23.bed.gz": ("bed", 164),
    "example_0v26.bed.gz": ("bed", 164),
    "fake_large_chromosome/test.gff3.gz": ("gff3", 241),
    "gvcf.vcf.gz": ("vcf", 7),
    "large_vcf_header.vcf.gz": ("vcf", 9),
    "oxbow_sample.bed.gz": ("bed", 66),
    "oxbow_sample.sam.gz": ("sam", 3),
    "oxbow_sample.sorted.gff.gz": ("gff3", 20),
    "oxbow_sample.sorted.gtf.gz": ("gtf", 20),
    "oxbow_sample.vcf.gz": ("vcf", 25),
    "raw.g.vcf.gz": ("vcf", 29884),
    "skiplines_header.bed.gz": ("tsv", 2),
    "test.bed.gz": ("bed", 2),
    "test.gff3.gz": ("gff3", 241),
    "test.vcf.gz": ("vcf", 37),
    "too_few_reads_if_chunk_merging_on.bed.gz": ("bed", 34),
    "volvox-remark.bed.gz": ("bed", 16),
    "volvox.filtered.vcf.gz": ("vcf", 45),
    "volvox.test.vcf.gz": ("vcf", 109),
}
PLAIN = {  # without an index
    "bed_file.bed": ("bed", 15),
    "gff_file.gff": ("gff3", 62),
    "large_chr.vcf": ("vcf", 12),
    "vcf_file.vcf": ("vcf", 15),
}

# What pysam cannot read, and why ours is right.
UNREAD = {
    # it looks for a .tbi, and there is a .csi (and then takes UTF-8 for ASCII), unless told
    ("TabixFile", "test.gff3.gz"): OSError,
    ("TabixFile", "fake_large_chromosome/test.gff3.gz"): OSError,
    # without ## lines INFO keys are of no known type, but there: ours are in the map
    ("VariantFile", "end.vcf.gz"): ValueError,
    ("VariantFile", "gvcf.vcf.gz"): ValueError,
    # #CHROM … ends with FORMAT, and no sample follows: no row has one either
    ("VariantFile", "CNVtest.vcf.gz"): ValueError,
}

files = pytest.mark.parametrize("file", FILES)


def opened(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)  # headers that are missing
        return gidx.open(path, **options)


def indexes(path):
    """The indexes beside a file, and htslib's view of it with each."""
    for suffix in (".tbi", ".csi"):
        index = path.with_name(path.name + suffix)
        if index.exists():
            yield str(index), pysam.TabixFile(str(path), index=str(index), encoding="utf8")


def lines_of(path):
    """The rows' lines, by Python's gzip."""
    with gzip.open(path, "rb") as file:
        lines = [line.rstrip(b"\r\n").decode() for line in file]
    lines = [line for line in lines if line and not line.startswith(("#", "@"))]
    return lines[1:] if path.name == "skiplines_header.bed.gz" else lines


# ── the same line ───────────────────────────────────────────────────────────────────────────────


def number(text):
    """A number as VCF's Float holds it, other texts as they are."""
    try:
        return float(np.float32(text))
    except ValueError:
        return text


def vcf_parts(line):
    fields = line.split("\t")
    info = [] if fields[7] == "." else fields[7].split(";")
    values = {}
    for item in filter(None, info):
        key, equals, value = item.partition("=")
        values.setdefault(key, [*map(number, value.split(","))] if equals else True)
    values = {k: v for k, v in values.items() if v != ["."]}
    keys = fields[8].split(":") if len(fields) > 8 else []
    samples = []
    for sample in fields[9:]:
        calls = dict(zip(keys, sample.split(":"), strict=False))
        samples.append(
            {k: [*map(number, v.split(","))] for k, v in calls.items() if set(v) - set(".,")}
        )
    return [*fields[:5], number(fields[5]), fields[6], values, samples]


def by_key(attributes):
    """Values of each key, in their order; that of the keys does not matter."""
    found = {}
    for key, values in attributes or []:
        found.setdefault(key, []).extend(values)
    return found


def same_line(kind, ours, theirs):
    if kind == "vcf":
        assert vcf_parts(ours) == vcf_parts(theirs)
    elif kind in ("gff3", "gtf"):
        parse = gff_text.gff3_attributes if kind == "gff3" else gff_text.gtf_attributes
        mine, other = ours.split("\t"), theirs.split("\t")
        assert [*mine[:5], number(mine[5]), *mine[6:8]] == [
            *other[:5], number(other[5]), *other[6:8],
        ]  # fmt: skip
        assert by_key(parse(mine[8])) == by_key(parse(other[8]))
    else:  # a comma behind a list's last item is BED's, and may be missing
        assert [f.removesuffix(",") for f in ours.split("\t")] == [
            f.removesuffix(",") for f in theirs.split("\t")
        ]


def formatted(dataset, kind):
    """The rows as lines again."""
    if kind == "sam":
        table = dataset.to_table(names="native")
        rows = []
        for row in table.to_pylist():
            tags = row.pop("tags")
            cells = ["*" if v is None else str(v) for v in row.values()]
            rows.append("\t".join([*cells, *(f"{k}:{v}" for k, v in tags)]))
        return rows
    out = io.BytesIO()
    out.name = "lines"  # a name without .gz: plain text
    write = {"bed": gidx.write_bed, "vcf": gidx.write_vcf, "tsv": gidx.write_tabix}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        options = {"header": False} if kind == "tsv" else {}
        if kind in ("gff3", "gtf"):
            gidx.write_gff(dataset, out, format=kind)
        else:
            write[kind](dataset, out, **options)
    return [x for x in out.getvalue().decode().splitlines() if not x.startswith("#")]


# ── the tests ───────────────────────────────────────────────────────────────────────────────────


@files
def test_a_file_reads_whole_and_formats_back_to_its_lines(corpus, file):
    kind, rows = FILES[file]
    path = corpus / "tabix" / file
    dataset = opened(path)
    assert dataset.format == kind
    expected = lines_of(path)
    assert len(expected) == rows
    assert dataset.count_rows() == rows
    found = formatted(dataset, kind)
    assert len(found) == rows
    for ours, theirs in zip(found, expected, strict=True):
        same_line(kind, ours, theirs)


@files
def test_regions_are_the_scan_filtered_and_what_htslib_finds(corpus, file):
    """2,000 regions at the bins' edges, of one base, at rows' ends, past the chrom's end."""
    path = corpus / "tabix" / file
    for k, (index, oracle) in enumerate(indexes(path)):
        dataset = opened(path, index=index)
        whole = dataset.to_table(columns=["chrom", "start", "end"])
        chrom = np.array(whole["chrom"].to_pylist(), object)
        start = whole["start"].to_numpy(zero_copy_only=False)
        end = whole["end"].to_numpy(zero_copy_only=False)
        r = random.Random(2)
        names = list(oracle.contigs)
        spans = {}
        for name in names:
            mine = chrom == name
            spans[name] = start[mine], end[mine], int(start[mine].min()), int(end[mine].max())
        for i in range(500 if k else 2000):
            name = r.choice(names)
            starts, ends, first, last = spans[name]
            edge = r.randint(first // 16384, last // 16384 + 1) * 16384 + r.randint(-2, 2)
            at = r.choice([edge, int(r.choice(starts)) + r.randint(-2, 1), int(r.choice(ends)) - 1])
            at = max(at, 0)
            stop = at + r.choice([1, 1, 2, 100, 16384, r.randint(1, last - first + 100)])
            touch = starts == ends
            overlapping = (starts < stop + touch) & (ends + touch > at)
            found = dataset.to_table((name, at, stop), columns=["start"])
            assert np.array_equal(found["start"], starts[overlapping]), (name, at, stop)
            if i % 10 == 0:
                assert sum(1 for _ in oracle.fetch(name, at, stop)) == found.num_rows


@pytest.mark.parametrize(("reader", "file"), UNREAD)
def test_what_pysam_cannot_read(corpus, reader, file):
    path = str(corpus / "tabix" / file)
    with pytest.raises(UNREAD[reader, file]), getattr(pysam, reader)(path) as oracle:
        assert sum(1 for _ in oracle.fetch()) == FILES[file][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        assert gidx.open(path).to_table().num_rows == FILES[file][1]


@pytest.mark.parametrize("file", PLAIN)
def test_plain_text_reads_whole(corpus, file):
    kind, rows = PLAIN[file]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        dataset = gidx.open(corpus / "tabix" / file)
        assert dataset.format == kind
        assert dataset.to_table().num_rows == rows


def test_positions_past_two_to_the_29(corpus):
    path = corpus / "tabix" / "test.vcf.gz"
    dataset = gidx.open(path)
    assert dataset.index.kind == "csi"
    starts = dataset.to_table("1:1,206,810,000-1,206,814,300", columns=["start"])["start"]
    assert starts.to_pylist() == [1206810422, 1206813201, 1206814246]


def test_an_index_of_any_file_is_built_again_with_the_same_answers(corpus, tmp_path):
    import shutil

    for file in FILES:
        copy = tmp_path / file.replace("/", "_")
        shutil.copy(corpus / "tabix" / file, copy)
        options = {"skip": 1, "chrom": 1, "start": 2, "end": 3} if "skiplines" in file else {}
        index = gidx.build_index(copy, **options)
        again, first = opened(copy, index=index), opened(corpus / "tabix" / file)
        for chrom, size in list(first.chroms.items())[:3]:
            del size
            assert again.count_rows(chrom) == first.count_rows(chrom)


@files
def test_several_regions_are_the_union_of_each_asked_alone(corpus, file):
    """In file order, each row once, whatever chroms they are of and whatever the order asked."""
    path = corpus / "tabix" / file
    for index, _ in indexes(path):
        dataset = opened(path, index=index)
        whole = places(dataset.to_table(columns=HEAD, errors="null"))

        @cache  # a whole chrom may be asked for many times
        def alone(region, dataset=dataset):
            return set(places(dataset.to_table(region, columns=HEAD)))

        r = random.Random(7)
        for _ in range(24):
            asked = []
            for chrom, start, end in r.choices(whole, k=r.randint(2, 5)):
                by = r.choice([0, 1, 1000, 1 << 20])
                asked.append(r.choice([(chrom, max(start - by, 0), end + by), (chrom,)]))
            some = set().union(*map(alone, asked))
            expected = [place for place in whole if place in some]
            assert places(dataset.to_table(asked, columns=HEAD)) == expected
            assert dataset.count_rows(asked) == len(expected)
