"""Proof that an index finds every row of its text file: what `gidx check` asks of it.

The file is read once more, line by line, as it is when an index is built; the index is
held against each row (gidx.binning.proof). Of what is wrong, the first is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.bgzf.block import blocks as blocks_of
from gidx.bgzf.lines import LF, Segment, Text
from gidx.binning.bins import bin_span
from gidx.binning.index import TabixIndex
from gidx.binning.proof import Lost, Proof
from gidx.errors import FormatError
from gidx.formats.text.indexer import Broken, Scanned, scan
from gidx.formats.text.read import TabixText, parted
from gidx.ground.pool import in_order, thread_count


def problems(
    text: TabixText, counts: Mapping[str | None, int], threads: int | None = None
) -> list[str]:
    """What is wrong with a text's index, if it has one: the first row lost, and counts of rows."""
    index = text.index
    if index is None:
        return []
    lost = prove(text, index, threads)
    found = [] if lost is None else [lost]
    sam = text.dialect.rules.span == "sam"
    # names as the rows have them, where those of the file are not UTF-8
    for name, by_index in zip(text.chroms, index.row_counts.values(), strict=False):
        rows = counts.get(None if sam and name == "*" else name, 0)
        if by_index is not None and by_index != rows:
            said = f"{text.source.name}: {name} has {rows:,} rows, by the index {by_index:,}"
            found.append(said)
    return found


def prove(text: TabixText, index: TabixIndex, threads: int | None = None) -> str | None:
    """What is wrong with a text's index; None where each row is found by every query of it.

    Raises FormatError for a broken file.
    """
    try:
        text.check_index()
    except FormatError as error:
        return str(error)
    if len(blocks := blocks_of(text.source)) == 0:
        return None
    proof = Proof(index, blocks)
    misplaced = _misplaced(proof)
    if misplaced is not None:
        return f"{text.source.name}: {misplaced}{_ANEW}"
    ids = {name.encode("utf-8", "surrogateescape"): i for i, name in enumerate(index.names)}
    if text.dialect.rules.span == "sam":
        ids.setdefault(b"*", -2)  # of no chrom, and in no bin
    vcf = text.dialect.rules.span == "vcf"
    begin = int(text.whole()[0, 0])
    head = [[Segment(0, begin)]] if begin else []
    groups = [*head, *text.groups(text.whole())]
    calls = (partial(_read, text, proof, group, i < len(head)) for i, group in enumerate(groups))
    done = in_order(calls, thread_count(threads))
    for found, rows, places, bound in done:
        if bound is not None:
            return (
                f"{text.lines.say(found, bound)}: the index points there, which is within a "
                f"line{_ANEW}"
            )
        if rows is None:
            continue
        lost, chosen = _push(proof, rows, places, ids, vcf)
        if lost is not None:
            row = int(chosen[lost.row])
            return f"{_where(text, found, rows, row)} {_why(lost, index)}{_ANEW}"
        if rows.ended:
            done.close()
            break
    return None


_ANEW = "; make the index anew with: gidx index"


def _misplaced(proof: Proof) -> str | None:
    """What is wrong with the offsets of an index, whatever the rows are."""
    if proof.bad is not None:
        at, within = proof.bad >> 16, proof.bad & 0xFFFF
        return f"the index points to byte {at}, {within} into its data, where no block is"
    if proof.twice is not None:
        one, other = proof.twice
        return (
            f"the index names one block by two places, byte {one} and {other}, so its offsets are "
            "not in the order of the rows"
        )
    return None


def _read(
    text: TabixText, proof: Proof, group: Any, head: bool
) -> tuple[Text, Scanned | None, npt.NDArray[np.uint64], int | None]:
    """A group's text, its rows, their places in the data, and a bound within a line."""
    found = text.lines.fetch(group)
    bound = _cut_line(found, proof)
    nothing = np.empty(0, np.uint64)
    if head:
        return found, None, nothing, bound
    if text.dialect.rules.spaces:
        found = parted(found)
    rows = scan(found, text.dialect.rules)
    if isinstance(rows, Broken):
        raise text.broken(found, rows.at, rows.status, rows.found)
    return found, rows, proof.positions(found.offsets(found.raw_places(rows.begins))), bound


def _cut_line(text: Text, proof: Proof) -> int | None:
    """Where in the text the index points into a line, if it does.

    Of the text's first byte nothing is known here: it is the last of the group before.
    """
    if len(text.blocks) == 0:
        return None
    begin = int(proof.positions(np.uint64(text.blocks[0, 1]) << np.uint64(16)))
    first, last = np.searchsorted(proof.bounds, [begin + 1, begin + len(text.text) - 1])
    places = proof.bounds[first:last].astype(np.int64) - begin
    wrong = np.flatnonzero(text.text[places - 1] != LF)
    return int(places[wrong[0]]) if len(wrong) else None


def _push(
    proof: Proof, rows: Scanned, places: npt.NDArray[np.uint64], ids: dict[bytes, int], vcf: bool
) -> tuple[Lost | None, npt.NDArray[np.int64]]:
    """What is lost of some rows, and which of them were looked at.

    tabix (htslib 1.24) counts SVLEN from POS on, where bcftools and the specification count it
    from the base behind: its bins may lack the last base of a row of VCF. No query of that
    base loses the row, as each looks at the base before, too.
    """
    refs = np.array([*(ids.get(name, -1) for name in rows.names), -2], np.int64)[rows.chrom]
    chosen = np.flatnonzero(refs != -2)
    start, end = rows.start[chosen], rows.end[chosen]
    if vcf:
        end = np.maximum(end - 1, start + 1)
    return proof.push(refs[chosen], start, end, places[chosen]), chosen


def _where(text: TabixText, found: Text, rows: Scanned, row: int) -> str:
    name = rows.names[int(rows.chrom[row])].decode("utf-8", "backslashreplace")
    place = text.lines.say(found, int(rows.begins[row]))
    return f"{place}: the row at {name}:{int(rows.start[row]) + 1:,}-{int(rows.end[row]):,}"


def _why(lost: Lost, index: TabixIndex) -> str:
    """Which part of the index fails, in words."""
    try:
        start, end = bin_span(lost.bin, index.min_shift, index.depth)
        of = f"bin {lost.bin} ({start:,} to {end:,})"
    except ValueError:
        of = "a bin"
    what = {
        "unknown": "its chrom is not in it",
        "again": "rows of its chrom stand in two places of the file",
        "unsorted": "rows are not sorted, the one before it begins behind it",
        "bin": f"{of}, which it is of, is not in it, nor one above",
        "chunk": f"no chunk of {of}, which it is of, or of one above, holds its place",
        "floor": "its linear index passes over it",
        "ceiling": "a bin behind the row begins before it",
        "linear": "its linear index passes over it",
    }.get(lost.reason)
    if what is None:
        return f"is where {of} of another chrom begins, by the index, which leads astray"
    return f"is not found by the index: {what}"
