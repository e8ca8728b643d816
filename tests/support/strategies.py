"""Generated tables, regions and files: small, so that edges meet often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from tests.support.bigbed_bytes import Row, build

SIZE = 40  # bases of the largest chrom
CHROMS = ("chr1", "chr10", "chrX", "scaffold.7")

# What a field of a row can hold: neither tab nor NUL.
field_texts = st.text(st.characters(exclude_characters="\t\0", codec="utf-8"), max_size=6)


@dataclass(frozen=True)
class Table:
    """Rows (chrom, start, end, name), sorted by chrom and start, and the chroms' sizes."""

    chroms: dict[str, int]
    rows: list[Row]

    def overlapping(self, *regions: tuple[str, int, int]) -> list[Row]:
        """Brute force: the rows that overlap one of the regions."""
        return overlapping(self.rows, regions)


def overlaps(row: Row, region: tuple[str, int, int]) -> bool:
    """``s < end and e > start``; an item of length zero overlaps where it touches."""
    (chrom, s, e), (where, start, end) = row[:3], region
    if s == e:
        return chrom == where and start <= s <= end
    return chrom == where and s < end and e > start


def overlapping(rows: Iterable[tuple], regions: Sequence[tuple[str, int, int]]) -> list[tuple]:
    """Brute force: the rows that overlap one of the regions.

    What `overlaps` says, written out: a call for each pair was most of the time of what asks.
    """
    asked: dict[str, list[tuple[int, int]]] = {}
    for chrom, start, end in regions:
        asked.setdefault(chrom, []).append((start, end))
    found = []
    for row in rows:
        s, e = row[1], row[2]
        for start, end in asked.get(row[0], ()):
            if (start <= s <= end) if s == e else (s < end and e > start):
                found.append(row)
                break
    return found


@st.composite
def tables(draw: st.DrawFn, max_rows: int = 30, min_rows: int = 0) -> Table:
    names = draw(st.lists(st.sampled_from(CHROMS), min_size=1, max_size=4, unique=True))
    chroms = {name: draw(st.integers(1, SIZE)) for name in names}
    rows = []
    for name, size in chroms.items():
        spans = st.tuples(st.integers(0, size), st.integers(0, size)).map(sorted)
        found = draw(st.lists(spans, min_size=min_rows, max_size=max_rows))
        found.sort(key=lambda span: span[0])
        rows += [(name, s, e, f"{name}-{i}") for i, (s, e) in enumerate(found)]
    return Table(chroms, rows)


def regions(table: Table) -> st.SearchStrategy[tuple[str, int, int]]:
    """Of the table's chroms; also empty ones, and ones past the chrom's end."""
    positions = st.integers(0, SIZE + 3)
    spans = st.tuples(positions, positions).map(sorted)
    return st.tuples(st.sampled_from(list(table.chroms)), spans).map(lambda r: (r[0], *r[1]))


@st.composite
def shapes(draw: st.DrawFn) -> dict:
    """Options of ``build``: everything that says how rows are stored, and not which."""
    version = draw(st.integers(1, 4))
    return {
        "order": draw(st.sampled_from("<>")),
        "version": version,
        "compressed": version >= 3 and draw(st.booleans()),
        "items_per_slot": draw(st.integers(1, 5)),
        "fan_out": draw(st.integers(2, 4)),
        "levels": draw(st.integers(0, 3)),
    }


def stored(table: Table, **shape) -> bytes:
    """The table as a bigBed file of four fields."""
    return build(table.rows, table.chroms, autosql=BED4, field_count=4, **shape)


def declare(*fields: str) -> str:
    """AutoSQL of chrom, chromStart, chromEnd and these: ``declare("uint score")``."""
    rows = "".join(f' {field}; "about {field.split()[-1]}"' for field in fields)
    return (
        'table rows "Rows" ( string chrom; "Chrom" uint chromStart; "Start" uint chromEnd; "End"'
        f"{rows} )"
    )


BED4 = declare("string name")
