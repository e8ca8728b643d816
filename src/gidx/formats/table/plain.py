"""Any columns as rows of text, written without an index: TSV, and an object of JSON a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from gidx.formats.base import Writing
from gidx.formats.streams import counted, small, write_pieces
from gidx.formats.table.rows import RowText, json_lines
from gidx.ground.atomic import replacing

if TYPE_CHECKING:
    from gidx.formats.registry import Target


def write_tsv(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """Under a line of names, unless ``options.header`` is False.

    Any columns, for any program: rows without a place in a table (POS 0 of a VCF, reads that are
    not mapped) are written as well. `gidx.read` refuses them by line; Parquet gives them back.
    """
    text = RowText(rows.schema)
    with replacing(target) as file:
        if options.header is not False:
            file.write(text.header)
        write_pieces(file, (text.rows(b) for b in small(counted(rows, options.progress))))


def write_json(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """One object a line."""
    with replacing(target) as file:
        write_pieces(file, (json_lines(b) for b in small(counted(rows, options.progress))))
