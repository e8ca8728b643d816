"""All tests of reliability at their full size, by one command: ``python tests/reliability/run.py``.

What is named is run (``corruption interrupts kills writers readers soak``), else all. ``--part
0.1`` makes a tenth of the tries (of the soak's 20 minutes), ``--seed`` other ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import accidents
import corruption
import soak

TRIES = {"interrupts": 300, "kills": 200, "writers": 200, "readers": 1000}
MINUTES = 20  # of the soak, which limits this process's memory: it comes last


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["corruption", *TRIES, "soak"])
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="of the corruption test")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in asked.names:
        if name == "corruption":
            corruption.main(asked.part, asked.seed, [], asked.processes)
            continue
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            if name == "soak":
                soak.soak(Path(folder), MINUTES * asked.part, asked.seed)
                continue
            tries = max(1, round(TRIES[name] * asked.part))
            found = getattr(accidents, name)(Path(folder), tries, asked.seed)
        said = ", ".join(f"{what} {count:,}" for what, count in sorted(found.items()))
        print(f"{name}: {said} ({time.perf_counter() - begin:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
