r"""The header of a VCF file, both ways: text to declarations and back.

Source: the VCF specifications 4.0 to 4.5 (samtools/hts-specs), section 1, "Meta-information
lines" and "Header line syntax".

    ##fileformat=VCFv4.5                                     unstructured: key=value
    ##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth"> structured: key=<attributes>
    #CHROM POS ID REF ALT QUAL FILTER INFO FORMAT NA001      fixed columns, then samples

Lines stay as they were written, so that ``str(Header.parse(text)) == text`` wherever the
text is a header at all. What is wrong with one is not raised but listed in `Header.faults`:
who knows the file warns. In quotes, ``\"`` and ``\\`` are escapes; any other backslash is
itself, and so is a quote that neither a comma nor ``>`` follows: both are common.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from gidx.arrow.schema import unique

FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
TYPES = ("Integer", "Float", "Flag", "Character", "String")
VERSIONS = tuple(f"VCFv4.{minor}" for minor in range(6))
QUOTED = ("Description", "Source", "Version")  # always; others where they need it

_NUMBER = re.compile(r"\d+|[ARGPM.]|L[ARG]", re.ASCII)
_VERSION = re.compile(r"VCFv(\d+)\.(\d+)", re.ASCII)
# Why a shortcut for contigs: 128,000 of them, 0.2 s; by way of `parse_attributes` 0.4 s more.
_CONTIG = re.compile(r"<ID=([^,<>\"]+),length=(\d{1,18})(?:>$|,)", re.ASCII)
_MARKS = re.compile(r"[\"\[<>]")
_PLAIN = re.compile(r"[^\s,;=\"<>\[\]]+")  # a value that needs no quotes
_FAULTS = 1000  # how many are told of; there may be millions
_MOST = 1024  # values of a fixed number: each missing list of them takes as much room


class Meta(NamedTuple):  # 128,000 of them: 0.35 s, as frozen dataclasses 0.7 s
    """One ``##key=value`` line; ``value`` as it is written.

    >>> Meta("contig", "<ID=chr1,length=1000>").attributes
    {'ID': 'chr1', 'length': '1000'}
    >>> str(Meta("fileformat", "VCFv4.5"))
    '##fileformat=VCFv4.5'
    """

    key: str
    value: str | None  # None: there is no =

    @classmethod
    def of(cls, key: str, attributes: Mapping[str, str]) -> Meta:
        """A structured line, its values quoted where they must be.

        >>> str(Meta.of("FILTER", {"ID": "q10", "Description": "Below 10"}))
        '##FILTER=<ID=q10,Description="Below 10">'
        """
        return cls(key, format_attributes(attributes))

    @property
    def structured(self) -> bool:
        """Whether it has attributes."""
        return self.value is not None and self.value.startswith("<")

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes in their order, unquoted; {} for an unstructured line."""
        return parse_attributes(self.value or "") if self.structured else {}

    def __str__(self) -> str:
        return f"##{self.key}" if self.value is None else f"##{self.key}={self.value}"


@dataclass(frozen=True)
class KeyLine:
    """What an INFO or FORMAT line says of a key: ``Number`` and ``Type`` as they are used.

    ``said`` is what the line has for them, where it is something else.

    >>> print(KeyLine("DP", "1", "Integer", "Depth").meta("INFO"))
    ##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
    """

    id: str
    number: str = "."
    type: str = "String"
    description: str = ""
    others: tuple[tuple[str, str], ...] = ()
    said: tuple[str, str] | None = field(default=None, compare=False)

    def meta(self, key: str) -> Meta:
        """The header line, ``key`` INFO or FORMAT."""
        attributes = {"ID": self.id, "Number": self.number, "Type": self.type}
        return Meta.of(key, {**attributes, "Description": self.description, **dict(self.others)})


@dataclass(frozen=True)
class Header:
    """A VCF header: its lines in order, and the names of its samples.

    ``has_format`` says that the #CHROM line names FORMAT, which it may without samples.

    >>> header = Header.parse(
    ...     '##fileformat=VCFv4.3\\n##contig=<ID=chr1,length=9>\\n'
    ...     '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">\\n'
    ...     '#CHROM\\tPOS\\tID\\tREF\\tALT\\tQUAL\\tFILTER\\tINFO\\tFORMAT\\tNA1\\n'
    ... )
    >>> header.version, header.contigs, header.samples
    ((4, 3), {'chr1': 9}, ('NA1',))
    >>> header.info["AF"].number, header.info["AF"].type
    ('A', 'Float')
    """

    lines: tuple[Meta, ...] = ()
    samples: tuple[str, ...] = ()
    has_format: bool = False
    has_columns: bool = field(default=True, compare=False)  # whether there was a #CHROM line
    text_faults: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, text: str) -> Header:
        """A header out of its lines (LF or CRLF); never raises, see `faults`."""
        faults: list[str] = []
        if text.startswith("\ufeff"):
            text = text.removeprefix("\ufeff")
            faults.append("begins with a byte order mark")
        lines: list[Meta] = []
        columns: list[str] | None = None
        for line in _lines(text):
            if line.startswith("##"):
                key, equal, value = line[2:].partition("=")
                lines.append(Meta(sys.intern(key), value if equal else None))
                if (not equal or not key) and len(faults) < _FAULTS:
                    faults.append(f"a line is not ##key=value: {_short(line)}")
            elif not line.strip():
                continue
            elif not line.startswith("#CHROM"):
                if len(faults) < _FAULTS:
                    what = f"a line begins with neither ## nor #CHROM: {_short(line)}"
                    faults.append(what)
            elif columns is None:
                columns = line[1:].split("\t")
                if len(columns) == 1:
                    columns = line[1:].split()
                    faults.append("its #CHROM line is split by blanks, expected tabs")
            elif columns == line[1:].split("\t"):
                faults.append("its #CHROM line is doubled")
            else:
                faults.append("has two #CHROM lines; the first one is used")
        samples, has_format = _samples(columns, faults)
        return cls(tuple(lines), samples, has_format, columns is not None, tuple(faults))

    @classmethod
    def build(
        cls,
        fileformat: str = "VCFv4.3",
        *,
        info: Iterable[KeyLine] = (),
        format: Iterable[KeyLine] = (),
        filters: Mapping[str, str] | None = None,
        alts: Mapping[str, str] | None = None,
        contigs: Mapping[str, int | None] | None = None,
        samples: Iterable[str] = (),
        others: Iterable[Meta] = (),
    ) -> Header:
        """A header from nothing but what it should say.

        >>> str(Header.build(filters={"PASS": "All filters passed"})).split("\\n")[:2]
        ['##fileformat=VCFv4.3', '##FILTER=<ID=PASS,Description="All filters passed">']
        """
        lines = [Meta("fileformat", fileformat), *others]
        described = [("FILTER", filters or {}), ("ALT", alts or {})]
        for key, texts in described:
            lines += [Meta.of(key, {"ID": k, "Description": v}) for k, v in texts.items()]
        for name, size in (contigs or {}).items():
            length = {} if size is None else {"length": str(size)}
            lines.append(Meta.of("contig", {"ID": name, **length}))
        lines += [one.meta("INFO") for one in info]
        lines += [one.meta("FORMAT") for one in format]
        samples = tuple(samples)
        return cls(tuple(lines), samples, bool(samples))

    def declaring(self, key: str, declared: KeyLine) -> Header:
        """The same header with this declaration (``key`` is INFO or FORMAT).

        It stands where the ID was declared, else behind the last line of its key (GT before
        the first).

        >>> header = Header.build(info=[KeyLine("FR", "0", "Float", "Frequency")])
        >>> better = header.declaring("INFO", KeyLine("FR", "1", "Float", "Frequency"))
        >>> print(better.lines[-1])
        ##INFO=<ID=FR,Number=1,Type=Float,Description="Frequency">
        """
        lines = list(self.lines)
        same = [i for i, line in enumerate(lines) if line.key == key]
        own = next((i for i in same if lines[i].attributes.get("ID") == declared.id), None)
        if own is not None:
            lines[own] = declared.meta(key)
        elif same and key == "FORMAT" and declared.id == "GT":
            lines.insert(same[0], declared.meta(key))  # the specification has it first
        else:
            lines.insert(same[-1] + 1 if same else len(lines), declared.meta(key))
        return replace(self, lines=tuple(lines))

    def with_samples(self, samples: Iterable[str]) -> Header:
        """The same header over other samples; of none it names no FORMAT, as rows have none."""
        samples = tuple(samples)
        has_format = bool(samples) or (self.has_format and not self.samples)
        return replace(self, samples=samples, has_format=has_format)

    def __str__(self) -> str:
        """All lines, the #CHROM line last; each ends with LF."""
        return "".join(f"{line}\n" for line in (*self.lines, self.columns_line))

    @property
    def columns_line(self) -> str:
        """The line that names the columns and samples."""
        last = ("FORMAT", *self.samples) if self.has_format or self.samples else ()
        return "#" + "\t".join((*FIXED, *last))

    # ── what it declares ────────────────────────────────────────────────────────────────────────

    @property
    def fileformat(self) -> str | None:
        """What ``##fileformat`` says, or None."""
        found = (line.value for line in self.lines if line.key == "fileformat")
        return next(found, None)

    @property
    def version(self) -> tuple[int, int] | None:
        """Its version as numbers, or None where it has none."""
        found = _VERSION.fullmatch((self.fileformat or "").strip())
        return (int(found[1]), int(found[2])) if found else None

    @property
    def contigs(self) -> dict[str, int | None]:
        """Contigs in header order, and their lengths where it has them."""
        return self._declared.contigs

    @property
    def info(self) -> dict[str, KeyLine]:
        """INFO declarations, first of an ID, in header order."""
        return self._declared.info

    @property
    def format(self) -> dict[str, KeyLine]:
        """FORMAT declarations, first of an ID, in header order."""
        return self._declared.format

    def told(self, key: str) -> dict[str, KeyLine]:
        """`info` or `format`, by the lines' key."""
        return self.info if key == "INFO" else self.format

    @property
    def filters(self) -> dict[str, str]:
        """FILTER IDs and their descriptions."""
        return self._declared.filters

    @property
    def alts(self) -> dict[str, str]:
        """ALT IDs (without angle brackets) and their descriptions."""
        return self._declared.alts

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, and what is made of that; a sentence each."""
        return (*self.text_faults, *self._declared.faults)

    @cached_property
    def _declared(self) -> _Said:
        return _declare(self.lines)


@dataclass(frozen=True)
class _Said:
    contigs: dict[str, int | None]
    info: dict[str, KeyLine]
    format: dict[str, KeyLine]
    filters: dict[str, str]
    alts: dict[str, str]
    faults: tuple[str, ...]


def _declare(lines: Iterable[Meta]) -> _Said:
    faults: list[str] = []
    twice: dict[str, list[str]] = {}
    nameless: dict[str, int] = {}
    found: dict[str, dict[str, Any]] = {
        "contig": {}, "INFO": {}, "FORMAT": {}, "FILTER": {}, "ALT": {}
    }  # fmt: skip
    versions = []
    for line in lines:
        known = found.get(line.key)
        if known is None:
            if line.key == "fileformat":
                versions.append((line.value or "").strip())
            continue
        shortcut = _CONTIG.match(line.value or "") if line.key == "contig" else None
        if shortcut is not None and shortcut[1] not in known:
            known[shortcut[1]] = int(shortcut[2])
            continue
        attributes = line.attributes
        name = attributes.get("ID", "")
        if not name:
            nameless[line.key] = nameless.get(line.key, 0) + 1
        elif name in known:
            twice.setdefault(line.key, []).append(name)
        elif line.key == "contig":
            known[name] = _length(name, attributes.get("length"), faults)
        elif line.key in ("INFO", "FORMAT"):
            known[name] = _declaration(line.key, attributes, faults)
        else:
            known[name] = attributes.get("Description", "")
    for key, names in twice.items():
        faults.append(f"declares {key} {_some(names)} more than once; the first one is used")
    for key, count in nameless.items():
        faults.append(f"{count} {key} lines have no ID and declare nothing")
    faults += _version_faults(versions)
    return _Said(
        found["contig"], found["INFO"], found["FORMAT"], found["FILTER"], found["ALT"],
        tuple(faults),
    )  # fmt: skip


def _version_faults(versions: list[str]) -> list[str]:
    if not versions:
        return ["has no ##fileformat line"]
    faults = [] if len(set(versions)) == 1 else ["has several ##fileformat lines; the first counts"]
    if versions[0] not in VERSIONS:
        faults.append(f"says fileformat {versions[0]!r}, expected VCFv4.0 to VCFv4.5")
    return faults


def _length(name: str, text: str | None, faults: list[str]) -> int | None:
    if text is None:
        return None
    if re.fullmatch(r"\d{1,18}", text, re.ASCII):
        return int(text)
    faults.append(f"says that contig {name} has the length {text!r}, which is no number")
    return None


def _declaration(key: str, attributes: Mapping[str, str], faults: list[str]) -> KeyLine:
    name = attributes["ID"]
    number, kind = attributes.get("Number"), attributes.get("Type")
    place = f"declares {key} {name}"
    if kind not in TYPES:
        faults.append(f"{place} with {_shown('Type', kind)}; read as String")
        kind = "String"
    if number is None or not _NUMBER.fullmatch(number):
        faults.append(f"{place} with {_shown('Number', number)}; read as Number=.")
        number = "."
    elif number.isdigit() and int(number) > _MOST:
        faults.append(f"{place} with Number={number}, more than {_MOST}; read as Number=.")
        number = "."
    flag = number.isdigit() and int(number) == 0
    if key == "FORMAT" and (flag or kind == "Flag"):
        faults.append(f"{place} as a flag, which FORMAT does not have; read as a String")
        number, kind = "1", "String"
    elif key == "FORMAT" and name == "GT" and (number, kind) != ("1", "String"):
        faults.append(f"{place} with Number={number}, Type={kind}; read as Number=1, Type=String")
        number, kind = "1", "String"
    elif flag != (kind == "Flag"):
        faults.append(f"{place} with Number={number}, Type={kind}; read as a flag")
        number, kind = "0", "Flag"
    others = [(k, v) for k, v in attributes.items() if k not in _OWN]
    said = attributes.get("Number", "."), attributes.get("Type", "String")
    return KeyLine(
        name, number, kind, attributes.get("Description", ""), tuple(others),
        None if said == (number, kind) else said,
    )  # fmt: skip


_OWN = ("ID", "Number", "Type", "Description")


def _lines(text: str) -> Iterator[str]:
    """Lines one by one, since all at once take more than the text: LF or CRLF ends them."""
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end].removesuffix("\r")
        at = end + 1
    yield text[at:]


def _samples(columns: list[str] | None, faults: list[str]) -> tuple[tuple[str, ...], bool]:
    """Names behind FORMAT, each once; whether there is FORMAT."""
    if columns is None:
        return (), False
    expected = [*FIXED, "FORMAT"][: len(columns)]
    if columns[: len(expected)] != expected or len(columns) < len(FIXED):
        shown = " ".join(columns[: len(FIXED) + 1])
        faults.append(f"its #CHROM line is {_short('#' + shown)}, expected #{' '.join(FIXED)}")
    names = columns[len(FIXED) + 1 :]
    if len(set(names)) < len(names):
        doubled = [name for name, count in Counter(names).items() if count > 1]
        faults.append(f"names the samples {_some(doubled)} more than once; a number is added")
        names = unique(names, taken=())
    return tuple(names), len(columns) > len(FIXED)


def _shown(name: str, value: str | None) -> str:
    return f"no {name}" if value is None else f"{name}={value}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")


# ── attributes ──────────────────────────────────────────────────────────────────────────────────


def parse_attributes(value: str) -> dict[str, str]:
    r"""``<key=value,key="value">`` in its order, unquoted; the first of a key counts.

    Brackets keep their commas (``Values=[a, b]``); a key without = has the value ``''``.

    >>> parse_attributes(r'<ID=x,Values=[a, b],Description="a \"b\", \\c">')
    {'ID': 'x', 'Values': '[a, b]', 'Description': 'a "b", \\c'}
    """
    found: dict[str, str] = {}
    if not _MARKS.search(value, 1, len(value) - 1) and value.endswith(">"):
        # Why: nothing to look out for; 128,000 contigs one letter at a time took 1.4 s.
        for part in value[1:-1].split(","):
            key, _, text = part.lstrip(" ").partition("=")
            if part.strip(" "):
                found.setdefault(key.strip(), text)
        return found
    at, end = 1, len(value)
    while at < end and value[at] != ">":
        if value[at] in ", ":
            at += 1
            continue
        stop = _find(value, at, "=,>")
        key, text = value[at:stop].strip(), ""
        at = stop
        if value[at : at + 1] == "=":
            if value[at + 1 : at + 2] == '"':
                text, at = _unquote(value, at + 2)
            else:
                stop = _end_of_plain(value, at + 1)
                text, at = value[at + 1 : stop], stop
        found.setdefault(key, text)
    return found


def _find(text: str, at: int, marks: str) -> int:
    while at < len(text) and text[at] not in marks:
        at += 1
    return at


def _end_of_plain(text: str, at: int) -> int:
    """Where an unquoted value ends: at a comma outside brackets, or the last ``>``."""
    last = len(text.rstrip()) - 1
    if text[at : at + 1] == "[":
        closed = text.find("]", at)
        at = closed if closed >= 0 else at
    while at < len(text) and text[at] != "," and not (text[at] == ">" and at == last):
        at += 1
    return at


def _unquote(text: str, at: int) -> tuple[str, int]:
    """The text that begins behind a quote, and where it goes on behind the other one."""
    pieces, begin = [], at
    while at < len(text):
        c = text[at]
        if c == "\\" and text[at + 1 : at + 2] in ('"', "\\"):
            pieces += [text[begin:at], text[at + 1]]
            at = begin = at + 2
        elif c == '"' and text[at + 1 : at + 2] in (",", ">", ""):
            pieces.append(text[begin:at])
            return "".join(pieces), at + 1
        else:
            at += 1
    return "".join([*pieces, text[begin:].removesuffix(">")]), at


def format_attributes(attributes: Mapping[str, str]) -> str:
    r"""The reverse of `parse_attributes`.

    >>> format_attributes({"ID": "x", "Description": 'a "b"'})
    '<ID=x,Description="a \\"b\\"">'
    """
    return "<" + ",".join(f"{k}={_quote(k, v)}" for k, v in attributes.items()) + ">"


def _quote(key: str, value: str) -> str:
    bracketed = value.startswith("[") and value.endswith("]") and "]" not in value[:-1]
    if key not in QUOTED and (bracketed or _PLAIN.fullmatch(value)):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
