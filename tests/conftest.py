"""What all tests share: the folder of real files, a command line, how hypothesis searches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gidx import cli

collect_ignore = ["typed"]  # calls for type checkers, which nobody makes

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
