"""polars: a lazy frame whose predicate reaches the index.

polars hands the predicate of a query over as an expression, and does not apply it again. Its
tree comes as JSON. The comparisons of start and end with numbers in it bound these; a part that
is only about chrom, however it says it, is put to the names of the chroms; ANDs and ORs of them
make boxes. Any other part, and any that a later version writes differently, bounds nothing.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa
from polars.io.plugins import register_io_source

from gidx.arrow.batches import sliced
from gidx.engines import bounds, rows
from gidx.engines.bounds import EVERYTHING, Boxes
from gidx.ground.boxes import Box, Range
from gidx.scan import OpenFile

_FEW = 10_000  # rows that need no threads


def lazy(file: OpenFile, regions: Any, how: Mapping[str, Any]) -> pl.LazyFrame:
    """A lazy frame of a file, scanned as `gidx.scan_polars` explains."""
    schema = rows.plain_schema(file)

    empty: Any = pl.from_arrow(schema.empty_table())
    source = partial(_frames, file, regions, schema, how)  # can be pickled, as a closure cannot
    return register_io_source(source, schema=empty.schema)


def _frames(
    file: OpenFile,
    regions: Any,
    schema: pa.Schema,
    how: Mapping[str, Any],
    columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """The rows of a query: the first ``n_rows``, and of these those of the predicate.

    In this order: polars (1.44 and 2.1) asks for both only for ``head(n).filter(…)``. So where
    it asks for some rows, the predicate cannot tell where in the file they are.
    """
    del batch_size  # a hint; batches of other sizes are as good
    needed = columns
    if columns is not None and predicate is not None:
        needed = list(dict.fromkeys([*columns, *predicate.meta.root_names()]))
    asked = regions
    # Rows have to overlap the user's regions, and be in the boxes: no region says both.
    if predicate is not None and regions is None and n_rows is None:
        asked = bounds.useful(file, boxes(predicate, list(file.chroms)))
    options = {**how, "threads": 1} if n_rows is not None and n_rows <= _FEW else how
    batches = rows.scan(file, asked, schema, needed, None, **options)
    left = n_rows
    for batch in batches if left != 0 else ():
        part = batch if left is None else sliced(batch, 0, left)
        frame: Any = pl.from_arrow(pa.Table.from_batches([part]))
        if predicate is not None:
            frame = frame.filter(predicate)
        yield frame if needed == columns else frame.select(columns)
        if left is not None:
            left -= part.num_rows
            if left == 0:
                break


# ── predicates ──────────────────────────────────────────────────────────────────────────────────


def boxes(predicate: pl.Expr, chroms: list[str]) -> Boxes:
    """Where the rows are that a predicate lets through.

    >>> start, chrom = pl.col("start"), pl.col("chrom")
    >>> boxes(chrom.str.starts_with("a") & (start < 9), ["a1", "b"])  # doctest: +ELLIPSIS
    [Box(chroms=frozenset({'a1'}), start=Range(lo=..., hi=8), end=Range(lo=..., hi=...))]
    """
    try:
        tree = json.loads(predicate.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return EVERYTHING
    return _boxes(tree, [*chroms, None])


_FLIPPED = {"Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}


def _boxes(node: Any, chroms: list[str | None]) -> Boxes:
    kind, body = _opened(node)
    if kind == "BinaryExpr":
        op, sides = body.get("op"), (body.get("left"), body.get("right"))
        if op in ("And", "LogicalAnd"):
            return bounds.both(_boxes(sides[0], chroms), _boxes(sides[1], chroms))
        if op in ("Or", "LogicalOr"):
            return bounds.either(_boxes(sides[0], chroms), _boxes(sides[1], chroms))
        found = _compared(op, *sides) or _compared(_FLIPPED.get(op, op), *sides[::-1])
    else:
        test, _ = _opened(_opened(body.get("function"))[1]) if kind == "Function" else ("", None)
        found = _TESTS[test](body) if test in _TESTS else None
    return found or _of_chrom(node, chroms) or EVERYTHING


def _opened(node: Any) -> tuple[str, Any]:
    """What a node is, and what is in it."""
    if isinstance(node, dict) and len(node) == 1:
        ((kind, body),) = node.items()
        return kind, body
    return "", {}


def _position(node: Any) -> str | None:
    """Start or end, as it is or as a float, with which a float is compared."""
    kind, body = _opened(node)
    if kind == "Cast" and body.get("dtype") in ({"Literal": "Float64"}, {"Literal": "Int64"}):
        kind, body = _opened(body.get("expr"))
    return body if kind == "Column" and body in ("start", "end") else None


def _value(node: Any) -> Any:
    """What a literal stands for; None for what is none."""
    if _opened(node)[0] not in ("Literal", "Cast") or _columns(node):
        return None
    try:
        found = pl.select(_expression(node)).to_series()
    except pl.exceptions.PolarsError:  # NaN and infinity, which JSON does not have
        return None
    return found[0] if len(found) == 1 else None


def _expression(node: Any) -> pl.Expr:
    return pl.Expr.deserialize(io.BytesIO(json.dumps(node).encode()), format="json")


def _columns(node: Any) -> set[str]:
    """Columns that a tree names."""
    if isinstance(node, dict):
        own = {node["Column"]} if isinstance(node.get("Column"), str) else set()
        return own.union(*(_columns(inner) for inner in node.values()))
    if isinstance(node, list) and node and not isinstance(node[0], int):  # bytes of a list
        return set().union(*(_columns(inner) for inner in node))
    return set()


def _range(op: str, value: Any) -> Range | None:
    """Whole numbers that compare so with a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    low, high = math.floor(value), math.ceil(value)
    return {
        "Lt": Range(hi=high - 1), "LtEq": Range(hi=low), "Gt": Range(lo=low + 1),
        "GtEq": Range(lo=high), "Eq": Range(high, low), "EqValidity": Range(high, low),
    }.get(op)  # fmt: skip


def _box(column: str, bound: Range | None) -> Boxes | None:
    if bound is None:
        return None
    return (Box(start=bound) if column == "start" else Box(end=bound),)


def _compared(op: str, column: Any, value: Any) -> Boxes | None:
    name = _position(column)
    return None if name is None else _box(name, _range(op, _value(value)))


def _between(body: Any) -> Boxes | None:
    column, low, high = body["input"]
    name = _position(column)
    if name is None:
        return None
    # whichever ends it includes
    least, most = _range("GtEq", _value(low)), _range("LtEq", _value(high))
    return None if least is None or most is None else _box(name, least & most)


def _among(body: Any) -> Boxes | None:
    column, values = body["input"]
    name = _position(column)
    listed = None if name is None else _value(values)
    if name is None or not isinstance(listed, pl.Series):
        return None
    found = [_range("Eq", value) for value in listed.unique()]
    if not found or any(one is None for one in found):
        return None
    bound = [one for one in found if one is not None]
    if len(bound) > bounds.MOST:
        bound = [Range(min(one.lo for one in bound), max(one.hi for one in bound))]
    return [box for one in bound for box in _box(name, one) or ()]


_TESTS = {"IsBetween": _between, "IsIn": _among}


def _of_chrom(node: Any, chroms: list[str | None]) -> Boxes | None:
    """Of a part that is only about chrom: those that it lets through."""
    if _columns(node) != {"chrom"}:
        return None
    names = pl.DataFrame({"chrom": chroms}, schema={"chrom": pl.String})
    try:
        let = names.filter(_expression(node))["chrom"].to_list()
    except Exception:  # a function of the user's that takes no other values than the file's
        return None
    return (Box(frozenset(let)),)
