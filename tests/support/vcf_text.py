"""VCF texts: a plain slow parser to compare with, strategies, and lines without a file.

`read` knows nothing of kernels and Arrow: it splits text and makes Python values, a line
of code for each rule of `gidx.formats.vcf.read`. `vcfs` draws whole files with all that the
formats allow, and with what they do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from gidx.arrow.plan import words_of
from gidx.formats.text.dialect import Head, Lines
from gidx.formats.vcf.header import FIXED

# ── lines, found slowly ─────────────────────────────────────────────────────────────────────────


def split(text: bytes) -> tuple[bytes, bytes]:
    """Header lines and rows."""
    found = re.search(rb"^(?![#\r\n])", text, re.MULTILINE)
    at = found.start() if found else len(text)
    return text[:at], text[at:]


def head_of(text: bytes, name: str = "x.vcf") -> Head:
    lines, rows = split(text)
    return Head(name, lines, rows)


def lines_of(text: bytes) -> Lines:
    """Rows as the line kernel tells them: all fields to INFO, and where FORMAT begins."""
    rows = split(text)[1]
    names: dict[str, int] = {}
    chrom, start, end, fields, stops = [], [], [], [], []
    at = 0
    for line in rows.split(b"\n")[:-1]:
        stop = at + len(line.removesuffix(b"\r"))
        texts = rows[at:stop].split(b"\t")
        bounds = [at]
        for one in texts[:8]:
            bounds.append(bounds[-1] + len(one) + 1)
        chrom.append(names.setdefault(texts[0].decode(), len(names)))
        start.append(int(texts[1]) - 1)
        end.append(int(texts[1]) - 1 + len(texts[3]))
        fields.append(bounds)
        stops.append(stop)
        at += len(line) + 1
    return Lines(
        np.frombuffer(rows, np.uint8),
        np.array(chrom, np.int32),
        np.array(start, np.int64),
        np.array(end, np.int64),
        np.array(fields, np.int32).reshape(-1, 9).T.copy(),
        np.array(stops, np.int32),
        words_of(list(names)),
    )


def table_of(dialect: Any, text: bytes, names: str = "canonical", columns: Any = None):
    """All columns of a text, validated: (table, problems by column)."""
    schema = pa.schema(dialect.named(names))
    columns = list(range(len(schema))) if columns is None else columns
    rows, problems = dialect.reader(columns, names).decode(lines_of(text))
    arrays = rows.columns
    for array, i in zip(arrays, columns, strict=True):
        array.validate(full=True)
        assert array.type == schema.field(i).type
    table = pa.Table.from_arrays(arrays, schema=pa.schema([schema.field(i) for i in columns]))
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem.column] = counts.get(problem.column, 0) + problem.count
    return table, counts


# ── a plain parser ──────────────────────────────────────────────────────────────────────────────

ESCAPES = {"%3A": ":", "%3B": ";", "%3D": "=", "%25": "%", "%2C": ",", "%0D": "\r", "%0A": "\n",
           "%09": "\t"}  # fmt: skip
INTEGER = re.compile(r"-?[0-9]+")
FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?(inf|infinity|nan)",
                   re.IGNORECASE | re.ASCII)  # fmt: skip


class BadError(ValueError):
    """A text that is not what its declaration says."""


@dataclass
class Read:
    """What a file says: a list of values a column, and how many were not of their type."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)

    def fault(self, column: str) -> None:
        self.problems[column] = self.problems.get(column, 0) + 1


@dataclass(frozen=True)
class Key:
    """A declaration."""

    id: str
    number: str
    type: str


def one(text: str, kind: str, escapes: bool) -> Any:
    """One value; `.` was looked at before."""
    if kind == "Integer":
        if not INTEGER.fullmatch(text) or not -(2**31) + 8 <= int(text) < 2**31:
            raise BadError
        return int(text)
    if kind == "Float":
        if not FLOAT.fullmatch(text):
            raise BadError
        with np.errstate(over="ignore"):
            value = float(np.float32(text))
        if value in (0, np.inf, -np.inf) and re.search("[1-9]", re.split("[eE]", text)[0]):
            raise BadError  # a float of 32 bits made it that
        return value
    if escapes:
        return re.sub("%(3A|3B|3D|25|2C|0D|0A|09)", lambda m: ESCAPES[m[0]], text)
    return text


def several(read: Read, column: str, text: str, key: Key, escapes: bool) -> Any:
    """A key's value: a scalar or a list by its Number."""
    if text == ".":
        return None
    if key.number == "1":
        try:
            return one(text, key.type, escapes)
        except BadError:
            read.fault(column)
            return None
    if column.startswith("FORMAT/") and text == "" and key.type in ("Integer", "Float") and (
        not key.number.isdigit()
    ):  # fmt: skip
        return []
    texts = text.split(",")
    try:
        if key.number.isdigit() and len(texts) != int(key.number):
            raise BadError
        return [None if item == "." else one(item, key.type, escapes) for item in texts]
    except BadError:
        read.fault(column)
        return None


def genotype(text: str) -> Any:
    """Alleles and whether there are bars and no slash."""
    if not re.fullmatch(r"[/|]?(\.|\d+)([/|](\.|\d+))*", text, re.ASCII):
        raise BadError
    alleles = [None if a == "." else int(a) for a in re.findall(r"\.|\d+", text)]
    if max((a or 0 for a in alleles), default=0) > 127:
        raise BadError
    return {"alleles": alleles, "phased": "|" in text and "/" not in text}


def read(
    text: bytes, info: list[Key], formats: list[Key], samples: list[str], chosen: list[str],
    *, escapes: bool, gt: str = "text",
) -> Read:  # fmt: skip
    """The columns that a text's rows mean, under what is declared."""
    out = Read()
    rows = [line.removesuffix(b"\r").decode() for line in split(text)[1].split(b"\n")[:-1]]
    names = ["chrom", "start", "id", "ref", "alt", "qual", "filter"]
    out.columns = {name: [] for name in names}
    infos = {key.id: key for key in info}
    told = {key.id: key for key in formats}
    for key in infos:
        out.columns[f"INFO/{key}"] = []
    out.columns["INFO"] = []
    if chosen:
        for key in told:
            out.columns[f"FORMAT/{key}"] = []
        out.columns["FORMAT"] = []
    for row in rows:
        cells = row.split("\t")
        fixed = [
            cells[0],
            int(cells[1]) - 1,
            None if cells[2] == "." else cells[2],
            cells[3],
            several(out, "alt", cells[4], Key("ALT", ".", "String"), False),
            several(out, "qual", cells[5], Key("QUAL", "1", "Float"), False),
            None if cells[6] == "." else [None if f == "." else f for f in cells[6].split(";")],
        ]
        for name, value in zip(names, fixed, strict=True):
            out.columns[name].append(value)
        read_info(out, cells[7], infos, escapes)
        if chosen:
            read_formats(out, cells[8:], told, samples, chosen, escapes, gt)
    return out


def read_info(out: Read, text: str, infos: dict[str, Key], escapes: bool) -> None:
    seen: set[str] = set()
    row: dict[str, Any] = {}
    others: list[tuple[str, Any]] = []
    for item in text.split(";") if text != "." else ():
        if item == "":
            continue
        key, equal, value = item.lstrip(" ").partition("=")
        if key in seen:
            out.fault(f"INFO/{key}" if key in infos else "INFO")
        elif key not in infos:
            others.append((key, value if equal else None))
        elif infos[key].type == "Flag":
            row[key] = True
            if equal:
                out.fault(f"INFO/{key}")
                others.append((key, value))
        elif not equal:
            out.fault(f"INFO/{key}")
            others.append((key, None))
        else:
            row[key] = several(out, f"INFO/{key}", value, infos[key], escapes)
            if row[key] is None and value != ".":
                others.append((key, value))
        seen.add(key)
    for key, declared in infos.items():
        default = False if declared.type == "Flag" else None
        out.columns[f"INFO/{key}"].append(row.get(key, default))
    out.columns["INFO"].append(others or None)


def read_formats(
    out: Read, cells: list[str], told: dict[str, Key], samples: list[str], chosen: list[str],
    escapes: bool, gt: str,
) -> None:  # fmt: skip
    keys = [] if not cells or cells[0] == "." else cells[0].split(":")
    for key in {key for key in keys if keys.count(key) > 1}:
        for _ in range(keys.count(key) - 1):
            out.fault(f"FORMAT/{key}" if key in told else "FORMAT")
    texts = {s: cell.split(":") for s, cell in zip(samples, cells[1:], strict=bool(cells))}
    others, unfit = [], []  # what fits no declaration comes last, in the header's order
    for key in dict.fromkeys([*told, *keys]):
        if key not in keys:
            if key in told:
                out.columns[f"FORMAT/{key}"].append(None)
            continue
        k = keys.index(key)
        found = [texts[s][k] if k < len(texts[s]) else None for s in chosen]
        if key not in told:
            others.append((keys.index(key), key, found))
            continue
        name = f"FORMAT/{key}"
        values: list[Any] = []
        for value in found:
            if value is None:
                values.append(None)
            elif key == "GT" and gt == "alleles":
                try:
                    values.append(genotype(value))
                except BadError:
                    values.append(None)
                    out.fault(name)
            else:
                values.append(several(out, name, value, told[key], escapes and key != "GT"))
        out.columns[name].append(values)
        kept = [t if v is None and t not in (None, ".") else None
                for t, v in zip(found, values, strict=True)]  # fmt: skip
        if any(t is not None for t in kept):
            unfit.append((key, kept))
    out.columns["FORMAT"].append([(k, v) for _, k, v in sorted(others)] + unfit or None)


# ── strategies ──────────────────────────────────────────────────────────────────────────────────

INFO_KEYS = [
    Key("DP", "1", "Integer"), Key("AC", "A", "Integer"), Key("AF", "A", "Float"),
    Key("DB", "0", "Flag"), Key("AA", "1", "String"), Key("CSQ", ".", "String"),
    Key("SB", "4", "Integer"), Key("CI", "2", "Float"), Key("CH", "1", "Character"),
    Key("DPX", "R", "Integer"), Key("D", "1", "Float"), Key("PS", "2", "String"),
]  # fmt: skip
FORMAT_KEYS = [
    Key("GT", "1", "String"), Key("DP", "1", "Integer"), Key("PL", "G", "Integer"),
    Key("GL", "G", "Float"), Key("HQ", "2", "Integer"), Key("FT", "1", "String"),
    Key("GQ", "1", "Float"), Key("LAA", ".", "Integer"), Key("PSL", "P", "String"),
]  # fmt: skip
UNDECLARED = ("X", "DPS", "ZZ", "A", "1000G")
ALTS = (".", "C", "C,T", "<DEL>", "*", "G]17:198982]", "A,<*>")
SAMPLES = ("NA1", "NA2", "s 3", "é")

integers = st.one_of(
    st.integers(-3, 300).map(str),
    st.sampled_from(["2147483647", "2147483648", "-2147483640", "-2147483641", "-2147483648",
                     "99999999999999999999", "007", "-0"]),
)  # fmt: skip
floats = st.one_of(
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["nan", "NaN", "inf", "-Inf", "INFINITY", "+1.5", "1e-3", "1E+30", "-0.0",
                     ".5", "5.", "0.1", "16777217", "3712.77", "1e-40", "3.4028235e38", "0e99"]),
)  # fmt: skip
strings = st.one_of(
    st.text(st.sampled_from("abé%3ACD25|/_ "), max_size=5),
    st.sampled_from(["%3A", "%3B%3D", "100%25", "%2C%0D%0A%09", "%3a", "%41", "%", "%2"]),
)
wrong = st.sampled_from(["", "x", "1.5.", "1e", "--1", "1 ", "0x10", "1_0", "n/a", "+5", "١",
                         "1e400", "-1E39", "3.4028236e38", "2.03e-78", "-1e-50"])  # fmt: skip
OF_TYPE = {"Integer": integers, "Float": floats, "String": strings, "Character": strings}
alleles = st.one_of(st.integers(0, 3).map(str), st.sampled_from([".", "127", "128", "999", "01"]))
genotypes = st.one_of(
    st.lists(alleles, min_size=1, max_size=4).flatmap(
        lambda a: st.tuples(
            st.sampled_from(["", "", "", "/", "|"]),
            st.lists(st.sampled_from("/|"), min_size=len(a), max_size=len(a)),
        ).map(lambda s: s[0] + "".join(x + y for x, y in zip(a, s[1], strict=True))[:-1])
    ),
    st.sampled_from(["0/1", "0|1", "./.", ".", "", "/", "0/", "0//1", "a", "0/1/", "|", "-1"]),
)
right_genotypes = st.lists(st.sampled_from(["0", "1", "."]), min_size=1, max_size=3).flatmap(
    lambda a: st.lists(st.sampled_from("/|"), min_size=len(a), max_size=len(a)).map(
        lambda s: "".join(x + y for x, y in zip(a, s, strict=True))[:-1]
    )
)


def values(key: Key, odd: bool) -> st.SearchStrategy[str]:
    item = st.one_of(OF_TYPE[key.type], st.just("."), *([wrong] if odd else []))
    if not odd:
        item = item.filter(bool)
    if key.id == "GT":
        return genotypes if odd else right_genotypes
    if key.number == "1":
        return item
    n = int(key.number) if key.number.isdigit() else None
    sizes = (n, n) if n is not None and not odd else (1, 4)
    lists = st.lists(item, min_size=sizes[0], max_size=sizes[1]).map(",".join)
    return st.one_of(lists, lists, st.just("."), *([st.just("")] if odd else []))


@dataclass(frozen=True)
class Drawn:
    """A VCF text, and what it was made of."""

    text: bytes
    version: str
    info: list[Key]
    formats: list[Key]
    samples: list[str]

    @property
    def escapes(self) -> bool:
        return self.version >= "VCFv4.3"

    def read(self, chosen: list[str] | None = None, gt: str = "text") -> Read:
        chosen = self.samples if chosen is None else chosen
        return read(
            self.text, self.info, self.formats, self.samples, chosen, escapes=self.escapes, gt=gt
        )


def declare(kind: str, keys: list[Key]) -> list[str]:
    return [
        f'##{kind}=<ID={k.id},Number={k.number},Type={k.type},Description="About {k.id}">'
        for k in keys
    ]


@st.composite
def info_texts(draw: st.DrawFn, declared: list[Key], odd: bool) -> str:
    items = []
    keys = draw(st.permutations(declared))[: draw(st.integers(0, len(declared)))]
    for key in keys:
        if key.type == "Flag":
            items.append(key.id + draw(st.sampled_from(["", "", "=1"] if odd else [""])))
        elif odd and draw(st.integers(0, 9)) == 0:
            items.append(key.id)
        else:
            items.append(f"{key.id}={draw(values(key, odd))}")
    others = draw(st.lists(st.sampled_from(UNDECLARED), max_size=2, unique=not odd))
    items += [key + draw(st.sampled_from(["", "=", "=1", "=a,b", "=.", "=%3A"])) for key in others]
    if odd:
        if items and draw(st.booleans()):
            items.append(draw(st.sampled_from(items)))
        items += draw(st.sampled_from([[], [], [""], ["=5"], ["=", ""]]))
        items = draw(st.permutations(items))
    return ";".join(items) or "."


@st.composite
def sample_texts(draw: st.DrawFn, declared: list[Key], samples: list[str], odd: bool) -> list[str]:
    """FORMAT and the samples' texts."""
    pool = [*declared, *(Key(k, ".", "String") for k in UNDECLARED[:2])]
    keys = draw(st.lists(st.sampled_from(pool), max_size=5, unique_by=lambda k: k.id))
    if odd and keys and draw(st.integers(0, 5)) == 0:
        keys.append(draw(st.sampled_from(keys)))
    if not odd:
        keys.sort(key=lambda k: k.id != "GT")  # the specification has it first, pysam needs it
    if not keys:
        return draw(st.sampled_from([[], [".", *("." for _ in samples)]]))
    texts = []
    for i in range(len(samples)):
        # htslib ends the process (exit) over a field that all samples drop
        n = draw(st.integers(1, len(keys))) if odd or i > 0 else len(keys)
        texts.append(":".join(draw(values(key, odd)) for key in keys[:n]))
    return [":".join(key.id for key in keys), *texts]


@st.composite
def vcfs(draw: st.DrawFn, odd: bool = True, max_rows: int = 8) -> Drawn:
    """A file; where `odd`, with what the specification does not allow."""
    version = draw(st.sampled_from(["VCFv4.0", "VCFv4.2", "VCFv4.3", "VCFv4.5"]))
    info = draw(st.lists(st.sampled_from(INFO_KEYS), unique=True))
    formats = draw(st.lists(st.sampled_from(FORMAT_KEYS), unique=True))
    samples = list(SAMPLES[: draw(st.integers(0, len(SAMPLES)))])
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [
        f"##fileformat={version}", "##contig=<ID=chr1,length=1000>",
        *declare("INFO", info), *declare("FORMAT", formats),
        "#" + "\t".join([*FIXED, *(["FORMAT", *samples] if samples else [])]),
    ]  # fmt: skip
    position = 1
    for _ in range(draw(st.integers(0, max_rows))):
        position += draw(st.integers(0, 9))
        cells = [
            draw(st.sampled_from(["chr1", "chr1", "chr2"])) if odd else "chr1",
            str(position),
            draw(st.sampled_from([".", "rs1", "rs1;rs2"])),
            draw(st.sampled_from(["A", "ACGT", "N"])),
            draw(
                st.sampled_from(
                    ["." if odd else "G", "C", "C,T", "<DEL>", "*", "G]17:198982]", "A,<*>"]
                )
            ),
            draw(st.one_of(st.just("."), floats, *([wrong] if odd else []))),
            draw(st.sampled_from([".", "PASS", "q10", "q10;s50"])),
            draw(info_texts(info, odd)),
        ]
        cells += draw(sample_texts(formats, samples, odd)) if samples else []
        lines.append("\t".join(cells))
    text = "".join(line + end for line in lines)
    return Drawn(text.encode(), version, info, formats, samples)
