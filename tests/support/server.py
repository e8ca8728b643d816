"""A web server on this machine, for tests: files by path, and what went over the wire."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Files:
    """What a server has, how it answers, and what it was asked.

    ``answers(path, asked)`` may answer itself: a status, headers and bytes, or None for the
    usual answer. ``asked`` counts the requests so far.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    total: str = ""  # the size that it says of each file, with a range; else the file's own
    most: int = 1 << 40  # bytes that it sends of a range
    answers: Callable[[str, int], tuple[int, dict[str, str], bytes] | None] = lambda *_: None
    requests: list[tuple[str, str]] = field(default_factory=list)  # path with query, range
    sent: list[int] = field(default_factory=list)  # bytes of each answer
    got: list[dict[str, str]] = field(default_factory=list)  # headers that came

    def forget(self) -> None:
        """Count anew."""
        self.requests.clear()
        self.sent.clear()
        self.got.clear()


class _Handler(http.server.BaseHTTPRequestHandler):
    files: Files
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        files, asked = self.files, self.headers.get("Range", "")
        files.requests.append((self.path, asked))
        files.got.append(dict(self.headers))
        own = files.answers(self.path, len(files.requests))
        if own is not None:
            self._send(*own)
            return
        data = files.files.get(self.path.partition("?")[0].lstrip("/"))
        if data is None:
            self._send(404, {}, b"")
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if not span or not files.ranges:
            self._send(200, files.headers, data)
            return
        first, last = int(span[1]), min(int(span[2]), len(data) - 1, int(span[1]) + files.most - 1)
        if first > last:
            self._send(416, {"Content-Range": f"bytes */{len(data)}"}, b"")
            return
        told = {
            **files.headers,
            "Content-Range": f"bytes {first}-{last}/{files.total or len(data)}",
        }
        self._send(206, told, data[first : last + 1])

    def do_HEAD(self) -> None:
        self.files.requests.append((self.path, "HEAD"))
        self._send(405, {}, b"")

    def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        length = headers.get("Content-Length", str(len(data)))
        for name, value in {**headers, "Content-Length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        self.files.sent.append(len(data))
        self.wfile.write(data)
        if int(length) != len(data):  # a transfer that is cut
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        pass  # a client that stops to listen


@contextmanager
def serving(files: dict[str, bytes], **how: Any) -> Iterator[Files]:
    """A server of these files."""
    found = Files(files=files, **how)
    handler = type("Handler", (_Handler,), {"files": found})
    with _Server(("127.0.0.1", 0), handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/"
        # it looks every 10 ms whether it is to end, not every half second
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
