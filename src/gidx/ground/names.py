"""Names of files: paths and URLs, and of what lies beside them."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import unquote


def is_url(path: str) -> bool:
    """Whether a name is for fsspec (``https://…``, ``s3://…``, ``memory://…``).

    >>> is_url("https://host/a.bb"), is_url("a.bb"), is_url("C:/a.bb")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:(//|:)", path) is not None


def beside(name: str, suffix: str) -> str:
    """The name of what lies beside a file, whose URL may have a query, or be one of a chain.

    >>> beside("a.vcf.gz", ".tbi"), beside("https://host/a.vcf.gz?download=1", ".tbi")
    ('a.vcf.gz.tbi', 'https://host/a.vcf.gz.tbi?download=1')
    >>> beside("zip://a.vcf.gz::s3://b/c.zip", ".tbi"), beside("simplecache::s3://b/a.bb", ".tbi")
    ('zip://a.vcf.gz.tbi::s3://b/c.zip', 'simplecache::s3://b/a.bb.tbi')
    """
    if not is_url(name):
        return name + suffix
    first, chain, rest = name.partition("::")
    if chain and "://" not in first:
        return first + chain + beside(rest, suffix)
    marks = {"http": "[?#]", "https": "[?#]", "s3": r"\?versionId="}  # to others part of a name
    mark = re.search(marks.get(first.partition(":")[0], "$"), first)
    path = first[: mark.start()] if mark else first
    query = "" if first.startswith("s3:") else first[len(path) :]  # a version is of the data
    return f"{path}{suffix}{query}{chain}{rest}"


def parted_index(path: Any, index: Any) -> tuple[Any, Any]:
    """A path that names its index too, as htslib has it: ``data##idx##index``.

    >>> parted_index("a.vcf.gz##idx##other.tbi", None)
    ('a.vcf.gz', 'other.tbi')
    """
    if not isinstance(path, str) or "##idx##" not in path:
        return path, index
    if index is not None:
        raise TypeError("the index is named twice: by index= and behind ##idx##")
    data, _, named = path.partition("##idx##")
    return data, named


def expanded(path: str | os.PathLike[str]) -> str:
    """A path as text, with ``~`` as the user's folder, of a ``file://`` too; of URLs the kind
    in small letters.

    >>> expanded("a~b.bed"), expanded("HTTPS://host/~me/A.bb"), expanded("file:///data/a.bb")
    ('a~b.bed', 'https://host/~me/A.bb', '/data/a.bb')
    """
    text = os.fspath(path)
    if not isinstance(text, str) or not is_url(text):
        return os.path.expanduser(text)
    kind, colon, rest = text.partition(":")
    if kind.lower() not in ("file", "local"):
        return kind.lower() + colon + rest
    from fsspec.implementations.local import LocalFileSystem

    found = LocalFileSystem._strip_protocol(re.sub(r"(?i)^\w+:(//localhost(?=/))?", "file:", text))
    plain = unquote(found)  # as Path.as_uri writes it
    return plain if not os.path.exists(found) and os.path.exists(plain) else str(found)


def local(path: str | os.PathLike[str]) -> str:
    """Where to write a file.

    Raises ValueError for a URL.
    """
    found = expanded(path)
    if is_url(found):
        raise ValueError(f"{found}: cannot write to a URL; open it with fsspec, pass the file")
    return found
