"""What type checkers, and so editors, know of the public surface."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.test_readme import python_blocks

import gidx

SRC = Path(gidx.__file__).parents[1]
ROOT = Path(__file__).parents[1]
CALLS = Path(__file__).parent / "typed" / "calls.py"


def run(*command):
    env = {**os.environ, "MYPYPATH": str(SRC), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    found = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, env=env,
        timeout=300, check=False,
    )  # fmt: skip
    assert found.returncode in (0, 1), found.stderr
    return found.stdout


def mypy(path, tmp_path):
    """(line, code, message) of each complaint."""
    said = run(
        "mypy", "--config-file=", "--follow-imports=silent", "--output=json",
        "--disable-error-code=import-untyped",  # some pyarrows say no types
        f"--cache-dir={tmp_path / 'cache'}", str(path),
    )  # fmt: skip
    found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [(f["line"], f["code"], f["message"]) for f in found if f["severity"] == "error"]


def pyright(path, tmp_path):
    config = tmp_path / "pyrightconfig.json"  # which means all that lies beside it
    config.write_text(json.dumps({"extraPaths": [str(SRC)]}))
    (tmp_path / path.name).write_text(path.read_text())
    said = run("pyright", f"--project={config}", f"--pythonpath={sys.executable}", "--outputjson")
    found = json.loads(said)["generalDiagnostics"]
    return [
        (f["range"]["start"]["line"] + 1, f["rule"], f["message"])
        for f in found
        if f["severity"] == "error"
    ]


CHECKERS = pytest.mark.parametrize(
    ("place", "check"), [(0, mypy), (1, pyright)], ids=["mypy", "pyright"]
)


@CHECKERS
def test_wrong_calls_are_told_and_right_ones_are_not(place, check, tmp_path):
    marked = {}
    for number, line in enumerate(CALLS.read_text().splitlines(), 1):
        if said := re.search(r"# wrong: (.*), (.*)$", line):
            marked[number] = said[place + 1]
    told = {line: code for line, code, _ in check(CALLS, tmp_path)}
    assert told == marked


@CHECKERS
def test_what_the_readme_shows_is_well_typed(place, check, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    path = tmp_path / "readme.py"
    path.write_text("\n".join(python_blocks(text)))
    lines = path.read_text().splitlines()
    told = [(line, said) for line, _, said in check(path, tmp_path)]
    # of df.gidx pandas' own stubs say that it is a column; gidx.accessor(df) is typed
    assert [(line, said) for line, said in told if ".gidx" not in lines[line - 1]] == []
