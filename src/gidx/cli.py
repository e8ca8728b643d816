"""The command line: `gidx info`, `query`, `convert`, `search`, `check`, `index`, `demo` …

Thin over the API: a command reads its arguments, calls one or two functions, prints.

====  ================================================================================
exit  when
====  ================================================================================
0     done; also where the reader of the output went away (``| head``)
1     one line on stderr says what is wrong; no file is left behind
2     the arguments are wrong, as argparse has it
130   Ctrl-C
====  ================================================================================

Modules that take long to import are imported by the commands that need them.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import importlib
import io
import json
import math
import os
import re
import stat
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TextIO, cast

from gidx.errors import (
    CONTROL,
    AutoSqlError,
    ColumnError,
    GidxError,
    GidxWarning,
    RegionError,
    visible,
)
from gidx.formats.registry import KINDS, TAKERS
from gidx.ground.tuning import tuning

if TYPE_CHECKING:
    import pyarrow as pa

    from gidx.dataset import Dataset
    from gidx.formats.offers import Zooms
    from gidx.formats.registry import Kind

TARGETS = tuple(kind.name for kind in KINDS.values() if kind.write is not None)
STREAMS = (*(name for name in TARGETS if name != "bigbed"), "gff")
FORMATS = tuple(name for name in TARGETS if KINDS[name].is_table or name == "bed")
FEW_CHROMS = 10

_REGIONS = """\
Regions are 1-based and closed, as in samtools and the UCSC browser:
  chr1   chr1:1,000-2,000   chr1:1000-   chr1:-2000   '{HLA:01}:1-10'
Several are a union: each row once, in the file's order."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status (SystemExit for wrong arguments and --help)."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", GidxWarning)
        warnings.showwarning = _once()
        _take_every_letter()
        try:
            arguments = _arguments(argv)
            try:
                status: int = arguments.run(arguments)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            _close_stdout()
            status = 0
        except KeyboardInterrupt:
            status = 130
        except Exception as error:
            message = _said(error, arguments)
            if message is None:
                raise
            _say(message)
            status = 1
    return status


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parsed; names and regions may also follow options (``--count chr1``), as elsewhere."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest:
        own = getattr(arguments, "parser", parser)
        several = [a.dest for a in own._actions if not a.option_strings and a.nargs in ("*", "+")]
        if not several or any(word.startswith("-") and word != "-" for word in rest):
            own.error(f"unrecognized arguments: {' '.join(rest)}")
        setattr(arguments, several[-1], [*getattr(arguments, several[-1]), *rest])
    return arguments


# ── what is wrong, in one line ──────────────────────────────────────────────────────────────────


def _say(message: str) -> None:
    with contextlib.suppress(OSError):  # stderr is closed: nobody listens
        said = visible(_in_options(" ".join(message.split())))
        print(f"gidx: {said}", file=sys.stderr)


_FLAG = {"write_bed": "bed", "write_vcf": "vcf", "write_gff": "gff3", "write_tabix": "tsv"}


def _flags(names: str) -> str:
    """Names of options as flags: ``--schema, --encoding-errors``."""
    return ", ".join("--" + name.replace("_", "-") for name in names.split(", "))


# What messages for Python advise, as the command line has it.
_OPTIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (
        r"gidx\.(\w+)\(gidx\.open\(['\"](.*?)['\"]\), 'sorted\.gz', sort=True\)",
        lambda m: f"gidx convert {m[2]} sorted.{_FLAG[m[1]]}.gz --sort",
    ),
    (r"pass sort=True, or call df\.gidx\.sort\(\) first", "pass --sort"),
    (
        r"the data carry none; pass chromsizes=\{.*?\} or a path",
        "pass --chromsizes FILE, or a path",
    ),
    (r"missing_chroms='ignore'", "--missing-chroms ignore"),
    (r"encoding='([\w-]+)'", r"--encoding \1"),
    (r"encoding_errors='(\w+)'", r"--encoding-errors \1"),
    (
        r"open the file with schema= or types=\{['\"](.*?)['\"]: '(\w+)'\}, or read a table "
        r"\(to_table, to_pandas\)",
        r"pass --schema, or --types \1=\2, or write to a file",
    ),
    (r"types=\{['\"](.*?)['\"]: '(\w+)'\}", r"--types \1=\2"),
    (r"lists='(\w+)'", r"--lists \1"),
    (r"bed_type='(\w+\+?)'", r"--bed-type \1"),
    (r"header=False", "--no-header"),
    (r"clip=True", "--clip"),
    (r"invalid='drop'", "--invalid drop"),
    (r"name it with value=", "name it with --value"),
    (r"with schema='bedGraph'", "with --schema bedGraph"),
    (
        r"fill it \(pandas: df\.fillna\(\{['\"](.*?)['\"]: …\}\)\) or drop the row",
        r"for the text that stands there pass --types \1=string",
    ),
    (r"preset='bed'(.*?), or chrom=1, start=2, end=3", r"--preset bed\1, or --places 1,2,3"),
    (r"kind='(\w+)'", r"--kind \1"),
    (r"drop index=", "drop --index"),
    (r"columns=\[(.*?)\]", lambda m: "--columns " + re.sub(r"['\" ]", "", m[1])),
    (
        r"say what it is with gidx\.read_bed, read_vcf or read_gff; an index says what",
        "an index says what",
    ),
    (r"schema '(.*?)' is of BED; use gidx\.read_bed", r"--schema \1 is of BED, which this is not"),
    (r"no option '(\w+)'", lambda m: f"no option {_flags(m[1])}"),
    (
        r"there are ((?:schema|samples|gt|attributes|types)\b[\w, ]*)",
        lambda m: f"there are {_flags(m[1])}",
    ),
    (r", or pa\.float64\(\)", ""),
    (
        r"\b(schema|types|encoding|encoding_errors|bed_type|extra_index)(?= is '|: )",
        lambda m: _flags(m[1]),
    ),
)


def _in_options(message: str) -> str:
    """A message with the command line's words.

    >>> _in_options("chr1:5 after chr1:9 (row 2); pass sort=True, or call df.gidx.sort() first")
    'chr1:5 after chr1:9 (row 2); pass --sort'
    """
    for found, said in _OPTIONS:
        message = re.sub(found, said, message)
    return message


def _once() -> Callable[..., None]:
    """Shows each warning once: what is opened twice (to count, to read) says all twice."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in seen:
            seen.add(str(message))
            _say(f"warning: {message}")

    return show


def _said(error: Exception, arguments: argparse.Namespace) -> str | None:
    """What a user needs to know of an error; None for our own mistakes."""
    if isinstance(error, GidxError):
        of = getattr(arguments, "source", None) or getattr(arguments, "file", None)
        asked = isinstance(error, RegionError | ColumnError)  # which know no file
        return f"{of}: {error}" if of and asked and of not in str(error) else str(error)
    if isinstance(error, OSError):
        why = error.strerror or str(error) or type(error).__name__
        if isinstance(error, FileNotFoundError) and error.strerror is None:
            why = f"{why}: no such file or directory"
        why = why[:1].lower() + why[1:] if error.strerror else why
        return why if error.filename is None else f"{os.fsdecode(error.filename)}: {why}"
    if isinstance(error, ImportError | MemoryError):
        return str(error) or "out of memory"
    if type(error).__module__.partition(".")[0] in ("aiohttp", "fsspec", "botocore"):
        return f"{type(error).__name__}: {error}"
    return None


def _take_every_letter() -> None:
    """Escape what stdout's encoding lacks, as stderr does: names in a C locale, and our words.

    Names of files that are not UTF-8 are written as the bytes that they are.
    """
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        unicode = out.encoding.lower().startswith("utf")
        out.reconfigure(errors="surrogateescape" if unicode else "backslashreplace")


def _print(line: str) -> None:
    """A line with a name in it: as it is into a pipe, with controls escaped to a terminal."""
    print(visible(line) if sys.stdout.isatty() else line)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with arguments as all errors are said: with controls escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(visible(message))


def _close_stdout() -> None:
    """Send what is left to nowhere, or Python complains when it flushes at its exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


# ── info ────────────────────────────────────────────────────────────────────────────────────────


def _info(arguments: argparse.Namespace) -> int:
    from gidx import dataset, scan
    from gidx.formats.offers import Zooms

    with _values(arguments):
        found = dataset.open(_input(arguments.file), **_opening(arguments))
    if arguments.json:
        print(_as_json(_facts(found)))
        return 0
    chroms = found.chroms
    _print_pairs({"file": found.path, **found.info(), "chroms": len(chroms)})
    names = list(chroms) if arguments.chroms else list(chroms)[:FEW_CHROMS]
    _print_table([(name, _number(chroms[name])) for name in names], "<>")
    if len(names) < len(chroms):
        print(f"  … {len(chroms) - len(names):,} more (--chroms shows all)")
    print("\ncolumns")
    rows = [(c["name"], _type(c["type"]), _declared(c), c["description"] or "")
            for c in found.fields.to_pylist()]  # fmt: skip
    _print_table([("name", "type", "declared", "description"), *rows], "<<<<")
    file = scan.format_of(found)
    if isinstance(file, Zooms):
        print("\ncoverage")
        _print_table([(k, _number(v)) for k, v in _summary(file).items()], "<>")
    return 0


def _as_json(facts: Mapping[str, Any]) -> str:
    """JSON whose controls are escaped, all of them: those above U+007E are not by Python's."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    return CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _facts(found: Dataset) -> dict[str, Any]:
    """What --json prints: names without blanks, lists as lists."""
    from gidx.formats.offers import NameIndexes, Zooms
    from gidx.scan import format_of

    facts: dict[str, Any] = {"file": found.path, **found.info()}
    file = format_of(found)
    if isinstance(file, Zooms):
        facts["zoom levels"] = file.reductions
    if isinstance(file, NameIndexes):
        facts["extra indexes"] = file.indexed_names()
    if isinstance(file, Zooms):
        facts["coverage"] = {
            k.replace(" ", "_"): v if v is not None and math.isfinite(v) else None  # as JSON has it
            for k, v in _summary(file).items()
        }
    facts["chroms"] = found.chroms
    facts["columns"] = found.fields.to_pylist()
    return {k.replace(" ", "_"): v for k, v in facts.items()}


def _declared(column: dict[str, Any]) -> str:
    """The declared type; VCF's with its Number, which others have in the type."""
    kind, number = column["declared_type"] or "", column["number"]
    return f"{kind}, {number}" if kind and number and "[" not in kind else kind


def _type(arrow: str) -> str:
    """An Arrow type's name, shorter.

    >>> _type("list<item: dictionary<values=string, indices=int32, ordered=0>>")
    'list<dictionary<string>>'
    """
    arrow = re.sub(r"dictionary<values=(\w+), indices=\w+, ordered=\d>", r"dictionary<\1>", arrow)
    return arrow.replace("<item: ", "<")


def _summary(zooms: Zooms) -> dict[str, float | None]:
    from gidx.formats.offers import Signal

    total = zooms.total_summary()
    values: dict[str, float] = {"covered bases": total.valid_count}
    what = "value" if isinstance(zooms, Signal) else "depth"
    for name in ("mean", "std", "min", "max"):
        values[f"{name} {what}"] = float(getattr(total, name))
    return {k: None if math.isnan(v) else v for k, v in values.items()}


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _print_pairs(pairs: dict[str, Any]) -> None:
    width = max(map(len, pairs))
    for key, value in pairs.items():
        said = "not counted" if value is None else value
        said = f"{value:,}" if isinstance(value, int) else visible(str(said))
        print(f"{key:<{width}}  {said}")


def _print_table(rows: Sequence[Sequence[str]], align: str) -> None:
    """Columns side by side, two spaces between them; the last one may be long."""
    if not rows:
        return
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(align))]
    for row in rows:
        cells = (f"{c:{a}{w}}" for c, a, w in zip(row, align, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())


def _input(path: str) -> Any:
    """The file of a path; ``-`` is standard input."""
    return sys.stdin.buffer if path == "-" else path


# ── query and search ────────────────────────────────────────────────────────────────────────────


def _query(arguments: argparse.Namespace) -> int:
    from gidx import dataset, scan

    with _values(arguments):
        found = dataset.open(_input(arguments.file), **_opening(arguments))
    regions = _regions(arguments)
    from gidx.convert import convert
    from gidx.convert.sources import Request, Source

    options = {"threads": arguments.threads, "missing_chroms": arguments.missing_chroms}
    if arguments.count:
        if regions is not None and scan.format_of(found).index_kind is None:
            asked = Request(KINDS["tsv"], regions, ["chrom"], **options)
            print(sum(batch.num_rows for batch in Source(found).rows(asked).batches))
        else:
            print(found.count_rows(regions, **options))
        return 0

    total = found.count_rows() if regions is None and arguments.head is None else None
    with _output(arguments) as (target, kind), _progress(arguments) as progress:
        convert(
            found, target, regions=regions, columns=_columns(arguments), to=kind.name,
            head=arguments.head, names=arguments.names, errors=arguments.errors,
            header=_header(arguments), progress=progress(total),
            samples_as_columns=arguments.samples_as_columns, lists=arguments.lists, **options,
        )  # fmt: skip
    return 0


def _search(arguments: argparse.Namespace) -> int:
    from gidx import convert, dataset, scan
    from gidx.arrow import schema
    from gidx.convert import sources
    from gidx.formats.base import Writing
    from gidx.formats.offers import AsTexts, NameIndexes

    found = dataset.open(_input(arguments.file), cache=arguments.cache)
    file = scan.format_of(found)
    if not isinstance(file, NameIndexes):
        raise ColumnError(f"{found.path}: {found.format} files have no index of names")
    with _output(arguments) as (target, kind):
        if isinstance(file, AsTexts) and sources.is_of_texts(kind):
            found = scan.read_as(found, file.as_texts())
        table = scan.find(found, arguments.names, field=arguments.field)
        columns = [found.columns[i] for i in file.indexes_of(arguments.field)]
        missing = _missing(arguments.names, map(table.column, columns))
        said = [f"{found.path}: no row has {' or '.join(columns)} {name!r}" for name in missing]
        if table.num_rows == 0:
            raise ColumnError("; ".join(said))
        for line in said:
            warnings.warn(line, GidxWarning, stacklevel=1)
        table = table.select(schema.project(table.schema, _columns(arguments)))
        rows = sources.Outgoing(table.schema, iter(table.to_batches()))
        convert.write(rows, target, kind, Writing(header=_header(arguments)))
    return 0


def _missing(names: Sequence[str], columns: Iterable[pa.ChunkedArray]) -> list[str]:
    known = {value for column in columns for value in column.to_pylist()}
    return [n for n in dict.fromkeys(names) if n not in known]


def _regions(arguments: argparse.Namespace) -> Any:
    """Region strings, and the rows of a BED file, as regions; None for the whole file."""
    asked: list[Any] = list(arguments.regions)
    if arguments.regions_file is None:
        return asked or None
    import pyarrow as pa

    from gidx.convert.sources import Request, opened

    with opened(arguments.regions_file) as source:
        rows = source.rows(Request(KINDS["tsv"], columns=["chrom", "start", "end"]))
        table = pa.Table.from_batches(rows.batches, rows.schema)
    if not asked:
        return table
    return [*asked, *zip(*(c.to_pylist() for c in table.columns), strict=True)]


def _columns(arguments: argparse.Namespace) -> list[str] | None:
    text = arguments.columns
    return None if text is None else [name.strip() for name in text.split(",")]


def _header(arguments: argparse.Namespace) -> bool | None:
    return False if arguments.no_header else None


class _Terminal(io.RawIOBase):
    """Rows for a person to look at: what a terminal would take for a command is seen instead."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._out.write(visible(self._decoder.decode(bytes(data))).encode())
        return memoryview(data).nbytes

    def flush(self) -> None:
        self._out.flush()


def _standard_output() -> BinaryIO:
    """Where rows go: as they are into a pipe or a file, with controls escaped to a terminal."""
    out = sys.stdout.buffer
    return cast(BinaryIO, _Terminal(out)) if sys.stdout.isatty() else out


@contextlib.contextmanager
def _output(arguments: argparse.Namespace) -> Iterator[tuple[str | BinaryIO, Kind]]:
    """Where rows go and as what: ``--output``, else standard output."""
    from gidx.formats.registry import target_kind

    path, asked = arguments.output, arguments.format
    _check_local(arguments, path)
    asked = "gff3" if asked == "gff" else asked
    if path not in (None, "-"):
        yield path, target_kind(path, asked)
        return
    kind = target_kind(sys.stdout.buffer, asked or "tsv")
    if kind.is_binary and sys.stdout.isatty():
        _wrong(arguments, f"{kind.name} is not for a terminal; pass --output FILE, or pipe it")
    sys.stdout.flush()
    yield _standard_output(), kind


# ── convert ─────────────────────────────────────────────────────────────────────────────────────


def _convert(arguments: argparse.Namespace) -> int:
    from gidx.convert import can_sort, convert
    from gidx.convert.sources import opened
    from gidx.formats.registry import target_kind

    target: str | BinaryIO = arguments.target
    _check_local(arguments, arguments.target)
    if target == "-":
        if arguments.to is None:
            _wrong(arguments, "standard output needs --to")
        if KINDS[arguments.to].is_binary and sys.stdout.isatty():
            _wrong(arguments, f"{arguments.to} is not for a terminal; name a file, or pipe it")
        target = _standard_output()
    kind = target_kind(target, arguments.to)
    for option, takers in TAKERS.items():
        if option not in kind.takes and getattr(arguments, option):
            what = f"{_flags(option)} is for {takers}, {arguments.target} is {kind.name}"
            _wrong(arguments, what)
    if arguments.sort and not can_sort(target, kind):
        what = f"{arguments.target} is {kind.name}"
        _wrong(arguments, f"--sort is for bigBed, BED, VCF and GFF, {what}")
    declared = arguments.autosql
    if declared is not None and not re.fullmatch(r"\w+", declared):  # a word names a kind
        declared = Path(declared)
    with contextlib.ExitStack() as stack:
        with _values(arguments):
            source = stack.enter_context(
                opened(arguments.source, _opening(arguments), declared, arguments.bed_type, kind)
            )
        progress = stack.enter_context(_progress(arguments))
        regions = _regions(arguments)
        convert(
            source, target, regions=regions, columns=_columns(arguments),
            to=kind.name, chromsizes=arguments.chromsizes, bed_type=arguments.bed_type,
            autosql=declared, extra_index=_names(arguments.extra_index),
            clip=arguments.clip, allow_1bp_overlap=arguments.allow_1bp_overlap,
            value=arguments.value, invalid=arguments.invalid,
            sort=arguments.sort, threads=arguments.threads, names=arguments.names,
            errors=arguments.errors, header=_header(arguments),
            progress=progress(source.count() if regions is None else None),
            samples_as_columns=arguments.samples_as_columns, lists=arguments.lists,
            missing_chroms=arguments.missing_chroms,
        )  # fmt: skip
    return 0


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.split(",")] if text else []


@contextlib.contextmanager
def _progress(
    arguments: argparse.Namespace,
) -> Iterator[Callable[[int | None], Callable[[int], None] | None]]:
    """Makes what is to be called with the rows so far: a bar on a terminal, else None.

    It appears after a second, and only where rows go to a file: who reads a pipe,
    a pager for one, may write to the terminal itself.
    """
    path = getattr(arguments, "target" if arguments.run is _convert else "output")
    bar: Any = None
    if sys.stderr.isatty() and (path not in (None, "-") or _is_file(sys.stdout)):
        with contextlib.suppress(ImportError):
            bar = importlib.import_module("tqdm").tqdm
    bars: list[Any] = []

    def start(total: int | None) -> Callable[[int], None] | None:
        if bar is None:
            return None
        begin = time.monotonic()

        def show(rows: int) -> None:
            if not bars:
                if time.monotonic() - begin < tuning.bar_after:
                    return
                bars.append(bar(total=total, unit=" rows", unit_scale=True, leave=False))
            bars[0].update(rows - bars[0].n)

        return show

    try:
        yield start
    finally:
        for bar in bars:
            bar.close()


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:  # it has no number
        return False


@contextlib.contextmanager
def _values(arguments: argparse.Namespace) -> Iterator[None]:
    """Values of options that cannot be, of which opening a file has its own errors."""
    try:
        yield
    except (TypeError, ValueError) as error:
        named = isinstance(error, AutoSqlError) and error.line is None  # no line of a file is wrong
        if isinstance(error, GidxError) and not named:
            raise
        _wrong(arguments, _in_options(str(error)))


def _check_local(arguments: argparse.Namespace, target: str | None) -> None:
    from gidx.ground.names import expanded, is_url

    if target is not None and is_url(expanded(target)):
        _wrong(arguments, f"cannot write to a URL, {target}; write a file, and copy that")


def _wrong(arguments: argparse.Namespace, message: str) -> NoReturn:
    arguments.parser.error(message)
    raise AssertionError  # pragma: no cover


# ── check, bgzip, index ─────────────────────────────────────────────────────────────────────────


def _check(arguments: argparse.Namespace) -> int:
    from gidx import dataset
    from gidx.check import check

    bad = 0
    for file in arguments.files:
        opening = _opening(arguments)
        with _values(arguments):
            if opening:
                dataset.open(file, **opening)
        report = check(file, threads=arguments.threads, opening=opening)
        for problem in report.problems:
            _say(problem)
        bad += not report.ok
        said = "ok" if report.ok else f"{len(report.problems)} to look at"
        _print(f"{file}: {report.format}, {report.rows:,} rows, index {report.index}: {said}")
    return 1 if bad else 0


def _bgzip(arguments: argparse.Namespace) -> int:
    from gidx.bgzf.compress import compress, decompress

    if arguments.decompress:
        _print(decompress(arguments.file, arguments.output, threads=arguments.threads))
        return 0
    target = compress(
        arguments.file, arguments.output, level=arguments.level, threads=arguments.threads,
        gzi=True if arguments.gzi else None,
    )  # fmt: skip
    _print(target)
    return 0


def _index(arguments: argparse.Namespace) -> int:
    from gidx.indexing import build_index

    places: dict[str, Any] = {}
    if arguments.places is not None:
        numbers = arguments.places.split(",")
        if not 2 <= len(numbers) <= 3 or not all(n.isdigit() and int(n) for n in numbers):
            _wrong(arguments, f"--places {arguments.places}: expected two or three numbers: 1,2,3")
        places = dict(zip(("chrom", "start", "end"), map(int, numbers), strict=False))
    if arguments.preset is not None and (places or arguments.zero_based):
        _wrong(arguments, "--preset says which columns there are, without --places, --zero-based")
    if arguments.zero_based and not places:
        _wrong(arguments, "--zero-based is said of columns: pass --places too")
    if arguments.meta is not None and not (len(arguments.meta) == 1 and arguments.meta.isascii()):
        _wrong(arguments, f"--meta {arguments.meta}: expected one ASCII character")
    made = build_index(
        arguments.file, arguments.output, preset=arguments.preset, kind=arguments.kind,
        zero_based=arguments.zero_based, meta=arguments.meta, skip=arguments.skip,
        threads=arguments.threads, **places,
    )  # fmt: skip
    _print(made)
    return 0


def _dump_index(arguments: argparse.Namespace) -> int:
    from gidx import convert
    from gidx.binning import VCF, TabixIndex, TbkIndex
    from gidx.binning.index import read_index
    from gidx.convert import sources
    from gidx.formats.base import Writing

    path = arguments.output or "-"
    kind = arguments.format or {".tbj": "tbj", ".tbk": "tbk"}.get(Path(path).suffix)
    data = arguments.data or _indexed(arguments.file)
    table = "linear_table" if arguments.linear else "stats_table" if arguments.stats else "to_table"
    if kind in ("tbj", "tbk") and table != "to_table":
        _wrong(arguments, f"--linear and --stats are tables, {kind} is the whole index")
    if kind == "tbk" and data is None:
        _wrong(arguments, "a TBK is made from the indexed file; pass --data FILE")
    if kind == "tbk" and path == "-" and sys.stdout.isatty():
        _wrong(arguments, "tbk is not for a terminal; pass --output FILE, or pipe it")
    index = read_index(arguments.file)
    if isinstance(index, TbkIndex) and (kind == "tbj" or table != "to_table"):
        _wrong(arguments, f"{arguments.file} is a TBK, which has only blocks and their rows")
    target = sys.stdout.buffer if path == "-" else path
    if kind == "tbk":
        layout = index.layout if isinstance(index, TabixIndex) else None
        TbkIndex.build(data, layout=layout or VCF).write(target)
    elif kind == "tbj" and isinstance(index, TabixIndex):
        index.to_json(target, data=data)
    else:
        with _output(arguments) as (target, to):
            found = getattr(index, table)()
            convert.write(
                sources.Outgoing(found.schema, iter(found.to_batches())),
                target, to, Writing(header=_header(arguments)),
            )  # fmt: skip
    return 0


def _indexed(index: str) -> str | None:
    """The file that an index lies beside, if it is at hand."""
    path = Path(index)
    known = path.suffix in (".tbi", ".csi", ".tbj", ".tbk") and path.with_suffix("").is_file()
    return str(path.with_suffix("")) if known else None


# ── demo ────────────────────────────────────────────────────────────────────────────────────────


def _demo(arguments: argparse.Namespace) -> int:
    from gidx.demo import run

    run(arguments.keep)
    return 0


# ── arguments ───────────────────────────────────────────────────────────────────────────────────


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gidx",
        description="Indexed genomic interval files as typed tables, both ways.",
        epilog="gidx COMMAND --help says more, with examples. No data at hand? Try: gidx demo",
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    info = _command(
        commands, "info", _info, "what a file is and has",
        "Print what a file is: format, rows, chroms, columns with their types, zoom levels, "
        "coverage, indexes.",
        """\
gidx info genes.bb
gidx info --chroms genes.bb           every chrom
gidx info --json genes.bb | jq .rows""",
    )  # fmt: skip
    info.add_argument("file", metavar="FILE", help="a path or URL; - is standard input")
    info.add_argument("--chroms", action="store_true", help="list every chrom")
    info.add_argument("--json", action="store_true", help="one JSON object, for machines")
    _opening_options(info)

    query = _command(
        commands, "query", _query, "rows of a file, or of regions of it",
        f"Print the rows that overlap regions; without a region, all.\n\n{_REGIONS}",
        """\
gidx query genes.bb chr22:20,000,000-20,100,000
gidx query genes.bb chr1 chr2 --columns chrom,start,end,name --no-header
gidx query genes.bb --regions-file peaks.bed --missing-chroms ignore --count
gidx query genes.bb --head 3 --format json
gidx query https://host/genes.bb chrX --output chrX.parquet""",
    )  # fmt: skip
    query.add_argument("file", metavar="FILE", help="a path or URL; - is standard input")
    _region_options(query, positional=True)
    _row_options(query)
    query.add_argument("--count", action="store_true", help="print only how many rows there are")
    query.add_argument("--head", type=_count, metavar="N", help="the first N rows only")
    _output_options(query, STREAMS)
    _sample_option(query)
    _reading_options(query)

    convert = _command(
        commands, "convert", _convert, "any file to any: bigBed, BED, VCF, GFF, TSV, Parquet …",
        """\
Convert a file. What IN is, its content tells; what OUT is, its suffix or --to:

  bigbed   .bb .bigbed             needs chrom sizes, unless IN has them
  bed      .bed                    comments and names of columns under #; see --no-header
  vcf      .vcf                    under the header that IN has, or a made one
  gff3     .gff3 .gff
  gtf      .gtf
  tsv      .tsv .txt               a header line of names
  parquet  .parquet .pq            typed
  arrow    .arrow .feather .ipc    typed; - writes a stream
  json     .json .jsonl .ndjson    one object a line; output only

Rows of text with .gz or .bgz behind (x.bed.gz) are BGZF with a tabix index beside.
IN may be gzipped text, and - (standard input); OUT may be - with --to.
OUT appears when it is finished, so a failure leaves nothing behind.""",
        """\
gidx convert genes.bb genes.parquet
gidx convert genes.bb genes.bed --region chr22
gidx convert calls.vcf.gz calls.parquet --columns chrom,start,ref,alt,INFO/AF
gidx convert peaks.bed peaks.bed.gz --sort
gidx convert peaks.bed peaks.bb --chromsizes hg38.chrom.sizes --bed-type bed6+4 --sort
gidx convert table.tsv table.bb --chromsizes hg38.chrom.sizes --extra-index geneName
zcat x.bed.gz | gidx convert - x.bb --chromsizes hg38.chrom.sizes""",
    )  # fmt: skip
    convert.add_argument("source", metavar="IN", help="a path or URL, a glob or folder, or -")
    convert.add_argument("target", metavar="OUT", help="a path, or -")
    convert.add_argument("--to", choices=TARGETS, help="what OUT is, if its suffix does not say")
    _region_options(convert, positional=False)
    _row_options(convert)
    writing = convert.add_argument_group("for bigBed, and --chromsizes and --clip for bigWig")
    writing.add_argument("--chromsizes", metavar="FILE", help="names and sizes, as chrom.sizes")
    writing.add_argument(
        "--bed-type", metavar="TYPE", help="bed3 to bed12, +N for further columns: bed6+4"
    )
    writing.add_argument(
        "--autosql", metavar="FILE", help="an .as file that declares the columns, or narrowPeak …"
    )
    writing.add_argument("--extra-index", metavar="A,B", help="columns to index, for gidx search")
    writing.add_argument(
        "--clip", action="store_true", help="cut rows that reach past the end of their chrom to it"
    )
    writing.add_argument(
        "--allow-1bp-overlap", action="store_true", help="of blocks, as bedToBigBed's option"
    )
    signal = convert.add_argument_group("for bigWig")
    signal.add_argument("--value", metavar="COLUMN", help="the values, where several are numbers")
    signal.add_argument(
        "--invalid", choices=("raise", "drop"), help="what rows without bases or a value do"
    )
    convert.add_argument(
        "--sort", action="store_true", help="sort the rows, for files with an index"
    )
    _sample_option(convert)
    _reading_options(convert)

    search = _command(
        commands, "search", _search, "rows by name, from an extra index",
        "Print the rows whose name is one of NAME, looked up in the file's extra index; "
        "exact, with case.",
        """\
gidx search genes.bb BRCA2
gidx search genes.bb BRCA1 BRCA2 --field geneName --format json""",
    )  # fmt: skip
    search.add_argument("file", metavar="FILE", help="a path or URL; - is standard input")
    search.add_argument("names", metavar="NAME", nargs="+", help="names to look for")
    search.add_argument("--field", help="the column, if several are indexed")
    _cache_option(search)
    _row_options(search)
    _output_options(search)

    _file_commands(commands)

    demo = _command(
        commands, "demo", _demo, "a tour, with data made for it",
        "Make a small bigBed of genes, then query, search, sum up and convert it, and show "
        "each line of Python that does so.",
        """\
gidx demo
gidx demo --keep demo                 leaves the files in the folder demo""",
    )  # fmt: skip
    demo.add_argument("--keep", metavar="DIR", help="write the files here, and leave them")
    return parser


def _file_commands(commands: Any) -> None:
    """Those that are about files, not rows."""
    check = _command(
        commands, "check", _check, "read files whole, and see whether their index is right",
        "Read every row and value, and compare what the index says with what is there. The exit "
        "status is 1 where something is not as it should be.",
        """\
gidx check calls.vcf.gz
gidx check *.bb *.bed.gz""",
    )  # fmt: skip
    check.add_argument("files", metavar="FILE", nargs="+", help="paths or URLs")
    check.add_argument("--threads", type=_count, metavar="N", help="default: all processors")
    _opening_options(check)

    bgzip = _command(
        commands, "bgzip", _bgzip, "compress a file so that it can be indexed",
        "Compress a file in blocks (BGZF), as bgzip does; plain gzip is compressed anew. The "
        "file itself stays.",
        """\
gidx bgzip peaks.bed                  writes peaks.bed.gz
gidx bgzip calls.vcf.gz               plain gzip: writes calls.vcf.bgz
gidx bgzip --decompress peaks.bed.gz""",
    )  # fmt: skip
    bgzip.add_argument("file", metavar="FILE", help="a path")
    bgzip.add_argument("--output", "-o", metavar="FILE", help="default: FILE.gz")
    bgzip.add_argument("--decompress", "-d", action="store_true", help="the other way round")
    bgzip.add_argument(
        "--level", type=int, choices=range(13), metavar="N", default=6, help="0 to 12; default: 6"
    )
    bgzip.add_argument("--gzi", action="store_true", help="write FILE.gz.gzi too")
    bgzip.add_argument("--threads", type=_count, metavar="N", help="default: all processors")

    index = _command(
        commands, "index", _index, "make a tabix index (TBI or CSI)",
        "Index a BGZF file whose rows are sorted, as tabix does. What it is, its content tells.",
        """\
gidx index calls.vcf.gz
gidx index --kind csi wheat.gff3.gz
gidx index --places 2,3,4 table.tsv.gz""",
    )  # fmt: skip
    index.add_argument("file", metavar="FILE", help="a path")
    index.add_argument("--preset", choices=("bed", "gff", "vcf", "sam", "psltbl"))
    index.add_argument(
        "--kind", choices=("auto", "tbi", "csi"), default="auto",
        help="default: TBI, and CSI where rows lie past 2^29",
    )  # fmt: skip
    index.add_argument("--places", metavar="C,S,E", help="columns of chrom, start, end, from 1")
    index.add_argument("--zero-based", action="store_true", help="starts count from 0, as in BED")
    index.add_argument("--meta", metavar="CHAR", help="lines that begin so are no rows; default: #")
    index.add_argument(
        "--skip", type=_natural, metavar="N", help="lines at the start that are no rows"
    )
    index.add_argument("--output", "-o", metavar="FILE", help="default: FILE.tbi or FILE.csi")
    index.add_argument("--threads", type=_count, metavar="N", help="default: all processors")

    dump = _command(
        commands, "dump-index", _dump_index, "what a tabix index holds, as a table or JSON",
        """\
Print the chunks of a tabix index (TBI, CSI, or tabixpy's TBJ), a row for each: the bin with
its span, and where the chunk begins and ends. Of a TBK, the blocks.

As tbj or tbk, write what the package tabixpy reads; tbj has the positions of the rows, too,
where the indexed file is at hand. A file .tbj or .tbk is gzipped.""",
        """\
gidx dump-index calls.vcf.gz.tbi
gidx dump-index calls.vcf.gz.tbi --stats --format json
gidx dump-index calls.vcf.gz.csi --linear --output windows.parquet
gidx dump-index calls.vcf.gz.tbi --format tbj | jq .refs[0].bins_begin
gidx dump-index calls.vcf.gz.tbi --output calls.vcf.gz.tbj""",
    )  # fmt: skip
    dump.add_argument("file", metavar="INDEX", help="a path or URL")
    tables = dump.add_mutually_exclusive_group()
    tables.add_argument("--linear", action="store_true", help="the linear index instead")
    tables.add_argument("--stats", action="store_true", help="the rows of each chrom instead")
    dump.add_argument("--data", metavar="FILE", help="the indexed file; default: beside INDEX")
    dump.add_argument("--no-header", action="store_true", help="TSV without its header line")
    _output_options(dump, (*(f for f in FORMATS if f != "bed"), "tbj", "tbk"))


class _Version(argparse.Action):
    """--version, which imports gidx only when asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "nargs": 0, "dest": argparse.SUPPRESS})

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        import gidx

        print(f"gidx {gidx.__version__}")
        parser.exit()


def _command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    indented = "".join(f"  {line}\n" for line in examples.splitlines())
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"examples:\n{indented}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def _region_options(parser: argparse.ArgumentParser, *, positional: bool) -> None:
    what = "chr1:1,000-2,000 or chr1; 1-based, closed"
    if positional:
        parser.add_argument("regions", metavar="REGION", nargs="*", help=what)
    else:
        parser.add_argument(
            "--region", metavar="REGION", dest="regions", action="append", default=[],
            help=f"{what}; may be given several times",
        )  # fmt: skip
    parser.add_argument(
        "--regions-file", metavar="BED", help="regions from a BED file (0-based, half-open)"
    )


def _row_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--columns", metavar="A,B", help="only these columns, in this order")
    parser.add_argument("--no-header", action="store_true", help="TSV and BED without a header")


def _output_options(parser: argparse.ArgumentParser, formats: Sequence[str] = FORMATS) -> None:
    parser.add_argument(
        "--format", choices=formats, help="default: what --output's suffix says, else tsv"
    )
    parser.add_argument("--output", "-o", metavar="FILE", help="write here instead of stdout")


def _reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--names", choices=("canonical", "native"), default="canonical",
        help="chrom, start, end; or the file's own names",
    )  # fmt: skip
    parser.add_argument(
        "--errors", choices=("warn", "raise", "null"), default="warn",
        help="what a value that is not of its declared type does",
    )  # fmt: skip
    parser.add_argument("--threads", type=_count, metavar="N", help="default: all processors")
    parser.add_argument(
        "--missing-chroms", choices=("error", "ignore"), default="error",
        help="what a region on a chrom does that the file does not have",
    )  # fmt: skip
    parser.add_argument(
        "--lists", choices=("arrow", "text"), default="arrow",
        help="lists and maps in Parquet, Arrow and JSON as such, or as texts: G,T",
    )  # fmt: skip
    _opening_options(parser)


def _opening_options(parser: argparse.ArgumentParser) -> None:
    """What `gidx.open` takes."""
    parser.add_argument(
        "--index", metavar="FILE", help="the .tbi or .csi, if it is not beside the file"
    )
    parser.add_argument(
        "--samples", metavar="A,B", type=_names, help="of a VCF, in this order; '' for none"
    )
    parser.add_argument(
        "--gt", choices=("text", "alleles"), help="genotypes of a VCF as they stand: 0|1; or parted"
    )
    parser.add_argument(
        "--attributes", metavar="A,B", type=_names, help="of GFF and GTF, that become columns"
    )
    parser.add_argument(
        "--schema", metavar="NAME", help="what BED or a table is: bed6+4, narrowPeak, an .as file …"
    )
    parser.add_argument(
        "--types", metavar="A=T,B=T", type=_types,
        help="types of columns, where the file's own are wrong: INFO/FR=double,score=float64",
    )  # fmt: skip
    parser.add_argument("--encoding", metavar="NAME", help="of text that is not UTF-8: latin-1")
    parser.add_argument(
        "--encoding-errors", metavar="HOW", help="replace, ignore …, as Python's bytes.decode"
    )
    _cache_option(parser)


def _cache_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache", metavar="DIR", help="of a URL: a folder to keep what was read of it in"
    )


def _sample_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--samples-as-columns", action="store_true",
        help="of a VCF, as text: a column for each FORMAT field of each sample, FORMAT/AD:s1 …",
    )  # fmt: skip


def _types(text: str) -> dict[str, str]:
    pairs = [pair.strip().rpartition("=") for pair in text.split(",")]
    for name, _, kind in pairs:
        if not name or not kind:
            raise argparse.ArgumentTypeError(f"{text!r}: expected COLUMN=TYPE, as INFO/FR=double")
    return {name: kind for name, _, kind in pairs}


def _opening(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of gidx.open that were given."""
    names = ("index", "samples", "gt", "attributes", "schema", "types", "encoding",
             "encoding_errors", "cache")  # fmt: skip
    return {n: v for n in names if (v := getattr(arguments, n)) is not None}


def _count(text: str) -> int:
    return _natural(text, 1)


def _natural(text: str, least: int = 0) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {least} or more")
    return int(text)
