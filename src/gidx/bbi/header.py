"""The fixed parts at the head of a bbi file.

Layout: Kent et al. 2010, supplementary tables 5 to 7; the extended header (version
4) after UCSC's bbiFile.h. All numbers are in the byte order that the magic tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gidx.errors import format_error
from gidx.ground.layout import Order, Record, check_range, ordered, read_array, read_one
from gidx.ground.source import ByteSource

BIGBED_MAGIC = 0x8789F2EB
BIGWIG_MAGIC = 0x888FFC26
VERSION = 4
MAX_ZOOM_LEVELS = 10

# fmt: off
HEADER = np.dtype([                      # offset
    ("magic", "<u4"),                    #  0
    ("version", "<u2"),                  #  4  1 to 4
    ("zoom_levels", "<u2"),              #  6
    ("chromosome_tree_offset", "<u8"),   #  8
    ("data_offset", "<u8"),              # 16  of the item count before the first block
    ("index_offset", "<u8"),             # 24  of the range tree
    ("field_count", "<u2"),              # 32  fields of a row
    ("defined_field_count", "<u2"),      # 34  of these, standard BED fields
    ("autosql_offset", "<u8"),           # 36  0: none
    ("total_summary_offset", "<u8"),     # 44  0: none (version 1)
    ("uncompress_buffer_size", "<u4"),   # 52  0: not compressed; else the largest block
    ("extended_header_offset", "<u8"),   # 56  0: none
])

ZOOM_HEADER = np.dtype([                 # offset
    ("reduction", "<u4"),                #  0  bases a summary, about
    ("reserved", "<u4"),                 #  4
    ("data_offset", "<u8"),              #  8  of the summary count before the first block
    ("index_offset", "<u8"),             # 16  of the level's range tree
])

TOTAL_SUMMARY = np.dtype([               # offset
    ("valid_count", "<u8"),              #  0  bases covered
    ("min", "<f8"),                      #  8  of the coverage depth over covered bases
    ("max", "<f8"),                      # 16
    ("sum", "<f8"),                      # 24
    ("sum_squares", "<f8"),              # 32
])

EXTENDED_HEADER = np.dtype([             # offset
    ("size", "<u2"),                     #  0  64
    ("index_count", "<u2"),              #  2
    ("index_list_offset", "<u8"),        #  4  0: none
    ("reserved", "V52"),                 # 12
])

EXTRA_INDEX = np.dtype([                 # offset
    ("type", "<u2"),                     #  0  0: B+ tree
    ("field_count", "<u2"),              #  2  fields that make the key; 1 so far
    ("offset", "<u8"),                   #  4  of the B+ tree
    ("reserved", "<u4"),                 # 12
])
EXTRA_INDEX_FIELD = np.dtype([           # offset
    ("field", "<u2"),                    #  0  number of the field in a row, chrom is 0
    ("reserved", "<u2"),                 #  2
])
# fmt: on


@dataclass(frozen=True)
class ExtraIndex:
    """An index over one field: the field's number and where its B+ tree is."""

    field: int
    offset: int


@dataclass(frozen=True)
class BbiHeader:
    """Everything at the head of a bbi file, checked against the file's size."""

    order: Order
    fixed: Record
    zooms: Record  # array of ZOOM_HEADER
    total_summary: Record | None
    extra_indexes: tuple[ExtraIndex, ...]
    closed: bool = True  # False: of version 4, but without the magic at its end

    @property
    def compressed(self) -> bool:
        return bool(self.fixed["uncompress_buffer_size"] > 0)


def read_header(source: ByteSource, magic: int, kind: str) -> BbiHeader:
    """Read and check; ``kind`` (``bigBed``) names the format in errors.

    A file that ends early is refused here where an offset lies behind its end. Files
    of version 4 end with their magic; of one that does not, `closed` says so.
    """
    order = _byte_order(source, magic, kind)
    fixed = read_one(source, 0, ordered(HEADER, order), "header")
    version = int(fixed["version"])
    if not 1 <= version <= VERSION:
        raise format_error(source.name, 4, f"{kind} version is {version}, expected 1 to {VERSION}")
    levels = int(fixed["zoom_levels"])
    zooms = read_array(source, HEADER.itemsize, ordered(ZOOM_HEADER, order), levels, "zoom headers")
    used = np.flatnonzero(zooms["reduction"] == 0)  # UCSC's readers stop there too
    zooms = zooms[: used[0]] if len(used) else zooms
    for name in ("chromosome_tree_offset", "data_offset"):
        _check_offset(source, fixed, name, required=True)
    # libBigWig has no index in a file without rows
    layout = ordered(np.dtype("<u8"), order)
    some = int(read_one(source, int(fixed["data_offset"]), layout, "count of rows or blocks")) > 0
    _check_offset(source, fixed, "index_offset", required=some)
    for name in ("autosql_offset", "total_summary_offset", "extended_header_offset"):
        _check_offset(source, fixed, name, required=False)
    for zoom in zooms:
        for name in ("data_offset", "index_offset"):
            _check_offset(source, zoom, name, required=True)
    closed = True
    if version == VERSION:
        layout = ordered(np.dtype("<u4"), order)
        closed = int(read_one(source, source.size - 4, layout, "closing magic")) == magic
    at = int(fixed["total_summary_offset"])
    summary = read_one(source, at, ordered(TOTAL_SUMMARY, order), "total summary") if at else None
    return BbiHeader(
        order, fixed, zooms, summary, _read_extra_indexes(source, order, fixed), closed
    )


def _byte_order(source: ByteSource, magic: int, kind: str) -> Order:
    little = magic.to_bytes(4, "little")
    found = bytes(source.read(0, min(4, source.size)))
    if found == little:
        return "<"
    if found == little[::-1]:
        return ">"
    names = {m.to_bytes(4, e): n for n, m in (("bigBed", BIGBED_MAGIC), ("bigWig", BIGWIG_MAGIC))
             for e in ("little", "big")}  # fmt: skip
    what = f" (it is a {names[found]})" if found in names else ""
    raise format_error(
        source.name,
        0,
        f"not a {kind} file{what}: magic is {found.hex() or 'missing'}, "
        f"expected {little.hex()} or {little[::-1].hex()}",
    )


def _check_offset(source: ByteSource, record: Any, name: str, *, required: bool) -> None:
    offset = int(record[name])
    if (required and offset == 0) or offset >= source.size:
        raise format_error(
            source.name,
            None,
            f"truncated or broken: {name.replace('_', ' ')} is {offset}, "
            f"file ends at {source.size}",
        )


def _read_extra_indexes(source: ByteSource, order: Order, fixed: Record) -> tuple[ExtraIndex, ...]:
    at = int(fixed["extended_header_offset"])
    if at == 0:
        return ()
    extended = read_one(source, at, ordered(EXTENDED_HEADER, order), "extended header")
    at = int(extended["index_list_offset"])
    found = []
    for _ in range(int(extended["index_count"]) if at else 0):
        entry = read_one(source, at, ordered(EXTRA_INDEX, order), "extra index list")
        at += EXTRA_INDEX.itemsize
        count = int(entry["field_count"])
        fields = read_array(
            source, at, ordered(EXTRA_INDEX_FIELD, order), count, "extra index list"
        )
        at += count * EXTRA_INDEX_FIELD.itemsize
        check_range(source, int(entry["offset"]), 1, "extra index")
        # other types and keys of several fields are room that no writer has used
        if entry["type"] == 0 and count == 1:
            found.append(ExtraIndex(int(fields[0]["field"]), int(entry["offset"])))
    return tuple(found)
