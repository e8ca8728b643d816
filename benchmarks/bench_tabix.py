"""BED, VCF and GFF with tabix indexes: reading and writing beside the peers, in one run.

    python benchmarks/bench_tabix.py            # needs: pip install 'gidx[bench]'
    python benchmarks/bench_tabix.py --rows 20000 --rounds 1

``--rows`` is that of BED6; VCF sites and GFF have half of it, genotypes a fortieth, with
100 samples. Makes its own data, checks that the answers are equal, then times in turn. A
peer that is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pysam
import texts
from pyarrow import csv
from race import inflating, peer, race

import gidx

bioframe = peer("bioframe")
cyvcf2 = peer("cyvcf2")
oxbow = peer("oxbow")
polars = peer("polars")
polars_bio = peer("polars_bio")
PROGRAMS = shutil.which("bgzip") and shutil.which("tabix")


def quiet(read: Any, *given: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read(*given, **options)


def same(ours: pa.Table, theirs: Any, pairs: dict[str, str], shift: int = 0) -> None:
    """Columns of a polars frame have the values of ours."""
    assert theirs.height == ours.num_rows, (theirs.height, ours.num_rows)
    for mine, other in pairs.items():
        found = theirs[other].to_list()
        expected = ours[mine].to_pylist()
        if mine == "start":
            found = [v - shift for v in found]
        if expected and isinstance(expected[0], float):
            assert np.allclose(np.array(expected, float), np.array(found, float), equal_nan=True)
        else:
            assert expected == found, (mine, expected[:3], found[:3])


def ours_of(path: str) -> dict[str, Any]:
    """gidx, what it would take without threads, and what no reader is below."""
    return {
        "gidx": lambda: gidx.open(path).to_table(),
        "gidx, one thread": lambda: gidx.open(path).to_table(threads=1),
        "inflating alone": lambda: inflating(path),
    }


# ── BED ─────────────────────────────────────────────────────────────────────────────────────────


def bed(path: str, rounds: int) -> None:
    ours = gidx.open(path).to_table()
    plain = path.removesuffix(".gz")
    names = ours.schema.names
    contenders = ours_of(path)
    if oxbow:
        found = oxbow.from_bed(path, bed_schema="bed6").pl()
        same(ours, found, {n: n for n in ("start", "end", "name", "score")})
        contenders["oxbow"] = lambda: list(oxbow.from_bed(path, bed_schema="bed6").batches())
    if polars_bio:
        found = quiet(polars_bio.read_bed, path, use_zero_based=True)
        same(ours, found, {n: n for n in ("start", "end", "name")})
        contenders["polars-bio, 4 columns"] = lambda: quiet(
            polars_bio.read_bed, path, use_zero_based=True
        )
    if polars:
        contenders["polars.read_csv, of the .gz"] = lambda: polars.read_csv(
            path, separator="\t", has_header=False, new_columns=names, quote_char=None
        )
        contenders["polars.read_csv, plain text"] = lambda: polars.read_csv(
            plain, separator="\t", has_header=False, new_columns=names, quote_char=None
        )
    options = csv.ParseOptions(delimiter="\t", quote_char=False)
    head = csv.ReadOptions(column_names=names)
    contenders["pyarrow.csv, of the .gz"] = lambda: csv.read_csv(path, head, options)
    contenders["pyarrow.csv, plain text"] = lambda: csv.read_csv(plain, head, options)
    if bioframe:
        found = bioframe.read_table(path, schema="bed6")
        assert found["start"].tolist() == ours["start"].to_pylist()
        contenders["bioframe.read_table"] = lambda: bioframe.read_table(path, schema="bed6")
    contenders["pandas.read_csv"] = lambda: pd.read_csv(path, sep="\t", header=None, names=names)
    race(f"whole file, BED6, {ours.num_rows:,} rows", contenders, rounds)


def some_regions(path: str, title: str, rounds: int, count: int, parser: Any) -> None:
    asked = texts.regions(path, count)
    file, theirs = gidx.open(path), pysam.TabixFile(path, parser=parser())
    rows = file.to_table(asked, columns=["chrom", "start"])
    found = {str(row) for c, s, e in asked for row in theirs.fetch(c, s, e)}
    assert len(found) == rows.num_rows, (len(found), rows.num_rows)
    contenders = {
        "gidx, one call, typed": lambda: file.to_table(asked),
        "pysam, a loop over tuples": lambda: [
            tuple(row) for c, s, e in asked for row in theirs.fetch(c, s, e)
        ],
    }
    race(f"{len(asked):,} regions, {title}", contenders, rounds)
    few = asked[:: max(len(asked) // 200, 1)]
    contenders = {
        "gidx, Arrow, typed": lambda: [file.to_table(one) for one in few],
        "pysam, tuples": lambda: [[tuple(row) for row in theirs.fetch(*one)] for one in few],
    }
    race(f"{len(few)} regions of an open file, a call each, {title}", contenders, rounds)


# ── VCF ─────────────────────────────────────────────────────────────────────────────────────────


def sites(path: str, rounds: int) -> None:
    ours = gidx.open(path).to_table()
    contenders = ours_of(path)
    if oxbow:
        found = oxbow.from_vcf(path).pl().unnest("info")
        same(ours, found, {"start": "pos", "ref": "ref", "alt": "alt"}, shift=1)
        same(ours, found, {f"INFO/{n}": n for n in ("AC", "AN", "DP", "MQ")})
        contenders["oxbow"] = lambda: list(oxbow.from_vcf(path).batches())
    if polars_bio:
        read = lambda: quiet(  # noqa: E731
            polars_bio.read_vcf, path, info_fields=list(texts.INFO), use_zero_based=True
        )
        same(ours, read(), {"start": "start", **{f"INFO/{n}": n for n in ("AC", "AN", "DP", "MQ")}})
        contenders["polars-bio"] = read
    if cyvcf2:
        contenders["cyvcf2, a loop"] = lambda: [
            (v.CHROM, v.POS, v.ID, v.REF, v.ALT, v.QUAL, v.FILTER, *map(v.INFO.get, texts.INFO))
            for v in cyvcf2.VCF(path)
        ]
        found = contenders["cyvcf2, a loop"]()
        assert [row[1] - 1 for row in found] == ours["start"].to_pylist()
        assert [row[9 + 1] for row in found] == ours["INFO/DP"].to_pylist()
    race(f"whole file, VCF, {ours.num_rows:,} sites, 7 INFO fields", contenders, rounds)
    if cyvcf2 and rounds > 1:
        return
    race(
        "the same, pysam.VariantFile",
        {
            "gidx": contenders["gidx"],
            "pysam.VariantFile, a loop": lambda: [
                (v.chrom, v.pos, v.id, v.ref, v.alts, v.qual, tuple(v.filter), dict(v.info))
                for v in pysam.VariantFile(path)
            ],
        },
        1,
    )


def genotypes(path: str, rounds: int) -> None:
    table = gidx.open(path, gt="alleles").to_table(columns=["FORMAT/GT"])
    contenders: dict[str, Any] = {
        'gidx, gt="alleles"': lambda: gidx.open(path, gt="alleles").to_table(),
        "gidx, as text": lambda: gidx.open(path).to_table(),
        "inflating alone": lambda: inflating(path),
    }
    if cyvcf2:
        contenders["cyvcf2, genotype.array()"] = lambda: np.stack(
            [v.genotype.array() for v in cyvcf2.VCF(path)]
        )
        theirs = contenders["cyvcf2, genotype.array()"]()[:, :, :2].reshape(-1)
        calls = table["FORMAT/GT"].combine_chunks().flatten()
        alleles = calls.field("alleles").flatten().fill_null(-1).to_numpy()
        assert np.array_equal(alleles, theirs)
    if polars_bio:
        read = lambda: quiet(polars_bio.read_vcf, path, format_fields=["GT"])  # noqa: E731
        assert read().height == table.num_rows
        contenders["polars-bio, text"] = read
    if oxbow:
        contenders["oxbow, alleles"] = lambda: list(oxbow.from_vcf(path, samples="*").batches())
    race(f"whole file, VCF, {table.num_rows:,} sites of 100 samples", contenders, rounds)


# ── GFF ─────────────────────────────────────────────────────────────────────────────────────────


def gff(path: str, rounds: int) -> None:
    ours = gidx.open(path).to_table()
    contenders = ours_of(path)
    if polars_bio:
        read = lambda: quiet(  # noqa: E731
            polars_bio.read_gff, path, attr_fields=list(texts.ATTRIBUTES), use_zero_based=True
        )
        same(ours, read(), {n: n for n in ("start", "end", "type", "ID", "gene_name")})
        contenders["polars-bio"] = read
    if oxbow:
        defs = [(n, "String") for n in texts.ATTRIBUTES]
        found = oxbow.from_gff(path, attribute_defs=defs).pl().unnest("attributes")
        same(ours, found, {"end": "end", "type": "type", "ID": "ID", "gene_name": "gene_name"})
        contenders["oxbow"] = lambda: list(oxbow.from_gff(path, attribute_defs=defs).batches())
    race(f"whole file, GFF3, {ours.num_rows:,} rows, 8 attributes", contenders, rounds)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def writing(rows: int, folder: Path, rounds: int) -> None:
    frame = texts.bed6(rows)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    ours, theirs = folder / "ours.bed.gz", folder / "theirs.bed.gz"
    text = folder / "theirs.bed"
    text.write_text(texts.bed6_text(rows))

    def programs() -> None:
        with theirs.open("wb") as file:
            subprocess.run(["bgzip", "-@2", "-c", str(text)], stdout=file, check=True)
        subprocess.run(["tabix", "-f", "-p", "bed", str(theirs)], check=True)

    def pandas_first() -> None:
        frame.to_csv(text, sep="\t", header=False, index=False)
        programs()

    contenders: dict[str, Any] = {
        "gidx, from a DataFrame": lambda: gidx.write_bed(frame, ours),
        "gidx, from an Arrow Table": lambda: gidx.write_bed(table, ours),
    }
    if PROGRAMS:
        contenders["bgzip -@2, tabix, of text at hand"] = programs
        contenders["pandas.to_csv, bgzip -@2, tabix"] = pandas_first
    race(f"writing BED6 with its index, {rows:,} rows", contenders, rounds)
    if PROGRAMS:
        assert gidx.open(ours).to_table().equals(gidx.open(theirs).to_table())
        sizes = f"{ours.stat().st_size:,} and {theirs.stat().st_size:,} bytes"
        print(f"  gidx's file and bgzip's: {sizes}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="BED6 rows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--regions", type=int, default=1_000)
    asked = parser.parse_args()
    half = max(asked.rows // 2, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = {
            "bed": texts.write(folder / "peaks.bed.gz", texts.bed6_text(asked.rows), "bed"),
            "sites": texts.write(folder / "sites.vcf.gz", texts.sites_text(half), "vcf"),
            "calls": texts.write(
                folder / "calls.vcf.gz", texts.genotypes_text(max(asked.rows // 40, 1), 100), "vcf"
            ),
            "gff": texts.write(folder / "exons.gff3.gz", texts.gff_text(half), "gff"),
        }
        bed(paths["bed"], asked.rounds)
        sites(paths["sites"], asked.rounds)
        genotypes(paths["calls"], asked.rounds)
        gff(paths["gff"], asked.rounds)
        some_regions(paths["bed"], "BED6", asked.rounds, asked.regions, pysam.asTuple)
        some_regions(paths["sites"], "VCF", asked.rounds, asked.regions, pysam.asTuple)
        some_regions(paths["gff"], "GFF3", asked.rounds, asked.regions, pysam.asTuple)
        writing(asked.rows, folder, max(1, asked.rounds // 2))


if __name__ == "__main__":
    main()
