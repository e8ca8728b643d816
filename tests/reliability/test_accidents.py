"""A few of each accident; `run.py` beside makes hundreds (docs/reliability.md)."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import accidents
import soak

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and locks are POSIX"),
    pytest.mark.filterwarnings("ignore::gidx.errors.GidxWarning"),
]

# Each has a way of its own to a file; `run.py` takes all.
KINDS = ("bed", "bigbed", "bgzf", "parquet", "bigwig")

INTERRUPTS = """
import sys, warnings
from pathlib import Path
import accidents
import soak
warnings.simplefilter("ignore")
found = accidents.interrupts(Path(sys.argv[1]), 44, seed=1, rows=5_000, tall=50_000)
print(found["KeyboardInterrupt"] + found["done"])
"""


def test_an_interrupt_is_a_keyboard_interrupt_and_leaves_nothing(tmp_path):
    """In a process of its own: one that comes late must not hit other tests."""
    here = Path(accidents.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTS, tmp_path], cwd=here, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == "44\n", done.stderr


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    found = accidents.kills(tmp_path, 1, seed=1, rows=5_000, kinds=KINDS)
    assert sum(n for what, n in found.items() if what.endswith((": new", ": old"))) == 5


def test_of_two_writers_at_once_one_is_the_last_with_data_and_index(tmp_path):
    found = accidents.writers(tmp_path, 10, seed=1, rows=500, kinds=KINDS[:3])
    assert set(found.values()) == {20}


def test_who_reads_while_others_write_finds_the_rows_of_one(tmp_path):
    found = accidents.readers(tmp_path, 20, seed=1, rows=500, kinds=KINDS[:3])
    assert sum(found.values()) == 60


def test_what_the_soak_does_can_be_done(tmp_path):
    jobs = soak.jobs(tmp_path, random.Random(1), rows=2_000)
    for _ in range(3):
        for job in jobs.values():
            job()
