"""Writing a file so that it is there as a whole or not at all.

The bytes go to a new file in the same folder, which takes the target's place in one step
(`os.replace`) once all is written, and has reached the disk (fsync of the file before, of
the folder behind). What belongs together, data and their index, changes place under one
lock (`alone`), so that of two writers one is the last, with both of its files.

A new file is locked (flock) while somebody writes it. One that nobody locks is what a
killed writer left, and the next writer of the same target removes it. Where there is no
flock (Windows, some network file systems) nothing is locked, and nothing removed.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, BinaryIO

from gidx.ground.names import expanded, local

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NAME = 32  # a name is at most 255 bytes, and the target's own may have all of them
_held = threading.local()  # locks of this thread, by their names

# What only a file that is written can be
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def check_target(path: Any) -> None:
    """Raise TypeError for what nothing can be written to, before anything is read for it."""
    if isinstance(path, io.TextIOBase):
        raise TypeError(f"{path!r} is open as text; open it with mode 'wb'")
    if not isinstance(path, str | os.PathLike) and not hasattr(path, "write"):
        raise TypeError(f"cannot write to {type(path).__name__}, expected a path or a binary file")


def check_beside(name: str, path: Any) -> None:
    """Raise TypeError for what does not say whether, or where, a file is written beside."""
    if not isinstance(path, bool | str | os.PathLike | None) and not hasattr(path, "write"):
        raise TypeError(f"{name} is {path!r}, expected True, False or a path")


@contextmanager
def replacing(
    path: str | os.PathLike[str] | BinaryIO, mode: int | None = None
) -> Iterator[BinaryIO]:
    """A file to write ``path`` anew with; after any failure ``path`` is as it was.

    Permissions become what ``open(path, "wb")`` would leave: those of the file that
    is replaced, or of a new one under the umask; or ``mode``. A link stays and its target is
    replaced. What cannot be replaced is written to directly: an open binary file
    (left open), a device, a pipe. ``~`` is the user's folder.

    Raises ValueError for a URL.
    """
    if not isinstance(path, str | os.PathLike):
        check_target(path)
        yield path
        return
    target = os.path.realpath(local(path))
    own = _mode(target)
    if own is not None and not stat.S_ISREG(own):
        with open(target, "wb") as file:
            yield file
        return
    if own is not None:
        os.close(os.open(target, os.O_WRONLY))  # a write-protected file is not replaced either
        mode = stat.S_IMODE(own) if mode is None else mode
    try:
        with new_beside(target, path) as part:
            with part.file as file:
                if mode is not None:
                    os.chmod(part.name, mode)
                yield file
            part.settle()
            with alone(target):
                part.take_place()
    except OSError as error:  # a full disk does not say for which file
        if error.errno in _FULL and error.filename is None:
            error.filename = os.fspath(path)
        raise


class NewFile:
    """A new file, which is to take a target's place."""

    def __init__(self, target: str, file: BinaryIO, name: str) -> None:
        self.target, self.file, self.name = target, file, name
        self._lock = held(name, wait=True)

    def settle(self) -> None:
        """Bring what was written to the disk; it may be closed."""
        handle = os.open(self.name, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def take_place(self) -> None:
        """Be the target from now on."""
        os.replace(self.name, self.target)
        sync_folder(self.target)

    def close(self) -> None:
        """Close it; whoever writes the target next may remove it."""
        with suppress(OSError):
            self.file.close()
        self._lock.close()


@contextmanager
def new_beside(target: str, known: str | os.PathLike[str] | None = None) -> Iterator[NewFile]:
    """A new file in the target's folder, open to be written; gone again unless it took its place.

    ``known`` is the target as the user says it, for errors.
    """
    remove_left_over(target)
    name, part = "", None
    try:  # from before it is there, because an interrupt may come anywhere
        while part is None or not os.path.exists(name):  # else removed before it was locked
            if part is not None:
                part.close()
            name = hidden(target)
            try:
                file = open(name, "x+b")  # noqa: SIM115 (it is closed with the part)
            except OSError as error:  # it is the target that the user knows
                said = os.fspath(known or target)
                raise OSError(error.errno, error.strerror, said) from None
            try:
                part = NewFile(target, file, name)
            except FileNotFoundError:
                file.close()
        yield part
    finally:
        with suppress(OSError):
            os.unlink(name)
        if part is not None:
            part.close()


def hidden(target: str) -> str:
    """A new name beside a target."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:_NAME]}.{secrets.token_hex(8)}.part")


def remove_left_over(target: str) -> None:
    """Remove new files that writers of this target left when they were killed."""
    if fcntl is None:
        return
    folder, name = os.path.split(target)
    own = re.compile(rf"\.{re.escape(name[:_NAME])}\.[0-9a-f]{{16}}\.part")
    try:
        found = [one for one in os.listdir(folder or ".") if own.fullmatch(one)]
    except OSError:  # a folder that can be written, but not listed
        return
    for one in found:
        path = os.path.join(folder, one)
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(handle)


def held(path: str, *, wait: bool = False) -> BinaryIO:
    """Lock a file, also where it stands under another name for a while, so that it stays.

    Returns what to close. With ``wait``, a writer that takes it for left over is waited for:
    it is about to remove it.
    """
    found = open(path, "rb", buffering=0)  # noqa: SIM115 (for as long as the caller wants)
    if fcntl is not None:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(found, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))
    return found


# ── one after the other ─────────────────────────────────────────────────────────────────────────


def _lock_name(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:_NAME]}.lock")


@contextmanager
def alone(target: str) -> Iterator[None]:
    """Nobody else puts files in this target's place meanwhile; waits for who does.

    It takes milliseconds: files are written before. A thread that has the lock has it.
    """
    mine: set[str] = _held.__dict__.setdefault("names", set())
    name = _lock_name(target)  # which a file with a long name shares with its index
    if fcntl is None or name in mine:
        yield
        return
    lock = None
    try:  # from before it is there, because an interrupt may come anywhere
        lock = _lock(name)
        mine.add(name)
        yield
    finally:
        mine.discard(name)
        if lock is None:
            _remove_unheld(name)
        else:
            with suppress(OSError):
                os.unlink(name)
            lock.close()


def _lock(name: str) -> BinaryIO | None:
    """The lock file, open and locked; None where locks cannot be had.

    A file object: where an interrupt comes, it is closed, and the lock with it.
    """
    while True:
        try:
            lock = open(name, "ab", buffering=0)  # noqa: SIM115 (for as long as it is held)
        except PermissionError:  # another user's
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):  # else who had it has removed it
                if os.path.samestat(os.fstat(lock.fileno()), os.stat(name)):
                    return lock
        except OSError:  # a file system without locks
            lock.close()
            with suppress(OSError):
                os.unlink(name)
            return None
        except BaseException:  # an interrupt, whose traceback would keep it open
            lock.close()
            raise
        lock.close()


def _remove_unheld(name: str) -> None:
    """Remove a lock file that an interrupt left behind, unless somebody has the lock."""
    with suppress(OSError), open(name, "rb", buffering=0) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock.fileno()), os.stat(name)):
            os.unlink(name)


# ── all or none ─────────────────────────────────────────────────────────────────────────────────


class Others:
    """The files beside: made ready before the main one is replaced, in place after it."""

    def __init__(self, path: str | None, suffixes: Iterable[str]) -> None:
        self._path = None if path is None else os.path.realpath(path)
        known = [] if path is None else [path, os.path.realpath(path)]
        self._stale = [name + suffix for name in known for suffix in suffixes]
        self._stack = ExitStack()
        self._new: list[NewFile] = []
        self._old: list[tuple[str, str]] = []  # set aside, as it was called

    def ready(self, files: Mapping[str, bytes], mode: int | None) -> None:
        """Write the new ones under other names, then set the old ones aside.

        ``mode`` is that of the main file. From here to the end there is no index: if the
        process dies in between, a file without one is left, never one with that of another.
        """
        for path, data in files.items():
            part = self._stack.enter_context(new_beside(path))
            with part.file as file:
                if mode is not None:
                    os.chmod(part.name, mode)
                file.write(data)
            part.settle()
            self._new.append(part)
        own = self._path
        if own is not None:
            self._stack.enter_context(alone(own))
        # a path may be said in two ways
        names = map(os.path.split, [*files, *self._stale])
        for path in sorted({os.path.join(os.path.realpath(a), b) for a, b in names}):
            if os.path.lexists(path):
                self._put_aside(path, os.rename)
        if own is not None and files and os.path.exists(own):  # if a last step should fail
            with suppress(OSError):
                self._put_aside(own, os.link)

    def _put_aside(self, path: str, put: Callable[[str, str], None]) -> None:
        """Under another name, where no other writer takes it for left over."""
        with suppress(OSError):
            self._stack.enter_context(held(path))
        aside = hidden(path)
        put(path, aside)
        self._old.append((aside, path))

    def finish(self) -> None:
        for part in self._new:
            part.take_place()
        for aside, _ in self._old:
            with suppress(OSError):
                os.unlink(aside)

    def undo(self) -> None:
        for aside, path in reversed(self._old):
            with suppress(OSError):
                os.replace(aside, path)
                os.unlink(aside)  # there still, if both are links to one file

    def close(self) -> None:
        self._stack.close()


@contextmanager
def together(path: str | None, suffixes: Iterable[str]) -> Iterator[Others]:
    """Around the replacing of a main file that has others beside: all change, or none.

    What the main file has had beside under ``suffixes`` goes with it. ``path`` None, or no
    regular file: it is not replaced, and has nothing beside.
    """
    own = None if path is None else _mode(path)
    others = Others(path if own is None or stat.S_ISREG(own) else None, suffixes)
    try:
        yield others
        others.finish()
    except BaseException:
        others.undo()
        raise
    finally:
        others.close()


def wait_for_writers(target: str, *, block: bool = True) -> bool:
    """Whether nobody is putting files in this target's place; waits until it is so."""
    if fcntl is None:
        return True
    try:
        with open(_lock_name(target), "rb", buffering=0) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH if block else fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # nobody, or no locks
        pass
    return True


def sync_folder(path: str) -> None:
    """Bring the names in a file's folder to the disk."""
    with suppress(OSError):  # Windows, and file systems that cannot
        handle = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def mode_of_data(path: Any) -> int | None:
    """Of an index, the permissions of the file that it is named after, if that is there."""
    if not isinstance(path, str | os.PathLike):
        return None
    own = _mode(os.path.splitext(expanded(path))[0])
    return None if own is None or not stat.S_ISREG(own) else stat.S_IMODE(own)


def _mode(path: str) -> int | None:
    """A file's mode; None where there is no file."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
