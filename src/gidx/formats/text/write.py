"""Text formats, written: rows to lines, compressed and indexed in one pass.

    data ─stream.flow─▶ pieces ─encoder, scan─▶ lines and rows ─bgzf─▶ blocks ─Indexer─▶ index
                 └─ with sort: stream.frame ─order.survey─┘

What a line is, the encoder says (`gidx.formats.text.encoding`). Pieces of rows become lines
on a few threads. Where a line might be no row for a reader, or its end is not in a column
(VCF), it is read again there by the kernel that readers use, and what that finds goes
into the index; elsewhere it is known, and reading took a quarter of the time. Rows are
taken as they come, so a stream of any size needs little memory; only sorting keeps it (on
disk, if it is large).

2 M BED6 rows (86 MB) with their index take 1.7 s on two threads, `bgzip -@2` and `tabix`
3.1 s for text that is there; 2.7 and 4.1 s of processor. A stream of 10 M rows takes 60 MB
of memory, sorted 300 MB. Left out: blocks that end at line ends, as recent bgzip's do; they
are cut by size.

The file and its indexes appear together. Those of an older file of that name go before it
does, since a reader would take them for the new one's.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.batches import Batches, Flow, flow, frame
from gidx.arrow.encode import TextColumn
from gidx.arrow.faults import Faults, Inspection, of_some
from gidx.arrow.order import Allowed, Order, Surveyor, naturally, survey, unfit
from gidx.arrow.schema import HEAD
from gidx.bgzf.block import EOF, MAX_DATA, check_level, deflate_block
from gidx.bgzf.write import BlockPlaces as Blocks
from gidx.bgzf.write import BlockWriter
from gidx.binning.index import TabixIndex
from gidx.binning.model import Kind
from gidx.errors import WriteError, asked_of
from gidx.formats.text.dialect import Rules
from gidx.formats.text.encoding import LineEncoder
from gidx.formats.text.indexer import (
    Broken,
    Indexer,
    Scanned,
    Unsorted,
    odd_lines,
    scan,
    whole_lines,
)
from gidx.ground.atomic import check_beside, check_target, replacing, together
from gidx.ground.charset import Encoding, encoding_of
from gidx.ground.names import expanded, local
from gidx.ground.pool import in_order, thread_count
from gidx.ground.region import Region
from gidx.ground.suffixes import says_bgzf
from gidx.ground.tuning import tuning
from gidx.kernels import encode as kernels
from gidx.kernels.encode import changes
from gidx.options import WriteOptions, check_known

if TYPE_CHECKING:
    from typing import Unpack

Index = Literal["auto", "tbi", "csi"] | str | os.PathLike[str] | None
MakeEncoder = Callable[[pa.Schema, Mapping[str, Any], Mapping[str, tuple[str, ...]]], LineEncoder]

_BESIDE = (".tbi", ".csi", ".gzi")
_MOST = 10**17  # what the line kernel reads, and more than an index reaches

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _How:
    """How rows are written: what a user said (`write_bed` explains it), read once."""

    index: Index
    gzi: bool | str | os.PathLike[str]
    sort: bool
    level: int
    threads: int
    sizes: dict[str, int] | None
    codec: Encoding | None
    progress: Callable[[int], None] | None

    @classmethod
    def of(cls, options: WriteOptions) -> _How:
        check_known(options, WriteOptions.__annotations__)
        level, sizes = options.get("level", 6), options.get("chromsizes")
        check_level(level)
        return cls(
            options.get("index", "auto"),
            options.get("gzi", False),
            options.get("sort", False),
            level,
            thread_count(options.get("threads")),
            None if sizes is None else sizes_of.read(sizes),
            encoding_of(options.get("encoding")),
            asked_of("progress", options.get("progress")),
        )


def write_lines(
    data: Any,
    path: str | os.PathLike[str] | BinaryIO,
    make: MakeEncoder,
    **options: Unpack[WriteOptions],
) -> None:
    """Write rows as text; ``make`` is given schema, metadata and categories.

    ``data`` are what `batches.flow` takes; NaN in numpy's columns of pandas is missing.
    A path that ends with .gz, .bgz or .bgzf is BGZF, else plain text; an open binary file
    is told by its name too, and BGZF where it has none. Options as in `write_bed`.
    """
    how = _How.of(options)
    target = _target(path, how.index, how.gzi)
    if not how.sort:
        rows = flow(data, no_nan=True)
        encoder = make(rows.schema, rows.about, rows.categories)
        # plain text has no index that needs an order, and what is read can be written
        limits = replace(_limits(encoder, how.sizes), ordered=target.compressed)
        _write(_as_they_come(rows, encoder, limits), encoder, target, how)
        return
    with frame(data, beside=target.path, no_nan=True) as kept:
        encoder = make(kept.schema, kept.about, kept.categories)
        known = how.sizes or kept.about.get("chromsizes") or {}
        order = survey(
            kept,
            encoder.heads,
            _limits(encoder, how.sizes),
            sort=True,
            ranked=partial(naturally, known=known),
        )
        _write(_sorted(kept, encoder, order), encoder, target, how)


def check_lines(
    data: Any, make: MakeEncoder, most: int, **options: Unpack[WriteOptions]
) -> Inspection:
    """All that `write_lines` would refuse; ``most`` are listed."""
    rows = flow(data, no_nan=True)
    encoder = make(rows.schema, rows.about, rows.categories)
    how = _How.of(options)
    surveyor = Surveyor(rows.schema, encoder.heads, _limits(encoder, how.sizes))
    found = Inspection([*HEAD, *rows.schema.names], most)
    for batch, starts, ends, faults in surveyor.inspect(rows.batches, found, sort=how.sort):
        _inspect_lines(encoder, batch.select(list(encoder.columns)), starts, ends, faults)
    return found


def header_text(given: str | os.PathLike[str] | None) -> str | None:
    """A header that is a text (it begins with ``#``) or in a file.

    >>> header_text("##gff-version 3")
    '##gff-version 3'
    """
    if given is None or (isinstance(given, str) and (given.startswith("#") or "\n" in given)):
        return given
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"header is {type(given).__name__}, expected its text, or a path")
    if not os.fspath(given):
        raise WriteError("header is an empty text; leave it out to have one made", row=None)
    return Path(given).expanduser().read_text("utf-8", "surrogateescape")


def _limits(encoder: LineEncoder, sizes: Mapping[str, int] | None) -> Allowed:
    # a VCF row at POS 0 lies before the first base, that of a telomere
    least = -1 if encoder.rules.span == "vcf" else 0
    # an encoder whose data have the file's own numbers says by how much they are shifted
    shift = getattr(encoder, "shift", 0)
    return Allowed(sizes, least, _MOST, None, shift)


# ── what was asked ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Files:
    """Where everything goes. ``kind`` None: no index."""

    file: str | os.PathLike[str] | BinaryIO
    path: str | None  # None: an open file
    compressed: bool
    kind: Kind | Literal["auto"] | None
    index_path: str | None  # None: beside, by kind
    gzi_path: str | None


def _target(path: str | os.PathLike[str] | BinaryIO, index: Index, gzi: Any) -> _Files:
    own = local(path) if isinstance(path, str | os.PathLike) else None
    check_target(path)
    check_beside("gzi", gzi)
    name = own if own is not None else getattr(path, "name", None)
    compressed = says_bgzf(name) if isinstance(name, str) else True
    kind, index_path = _asked_index(index)
    wanted = kind is not None and index != "auto"
    if not compressed and (wanted or gzi):
        what = "an index" if wanted else "a GZI"
        none = "index=None" if wanted else "gzi=False"
        raise WriteError(
            f"{name}: {what} is of a BGZF file; call the file {name}.gz, or pass {none} for "
            "plain text",
            row=None,
        )
    beside = own is not None and compressed and _is_regular(own)
    if not beside:
        if wanted and index_path is None:
            raise WriteError(
                f"index={index!r} is written beside a path; for an open file say index='x.gz.tbi'",
                row=None,
            )
        if gzi is True:
            raise WriteError("gzi=True is written beside a path; say gzi='x.gz.gzi'", row=None)
        kind = kind if wanted else None
    gzi_path = f"{own}.gzi" if gzi is True else expanded(gzi) if gzi else None
    return _Files(path if own is None else own, own, compressed, kind, index_path, gzi_path)


def _asked_index(index: Index) -> tuple[Kind | Literal["auto"] | None, str | None]:
    if index is None:
        return None, None
    if index in ("tbi", "csi", "auto"):
        return index, None  # type: ignore[return-value]
    if not isinstance(index, str | os.PathLike) or "." not in os.path.basename(os.fspath(index)):
        raise ValueError(f"index is {index!r}, expected 'tbi', 'csi', 'auto', None or a path")
    found = expanded(index)
    return ("csi" if found.endswith(".csi") else "tbi" if found.endswith(".tbi") else "auto"), found


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


# ── rows to lines ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Lines:
    """Some rows as lines, and as they were read again."""

    data: npt.NDArray[np.uint8]
    rows: Scanned
    first: int  # the first one's number


_Call = Callable[[], _Lines]


def _as_they_come(rows: Flow, encoder: LineEncoder, limits: Allowed) -> Iterator[_Call]:
    """What makes each piece; faults of order come where their row does."""
    surveyor = Surveyor(rows.schema, encoder.heads, limits)
    heads = list(dict.fromkeys(encoder.heads))
    columns = list(encoder.columns)
    first = 0
    for batch in rows.batches:
        step = _step(batch.nbytes, batch.num_rows)
        own, placed = batch.select(columns), batch.select(heads)
        for at in range(0, batch.num_rows, step):
            piece = own.slice(at, step)
            try:
                starts, ends = surveyor.look(first, *placed.slice(at, step).columns)
            except WriteError as error:
                good = 0 if error.row is None else error.row - first
                if good > 0:  # which may have faults of another kind
                    again = Surveyor(rows.schema, encoder.heads, limits)
                    starts, ends = again.look(first, *placed.slice(at, good).columns)
                    yield partial(_encode, encoder, piece.slice(0, good), starts, ends, first)
                yield partial(_raise, error)
                return
            yield partial(_encode, encoder, piece, starts, ends, first)
            first += len(piece)


def _raise(error: WriteError) -> NoReturn:
    raise error


def _sorted(rows: Batches, encoder: LineEncoder, order: Order) -> Iterator[_Call]:
    columns = list(encoder.columns)
    step = _step(rows.row_bytes * len(rows), len(rows))
    for at in range(0, len(rows), step):
        yield partial(_encode_sorted, rows, encoder, order, columns, at, min(at + step, len(rows)))


def _step(size: float, rows: int) -> int:
    return max(1, min(tuning.write_rows, int(tuning.write_bytes * rows / max(size, 1))))


def _encode_sorted(
    rows: Batches, encoder: LineEncoder, order: Order, columns: list[str], at: int, stop: int
) -> _Lines:
    where = order.rows(at, stop)
    if isinstance(where, int):
        batch = rows.rows(where, where + stop - at, columns)
    else:
        batch = rows.take(where, columns)
    # of one piece by itself nothing is out of order
    surveyor = Surveyor(rows.schema, encoder.heads, _limits(encoder, None))
    heads = batch.select(list(dict.fromkeys(encoder.heads)))
    starts, ends = surveyor.look(0, *heads.columns)
    return _encode(encoder, batch, starts, ends, at, where)


def _encode(
    encoder: LineEncoder,
    batch: pa.RecordBatch,
    starts: Ints,
    ends: Ints,
    first: int,
    where: Ints | int | None = None,
) -> _Lines:
    """Rows ``where`` of the data (by default from ``first`` on) as lines."""
    faults = Faults()
    fields = encoder.fields(batch, starts, ends, faults)
    if faults.row is None:
        data, bounds = _join(fields, len(starts))
        rows = _known(fields, starts, ends, data, bounds, encoder.rules)
        if rows is None:
            rows = _read_again(encoder, batch, starts, ends, data, bounds, faults)
        if rows is not None:
            return _Lines(data, rows, first)
    i = faults.row or 0
    row = first + i if where is None else where + i if isinstance(where, int) else int(where[i])
    place = None
    if 0 <= starts[i] <= ends[i]:
        place = Region(_chrom(encoder, batch, i), int(starts[i]), int(ends[i]))
    raise unfit(faults.message, row, place)


def _inspect_lines(
    encoder: LineEncoder, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
) -> None:
    fields = encoder.fields(batch, starts, ends, faults)
    while True:
        good = np.flatnonzero(faults.clean(len(starts)))
        if len(good) == 0:
            return
        if len(good) < len(starts):  # the others' texts may be no lines
            batch, starts, ends = batch.take(pa.array(good)), starts[good], ends[good]
            faults = of_some(good, faults)
            fields = encoder.fields(batch, starts, ends, Faults())
        data, bounds = _join(fields, len(starts))
        if _known(fields, starts, ends, data, bounds, encoder.rules) is not None:
            return
        if _read_again(encoder, batch, starts, ends, data, bounds, faults) is not None:
            return


def _chrom(encoder: LineEncoder, batch: pa.RecordBatch, i: int) -> str:
    return str(batch.column(encoder.heads[0])[i].as_py())


def _join(fields: list[TextColumn], rows: int) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Lines of fields with tabs between, and their bounds (rows + 1)."""
    lengths = np.full(rows, len(fields), np.int64)
    for texts in fields:
        kernels.add_lengths(texts.offsets, lengths)
    bounds = np.zeros(rows + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    out = np.empty(int(bounds[-1]), np.uint8)
    cursor = bounds[:-1].copy()
    for texts in fields:
        kernels.put_texts(texts.offsets, texts.data, True, cursor, out)
    out[bounds[1:] - 1] = ord("\n")
    return out, bounds


def _known(
    fields: list[TextColumn],
    starts: Ints,
    ends: Ints,
    data: npt.NDArray[np.uint8],
    bounds: Ints,
    rules: Rules,
) -> Scanned | None:
    """The rows as a reader will find them; None where that takes a look."""
    if rules.span != "columns" or len(starts) == 0:
        return None
    begins = data[bounds[:-1]]
    for letter in rules.meta + b"\r\n" + b"tb" * rules.tracks + b">" * rules.fasta:
        if np.any(begins == letter):
            return None
    texts = fields[rules.chrom]
    at = changes(texts.offsets, texts.data)
    chroms = [bytes(texts.data[texts.offsets[i] : texts.offsets[i + 1]]) for i in at.tolist()]
    ids = {name: i for i, name in enumerate(dict.fromkeys(chroms))}
    codes = np.array([ids[name] for name in chroms], np.int32)
    chrom = np.repeat(codes, np.diff(np.append(at, len(starts))))
    return Scanned(list(ids), chrom, starts, ends, bounds[:-1], bounds[1:], False)


def _read_again(
    encoder: LineEncoder,
    batch: pa.RecordBatch,
    starts: Ints,
    ends: Ints,
    data: npt.NDArray[np.uint8],
    bounds: Ints,
    faults: Faults,
) -> Scanned | None:
    """The rows as a reader finds them, or faults of those that it does not."""
    found = scan(whole_lines(data), encoder.rules)
    wrong = np.zeros(len(starts), np.bool_)
    if isinstance(found, Broken):
        wrong[np.searchsorted(bounds, found.at, side="right") - 1] = True
    else:
        n = min(len(found), len(starts))
        wrong[:n] = (found.begins[:n] != bounds[:n]) | (found.start[:n] != starts[:n])
        if encoder.rules.span == "columns":
            wrong[:n] |= found.end[:n] != ends[:n]
        if len(found) == len(starts) and not wrong.any():
            return found
        if len(found) != len(starts):  # what follows the first is as wrong as that
            first = int(np.argmax(np.append(wrong[:n], True)))
            wrong[:] = False
            wrong[min(first, len(starts) - 1)] = True

    def say(i: int) -> str:
        name = _chrom(encoder, batch, i)
        return f"a reader of {encoder.kind} takes its line for no such row; change chrom {name!r}"

    faults.check(wrong, say)
    return None


# ── lines to files ──────────────────────────────────────────────────────────────────────────────


def _write(pieces: Iterable[_Call], encoder: LineEncoder, target: _Files, how: _How) -> None:
    header = encoder.header
    if header and not header.endswith(b"\n"):
        header += b"\n"
    if how.codec is not None:
        header = _header_in(how.codec, header)
        pieces = (partial(_in_encoding, how.codec, piece) for piece in pieces)
    done = in_order(pieces, how.threads)
    try:
        if not target.compressed:
            with replacing(target.file) as file:
                _write_all(file, header)
                for piece in _told(done, how):
                    _write_all(file, piece.data)
            return
        with together(target.path, _BESIDE) as others, replacing(target.file) as file:
            indexer = None
            if target.kind is not None:
                skip = odd_lines(header, encoder.rules) if header else 0
                indexer = Indexer(encoder.rules, skip=skip)
            blocks = _write_bgzf(file, header, _told(done, how), indexer, how)
            index = None
            if indexer is not None and target.kind is not None:
                index = indexer.finish(target.kind, int(blocks.block_starts[-1]) << 16)
            mode = None if target.path is None else stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            others.ready(_indexes(target, blocks, index), mode)
    finally:
        done.close()


def _told(pieces: Iterable[_Lines], how: _How) -> Iterator[_Lines]:
    """The pieces; after each is done with, progress."""
    for piece in pieces:
        yield piece
        if how.progress is not None:
            how.progress(piece.first + len(piece.rows))


def _header_in(codec: Encoding, header: bytes) -> bytes:
    try:
        return codec.encode(header)
    except UnicodeEncodeError as error:
        raise WriteError(f"the header has {_unsayable(error, codec)}", row=None) from None


def _in_encoding(codec: Encoding, make: _Call) -> _Lines:
    """A piece's lines in another encoding than UTF-8."""
    lines = make()
    try:
        moved = codec.moved_back(lines.data)
    except UnicodeEncodeError as error:
        letter = error.object[error.start : error.start + 1].encode("utf-8", "surrogateescape")
        at = lines.data.tobytes().find(letter)
        row = lines.first + int(np.searchsorted(lines.rows.ends_at, at, side="right"))
        raise unfit(_unsayable(error, codec), row, None) from None
    if moved is None:
        return lines
    data, places = moved
    rows = replace(
        lines.rows,
        names=[codec.encode(name) for name in lines.rows.names],
        begins=places[lines.rows.begins].astype(np.int64),
        ends_at=places[lines.rows.ends_at].astype(np.int64),
    )
    return _Lines(data, rows, lines.first)


def _unsayable(error: UnicodeEncodeError, codec: Encoding) -> str:
    letter = error.object[error.start]
    return f"{letter!r}, which {codec.name} does not have; pass encoding='utf-8'"


def _write_all(file: BinaryIO, data: Any) -> None:
    view = memoryview(data)
    while view:  # an unbuffered file may take less than all
        written = file.write(view)
        view = view[len(view) if written is None else written :]


def _write_bgzf(
    file: BinaryIO, header: bytes, pieces: Iterable[_Lines], indexer: Indexer | None, how: _How
) -> Blocks:
    waiting: deque[tuple[int, Scanned]] = deque()  # until it is known where they are
    at = len(header)
    with BlockWriter(file, level=how.level, threads=how.threads) as writer:
        writer.write(header)
        for piece in pieces:
            writer.write(piece.data)
            if indexer is not None:
                waiting.append((at, piece.rows))
                while waiting and waiting[0][0] + _size(waiting[0][1]) <= writer.settled:
                    _add(indexer, writer, *waiting.popleft())
            at += len(piece.data)
        blocks = writer.finish()
        for one in waiting:
            if indexer is not None:
                _add(indexer, writer, *one)
    file.flush()  # now, so that no index is older than the file
    return blocks


def _size(rows: Scanned) -> int:
    return int(rows.ends_at[-1]) if len(rows) else 0


def _add(indexer: Indexer, writer: BlockWriter, at: int, rows: Scanned) -> None:
    try:
        indexer.add(rows, writer.virtual_offsets(rows.places + at))
    except Unsorted as error:
        raise WriteError(f"{error}; pass index=None to write it without", row=None) from None


def _indexes(target: _Files, blocks: Blocks, index: TabixIndex | None) -> dict[str, bytes]:
    """The other files by their paths."""
    found = {}
    if index is not None:
        data = index.to_bytes()
        parts = [deflate_block(data[i : i + MAX_DATA]) for i in range(0, len(data), MAX_DATA)]
        found[target.index_path or f"{target.path}.{index.kind}"] = b"".join([*parts, EOF])
    if target.gzi_path is not None:
        found[target.gzi_path] = blocks.to_gzi().to_bytes()
    return found
