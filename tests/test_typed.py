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


def mypy(folder):
    """Complaints about the files of a folder: name of the file, line, code, message."""
    said = run(
        "mypy", "--config-file=", "--follow-imports=silent", "--output=json",
        "--disable-error-code=import-untyped",  # some pyarrows say no types
        f"--cache-dir={folder / 'cache'}", *map(str, folder.glob("*.py")),
    )  # fmt: skip
    found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [
        (Path(f["file"]).name, f["line"], f["code"], f["message"])
        for f in found
        if f["severity"] == "error"
    ]


def pyright(folder):
    config = folder / "pyrightconfig.json"  # which means all that lies beside it
    config.write_text(json.dumps({"extraPaths": [str(SRC)]}))
    said = run("pyright", f"--project={config}", f"--pythonpath={sys.executable}", "--outputjson")
    found = json.loads(said)["generalDiagnostics"]
    return [
        (Path(f["file"]).name, f["range"]["start"]["line"] + 1, f["rule"], f["message"])
        for f in found
        if f["severity"] == "error"
    ]


CHECKERS = {"mypy": (0, mypy), "pyright": (1, pyright)}


@pytest.fixture(scope="module", params=CHECKERS)
def checked(request, tmp_path_factory):
    """Both files at once: most of the time a checker reads pandas and pyarrow."""
    folder = tmp_path_factory.mktemp(request.param)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (folder / "readme.py").write_text("\n".join(python_blocks(text)))
    (folder / "calls.py").write_text(CALLS.read_text())
    place, check = CHECKERS[request.param]
    return place, folder, check(folder)


def test_wrong_calls_are_told_and_right_ones_are_not(checked):
    place, _, complaints = checked
    marked = {}
    for number, line in enumerate(CALLS.read_text().splitlines(), 1):
        if said := re.search(r"# wrong: (.*), (.*)$", line):
            marked[number] = said[place + 1]
    told = {line: code for name, line, code, _ in complaints if name == "calls.py"}
    assert told == marked


def test_what_the_readme_shows_is_well_typed(checked):
    _, folder, complaints = checked
    lines = (folder / "readme.py").read_text().splitlines()
    told = [(line, said) for name, line, _, said in complaints if name == "readme.py"]
    # of df.gidx pandas' own stubs say that it is a column; gidx.accessor(df) is typed
    assert [(line, said) for line, said in told if ".gidx" not in lines[line - 1]] == []
