"""What fuzzing found, and a little of it each time (fuzz.py)."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fuzz


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_anything_is_an_answer_or_an_error_of_gidx(name):
    rng = random.Random(name)
    for _ in range(100):
        fuzz.attempt(name, fuzz.mutated(rng, fuzz.TARGETS[name][1]))


def test_what_was_found_stays_mended():
    for path in sorted(fuzz.FINDINGS.glob("*-*")):
        fuzz.attempt(path.name.partition("-")[0], path.read_bytes())
