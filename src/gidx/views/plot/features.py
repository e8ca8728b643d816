"""What a row looks like, told by its columns: colour, strand, blocks, label.

Columns are known by name, as UCSC's AutoSQL, VCF and GFF have them, and pyranges. A row
that says nothing is one block, thick all over, without strand or label, in the colour of
all that have none of their own.

`Features` are arrays in genome coordinates, 0-based half-open. Where they go on paper,
and what of them there is room for, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import colors
from gidx.declared.declare import by_field
from gidx.errors import ColumnError, hint, visible
from gidx.frames.positions import as_arrow, integers

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Columns that say how a row looks, the first that is there.
LABELS = (
    "geneName", "gene_name", "name", "Name", "gene", "ID", "id", "gene_id", "transcript_id",
)  # fmt: skip
COLORS = ("itemRgb", "reserved", "color")
STRANDS = ("strand", "Strand")
THICK = ("thickStart", "thickEnd")
SIZES, STARTS = "blockSizes", ("chromStarts", "blockStarts")
ALLELES = (("ref", "alt"), ("REF", "ALT"))
COLUMNS: tuple[str, ...] = (
    *LABELS, *COLORS, *STRANDS, *THICK, SIZES, *STARTS, *sum(ALLELES, ()),
)  # fmt: skip
_PARTS = (*THICK, SIZES, STARTS[0], "reserved")

LONGEST = 28  # letters of a label


@dataclass(frozen=True)
class Features:
    """One entry a feature; ``block_*`` one a block, ``of`` says of which feature."""

    start: Ints
    end: Ints
    strand: npt.NDArray[np.int8]  # 1, -1, or 0 where there is none
    color: Floats  # (n, 3)
    labels: Sequence[str] | None
    pin: bool  # short ones are variants
    of: npt.NDArray[np.intp]
    block_start: Ints
    block_end: Ints
    thick_start: Ints
    thick_end: Ints

    def __len__(self) -> int:
        return len(self.start)

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Features:
        """Some of them."""
        blocks = keep[self.of]
        number = np.cumsum(keep) - 1
        labels = self.labels
        if labels is not None:
            labels = [text for text, kept in zip(labels, keep, strict=True) if kept]
        return replace(
            self,
            start=self.start[keep],
            end=self.end[keep],
            strand=self.strand[keep],
            color=self.color[keep],
            labels=labels,
            of=number[self.of[blocks]],
            block_start=self.block_start[blocks],
            block_end=self.block_end[blocks],
            thick_start=self.thick_start[keep],
            thick_end=self.thick_end[keep],
        )


def features_of(
    frame: pd.DataFrame, rows: npt.NDArray[np.intp], start: Ints, end: Ints, label: Any, color: Any
) -> Features:
    """Those of a frame at these row numbers; ``start`` and ``end`` are the rows' own.

    ``label`` and ``color`` as `DataFrame.gidx.views.plot` takes them.
    """
    wanted = [c for c in (label, color) if isinstance(c, str) and c in frame.columns]
    frame = frame.rename(columns=_own_names(c for c in frame.columns if c not in wanted))
    some = frame[[c for c in frame.columns if c in (*COLUMNS, *wanted)]].iloc[rows]
    alleles = next((pair for pair in ALLELES if set(pair) <= set(some.columns)), None)
    strands = next((some[c] for c in STRANDS if c in some), None)
    strand = np.zeros(len(some), np.int8)
    if strands is not None:
        signs = strands.astype("str").to_numpy(object)
        strand = (signs == "+").astype(np.int8) - (signs == "-").astype(np.int8)
    of, block_start, block_end = _blocks(some, rows, start, end)
    thick_start, thick_end = _thick(some, start, end)
    texts, painted = _labels(some, label, alleles), _colors(some, color)
    return Features(
        start, end, strand, painted, texts, alleles is not None,
        of, block_start, block_end, thick_start, thick_end,
    )  # fmt: skip


def _own_names(names: Iterable[Any]) -> dict[str, str]:
    """BED's names of columns that have them in another spelling, as pyranges has."""
    known = list(names)
    others = by_field(c for c in known if c not in COLUMNS)
    return {c: field for field, c in others.items() if field in _PARTS and field not in known}


def _blocks(
    some: pd.DataFrame, rows: npt.NDArray[np.intp], start: Ints, end: Ints
) -> tuple[npt.NDArray[np.intp], Ints, Ints]:
    """Blocks in genome coordinates; a row without any is one block."""
    whole = np.arange(len(some)), start, end
    offsets = next((c for c in STARTS if c in some), None)
    if offsets is None or SIZES not in some or pd.api.types.is_integer_dtype(some[SIZES].dtype):
        return whole  # where blocks have been exploded, a row is one
    counts, first = _numbers(some[offsets])
    sized, size = _numbers(some[SIZES])
    wrong = np.flatnonzero(counts != sized)
    if len(wrong):
        i = int(wrong[0])
        raise ColumnError(
            f"row {rows[i]}: {SIZES} has {sized[i]} values, {offsets} {counts[i]}; expected as many"
        )
    of = np.repeat(np.arange(len(some)), counts)
    none = np.flatnonzero(counts == 0)
    of = np.r_[of, none]
    begin = np.r_[start[of[: len(first)]] + first, start[none]]
    stop = np.r_[begin[: len(size)] + size, end[none]]
    order = np.lexsort((begin, of))
    return of[order], begin[order], stop[order]


def _numbers(column: pd.Series[Any]) -> tuple[Ints, Ints]:
    """How many numbers each row has, and all of them: of lists, or texts ``1,2,``."""
    array = pa.array(column, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    values = array.to_pylist()
    if pat.is_string(array.type) or pat.is_large_string(array.type):
        values = [None if v is None else v.rstrip(", ").split(",") if v else [] for v in values]
    counts = np.fromiter((len(v) if v is not None else 0 for v in values), np.int64, len(values))
    try:
        flat = np.array([int(x) for v in values if v is not None for x in v], np.int64)
    except (TypeError, ValueError) as error:
        raise ColumnError(f"column {column.name!r} holds no blocks: {error}") from None
    return counts, flat


def _thick(some: pd.DataFrame, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Where rows are drawn thick: all over, where they do not say."""
    if not set(THICK) <= set(some.columns):
        return start, end
    (first, no_first), (last, no_last) = (integers(some[name]) for name in THICK)
    for missing in (no_first, no_last):
        if missing is not None:
            first, last = np.where(missing, start, first), np.where(missing, end, last)
    return first, last


def _labels(some: pd.DataFrame, label: Any, alleles: tuple[str, str] | None) -> list[str] | None:
    """A text for each row, empty where it has none; None for no labels at all."""
    if label is False:
        return None
    names = [label] if label is not None else [c for c in LABELS if c in some]
    texts = [""] * len(some)
    for name in names:
        for i, value in enumerate(some[name].tolist()):
            if not texts[i] and isinstance(value, (str, int, float)) and not pd.isna(value):
                shown = f"{value:.6g}" if isinstance(value, float) else str(value)
                texts[i] = "" if shown == "." else shown
    if alleles is not None and label is None:
        ref, alt = (some[name].tolist() for name in alleles)
        for i, text in enumerate(texts):
            texts[i] = text or f"{_short(ref[i], 8)}>{_short(alt[i], 8)}"
    if not any(texts):
        return None
    return [_short(visible(" ".join(text.split())), LONGEST) for text in texts]


def _short(value: Any, longest: int) -> str:
    if value is None or value is pd.NA:
        return "."
    text = value if isinstance(value, str) else ",".join(map(str, value))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _colors(some: pd.DataFrame, color: Any) -> Floats:
    """(n, 3), between 0 and 1."""
    base = base_color(some.columns, color)
    if color is None:
        column = next((c for c in COLORS if c in some), None)
    else:
        column = color if isinstance(color, str) and color in some else None
    if column is None:
        return np.tile(np.array(base), (len(some), 1))
    values = as_arrow(some[column]).combine_chunks()
    if not colors.is_kind(values.type):
        return np.tile(np.array(base), (len(some), 1))
    written = colors.as_rgb(values).dictionary_encode()
    known = [_parts(text) or base for text in written.dictionary.to_pylist()]
    found = np.array([*known, base])
    return found[written.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)]


def base_color(names: Iterable[str], color: Any) -> tuple[float, ...]:
    """The colour of what has none of its own."""
    from matplotlib.colors import to_rgb

    names = list(names)
    if color is None or color in names:
        return tuple(to_rgb("C0"))
    try:
        return tuple(to_rgb(color))
    except ValueError:
        raise ColumnError(
            f"color {color!r} is neither a column{hint(str(color), names)} nor a colour of "
            "matplotlib's"
        ) from None


def _parts(text: str) -> tuple[float, ...] | None:
    """Parts between 0 and 1 of ``R,G,B``; None for black, which BED has for none, and others.

    >>> _parts("255,0,0"), _parts("0,0,0"), _parts("0"), _parts(".")
    ((1.0, 0.0, 0.0), None, None, None)
    """
    parts = text.strip().rstrip(",").split(",")
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(parts) != 3 or len(numbers) != 3 or not any(numbers) or max(numbers) > 255:
        return None
    return tuple(n / 255 for n in numbers)
