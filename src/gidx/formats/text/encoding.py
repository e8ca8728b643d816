"""What a text format has to do to write rows; `formats.text.write` does everything else.

An encoder is made from the schema of the data, and what their metadata remember. Then it
turns batches into fields, each a column of texts; the writer joins these by tabs, breaks
lines, compresses and indexes them.

    schema ─▶ encoder ─▶ header
    batch of rows ─encoder.fields─▶ Texts a field ─kernels.encode─▶ lines
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from gidx.arrow.encode import Ints, TextColumn
from gidx.arrow.faults import Faults
from gidx.formats.text.dialect import Rules


class LineEncoder(Protocol):
    """How the rows of one table become lines of one format.

    A module ``formats/<name>/encode.py`` offers ``encoder(frame_schema, about,
    categories, **options) -> LineEncoder``: ``about`` is gidx's metadata
    (`schema.read_metadata`), ``categories`` the values that dictionary columns have had.
    It raises WriteError for columns that the format cannot hold.
    """

    kind: str  # "bed", "vcf", "gff3", "gtf", "tsv"
    header: bytes  # the lines before the rows, line breaks and all; may be empty
    rules: Rules  # how a reader finds the rows again
    heads: tuple[str, str, str]  # the data's columns that are chrom, start and end

    @property
    def columns(self) -> Sequence[str]:
        """All columns of the data that `fields` needs, heads included."""
        ...

    def fields(
        self, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
    ) -> list[TextColumn]:
        """The texts of every field of a line, in order.

        ``batch`` has ``columns``; ``starts`` and ``ends`` are its positions, 0-based
        half-open, that were read and checked already. Rows that cannot be written are
        noted in ``faults`` (the first one counts), never raised.
        """
        ...
