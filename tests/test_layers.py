"""Who may import whom: downward only, no circles; and what importing gidx costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from docs import house
from tests import test_conformance as conformance

import gidx

HOUSE = Path(gidx.__file__).parent
CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"
MODULES, imports, inside = house.MODULES, house.imports, house.inside

# layer: modules (a package stands for all that is in it), layers below that it may
# import beside itself, and what else
LAYERS = {
    "ground": (
        {"errors", "options", "ground", "kernels"},
        set(),
        {"numpy", "fsspec", "deflate"},
    ),
    "columns": (
        {"autosql", "arrow", "declared"},
        {"ground"},
        {"numpy", "pyarrow"},  # and no file: gidx.ground.source is not for them
    ),
    "containers": (
        {"bbi", "bgzf", "binning", "bx"},
        {"ground"},
        {"numpy", "deflate"},  # they know bytes: no pyarrow, no pandas
    ),
    "formats": (
        {"formats", "indexing"},
        {"ground", "columns", "containers"},
        {"numpy", "pyarrow"},
    ),
    "scan": (
        {"scan"},
        {"ground", "columns", "containers", "formats"},
        {"numpy", "pyarrow"},
    ),
    "frames": (
        {"frames", "interval_index"},
        {"ground", "columns", "containers", "formats"},
        {"numpy", "pyarrow", "pandas"},
    ),
    "views": (
        {"views"},
        {"ground", "columns", "containers", "formats", "scan", "frames"},
        {"numpy", "pyarrow", "pandas"},
    ),
    "engines": (
        {"engines"},
        {"ground", "columns", "containers", "formats", "scan", "frames"},
        {"numpy", "pyarrow", "pandas", "polars", "dask", "pyspark"},
    ),
    "surfaces": (
        {"__init__", "__main__", "_when_pandas", "api", "dataset", "accessors", "convert", "plot",
         "cli", "check", "demo", "spark"},
        {"ground", "columns", "containers", "formats", "scan", "frames", "views", "engines"},
        {"numpy", "pyarrow", "pandas", "pyspark"},
    ),
}  # fmt: skip

# what not everybody has, or has need of: functions import it, of these rooms
OPTIONAL = {
    "arrow": {"dask", "matplotlib"},  # frames of the one, names of colours of the other
    "engines": {"fsspec"},
    "ground": {"yarl", "aiohttp"},
    "views": {"matplotlib", "Bio"},
    "plot": {"matplotlib"},
    "dataset": {"polars"},
}

LAZY = (
    "pandas",
    "pyarrow",
    "numpy",
    "fsspec",
    "polars",
    "dask",
    "matplotlib",
    "tqdm",
    "aiohttp",
    "duckdb",
)
TALKS = {"cli", "demo"}  # to a terminal


def layer_of(module):
    top = module.split(".")[0]
    found = [name for name, (modules, _, _) in LAYERS.items() if top in modules]
    assert found, f"gidx.{module} has no layer; put it into LAYERS"
    return found[0]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_its_own_layer_and_those_below(module):
    layer = layer_of(module)
    _, below, outside = LAYERS[layer]
    for other in inside(module):
        assert layer_of(other) in {layer, *below}, f"gidx.{module} imports gidx.{other}"
    if layer == "columns" or module.removeprefix("formats.") in LINES:
        assert "ground.source" not in inside(module)
    known = {"gidx", *outside, *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in imports(module, bodies=False)} <= known
    later = OPTIONAL.get(module.split(".")[0], set())  # where it is needed
    assert {name.split(".")[0] for name in imports(module)} <= known | later


# what lines mean and how they are made, of each text format, without a file
LINES = {
    f"{name}.{part}" for name in ("bed", "gff", "vcf", "table", "sam")
    for part in ("read", "encode", "header", "declare", "columns", "arrays", "misfits")
} | {f"text.{part}" for part in ("dialect", "encoding", "parts")}  # fmt: skip


@pytest.mark.parametrize("module", sorted(m for m in MODULES if m.startswith("formats.")))
def test_formats_do_not_import_each_other(module):
    """Each has its folder; text formats share what is in text. The registry names them all."""
    parts = module.split(".")
    if len(parts) < 3:
        return
    bbi, table = ("bbi",), ("text", "table")  # BED is a table
    below = {"bbi": (), "bigbed": bbi, "bigwig": bbi, "bed": table}
    shared = below.get(parts[1], ("text",))
    own = {parts[1], *shared}
    others = {m for m in inside(module) if m.startswith("formats.") and m.count(".") == 2}
    assert {m.split(".")[1] for m in others} <= own


@pytest.mark.parametrize("module", sorted({f"formats.{m}" for m in LINES} & {*MODULES}))
def test_what_lines_mean_knows_no_files(module):
    assert not {m for m in inside(module) if layer_of(m) == "containers"}


def test_no_import_goes_in_a_circle():
    """Not of modules, and not of rooms; what functions import counts as well."""
    assert house.circle({m: inside(m) for m in MODULES if m not in house.ENTRANCE}) == []
    assert house.circle(house.arrows()) == []


def test_the_picture_of_the_house_is_up_to_date():
    text = CONTRIBUTING.read_text()
    assert text == house.placed(text), "run: python docs/house.py"


def test_no_module_has_the_name_of_another_package():
    names = {m.split(".")[0] for m in MODULES} - {"__init__", "__main__"}
    foreign = {name for _, _, outside in LAYERS.values() for name in outside}
    assert not names & foreign
    assert not names & set(sys.stdlib_module_names)


def fresh(code):
    """What a fresh process prints."""
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(HOUSE.parent)},
    )  # fmt: skip
    return found.stdout.split()


def test_importing_gidx_loads_nothing_heavy_that_it_may_not_need():
    loaded = f"print(*[m for m in {LAZY} if m in sys.modules])"
    assert fresh(f"import sys, gidx; {loaded}") == []
    called = (
        "import sys; from gidx.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    )
    assert fresh(f"{called}print('loaded:'); {loaded}")[-1] == "loaded:"


@pytest.mark.parametrize(("kind", "own"), [
    ("bigbed", {"bbi", "bigbed"}), ("bigwig", {"bbi", "bigwig"}), ("vcf", {"vcf"}),
    ("bed", {"bed"}), ("parquet", {"parquet"}),
])  # fmt: skip
def test_who_reads_a_file_does_not_wait_for_the_code_of_other_formats_or_writers(
    kind, own, tmp_path
):
    path = conformance.KINDS[kind](tmp_path)
    read = f"import sys, gidx; gidx.open({str(path)!r}).to_table('chr1')"
    loaded = fresh(f"{read}; print(*[m for m in sys.modules if m.startswith('gidx.formats.')])")
    rooms = {m.split(".")[2] for m in loaded if m.count(".") == 3}
    assert rooms == {*own, "text"}  # whose looks the registry has
    assert [m for m in loaded if m.endswith((".write", ".encode"))] == []


@pytest.mark.parametrize("order", [
    "import gidx, pandas",
    "import pandas, gidx",
    "import gidx, importlib.util; importlib.util.find_spec('pandas').loader.name; import pandas",
    "import gidx, pyarrow; pyarrow.table({'a': [1]}).to_pandas(); import pandas",
])  # fmt: skip
def test_the_accessor_is_there_whichever_is_imported_first(order):
    says = "print(pandas.DataFrame.gidx.__name__, pandas.__loader__ is pandas.__spec__.loader)"
    assert fresh(f"{order}; {says}") == ["GidxAccessor", "True"]


def test_public_names_are_where_the_package_says():
    """What a type checker sees, and what is imported when it is asked for."""
    tree = ast.parse(MODULES["__init__"].read_text())
    (seen,) = (
        n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"
    )
    homes = {a.name: n.module for n in seen.body for a in n.names if n.module != "gidx"}
    assert homes == gidx._HOME
    assert {*gidx.__all__} == {*homes, "autosql", "bgzf", "binning", "errors", "options", "plot"}
    assert all(hasattr(gidx, name) for name in gidx.__all__)
    assert {*gidx.__all__} <= {*dir(gidx)}
    with pytest.raises(AttributeError, match="module 'gidx' has no attribute 'red'"):
        gidx.red  # noqa: B018


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_assert_speaks_to_users_and_only_the_terminals_modules_print(module):
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        assert not isinstance(node, ast.Assert), f"gidx.{module}, line {node.lineno}"
        if module not in TALKS and isinstance(node, ast.Call):
            assert ast.unparse(node.func) != "print", f"gidx.{module}, line {node.lineno}"
