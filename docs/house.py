"""The house as it stands: rooms, and who imports whom, read from the code.

    python docs/house.py            writes the picture and the list into CONTRIBUTING.md

A room is a package of gidx, or a module at its root; a format is a room of its own. An arrow
that a longer way makes plain is left out. The test of layers uses the same reading, of
function bodies too, but for `if TYPE_CHECKING:`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "src" / "gidx"
MODULES = {
    ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(HOUSE.rglob("*.py"))
}
BEGIN, END = "<!-- house: made by docs/house.py -->", "<!-- /house -->"
ENTRANCE = ("__init__", "__main__", "_when_pandas")  # they import whatever is asked for


def statements(nodes: Iterable[ast.AST], *, bodies: bool) -> Iterator[ast.AST]:
    """What runs when a module is imported, and with ``bodies`` what functions run later."""
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from statements(node.orelse, bodies=bodies)
            continue
        yield node
        if bodies or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from statements(ast.iter_child_nodes(node), bodies=bodies)


@cache
def imports(module: str, *, bodies: bool = True) -> tuple[str, ...]:
    """Names of the modules that one imports, ``gidx.`` in front of our own."""
    found: dict[str, None] = {}
    for node in statements(ast.parse(MODULES[module].read_text()).body, bodies=bodies):
        if isinstance(node, ast.Import):
            found.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"gidx.{module}: imports are absolute")
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                own = inner.removeprefix("gidx.") in MODULES
                found[inner if own else str(node.module)] = None
    return tuple(found)


def inside(module: str, *, bodies: bool = True) -> set[str]:
    """Those of gidx itself, without the package's name."""
    names = (n.removeprefix("gidx.") for n in imports(module, bodies=bodies) if n[:5] == "gidx.")
    return {name for name in names if name in MODULES} - {module}


def room_of(module: str) -> str:
    """Where a module is."""
    first, _, rest = module.partition(".")
    if first != "formats" or not rest:
        return first
    if (HOUSE / "formats" / rest.partition(".")[0]).is_dir() or rest == "registry":
        return f"formats.{rest.partition('.')[0]}"
    return f"formats.{rest}" if rest in ("parquet", "arrow") else "formats"


def arrows() -> dict[str, set[str]]:
    """Each room, and the rooms that it imports."""
    found: dict[str, set[str]] = {room_of(m): set() for m in MODULES if m not in ENTRANCE}
    for module in MODULES:
        if module not in ENTRANCE:
            room = room_of(module)
            found[room] |= {room_of(m) for m in inside(module) if m not in ENTRANCE} - {room}
    return found


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Names that lead back to the first; [] where none does."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := visit(other, [*path, name]):
                return found
        done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def below(graph: Mapping[str, Iterable[str]], name: str) -> set[str]:
    """All that one leads to."""
    found: set[str] = set()
    waiting = list(graph[name])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += graph[other]
    return found


def plain(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that others make plain."""
    return {
        name: {o for o in others if not any(o in below(graph, p) for p in others - {o})}
        for name, others in graph.items()
    }


def floors(graph: Mapping[str, set[str]]) -> dict[str, int]:
    """How many rooms deep the longest way down from each is."""

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other in graph[name]), default=-1)

    return {name: depth(name) for name in graph}


def line_of(room: str) -> str:
    """The first line of what a room says of itself."""
    path = MODULES.get(room) or MODULES[f"{room}.__init__"]
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    return said.partition("\n\n")[0].replace("\n", " ")


def drawn() -> str:
    """The picture, and the list of rooms from the top down."""
    graph = arrows()
    high = floors(graph)
    order = sorted(graph, key=lambda room: (-high[room], room))
    ids = {room: room.replace(".", "_") for room in graph}
    reduced = plain(graph)
    lines = ["```mermaid", "graph TD"]
    lines += [f"  {ids[room]}[{room.removeprefix('formats.')}]" for room in order]
    lines += [f"  {ids[room]} --> {ids[o]}" for room in order for o in sorted(reduced[room])]
    lines += ["```", "", "| room | what it is |", "|---|---|"]
    lines += [f"| `{room.replace('.', '/')}` | {line_of(room)} |" for room in order]
    return "\n".join(lines)


def placed(text: str) -> str:
    """A text with the picture as it is now between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{drawn()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    path = ROOT / "CONTRIBUTING.md"
    path.write_text(placed(path.read_text()))
