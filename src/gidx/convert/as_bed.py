"""Rows of VCF, GFF3, GTF and SAM as those of BED: what bedops' converters make of them.

=======  =============================  ===========================================  =========
BED      of GFF3 and GTF                of VCF                                       of SAM
=======  =============================  ===========================================  =========
name     attribute ID (GTF: gene_id)    ID                                           QNAME
score    score                          QUAL                                         MAPQ
strand   strand                         ``.``                                        of FLAG
further  source, type, phase,           ref, alt, filter, info, format, each sample  all else
         attributes
=======  =============================  ===========================================  =========

Further fields are the texts that their own format has for them, so nothing is lost. Scores
are as they are: BED's range of 0 to 1000 is not forced on them. Where some columns of the
source are missing, those that are there are the further fields; of chrom, start and end
alone it is BED3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.batches import check_names, flow
from gidx.arrow.encode import as_arrow
from gidx.arrow.faults import Faults
from gidx.arrow.nested import nested_as_text
from gidx.arrow.order import unfit
from gidx.errors import ColumnError
from gidx.formats.gff import encode as gff_encode
from gidx.formats.text.encoding import LineEncoder
from gidx.formats.vcf import encode as vcf_encode

FORMATS = ("vcf", "gff3", "gtf", "sam")
_MISSING = "."
_BED6 = ("name", "score", "strand")
_NAMES, _SCORES = ("ID", "gene_id", "id"), ("score", "qual")
_REVERSE = 16  # of SAM's FLAG
# fields of the format's own lines, and what they are called here
_GFF = {1: "source", 2: "type", 7: "phase", 8: "attributes"}
_VCF = {3: "ref", 4: "alt", 6: "filter", 7: "info", 8: "format"}


def as_bed(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The rows of a source that `FORMATS` has, as the columns of BED.

    >>> ds = gidx.open("genes.gff3.gz")
    >>> bed = as_bed(ds.scan(columns=["chrom", "start", "end", "ID", "strand"])).read_all()
    >>> bed.select(["start", "end", "name", "score", "strand"]).to_pylist()[0]
    {'start': 99, 'end': 900, 'name': 'g1', 'score': '.', 'strand': '+'}
    """
    names = rows.schema.names
    for name in schema.HEAD:
        if name not in names:
            raise ColumnError(schema.no_column(name, names))
    check_names(rows.schema)
    kind = schema.read_metadata(rows.schema).get("format")
    known = (("qname",), ("mapq",), ()) if kind == "sam" else (_NAMES, _SCORES, ("strand",))
    picked = [next((n for n in some if n in names), None) for some in known]
    needed = ("source", "type", "score", "strand", "phase")
    if kind == "vcf":
        needed = ("id", "ref", "alt", "qual", "filter")
    whole = kind != "sam" and {*needed, *schema.HEAD} <= {*names}
    more, parts = _lines(rows) if whole else _columns(rows, picked)
    head = zip(schema.HEAD, (pa.string(), schema.POSITION, schema.POSITION), strict=True)
    named = (*_BED6, *more) if len(names) > len(schema.HEAD) else ()  # else nobody asked for them
    fields = [*head, *((n, pa.string()) for n in schema.unique(named))]
    found = pa.schema(fields, schema.metadata(format="bed", coordinates="0-based half-open"))

    def batches() -> Iterator[pa.RecordBatch]:
        for batch, rest in parts:
            arrays = [batch.column(n).cast(found.field(n).type) for n in schema.HEAD]
            arrays += [_text(batch, n) for n in picked if named]
            if kind == "sam" and "flag" in names:
                arrays[-1] = _strand(batch.column("flag"))
            yield pa.RecordBatch.from_arrays([*arrays, *rest], schema=found)

    return pa.RecordBatchReader.from_batches(found, batches())


_Parts = Iterator[tuple[pa.RecordBatch, list[pa.Array]]]


def _lines(rows: pa.RecordBatchReader) -> tuple[list[str], _Parts]:
    """The fields of the format's lines that BED6 has no place for: names, and texts a batch."""
    coming = flow(rows)
    encoder: LineEncoder
    if coming.about.get("format") == "vcf":
        encoder = vcf_encode.encoder(coming.schema, coming.about, coming.categories)
        none = pa.RecordBatch.from_pylist([], coming.schema).select(list(encoder.columns))
        nowhere = np.zeros(0, np.int64)
        there = len(encoder.fields(none, nowhere, nowhere, Faults()))
        samples = encoder.header.decode().split("\n")[-2].split("\t")[9:] if there > 8 else []
        called = {i: name for i, name in _VCF.items() if i < there}
        called |= dict(enumerate(samples, 9))
    else:
        encoder = gff_encode.encoder(coming.schema, coming.about, coming.categories)
        samples, called = [], _GFF

    def parts() -> _Parts:
        number = 0
        for batch in coming.batches:
            starts, ends = (
                batch.column(n).to_numpy(zero_copy_only=False).astype(np.int64)
                for n in encoder.heads[1:]
            )
            faults = Faults()
            texts = encoder.fields(batch.select(list(encoder.columns)), starts, ends, faults)
            if faults.row is not None:
                raise unfit(faults.message, number + faults.row, None)
            lines = [as_arrow(text).cast(pa.string()) for text in texts]
            if samples:  # they are one text, in which a row may have none of them
                padded = pc.binary_join_element_wise(lines.pop(), "\t." * len(samples), "")
                parted = pc.split_pattern(padded, "\t")
                lines += [pc.list_element(parted, i) for i in range(len(samples))]
            yield batch, [lines[i] for i in called]
            number += batch.num_rows

    return list(called.values()), parts()


def _columns(rows: pa.RecordBatchReader, picked: list[str | None]) -> tuple[list[str], _Parts]:
    """The columns that are no field of BED6: names, and texts a batch."""
    rest = [n for n in rows.schema.names if n not in (*schema.HEAD, *picked)]
    return rest, ((batch, [_text(batch, n) for n in rest]) for batch in rows)


def _strand(flag: pa.Array) -> pa.Array:
    is_reverse = pc.equal(pc.bit_wise_and(flag, pa.scalar(_REVERSE, flag.type)), _REVERSE)
    return pc.if_else(is_reverse, "-", "+").fill_null(_MISSING).cast(pa.string())


def _text(batch: pa.RecordBatch, name: str | None) -> pa.Array:
    if name is None:
        return pa.nulls(batch.num_rows, pa.string()).fill_null(_MISSING)
    table = nested_as_text(pa.table({name: batch.column(name)}))
    array = table.column(0).combine_chunks()
    if pat.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    array = array.cast(pa.string()).fill_null(_MISSING)
    return pc.if_else(pc.equal(array, ""), _MISSING, array)  # an empty map or list
