"""`build_index`: a tabix index for a text file that is there.

file ─what is it?─▶ rules of its rows ─scan─▶ rows ─Indexer─▶ TabixIndex, beside the file
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gidx.bgzf.block import EOF, MAX_BLOCK, walk
from gidx.bgzf.lines import BgzfLines, Text, to_bgzf
from gidx.binning.build import IndexBuilder
from gidx.binning.index import TabixIndex
from gidx.binning.model import BED, GFF, PSLTBL, SAM, VCF, Kind, Layout, counted
from gidx.errors import (
    ChangedError,
    FormatError,
    GidxWarning,
    WriteError,
    asked_of,
    format_error,
    whole,
)
from gidx.formats.base import Opening
from gidx.formats.registry import open_text
from gidx.formats.text.indexer import (
    Broken,
    Indexer,
    Ints,
    Offsets,
    Scanned,
    Unsorted,
    odd_lines,
    scan,
)
from gidx.formats.text.open import SUFFIXES
from gidx.formats.text.read import TabixText
from gidx.ground.atomic import alone, replacing
from gidx.ground.names import expanded
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import ByteSource, PathSource, open_source

if TYPE_CHECKING:
    from gidx.options import OneFile

Preset = Literal["bed", "gff", "vcf", "sam", "psltbl"]

PRESETS: dict[str, tuple[Layout, tuple[str, ...]]] = {  # layout, and the reader's formats
    "bed": (BED, ("bed",)),
    "gff": (GFF, ("gff3", "gtf")),
    "vcf": (VCF, ("vcf",)),
    "sam": (SAM, ("sam",)),
    "psltbl": (PSLTBL, ("tsv",)),
}
_LAYOUTS = {"bed": BED, "gff3": GFF, "gtf": GFF, "vcf": VCF, "sam": SAM}
_WRITERS = {"bed": "write_bed", "gff3": "write_gff", "gtf": "write_gff", "vcf": "write_vcf"}


def build_index(
    path: OneFile,
    index_path: str | os.PathLike[str] | None = None,
    *,
    preset: Preset | None = None,
    kind: Kind | Literal["auto"] = "auto",
    chrom: int | None = None,
    start: int | None = None,
    end: int | None = None,
    zero_based: bool = False,
    meta: str | None = None,
    skip: int | None = None,
    min_shift: int = 14,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> str:
    """Index a BGZF file of sorted rows, as ``tabix`` does; returns the index's path.

    An index of the same name is replaced, when the new one is complete.

    Parameters
    ----------
    path : str, PathLike, bytes or binary file
        The file: BED, GFF3, GTF, VCF, SAM, or any table. Each chrom's rows stand
        together, by ascending start.
    index_path : str or PathLike, optional
        Default: the file's name and ``.tbi`` or ``.csi``.
    preset : {"bed", "gff", "vcf", "sam", "psltbl"}, optional
        What the file is. Default: its content tells.
    kind : {"auto", "tbi", "csi"}
        ``"auto"`` is TBI, and CSI where a row ends past 2**29.
    chrom, start, end : int, optional
        Columns of any other table, counted from 1. Without ``end`` a row is one base.
    zero_based : bool
        Whether its starts count from 0, with ends excluded.
    meta, skip : str, int, optional
        With which character lines begin that are no rows, and how many lines at the
        start are none. Default: ``#`` (``@`` in SAM), and what the content tells.
    min_shift : int
        Of a CSI: its smallest bins span ``2**min_shift`` bases.
    threads : int, optional
        Default: all processors. The index does not depend on it.
    progress : callable, optional
        Is given the number of rows so far.

    Raises
    ------
    FormatError
        The file is not BGZF, or a line is broken or out of order; nothing is written.
    WriteError
        A TBI cannot hold the rows, or there is an index of the other kind that is not
        this file's, which readers may find first.

    Source: H. Li, Bioinformatics 27(5), 2011; hts-specs tabix.pdf, CSIv1.pdf.

    Examples
    --------
    >>> with gidx.bgzf.open("genes.tsv.gz", "w") as f:
    ...     f.write(b"GENE1\\tchr1\\t101\\t200\\nGENE2\\tchr1\\t301\\t400\\n")
    38
    >>> gidx.build_index("genes.tsv.gz", chrom=2, start=3, end=4)
    'genes.tsv.gz.tbi'
    >>> gidx.open("genes.tsv.gz").count_rows("chr1:150-160")
    1
    """
    if kind not in ("auto", "tbi", "csi"):
        raise ValueError(f"kind is {kind!r}, expected 'auto', 'tbi' or 'csi'")
    layout = _asked(preset, chrom, start, end, zero_based)
    beside = expanded(path) if isinstance(path, str | os.PathLike) else None
    source = open_source(path if beside is None else beside, None)
    if index_path is None and beside is None:
        raise ValueError("an index is written beside a path; for an open file say index_path")
    with warnings.catch_warnings():  # what the columns are does not matter here
        warnings.filterwarnings("ignore", ".*VCF header", GidxWarning)
        text, skip = _opened(source, preset, layout, meta, skip)
    indexer = Indexer(text.dialect.rules, skip=skip, min_shift=min_shift)
    _index_all(text, indexer, thread_count(threads), asked_of("progress", progress))
    index = indexer.finish(kind, _end(text))
    if index_path is not None:
        _write(index, index_path, source)
        return expanded(index_path)
    _check_other(str(beside), index)
    _write(index, f"{beside}.{index.kind}", source)
    return f"{beside}.{index.kind}"


def _write(index: TabixIndex, path: str | os.PathLike[str], source: ByteSource) -> None:
    """Write an index, readable for whom its file is, if the file is still the one that was read."""
    if not isinstance(source, PathSource):
        index.write(path)
        return
    with alone(os.path.realpath(source.name)):
        if not source.is_current():
            raise ChangedError(
                f"{source.name}: it was written anew while it was indexed; index it again",
                path=source.name,
                offset=None,
            )
        with replacing(path, stat.S_IMODE(os.stat(source.name).st_mode)) as file:
            index.write(file)


def _asked(
    preset: str | None, chrom: int | None, start: int | None, end: int | None, zero_based: bool
) -> Layout | None:
    """The columns that were asked for; None: look."""
    columns = {"chrom": chrom, "start": start, "end": end}
    given = {name: column for name, column in columns.items() if column is not None}
    if preset is not None:
        if given or zero_based:
            more = ", ".join(given) or "zero_based"
            raise TypeError(f"preset={preset!r} says which columns there are, so pass no {more}")
        if preset not in PRESETS:
            raise ValueError(f"preset is {preset!r}, expected one of {', '.join(PRESETS)}, or none")
        return PRESETS[preset][0]
    if not given:
        if zero_based:
            raise TypeError("zero_based is said of columns: pass chrom and start too")
        return None
    for name, column in given.items():
        given[name] = whole(name, column)
        if given[name] < 1:
            raise ValueError(f"{name} is {column}, but columns count from 1")
    first, second = given.get("chrom", 1), given.get("start", 2)
    return Layout(0, zero_based, first, second, given.get("end", second))


def _opened(
    source: ByteSource,
    preset: str | None,
    layout: Layout | None,
    meta: str | None,
    skip: int | None,
) -> tuple[TabixText, int]:
    """The file as one sees it who reads with the index to be made; lines to skip."""
    text: TabixText | None = None
    kinds: tuple[str, ...]
    if layout is None:
        text = open_text(source, Opening(index=_empty(None)))
        if text.kind not in _LAYOUTS:
            raise format_error(
                source.name,
                None,
                "cannot tell which columns are chrom, start and end; say preset='bed' (or gff, "
                "vcf, sam), or chrom=1, start=2, end=3",
            )
        layout, kinds = _LAYOUTS[text.kind], (text.kind,)
    else:
        kinds = PRESETS[preset][1] if preset else ("tsv",)
    if meta is not None:
        if not isinstance(meta, str) or len(meta) != 1 or not meta.isascii():
            raise ValueError(f"meta is {meta!r}, expected one ASCII character")
        layout = replace(layout, meta=meta)
    if skip is not None:
        layout = replace(layout, skip=whole("skip", skip, 0))
    if text is None or meta is not None or skip:
        with warnings.catch_warnings():
            if text is not None:  # which has warned already
                warnings.simplefilter("ignore", GidxWarning)
            text = open_text(source, Opening(index=_empty(layout), kinds=kinds))
    if skip is None:
        layout = replace(layout, skip=odd_lines(text.header.encode(), text.dialect.rules))
    elif 0 < (lines := text.header.removesuffix("\n").count("\n") + bool(text.header)) < skip:
        raise format_error(
            source.name, None, f"skip is {skip:,}, but it has only {counted(lines, 'line')}"
        )
    if not isinstance(text.lines, BgzfLines):
        raise format_error(
            source.name, 0, f"{text.lines.how}, in which no index can seek; {to_bgzf(text.lines)}"
        )
    if text.dialect.rules.spaces:
        raise format_error(
            source.name, None, "fields parted by blanks, which tabix does not index; part them "
            "by tabs: gidx convert writes them so",
        )  # fmt: skip
    return text, layout.skip


def _empty(layout: Layout | None) -> TabixIndex:
    return IndexBuilder().finish([], layout, kind="csi")


def _index_all(
    text: TabixText, indexer: Indexer, threads: int, progress: Callable[[int], None] | None
) -> None:
    calls = (partial(_scan_group, text, group) for group in text.groups(text.whole()))
    done = in_order(calls, threads)
    for found, rows, offsets in done:
        try:
            indexer.add(rows, offsets)
        except Unsorted as error:
            place = text.lines.say(found, int(rows.begins[error.local]))
            writer = _WRITERS.get(text.kind, "write_tabix")
            name = os.path.basename(text.source.name)
            way = f"gidx.{writer}(gidx.open({name!r}), 'sorted.gz', sort=True)"
            if text.kind == "sam":
                way = "samtools sort"
            raise FormatError(
                f"{place}: {error}; sort it: {way}", path=text.source.name, offset=None
            ) from None
        if progress is not None:
            progress(indexer.rows)
        if rows.ended:
            done.close()
            return


def _scan_group(text: TabixText, group: Any) -> tuple[Text, Scanned, Offsets]:
    """Rows of a group, and virtual offsets: of the first, and behind each."""
    found = text.fetch(group)
    rows = scan(found, text.dialect.rules)
    if isinstance(rows, Broken):
        raise text.broken(found, rows.at, rows.status, rows.found)
    return found, rows, _offsets(text.source, found, rows.places)


def _offsets(source: ByteSource, text: Text, places: Ints) -> Offsets:
    """Virtual offsets of places in the text; that of a block's end is the next one's begin."""
    starts, blocks = text.blocks[:, 0], text.blocks[:, 1]
    if len(blocks) == 0:
        return np.zeros(len(places), np.uint64)
    at, stop = int(blocks[-1]), int(starts[-1])
    if at < source.size:  # the last one's end too
        head = source.read(at, min(MAX_BLOCK, source.size - at))
        size = walk(head, at, source.name, final=False, most=1)[0][0]
        stop += int.from_bytes(head[size - 4 : size], "little")
        starts, blocks = np.append(starts, stop), np.append(blocks, at + size)
    places = np.minimum(places, stop)  # a last line that has no line break was given one
    # where empty blocks stand between, the first is the next
    i = np.searchsorted(starts, places, side="left")
    i -= starts[np.minimum(i, len(starts) - 1)] != places
    return (blocks[i] << 16 | places - starts[i]).astype(np.uint64)


def _end(text: TabixText) -> int | None:
    """Where htslib's reader stands when all is read: at the marker of the end."""
    if text.dialect.rules.fasta or not text.lines.has_eof:
        return None
    return text.source.size - len(EOF) << 16


def _check_other(name: str, index: TabixIndex) -> None:
    """Readers look for both kinds, gidx for .tbi first, htslib for .csi."""
    for suffix in SUFFIXES:
        other = name + suffix
        if suffix == f".{index.kind}" or not os.path.exists(other):
            continue
        try:
            found: TabixIndex | None = TabixIndex.read(other)
        except FormatError:
            found = None
        if found is None or not _same_file(found, index):
            raise WriteError(
                f"{other} is an index of other data or columns, and readers may take it instead "
                f"of {name}.{index.kind}; remove it, or build that kind: kind={suffix[1:]!r}",
                row=None,
            )


def _same_file(one: TabixIndex, other: TabixIndex) -> bool:
    """Whether two indexes know the same rows: chroms, where they begin, how many."""
    counts = one.row_counts, other.row_counts
    known = all(None not in c.values() for c in counts)
    same = not known or {n: c for n, c in counts[0].items() if c} == counts[1]
    return same and _begins(one) == _begins(other)


def _begins(index: TabixIndex) -> dict[str, int]:
    first = index.chunk_first[index.ref_first]
    return {
        name: int(index.chunk_ranges[a:b, 0].min())
        for name, a, b in zip(index.names, first[:-1].tolist(), first[1:].tolist(), strict=True)
        if b > a
    }
