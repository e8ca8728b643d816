"""Real files through pandas and back: values, dtypes and metadata are those of the file.

The files are those of ``$GIDX_CORPUS``, whose rows the other corpus tests compare with what
other readers find.
"""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from tests.formats.bigbed import test_corpus_bigbed
from tests.formats.text import test_corpus_tabix

import gidx
from gidx.arrow.schema import read_metadata
from gidx.errors import GidxWarning

WRITERS = {
    "bigbed": ("to_bigbed", "bb"),
    "bed": ("to_bed", "bed.gz"),
    "vcf": ("to_vcf", "vcf.gz"),
    "gff3": ("to_gff", "gff3.gz"),
    "gtf": ("to_gtf", "gtf.gz"),
    "tsv": ("to_tabix", "tsv.gz"),
}
FILES = {
    **{f"bigbed/{name}": rows for name, (rows, _) in test_corpus_bigbed.FILES.items() if rows},
    **{
        f"tabix/{name}": rows
        for name, (kind, rows) in test_corpus_tabix.FILES.items()
        if kind in WRITERS  # there is no writer of SAM
    },
}
BACKENDS = ("pyarrow", "numpy_nullable", None)


@pytest.fixture(params=sorted(FILES))
def opened(request, corpus):
    with warnings.catch_warnings():  # of headers that say nothing
        warnings.simplefilter("ignore", GidxWarning)
        return gidx.open(corpus / request.param)


def read(dataset, regions=None, backend="pyarrow", **options):
    return dataset.to_pandas(regions, dtype_backend=backend, errors="null", **options)


def test_a_file_is_the_same_after_pandas(opened, tmp_path):
    # each file with one of the backends; all with all take 3 minutes
    backend = BACKENDS[len(opened.path) % 3]
    frame = read(opened, backend=backend)
    method, suffix = WRITERS[opened.format]
    path = getattr(frame.gidx, method)(tmp_path / f"copy.{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        found = gidx.read(path, dtype_backend=backend, errors="null")
    pd.testing.assert_frame_equal(found, frame)
    about, before = (read_metadata(f.attrs) for f in (found, frame))
    # a GFF3's version is said, and on the first line
    rewritten = {"gff_header", "gff_version"} if opened.format == "gff3" else set()
    if not before.get("vcf_header", "##fileformat").startswith("##fileformat"):
        rewritten.add("vcf_header")  # which gets its first line
    for key in before.keys() - rewritten:
        assert about[key] == before[key]


def test_a_frame_answers_as_its_file(opened):
    heads = {"columns": ["chrom", "start", "end"]}
    frame = read(opened, **heads)
    step = max(len(frame) // 2, 1)
    for chrom, start, end in frame[["chrom", "start", "end"]].iloc[::step].itertuples(index=False):
        for region in ((chrom, start, end), (chrom, max(start - 1000, 0), start), (chrom,)):
            expected = read(opened, region, **heads)
            found = frame.gidx[region].reset_index(drop=True)
            pd.testing.assert_frame_equal(found, expected)
            assert frame.gidx.count(region).sum() == len(expected)


def test_a_file_is_in_order_and_sound(opened):
    frame = read(opened)
    assert frame.gidx.is_sorted
    assert frame.gidx.validate().empty
    found = frame.sample(frac=1, random_state=1).gidx.sort()
    for column in ("chrom", "start"):
        assert found[column].tolist() == frame[column].tolist()
    # its categories are in the order of the chroms' sizes, the frame's in that of the file
    pd.testing.assert_frame_equal(found.sort_index(), frame, check_categorical=False)
