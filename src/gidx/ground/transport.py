"""Ranges of one remote file, and what went wrong when they did not come.

fsspec opens connections and knows logins. What it does not tell is asked here of its own
sessions: with each range the file's size and version (ETag), so that no request is spent on
these alone; a server's status, so that "not there", "not allowed" and "busy" are told apart
(fsspec's HTTP calls all of them not found). `Http` is for http(s), `S3` for s3; `Other` for all
else that fsspec reads.

Messages have no user, password or query of a URL: those are where keys are.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gidx.errors import RemoteError, RemoteNotFoundError, RemotePermissionError

# Requests of one file under way at a time. 50 ranges at 20 ms took 80 ms; a server that limits
# its clients does so at some dozens.
AT_ONCE = 16
# What is asked again, and after how long: 0.1, 0.2, 0.4 s and a part by chance.
ATTEMPTS = 4
PAUSE = 0.1
LONGEST = 10.0  # s that a server may ask to wait (Retry-After)
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_BUSY = re.compile(
    r"Timeout|IncompleteRead|ResponseStreaming|Payload|Disconnected|ConnectionClosed|SlowDown"
)


class TransientError(Exception):
    """What may go well when it is asked again; ``wait`` are the s that the server wants."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class NoRangesError(Exception):
    """The server sends the whole file, whatever is asked; of which size and version, if it says."""

    def __init__(self, name: str, size: int | None = None, version: str | None = None) -> None:
        super().__init__(name)
        self.size, self.version = size, version


@dataclass(frozen=True)
class Answer:
    """Bytes of a range, and the file's size and version, where the answer has them."""

    data: bytes
    size: int | None = None
    version: str | None = None


class Transport(Protocol):
    """How ranges of one file come."""

    def first(self, size: int) -> Answer:
        """The first ``size`` bytes, or all where there are fewer; size and version too."""
        ...

    def ranges(self, begins: Sequence[int], ends: Sequence[int]) -> list[Answer]:
        """Several ranges, at once."""
        ...

    def download(self, write: Callable[[bytes], object]) -> None:
        """The whole file, piece by piece."""
        ...

    def leave(self) -> None:
        """Close the answer that had begun when NoRangesError was raised, if nobody took it."""
        ...

    def modified(self) -> float | None:
        """When it last changed, if that is known without another request."""
        ...


def safe(url: str) -> str:
    """A URL as messages may have it.

    >>> safe("https://me:secret@host/a.vcf.gz?sig=abc#part"), safe("s3://bucket/a.bb")
    ('https://host/a.vcf.gz?…', 's3://bucket/a.bb')
    """
    shown = re.sub(r"(?<=://)[^/?#]*@", "", url)
    path, mark, _ = shown.partition("?")
    return f"{path}?…" if mark else re.sub(r"(?<=^http)(s?://[^#]*)#.*", r"\1", path)


def connect(url: str, options: Mapping[str, Any]) -> Transport:
    """The transport that fits a URL."""
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:  # no such kind of URL
        raise RemoteError(f"{safe(url)}: {error}", url=safe(url)) from None
    protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    if protocol in {"http", "https"} and hasattr(fs, "set_session"):
        return Http(fs, url)
    if protocol in {"s3", "s3a"} and hasattr(fs, "_call_s3"):
        return S3(fs, path, url)
    return Other(fs, path, url)


# ── asked again ─────────────────────────────────────────────────────────────────────────────────


def _failed(name: str, error: Exception) -> RemoteError:
    return RemoteError(f"{name}: {error}, {ATTEMPTS} times; try again later", url=name)


def _pause(attempt: int, error: TransientError) -> float:
    own = PAUSE * 2**attempt * (1 + random.random())
    return own if error.wait is None else min(max(own, error.wait), LONGEST)


async def _patient(name: str, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
    for attempt in range(ATTEMPTS):
        try:
            return await ask()
        except TransientError as error:
            if attempt + 1 == ATTEMPTS:
                raise _failed(name, error) from None
            await asyncio.sleep(_pause(attempt, error))
    raise AssertionError


class _Asynchronous:
    """Ranges by coroutines, some at a time, each asked again where that may help."""

    def __init__(self, fs: Any, url: str) -> None:
        self._fs, self._url, self._name = fs, url, safe(url)

    async def _get(self, begin: int, end: int, first: bool = False) -> Answer:
        raise NotImplementedError

    def _run(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        from fsspec.asyn import sync

        return sync(self._fs.loop, make)

    def first(self, size: int) -> Answer:
        return self._run(lambda: _patient(self._name, lambda: self._get(0, size, first=True)))

    def ranges(self, begins: Sequence[int], ends: Sequence[int]) -> list[Answer]:
        return self._run(lambda: self._all(list(zip(begins, ends, strict=True))))

    async def _all(self, spans: list[tuple[int, int]]) -> list[Answer]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(begin: int, end: int) -> Answer:
            async with gate:
                return await _patient(self._name, lambda: self._get(begin, end))

        tasks = [asyncio.ensure_future(one(*span)) for span in spans]
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise


# ── http(s) ─────────────────────────────────────────────────────────────────────────────────────


class Http(_Asynchronous):
    """By the session of fsspec's HTTPFileSystem, with its headers and login."""

    def __init__(self, fs: Any, url: str) -> None:
        super().__init__(fs, url)
        self._changed: float | None = None
        self._begun: Any = None  # the whole file, where a range was asked for first

    @property
    def _address(self) -> Any:
        import yarl

        # what is escaped already, as signatures are, is sent as it is
        return yarl.URL(self._url, encoded=re.search(r"%[0-9A-Fa-f]{2}", self._url) is not None)

    def _headers(self, more: Mapping[str, str]) -> dict[str, Any]:
        """What to send: a compressed file is asked for as it lies there, not unpacked."""
        packed = self._url.partition("?")[0].lower().endswith((".gz", ".bgz"))
        options = dict(self._fs.kwargs)
        headers = {"Accept-Encoding": "gzip" if packed else "identity"}
        return {**options, "headers": {**headers, **options.get("headers", {}), **more}}

    async def _get(self, begin: int, end: int, first: bool = False) -> Answer:
        async def read(response: Any) -> Answer:
            if response.status == 416 and first:  # an empty file has no range
                return Answer(b"", 0, _version(response))
            self._check(response)
            if response.status == 200:
                length = response.content_length
                if begin or length is None or length > end:
                    self._begun = response if first else None
                    raise NoRangesError(self._name, length, _version(response))
                data = await response.read()
                return Answer(data, len(data), _version(response))
            data = await response.read()
            part = self._part(response, data, begin, end)
            if first and part.size is None:  # how much there is, only the whole tells
                raise NoRangesError(self._name, None, part.version)
            return part

        return await self._ask({"Range": f"bytes={begin}-{end - 1}"}, read)

    def _part(self, response: Any, data: bytes, begin: int, end: int) -> Answer:
        told = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", told.strip())
        size = None if found is None or found[3] == "*" else int(found[3])
        # all that was asked for, and the file has; how much that is, may not be known
        ends = range(begin + 1, end + 1) if size is None else [min(end, size)]
        if found is None or int(found[1]) != begin or int(found[2]) + 1 not in ends:
            raise RemoteError(
                f"{self._name}: asked for bytes {begin} to {end - 1}, the server answers with "
                f"{told or 'bytes that it does not name'!r}",
                url=self._name,
            )
        if len(data) != int(found[2]) + 1 - begin:
            raise TransientError(f"{len(data)} bytes of {int(found[2]) + 1 - begin} came")
        return Answer(data, size, _version(response))

    async def _ask(
        self, headers: Mapping[str, str], read: Callable[[Any], Any], begun: Any = None
    ) -> Any:
        """What ``read`` makes of an answer: of a new one, or of one that had begun."""
        import aiohttp

        session = await self._fs.set_session()
        options = self._headers(headers)
        try:
            if (response := begun) is None:
                response = await session.get(self._address, auto_decompress=False, **options)
            try:
                return await read(response)
            finally:
                if response is not self._begun:
                    response.release()
        except aiohttp.ClientConnectorError as error:
            raise self._unreachable(error) from None
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerConnectionError):
            raise TransientError("the connection was cut") from None
        except TimeoutError:
            raise TransientError("no answer in time") from None
        except aiohttp.InvalidURL:
            raise RemoteError(f"{self._name}: not a URL", url=self._name) from None
        except aiohttp.ClientError as error:
            kind = type(error).__name__
            raise RemoteError(
                f"{self._name}: no answer that is HTTP ({kind})", url=self._name
            ) from None

    def _unreachable(self, error: Any) -> RemoteError:
        host = re.sub(r"^[^/]*//([^/]*).*", r"\1", self._name)
        number = getattr(error.os_error, "errno", None) or 0
        if number == errno.ECONNREFUSED:
            what = f"{host} refuses the connection"
        elif re.search("ssl|certificate", type(error).__name__, re.I):
            what = f"{host} has no certificate that is trusted"
        else:
            why = os.strerror(number) if number > 0 else "its name is not known"
            what = f"{host} cannot be reached ({why})"
        return RemoteError(f"{self._name}: {what}", url=self._name)

    def _check(self, response: Any) -> None:
        """Raise for a status, or a page that stands for one."""
        status, name = response.status, self._name
        self._note_modified(response)
        if status in _TRANSIENT:
            wait = response.headers.get("Retry-After", "")
            raise TransientError(
                f"the server answers {status} ({response.reason})",
                float(wait) if wait.isdigit() else None,
            )
        if status in {404, 410}:
            raise RemoteNotFoundError(f"{name}: there is no such file ({status})", url=name)
        if status in {401, 403, 407}:
            raise RemotePermissionError(
                f"{name}: the server does not allow it ({status}); a login or a key goes into "
                "storage_options=, a signed URL may have expired",
                url=name,
            )
        if status not in {200, 206}:
            raise RemoteError(f"{name}: the server answers {status} ({response.reason})", url=name)
        kind = response.content_type
        if kind in {"text/html", "application/xhtml+xml"}:
            raise RemoteError(
                f"{name}: the server answers with a web page instead of the file; it may ask "
                "for a login, or the address be that of a page with a link to the file",
                url=name,
            )

    def _note_modified(self, response: Any) -> None:
        from email.utils import parsedate_to_datetime

        try:
            self._changed = parsedate_to_datetime(response.headers["Last-Modified"]).timestamp()
        except (KeyError, ValueError, TypeError):
            self._changed = None

    def download(self, write: Callable[[bytes], object]) -> None:
        begun, self._begun = self._begun, None

        async def read(response: Any) -> None:
            if begun is None:
                self._check(response)
            async for piece in response.content.iter_chunked(1 << 20):
                write(piece)

        async def all_() -> None:
            try:
                await self._ask({}, read, begun)
            except TransientError as error:
                raise RemoteError(f"{self._name}: {error}", url=self._name) from None

        self._run(all_)

    def leave(self) -> None:
        if self._begun is not None:
            self._fs.loop.call_soon_threadsafe(self._begun.close)
            self._begun = None

    def modified(self) -> float | None:
        return self._changed


def _version(response: Any) -> str | None:
    found = response.headers.get("ETag") or response.headers.get("Last-Modified")
    return None if found is None else str(found).removeprefix("W/")


# ── S3 ──────────────────────────────────────────────────────────────────────────────────────────


class S3(_Asynchronous):
    """By s3fs: its GetObject tells size and version with each range."""

    def __init__(self, fs: Any, path: str, url: str) -> None:
        super().__init__(fs, url)
        self._path = path
        self._changed: float | None = None

    async def _get(self, begin: int, end: int, first: bool = False) -> Answer:
        bucket, key, version = self._fs.split_path(self._path)
        options = {"VersionId": version} if version else {}
        try:
            found = await self._fs._call_s3(
                "get_object", Bucket=bucket, Key=key, Range=f"bytes={begin}-{end - 1}", **options
            )
            data = await found["Body"].read()
        except Exception as error:
            # an empty object has no range; s3fs keeps of that but the words
            if first and re.search("InvalidRange|range is not satisfiable", repr(error), re.I):
                return Answer(b"", 0)
            raise _translated(error, self._name) from None
        size = re.search(r"/(\d+)$", found.get("ContentRange", ""))
        told = found.get("LastModified")
        self._changed = None if told is None else told.timestamp()
        total = int(size[1]) if size else len(data)
        if len(data) != min(end, total) - begin:
            raise TransientError(f"{len(data)} bytes of {min(end, total) - begin} came")
        return Answer(data, total, found.get("ETag"))

    def download(self, write: Callable[[bytes], object]) -> None:
        raise NotImplementedError  # S3 has ranges

    def leave(self) -> None:
        pass

    def modified(self) -> float | None:
        return self._changed


# ── all else ────────────────────────────────────────────────────────────────────────────────────


class Other:
    """By what every file system of fsspec has: info and cat_ranges."""

    def __init__(self, fs: Any, path: str, url: str) -> None:
        self._fs, self._path, self._name = fs, path, safe(url)
        self._size = 0
        self._info: dict[str, Any] = {}

    def first(self, size: int) -> Answer:
        self._info = self._patient(lambda: self._fs.info(self._path))
        total = self._info.get("size")
        if total is None:
            raise RemoteError(
                f"{self._name}: the server does not tell the file's size, so ranges of it cannot "
                "be read; download the file first",
                url=self._name,
            )
        self._size = int(total)
        told = [self._info.get(name) for name in ("ETag", "etag", "mtime", "created")]
        version = next((str(one) for one in told if one is not None), None)
        end = min(size, self._size)
        data = self.ranges([0], [end])[0].data if end else b""
        return Answer(data, self._size, version)

    def ranges(self, begins: Sequence[int], ends: Sequence[int]) -> list[Answer]:
        def ask() -> list[Answer]:
            found = self._fs.cat_ranges(
                [self._path] * len(begins), list(begins), list(ends), on_error="raise"
            )
            pieces = []
            for begin, end, piece in zip(begins, ends, found, strict=True):
                ignored = len(piece) == self._size != end - begin
                if not ignored and len(piece) != end - begin:
                    raise TransientError(f"{len(piece)} bytes of {end - begin} came")
                pieces.append(Answer(piece[begin:end] if ignored else piece))
            return pieces

        return self._patient(ask)

    def _patient(self, ask: Callable[[], Any]) -> Any:
        import time

        for attempt in range(ATTEMPTS):
            try:
                return ask()
            except Exception as error:
                found = (
                    error if isinstance(error, TransientError) else _translated(error, self._name)
                )
                if not isinstance(found, TransientError):
                    raise found from None
                if attempt + 1 == ATTEMPTS:
                    raise _failed(self._name, found) from None
                time.sleep(_pause(attempt, found))
        raise AssertionError

    def download(self, write: Callable[[bytes], object]) -> None:
        raise NotImplementedError  # every file system of fsspec has ranges

    def leave(self) -> None:
        pass

    def modified(self) -> float | None:
        try:
            return float(self._fs.modified(self._path).timestamp())
        except (NotImplementedError, AttributeError, KeyError, OSError, ValueError):
            return None  # most servers do not tell


_LOGIN = "a login or a key goes into storage_options=, for what is public {'anon': True}"


def _translated(error: Exception, name: str) -> Exception:
    """What a file system of fsspec raised, as what it means; its own words have URLs."""
    if isinstance(error, (RemoteError, NoRangesError, TransientError)):
        return error
    kind, code = type(error).__name__, _code(error)
    shown = f"{kind}, {code}" if code else kind
    busy = isinstance(error, (TimeoutError, ConnectionError)) or _BUSY.search(kind)
    if isinstance(error, FileNotFoundError) or code in {"404", "NoSuchKey", "NoSuchBucket"}:
        found: Exception = RemoteNotFoundError(f"{name}: there is no such file", url=name)
    elif isinstance(error, PermissionError) or code in {"401", "403", "AccessDenied"}:
        found = RemotePermissionError(f"{name}: the server does not allow it; {_LOGIN}", url=name)
    elif "NoCredentials" in kind or "Unauthorized" in kind:
        found = RemotePermissionError(f"{name}: no login is set up; {_LOGIN}", url=name)
    elif isinstance(error, ConnectionRefusedError) or "EndpointConnection" in kind:
        found = RemoteError(f"{name}: the server refuses the connection", url=name)
    elif busy or (code.isdigit() and int(code) in _TRANSIENT):
        found = TransientError(f"no answer ({shown})")
    elif isinstance(error, (OSError, ValueError)):
        found = RemoteError(f"{name}: cannot be read ({shown})", url=name)
    else:
        found = error
    return found


def _code(error: Exception) -> str:
    """An error's number, or S3's word for it."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        return str(response.get("Error", {}).get("Code", ""))
    return str(getattr(error, "code", "") or getattr(error, "status", ""))
