"""A seeded part of all damages of each format and index; `run.py corruption` tries all.

On the build with every check, `.ci/run` tries a tenth.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import corruption

PART = float(os.environ.get("GIDX_CORRUPTION_PART", "0.02"))


@pytest.mark.parametrize("case", corruption.cases(), ids=lambda case: case.name)
def test_an_answer_to_a_damaged_file_is_right_or_an_error(case):
    found = corruption.run(case, PART, seed=1)
    assert found["error"] > 0


def test_what_is_done_to_a_file_is_counted():
    data = bytes(20)
    assert len(list(corruption.damages(data))) == corruption.count(data)
