"""VCF files, written: a table of variants to lines, with the header that they need.

What a line is, `formats.vcf.encode` says, what the header `formats.vcf.declare`, and
`formats.text.write` does everything else. This module looks at the data before, where the
header depends on more than their columns: chroms, filters and such.

1 M sites with 7 INFO fields (118 MB) take 1.4 s as plain text, 3.5 s with BGZF and index;
50,000 × 100 genotypes 0.7 s with them (two threads, of the author's machine). A third of
the former is Arrow's, for the floats' digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import schema as canonical
from gidx.arrow.batches import Batches, as_told, flow, frame, in_memory
from gidx.arrow.faults import Inspection
from gidx.arrow.lists import is_list
from gidx.arrow.order import naturally
from gidx.formats.text.write import MakeEncoder, check_lines, header_text, write_lines
from gidx.formats.vcf.declare import RESERVED, fixed_columns
from gidx.formats.vcf.encode import Looked, encoder

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import Path, Tabular, WriteOptions


def write_vcf(
    data: Tabular,
    path: Path | BinaryIO,
    *,
    header: str | os.PathLike[str] | None = None,
    samples: Sequence[str] | None = None,
    **options: Unpack[WriteOptions],
) -> None:
    """Write a VCF file with its index; both appear when finished.

    Parameters
    ----------
    data
        A DataFrame, a pyarrow Table, anything with ``__arrow_c_stream__`` (polars,
        duckdb, a gidx Dataset), or an iterable of batches, of any total size. Columns:
        ``chrom``, ``start`` (0-based) or ``pos`` (1-based), ``ref``; ``id``, ``alt``
        (``"A,C"`` or lists), ``qual``, ``filter``; ``INFO/<ID>``; ``FORMAT/<ID>``, each
        a list over the samples; the maps ``INFO`` and ``FORMAT`` of other keys, or texts that
        did not fit theirs; ``INFO`` may be text as in a file (``DP=8;DB``). ``end``
        is not needed: where an allele is symbolic it is written as INFO/END, and
        everywhere else it has to be the end that the row has anyway.
    path : str, PathLike or binary file
        The file. One that ends with ``.gz``, ``.bgz`` or ``.bgzf`` is BGZF, any other
        plain text; an open file without a name is BGZF.
    header : str or PathLike, optional
        The header's text, or a path to it; all keys must be declared. Default: that of
        the file which the data come from, with declarations of new columns; else one is
        made from the columns and values (VCF 4.3). A stream that does not bring its
        header is kept, on disk if it is large, until its chroms and filters are known.
    samples : list of str, optional
        The samples' names, in the order of the values. Default: as they were read.
    **options
        As in `write_bed`: ``index``, ``gzi``, ``sort``, ``level``, ``threads``, ``chromsizes``
        (which a header that is made has as contigs), ``encoding``, ``progress``.

    Raises
    ------
    WriteError
        Rows or columns that VCF cannot hold; ``row`` is the first one's number. No file
        is left behind, and those that were there are as they were.

    Source: the VCF specifications 4.0 to 4.5 (samtools/hts-specs).

    Examples
    --------
    >>> df = pd.DataFrame({"chrom": "chr1", "pos": [10, 20], "ref": ["A", "CT"],
    ...                    "alt": ["C", "C,CG"], "INFO/AF": [[0.5], [0.25, 0.125]]})
    >>> write_vcf(df, "calls.vcf.gz")
    >>> gidx.open("calls.vcf.gz").to_table("chr1:20-21")["INFO/AF"].to_pylist()
    [[0.25, 0.125]]
    """
    beside = path if isinstance(path, str | os.PathLike) else None
    with _prepared(data, beside, header, samples, options) as (rows, make):
        write_lines(rows, path, make, **options)


def check_vcf(
    data: Any,
    most: int,
    *,
    header: str | os.PathLike[str] | None = None,
    samples: Sequence[str] | None = None,
    **options: Unpack[WriteOptions],
) -> Inspection:
    """All that `write_vcf` would refuse; ``most`` are listed."""
    with _prepared(data, None, header, samples, options) as (rows, make):
        return check_lines(rows, make, most, **options)


@contextmanager
def _prepared(
    data: Any,
    beside: Path | None,
    header: str | os.PathLike[str] | None,
    samples: Sequence[str] | None,
    options: WriteOptions,
) -> Iterator[tuple[Any, MakeEncoder]]:
    """Rows that may be passed over once more, and what makes their encoder."""
    text = header_text(header)
    data = as_told(data, end=False)
    given_sizes = options.get("chromsizes")
    sizes = None if given_sizes is None else sizes_of.read(given_sizes)
    make = partial(encoder, header=text, samples=samples, chromsizes=sizes)
    if not in_memory(data):
        data = flow(data, no_nan=True)
        if text is not None or "vcf_header" in data.about:
            yield data, make
            return
    with frame(data, beside=beside, no_nan=True) as kept:
        known = sizes or canonical.read_metadata(kept.schema).get("chromsizes") or {}
        looked = _look(kept)
        if options.get("sort"):
            looked = replace(looked, contigs=naturally(looked.contigs, known=known))
        yield kept, partial(make, looked=looked)


# ── what only the values say ────────────────────────────────────────────────────────────────────


def _look(rows: Batches) -> Looked:
    """Chroms and filters that occur, integers among the floats, whether END is needed."""
    fixed = fixed_columns(rows.schema)
    contigs: dict[str, None] = {}
    filters: dict[str, None] = {}
    floats = set(_floats_of_integers(rows.schema))
    lengths = {"INFO", "FORMAT", "INFO/END", "INFO/SVLEN", "FORMAT/LEN"} & set(rows.schema.names)
    watch_ends = "end" in fixed and "start" in fixed and not lengths
    with_end = False
    for batch in rows.batches:
        contigs.update(dict.fromkeys(_words(batch.column(fixed["chrom"]))))
        if "filter" in fixed:
            for word in _words(batch.column(fixed["filter"])):
                filters.update(dict.fromkeys(word.split(";")))
        floats -= {name for name in floats if not _all_whole(batch.column(name))}
        if watch_ends and not with_end:
            with_end = _other_ends(*(batch.column(fixed[key]) for key in ("start", "end", "ref")))
    for word in ("PASS", ".", ""):
        filters.pop(word, None)
    return Looked(list(contigs), list(filters), floats, with_end)


def _words(array: pa.Array) -> list[str]:
    """The different texts of a column, or in its lists."""
    if pat.is_null(array.type):
        return []
    if pat.is_list(array.type) or pat.is_large_list(array.type):
        array = array.flatten()
    found = pc.unique(array)
    if pat.is_dictionary(found.type):
        found = found.dictionary.take(found.indices)
    return [str(word) for word in found.to_pylist() if word is not None]


def _floats_of_integers(schema: pa.Schema) -> list[str]:
    """Columns of floats whose keys the specification has as Integer."""
    found = []
    for f in schema:
        place, _, key = f.name.partition("/")
        known = RESERVED.get(place, {}).get(key)
        if known is not None and known.type == "Integer" and pat.is_floating(_leaf(f.type)):
            found.append(f.name)
    return found


def _leaf(kind: pa.DataType) -> pa.DataType:
    while is_list(kind):
        kind = kind.value_type
    return kind


def _all_whole(array: pa.Array) -> bool:
    while not pat.is_floating(array.type):
        array = array.flatten()
    values = array.drop_null().to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        return bool(np.all(values % 1 == 0))


def _other_ends(start: pa.Array, end: pa.Array, ref: pa.Array) -> bool:
    """Whether rows end elsewhere than their REF does."""
    if not (pat.is_integer(start.type) and pat.is_integer(end.type)):
        return False
    ref = ref.dictionary.take(ref.indices) if pat.is_dictionary(ref.type) else ref
    if not (pat.is_string(ref.type) or pat.is_large_string(ref.type)):
        return False
    length = pc.call_function("binary_length", [ref]).cast(pa.int64())
    same = pc.equal(pc.add(start.cast(pa.int64()), length), end.cast(pa.int64()))
    return bool(pc.any(pc.invert(same)).as_py())
