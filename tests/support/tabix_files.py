"""Text files for tests: compressed by Python's zlib, indexed by htslib (pysam), not by gidx."""

import random
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pysam
import pytest

EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def block(data: bytes, level: int = 6) -> bytes:
    """One BGZF block (SAM specification, section 4.1)."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = struct.pack("<4BI2BHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


def bgzip(text: bytes, sizes: int | random.Random = 65280, *, eof: bool = True) -> bytes:
    """The text as BGZF, in blocks of one size, or of random small ones."""
    parts, at = [], 0
    while at < len(text):
        size = sizes if isinstance(sizes, int) else sizes.randint(1, 200)
        parts.append(block(text[at : at + size]))
        at += size
    return b"".join(parts) + (EOF if eof else b"")


def write(
    path: Path, text: str | bytes, preset: str | None = "bed", *, csi: bool = False, **options
) -> Path:
    """A BGZF file, and htslib's index beside it where there is a preset or columns."""
    sizes = options.pop("sizes", 65280)
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(bgzip(data, sizes))
    if preset is not None or options:
        if preset is not None:
            options["preset"] = preset
        pysam.tabix_index(str(path), force=True, csi=csi, keep_original=True, **options)
    return path


def intervals(seed: int, rows: int = 3000, *, zero: bool = False) -> list[tuple[str, int, int]]:
    """Sorted rows on three chroms: short ones, long ones, many at the bins' edges."""
    r = random.Random(seed)
    found = []
    for chrom in ("chr1", "chr2", "chrX"):
        for _ in range(rows // 3):
            edge = r.randrange(1, 12) * 16384 + r.randint(-2, 2)
            start = r.choice([edge, r.randrange(200_000)])
            least = 0 if zero else 1
            size = r.choice([least, 1, 2, r.randint(1, 500), r.randint(1, 70_000)])
            found.append((chrom, start, start + size))
    return sorted(found, key=lambda row: (row[0], row[1]))


def regions(seed: int, most: int, count: int, chroms=("chr1", "chr2", "chrX")):
    """Regions at the bins' edges, of one base, past the end."""
    r = random.Random(seed)
    for _ in range(count):
        edge = r.randrange(0, most // 16384 + 2) * 16384 + r.randint(-2, 2)
        start = max(0, r.choice([edge, r.randrange(most + 1000)]))
        yield r.choice(chroms), start, start + r.choice([1, 1, 2, 100, 16384, r.randint(1, most)])


def program(*command: object) -> str:
    """What one of htslib's programs prints, or a skip where it is not installed."""
    name = str(command[0])
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: apt-get install tabix bcftools")
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout
