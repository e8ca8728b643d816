"""What CONTRIBUTING says of the ways through the code, and how wide functions are."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from docs import house

import gidx
from gidx.formats.base import Format
from gidx.formats.bbi.read import Bbi

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"
MOST = 8
SURFACES = ("api", "accessors", "dataset")  # what users call, and their options are many

FRAME = pd.DataFrame(
    {"chrom": "chr1", "start": [9, 19], "end": [10, 20], "ref": ["A", "C"], "alt": [["G"], ["T"]]}
)


def reads(path):
    gidx.read_vcf(path / "a.vcf.gz", "chr1:1-15", columns=["start", "ref"], threads=1)


def writes(path):
    gidx.write_bed(FRAME[["chrom", "start", "end"]], path / "b.bed.gz", threads=1)


def told(call):
    """The lines that CONTRIBUTING has of a call: (depth, function)."""
    text = CONTRIBUTING.read_text()
    block = re.search(rf"<!-- way: {call} -->\n```\n(.*?)```", text, re.S)
    lines = [re.match(r"( *)(\S+)", line) for line in block[1].splitlines()]
    return [(len(line[1]) // 2, line[2]) for line in lines]


def walked(call):
    """Each function of gidx that a call calls, in that order: those that call it."""
    found: dict[str, set[str]] = {}

    def name_of(frame):
        path = Path(frame.f_code.co_filename)
        if house.HOUSE not in path.parents or "<" in frame.f_code.co_qualname:
            return None
        module = ".".join(path.relative_to(house.HOUSE).with_suffix("").parts)
        return f"{module.removesuffix('.__init__')}.{frame.f_code.co_qualname}"

    def profile(frame, event, _):
        name = name_of(frame) if event == "call" else None
        if name is None or name in found:
            return
        above = set()
        while (frame := frame.f_back) is not None:
            above.add(name_of(frame))
        found[name] = above

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize(("name", "call"), [("read_vcf", reads), ("write_bed", writes)])
def test_the_way_of_a_call_is_as_contributing_tells_it(name, call, tmp_path):
    """Function by function, each once, each called by the one that it stands under."""
    gidx.write_vcf(FRAME, tmp_path / "a.vcf.gz")
    call(tmp_path)  # what is imported late is there
    found = walked(lambda: call(tmp_path))
    way = told(name)
    names = [function for _, function in way]
    assert [function for function in names if function not in found] == []
    assert names == [function for function in found if function in set(names)]
    above: list[str] = []
    for depth, function in way:
        assert depth <= len(above)
        above = [*above[:depth], function]
        assert set(above[:-1]) <= found[function]


def how_it_was_done():
    """Rows of CONTRIBUTING's table of what bigWig took: files, and the names said of them."""
    text = CONTRIBUTING.read_text().partition("### As it was done: bigWig")[2]
    for line in text.partition("\n### ")[0].splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 2 and cells[0]:
            yield cells


def there(name, beside=""):
    """The file or folder that a name is, as CONTRIBUTING says it."""
    root = CONTRIBUTING.parent
    places = (
        house.HOUSE / name,
        root / name,
        house.HOUSE / beside / name,
        house.HOUSE / f"{name}.py",
    )
    return next((place for place in places if place.exists()), None)


def test_the_files_that_contributing_names_are_there():
    text = re.sub(r"```.*?```", "", CONTRIBUTING.read_text(), flags=re.S)
    named = set(re.findall(r"`([\w./]+(?:\.(?:pyx?|pxd|md|toml)|\w/\w*))`", text))
    assert len(named) > 30
    made = {"build/"}  # by the build
    lost = [n for n in named - made if there(n, "formats") is None]
    assert lost == []


def test_bigwig_took_what_contributing_says_where_it_says():
    rows = list(how_it_was_done())
    assert len(rows) > 10
    for files, names in rows:
        paths = [there(f, str(Path(files[0]).parent)) for f in files]
        assert None not in paths, files
        told = "".join(path.read_text() for path in paths)
        said = [n.removeprefix("df.gidx.") for n in names if "/" not in n]
        assert [n for n in said if not re.search(rf"\b{n}\b", told)] == [], files


def test_contributing_lists_the_verbs_of_a_format():
    text = CONTRIBUTING.read_text().partition("## To add another format")[2]
    step = re.search(r"2\. (.*?)\n3\. ", text, re.S)[1]
    listed = re.findall(r"`(\w+)`", step.partition("which binds")[0])
    verbs = {name for name, found in vars(Format).items() if callable(found) or
             isinstance(found, property)}  # fmt: skip
    assert sorted(listed[1:]) == sorted(name for name in verbs if not name.startswith("_"))
    left = re.findall(r"`(\w+)`", step.partition("all but")[2].partition(" are there")[0])
    assert left == [n for n in listed[1:] if n not in {*vars(Bbi), "among"}]  # it has a default


def functions(module):
    """Each function of a module: its name, and its parameters but self."""

    def visit(node, name):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                asked = child.args
                parameters = [a.arg for a in (*asked.posonlyargs, *asked.args, *asked.kwonlyargs)]
                yield name + child.name, [p for p in parameters if p not in ("self", "cls")]
            if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
                yield from visit(child, f"{name}{child.name}.")

    return visit(ast.parse(house.MODULES[module].read_text()), "")


def test_a_name_of_a_class_is_said_once():
    found: dict[str, list[str]] = {}
    for module, path in house.MODULES.items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(module)
    assert {name: there for name, there in found.items() if len(there) > 1} == {}


def test_tests_stand_where_what_they_test_does():
    tests = Path(__file__).parent
    folders = {str(p.parent.relative_to(tests)) for p in tests.rglob("test_*.py")}
    assert [f for f in folders - {"reliability"} if not (house.HOUSE / f).is_dir()] == []


@pytest.mark.parametrize("module", sorted(house.MODULES))
def test_no_function_but_those_that_users_call_has_many_parameters(module):
    public = {*gidx.__all__, "convert"} if module not in SURFACES else None
    wide = {name: len(asked) for name, asked in functions(module) if len(asked) > MOST}
    assert public is None or {*wide} <= public, wide
