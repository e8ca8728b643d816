"""Which rows a writer would refuse, all of them, and why.

The reasons are the writers' own: each has a check beside it, which makes the lines that it
would write and gives all faults (`gidx.arrow.faults.Inspection`). So nothing is said here that a
writer does not say, and what is not said it takes.

Left out: what depends on the file and not on the rows, such as rows farther than an
index reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import schema
from gidx.arrow.batches import flow
from gidx.arrow.faults import Fault, Inspection
from gidx.arrow.order import Allowed, Surveyor
from gidx.errors import GidxError, one_of, warn, whole
from gidx.formats.bed.write import check_bed
from gidx.formats.bigbed.write import check_bigbed
from gidx.formats.gff.write import check_gff
from gidx.formats.table.write import check_tabix
from gidx.formats.vcf.write import check_vcf
from gidx.frames import write
from gidx.frames.positions import LARGEST, chrom_codes
from gidx.ground.conventions import Roles

if TYPE_CHECKING:
    Series = pd.Series[Any]


# The form that a format's writer takes, and what checks it
_CHECKS: dict[str, tuple[str, Callable[..., Inspection]]] = {
    "bigbed": ("bigbed", check_bigbed),
    "bed": ("bed", check_bed),
    "vcf": ("vcf", check_vcf),
    "gff": ("gff", check_gff),
    "gff3": ("gff", partial(check_gff, format="gff3")),
    "gtf": ("gtf", partial(check_gff, format="gtf")),
    "tabix": ("tabix", check_tabix),
    "tsv": ("tabix", check_tabix),  # as the metadata call it
}


def validate(
    frame: pd.DataFrame,
    roles: Roles,
    chromsizes: Any = None,
    *,
    format: str | None = None,
    most: int = 1000,
    **options: Any,
) -> pd.DataFrame:
    """Every row that a writer would refuse, with the reason; empty if it takes them all.

    `DataFrame.gidx.validate` says more.
    """
    most = whole("most", most, 1)
    said = schema.read_metadata(frame.attrs).get("format")
    if format is not None:
        one_of("format", format, _CHECKS)
    form, check = _CHECKS.get(str(format or said), ("", _common))
    sizes = None if chromsizes is None else sizes_of.read(chromsizes)

    def run(frame: pd.DataFrame, sizes: Mapping[str, int] | None) -> Inspection:
        if form:
            return check(write.FORMS[form](frame, roles), most, chromsizes=sizes, **options)
        return _common(frame, roles, most, sizes, **options)

    inspection = Inspection(
        [*(schema.HEAD if form else roles.names), *map(str, frame.columns)], most
    )
    bare = sizes is None and form == "bigbed"
    _inspect(run, frame, roles, sizes, inspection, guess_sizes=bare)
    listed = inspection.faults
    if inspection.count > len(listed):
        warn(
            f"{inspection.count:,} faults, of which the first {len(listed):,} are listed; "
            f"pass most={inspection.count} to have all"
        )
    found = _report(frame, roles, listed)
    found.attrs["faults"] = inspection.count
    return found


def _inspect(
    run: Callable[[pd.DataFrame, Mapping[str, int] | None], Inspection],
    frame: pd.DataFrame,
    roles: Roles,
    sizes: Mapping[str, int] | None,
    inspection: Inspection,
    *,
    guess_sizes: bool,
) -> None:
    """Run a check; where it refuses all rows, again without what it refused.

    So that a column that no text stands for does not hide what is wrong with the others.
    What the writer says of their absence is not told.
    """
    complete = True
    while True:
        try:
            inspection.extend(run(frame, sizes))
            return
        except GidxError as error:
            column = inspection.column(error.message)
            if complete or column is not None:
                inspection.refuse(error.message)
        if column in frame.columns and column not in roles.names:
            frame = frame.drop(columns=[column])
            complete = False
        elif column is None and sizes is None and guess_sizes:
            sizes = dict.fromkeys(
                filter(None, chrom_codes(frame[roles.chrom])[1]), sizes_of.LARGEST
            )
            complete = False
        else:
            return


def _common(
    frame: pd.DataFrame, roles: Roles, most: int, chromsizes: Mapping[str, int] | None
) -> Inspection:
    """What breaks the rules that all writers have."""
    if chromsizes is None:
        known = schema.read_metadata(frame.attrs).get("chromsizes")
        if isinstance(known, Mapping) and None not in known.values():
            chromsizes = sizes_of.read(known)
    codes, names = chrom_codes(frame[roles.chrom])
    found = frame[list(roles.names)].assign(
        **{roles.chrom: pd.Categorical.from_codes(codes, pd.Index(names, dtype="object"))}
    )
    found.attrs = {}  # the columns are named as they are; what `set` said of them is in roles
    rows = flow(found, no_nan=True)
    limits = Allowed(chromsizes, 0, LARGEST, None, -roles.shift)
    inspection = Inspection(roles.names, most)
    for _ in Surveyor(rows.schema, roles.names, limits).inspect(rows.batches, inspection):
        pass
    return inspection


# ── the report ──────────────────────────────────────────────────────────────────────────────────


def _report(frame: pd.DataFrame, roles: Roles, faults: list[Fault]) -> pd.DataFrame:
    own = dict(zip(schema.HEAD, roles.names, strict=False))
    rows = pd.array([f.row for f in faults], pd.Int64Dtype())
    found = {"row": rows, "label": _at(frame.index, rows)}
    for name in schema.HEAD:
        if name in own:
            found[name] = _at(frame[own[name]], rows)
        else:
            found[name] = pd.array([pd.NA] * len(rows), pd.Int64Dtype())
    columns = [f.column if f.column is None else own.get(f.column, f.column) for f in faults]
    found["column"] = pd.array(columns, pd.StringDtype())
    found["reason"] = pd.array([f.reason for f in faults], pd.StringDtype())
    return pd.DataFrame(found)


def _at(values: Series | pd.Index, rows: Any) -> Any:
    """Values at these rows; where there is no row, none."""
    there = rows.to_numpy(np.int64, na_value=-1)
    some = np.flatnonzero(there >= 0)
    found = pd.Series(values.take(there[some]).array, index=some)
    if len(some) == len(there):
        return found.array
    if pd.api.types.is_integer_dtype(found.dtype) and isinstance(found.dtype, np.dtype):
        found = found.astype("Int64")
    return found.reindex(range(len(there))).array
