"""Fuzz targets: anything is an answer or an error of gidx, never another exception.

``python tests/reliability/fuzz.py 60`` gives each target 60 seconds, ``… 3600 vcf`` one an
hour; with the package atheris, which sees what code of Python is reached, ``--atheris 3600
vcf``. Run them on the checked build (CONTRIBUTING.md). What is found is written to
``findings/``, and `test_fuzz.py` tries all that is there, each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corruption

import gidx
from gidx.ground.region import parse

FINDINGS = Path(__file__).parent / "findings"
Target = Callable[[bytes], object]
_WORDS = (b"\t", b"\n", b"\r", b"\0", b"-1", b";", b"=", b'"', b",", b"##", b"\xff")


def _open(data: bytes) -> object:
    return [batch.num_rows for batch in gidx.open(data).to_batches()]


def _text(reader: str) -> Target:
    return lambda data: getattr(gidx, reader)(data, dtype_backend="pyarrow").shape


def _asked(name: str) -> Target:
    return next(case for case in corruption.cases() if case.name == name).ask


def _region(data: bytes) -> object:
    return parse(data.decode("utf-8", "replace"), ["chr1", "HLA-A*01:01", "chr1:5"])


def _autosql(data: bytes) -> object:
    return gidx.autosql.parse(data.decode("utf-8", "replace")).to_arrow()


def _targets() -> dict[str, tuple[Target, list[bytes]]]:
    cases = {case.name: case.data for case in corruption.cases()}
    declared = gidx.autosql.bed(12).encode()
    return {
        "autosql": (
            _autosql,
            [declared, b'table t "x" ( int n; "" int[n] a; "" enum(b,c) d; "" )'],
        ),
        "bigbed": (_open, [cases["bigbed"], cases["bigbed, plain"]]),
        "bigwig": (_open, [cases["bigwig"]]),
        "bgzf": (_open, [cases["bed, bgzf"], cases["bed, gzip"]]),
        "index": (gidx.TabixIndex.from_bytes, [v for k, v in cases.items() if "not comp" in k]),
        "gzi": (_asked("gzi"), [cases["gzi"]]),
        "vcf": (_text("read_vcf"), [cases["vcf, text"]]),
        "gff": (_text("read_gff"), [cases["gff, text"]]),
        "bed": (_text("read_bed"), [cases["bed, text"], b"track name=x\nchr1 1 2 a\n"]),
        "intervals": (_asked("interval index"), [cases["interval index"]]),
        "region": (_region, [b"chr1:1,000-2,000", b"HLA-A*01:01:1-5", b"chr1:5:7-"]),
    }


TARGETS = _targets()


def attempt(name: str, data: bytes) -> None:
    """One try: what is no error of gidx goes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(gidx.GidxError):
            TARGETS[name][0](data)


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """A seed, changed in one to eight places."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + rng.randint(1, 20)]
            case 2:
                other = rng.choice(seeds)
                begin = rng.randrange(len(other) + 1)
                data[at:at] = other[begin : begin + rng.randint(1, 60)]
            case 3:
                width = rng.choice((2, 4, 8))
                value = rng.choice(corruption.VALUES) % (1 << 8 * width)
                data[at : at + width] = value.to_bytes(width, "little")
            case 4:
                data[at:at] = rng.choice(
                    (b"\t", b"\n", b"\r", b"\0", b"-1", b";", b"=", b'"', b",")
                )
            case _:
                data[at:at] = bytes(data[max(0, at - 30) : at])
    return bytes(data)


def fuzz(name: str, seconds: float, seed: int) -> tuple[int, list[Path]]:
    """Try mutations for a while: how many, and where what was found is."""
    rng = random.Random(f"{name} {seed}")
    until, tries, found = time.monotonic() + seconds, 0, []
    while time.monotonic() < until:
        data = mutated(rng, TARGETS[name][1])
        tries += 1
        try:
            attempt(name, data)
        except Exception as error:
            path = FINDINGS / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
            FINDINGS.mkdir(exist_ok=True)
            path.write_bytes(data)
            found.append(path)
            print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
            if len(found) == 10:
                break
    return tries, found


def guided(name: str, seconds: int) -> None:
    """Try what reaches new code, from the seeds on; the process ends with the time."""
    import atheris

    FINDINGS.mkdir(exist_ok=True)
    own = [m for m in sys.modules if m.partition(".")[0] in ("gidx", "corruption")]
    for module in own:  # to be imported once more; kernels are no Python
        if not module.startswith("gidx.kernels"):
            del sys.modules[module]
    with warnings.catch_warnings(), atheris.instrument_imports(include=["gidx"]):
        warnings.simplefilter("ignore")
        again = importlib.import_module("fuzz")
        for seed in again.TARGETS[name][1]:  # and what is imported when it is needed
            again.attempt(name, seed)
    with tempfile.TemporaryDirectory() as corpus:
        for i, seed in enumerate(TARGETS[name][1]):
            (Path(corpus) / str(i)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-artifact_prefix={FINDINGS}/{name}-"]
        options += ["-rss_limit_mb=2048", "-timeout=20", "-max_len=20000", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, corpus], lambda data: again.attempt(name, data))
        atheris.Fuzz()


def main() -> None:
    """Fuzz by the command line."""
    words = sys.argv[1:]
    if words[:1] == ["--atheris"]:
        guided(words[2], int(words[1]))
        return
    for name in words[1:] or TARGETS:
        tries, found = fuzz(name, float(words[0]), int(time.time()))
        print(f"{name}: {tries:,} tries, {len(found)} found", flush=True)


if __name__ == "__main__":
    main()
