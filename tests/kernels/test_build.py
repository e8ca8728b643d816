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
    body = ast.parse(path.read_text()).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    assert _told(body) == _there(module, module.__name__)
    assert {c.name for c in classes} == {n for n, v in vars(module).items() if _is_own(v, module)}
    for node in classes:
        assert _told(node.body) == _there(getattr(module, node.name), module.__name__)


def _is_own(value, module):
    return inspect.isclass(value) and value.__module__ == module.__name__ and not _is_enum(value)


def _is_enum(value):
    return issubclass(value, int)


def _told(body):
    """Functions of a stub, and their parameters; how objects are made is not to be asked."""
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    return {f.name: [a.arg for a in f.args.args] for f in functions if f.name[0] != "_"}


def _there(scope, module):
    found = {n: v for n, v in vars(scope).items() if getattr(v, "__module__", None) == module}
    return {
        name: [*inspect.signature(value).parameters]
        for name, value in found.items()
        if callable(value) and not inspect.isclass(value) and name[0] != "_"
    }


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
    assert {digest(text[:0]), digest(np.zeros(0, np.uint64))} == {0}
