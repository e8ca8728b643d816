"""Files of formats that gidx does not read: known by their first bytes, called by their names.

Each comes with the way out, for the message of a FormatError. Left out: what cannot be told
from text that somebody may have meant as a table.
"""

from __future__ import annotations

import re

_FIRST: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file, compressed; decompress it with: gunzip"),
    (b"FEA1", "a Feather file of version 1; save it anew with pandas.DataFrame.to_feather"),
    (b"CRAM", "a CRAM file; as SAM text it can be read: samtools view -h"),
    (b"BAM\1", "a BAM file; as SAM text it can be read: samtools view -h"),
    (b"BCF", "a BCF file; as VCF it can be read: bcftools view -O z"),
    (b"TBI\1", "a TBI index, not the file that it is of; look at it with: gidx dump-index"),
    (b"CSI\1", "a CSI index, not the file that it is of; look at it with: gidx dump-index"),
    (b"BAI\1", "a BAI index, which is of a BAM file"),
    (b"\x43\x27\x41\x1a", "a 2bit file, of sequences"),
    (b"\x1a\x41\x27\x43", "a 2bit file, of sequences"),
    (b"\x89HDF\r\n", "an HDF5 file (cooler, h5ad, loom …)"),
    (b"PK\x03\x04", "a ZIP archive, which .xlsx and .npz files are too; unpack it, or save the "
                    "sheet as text parted by tabs"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as text parted by tabs"),
    (b"BZh", "compressed by bzip2; decompress it with: bunzip2"),
    (b"\xfd7zXZ\0", "compressed by xz; decompress it with: unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard; decompress it with: unzstd"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF-", "a PDF document"),
    (b"\xff\xfe", "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
)  # fmt: skip
_TEXTS = (
    (re.compile(rb"\s*<(!doctype|html|head|\?xml|error)", re.I),
     "a web page or XML, so perhaps the answer of a server instead of the file"),
    (re.compile(rb"version https://git-lfs"),
     "a pointer of Git LFS, not the file itself; fetch it with: git lfs pull"),
    (re.compile(rb">[^\n]+\n[A-Za-z*-]+\s"), "a FASTA file, of sequences"),
    (re.compile(rb"@[^\n]+\n[A-Za-z.*-]+\r?\n\+"), "a FASTQ file, of reads"),
    (re.compile(rb"\s*[\[{]\s*[\"{\]}]"), "JSON"),
    (re.compile(rb"((#|track|browser)[^\n]*\n)*(fixedStep|variableStep)[ \t]"),
     "a wiggle file; as bedGraph it can be read"),
)  # fmt: skip
_CSV = re.compile(rb"[^\t\n]*,[^\t\n]*,[^\t\n]*(\n|\Z)")


def foreign(head: bytes) -> str | None:
    """What begins with these bytes, in words with an article; None where not known.

    >>> foreign(b"%PDF-1.7")
    'a PDF document'
    >>> foreign(b"chr1\\t10\\t20\\n") is None
    True
    """
    text = head.removeprefix(b"\xef\xbb\xbf")
    known = (what for first, what in _FIRST if head.startswith(first))
    looked = (what for pattern, what in _TEXTS if pattern.match(text))
    return next(known, None) or next(looked, None)


def is_csv(line: bytes) -> bool:
    """Whether a line has its fields parted by commas.

    >>> is_csv(b"chr1,10,20"), is_csv(b"chr1\\t1,2,3\\t20")
    (True, False)
    """
    return _CSV.match(line) is not None
