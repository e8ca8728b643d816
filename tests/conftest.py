"""What all tests share: the folder of real files, a command line, how hypothesis searches."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gidx import cli

collect_ignore = ["typed"]  # calls for type checkers, which nobody makes

# Images of Python often set it. Each process that a test starts would compile all that it imports
# of gidx, a second and more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples each time: a failure that one run shows, the next one shows too. Others, and
# more of them, by ``--hypothesis-profile=thorough``.
settings.register_profile(
    "gidx",
    derandomize=True,
    max_examples=60,
    deadline=None,  # machines are shared: no test asserts a time
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("gidx"), derandomize=False,
                          max_examples=1000)  # fmt: skip
settings.load_profile("gidx")

# What is imported and collected stays to the end. Python's collector walked through these million
# objects again and again, for a seventh of the suite's time: it is told of them once all are there,
# and sees from then on what tests make.
gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files, ``$GIDX_CORPUS``."""
    folder = os.environ.get("GIDX_CORPUS")
    if not folder:
        pytest.skip("GIDX_CORPUS is not set: it names the folder of real files")
    return Path(folder)


@pytest.fixture
def run(capsysbinary):
    """Run a command in this process: exit status, stdout, stderr."""

    def run(*arguments):
        try:
            status = cli.main(list(arguments))
        except SystemExit as stop:
            status = stop.code
        out, err = capsysbinary.readouterr()
        return status, out, err.decode()

    return run
