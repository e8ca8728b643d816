"""Compiled kernels: that they are there, and what their stubs say of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gidx.kernels

STUBS = sorted(
    path for path in Path(gidx.kernels.__file__).parent.glob("*.pyi") if path.stem != "arrays"
)


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.stem)
def test_a_stub_says_what_the_compiled_kernels_take(path):
    module = importlib.import_module(f"gidx.kernels.{path.stem}")
    assert not module.__file__.endswith(".py")
    told = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    there = {
        name: [*inspect.signature(value).parameters]
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and callable(value)
    }
    assert told == there


def test_kernels_that_are_not_compiled_are_an_error_that_says_how_to():
    code = (
        "import sys\n"
        "sys.modules['gidx.kernels._shared'] = None\n"
        "try: import gidx.kernels.lines\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "the kernels are not compiled" in done.stdout
    assert "python backend/gidx_build.py" in done.stdout


def test_a_kernel_takes_read_only_buffers_and_empty_ones():
    from gidx.kernels.fields import integers
    from gidx.kernels.intervals import digest

    none, nothing = np.zeros(0, np.int32), np.frombuffer(bytearray(), np.uint8)
    values, ok, bad = integers(nothing, none, none, 0, 1, False)
    assert (len(values), len(ok), bad) == (0, 0, 0)
    text = np.frombuffer(b"7\t", np.uint8)
    assert not text.flags.writeable
    begins, nexts = np.array([0], np.int32), np.array([2], np.int32)
    assert integers(text, begins, nexts, 0, 9, False)[0].tolist() == [7]
    assert {digest(text[:0]), digest(np.zeros(0, np.int64))} == {0}
