"""What comes out of a pickle is opened once a process, however many tasks carry it.

A worker of Dask or Spark gets an open file with each task. To open a bigBed or a VCF anew takes
some ms, at a URL some requests; its index and its pages are to be kept. So a pickle is a recipe,
and the last files that were made of recipes are kept. A file that has changed since is opened
anew.
"""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

MOST = 16  # open files
LARGEST = 1 << 16  # a recipe that has the file's bytes in it is larger, and not kept


class Reopened(Protocol):
    """What is kept."""

    def shared(self) -> None:
        """It has several owners from now on, none of whom may close it."""
        ...

    def is_current(self) -> bool:
        """Whether its file is still the one that was opened."""
        ...


_kept: OrderedDict[bytes, Reopened] = OrderedDict()
_lock = threading.Lock()


def recipe(make: Callable[..., Reopened], *args: Any) -> tuple[Any, ...]:
    """What ``__reduce__`` of an open file returns."""
    return reopen, (pickle.dumps((make, args)),)


def reopen(made_of: bytes) -> Reopened:
    """The open file of a recipe."""
    with _lock:
        found = _kept.pop(made_of, None)
    if found is None or not found.is_current():
        make, args = pickle.loads(made_of)
        found = make(*args)
        found.shared()
    if len(made_of) <= LARGEST:
        with _lock:
            _kept[made_of] = found  # last used is last
            while len(_kept) > MOST:
                _kept.popitem(last=False)
    return found
