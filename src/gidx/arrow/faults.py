"""Rows that cannot be written, and why.

`Faults` keeps the first row of a piece, of all columns, which is what a writer raises for;
an `Inspection` keeps those of all rows (`DataFrame.gidx.validate`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Faults:
    """The first row that cannot be written, and why: ``row``, ``message``.

    What is asked of columns after a fault may be asked of nonsense; `clean` says which
    rows are worth it.
    """

    def __init__(self) -> None:
        self.row: int | None = None
        self.message = ""

    def note(self, row: int, message: str) -> None:
        """Keep a fault if its row is the first so far; row -1 is none."""
        if row >= 0 and (self.row is None or row < self.row):
            self.row, self.message = int(row), message

    def check(self, bad: npt.NDArray[np.bool_], say: Callable[[int], str]) -> None:
        """Note the rows that are bad; ``say`` words them."""
        if bad.any():
            self.note_all(np.flatnonzero(bad), say)

    def note_all(self, rows: Ints, say: Callable[[int], str]) -> None:
        """Note some rows, in ascending order: one or more."""
        row = int(rows[0])
        self.note(row, say(row))

    def refuse(self, message: str) -> None:
        """A whole column cannot be written, whatever its rows hold: the first row is to blame."""
        self.note(0, message)

    def clean(self, rows: int) -> npt.NDArray[np.bool_]:
        """Which of so many rows have no fault so far, as far as that is known."""
        return np.arange(rows) < (rows if self.row is None else self.row)

    @property
    def all_wanted(self) -> bool:
        """Whether to look for further rows behind one that is bad."""
        return False


class Owned(Faults):
    """Faults of parts (a list's items, the rows that have a value), noted as their rows'.

    ``owner`` gives the rows of parts; those of ascending parts ascend.
    """

    def __init__(self, rows: Faults, owner: Callable[[Ints], Ints]) -> None:
        super().__init__()
        self._rows, self._owner = rows, owner

    def note(self, row: int, message: str) -> None:
        if row >= 0:
            self._rows.note(int(self._owner(np.array([row]))[0]), message)

    def note_all(self, rows: Ints, say: Callable[[int], str]) -> None:
        owners, first = np.unique(self._owner(rows), return_index=True)
        self._rows.note_all(owners, lambda i: say(int(rows[first[np.searchsorted(owners, i)]])))

    def refuse(self, message: str) -> None:
        self._rows.refuse(message)

    def clean(self, rows: int) -> npt.NDArray[np.bool_]:
        whole = self._owner(np.arange(rows))
        found: npt.NDArray[np.bool_] = self._rows.clean(int(whole.max(initial=-1)) + 1)[whole]
        return found

    @property
    def all_wanted(self) -> bool:
        return self._rows.all_wanted


def of_some(rows: Ints, outer: Faults) -> Owned:
    """Faults of these rows alone.

    >>> outer = Faults()
    >>> of_some(np.array([2, 5]), outer).note(1, "found x")
    >>> outer.row
    5
    """
    return Owned(outer, lambda parts: rows[parts])


def of_items(bounds: Ints, outer: Faults) -> Owned:
    """Faults of lists' items; ``bounds`` (rows + 1) are the items'.

    >>> outer = Faults()
    >>> of_items(np.array([0, 2, 2, 3]), outer).note(2, "found x")
    >>> outer.row
    2
    """
    return Owned(outer, lambda items: np.searchsorted(bounds, items, side="right") - 1)


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be written; ``row`` None: why none can. ``column``: where to look."""

    row: int | None
    column: str | None
    reason: str


class Inspection:
    """Every fault of the rows that a writer was asked to check.

    ``faults`` are the first ``most``, by row; ``count`` is how many there are. A row has
    one fault a column: the first that its writer found, since what comes after may follow
    from it. ``columns`` are the data's, chrom, start and end first.
    """

    def __init__(self, columns: Sequence[str], most: int) -> None:
        self._columns, self._most = columns, most
        self._names = sorted(columns, key=len, reverse=True)
        self._found: list[Fault] = []
        self.count = 0

    @property
    def faults(self) -> list[Fault]:
        """The first ones: those of no row, then by row."""
        found = sorted(self._found, key=lambda f: -1 if f.row is None else f.row)
        return found[: self._most]

    def piece(self, first: int, rows: int) -> Faults:
        """To note the faults of some rows, from number ``first`` on."""
        return _Every(self, first, rows, max(self._most - len(self._found), 0))

    def note(self, fault: Fault) -> None:
        """Keep a fault."""
        self.count += 1
        self._found.append(fault)

    def refuse(self, message: str) -> None:
        """Keep why no row can be written."""
        fault = Fault(None, self.column(message), message)
        if fault not in self._found:
            self.note(fault)

    def renumber(self, number: Callable[[int], int]) -> None:
        """Give faults the rows' numbers in other data."""
        self._found = [f if f.row is None else replace(f, row=number(f.row)) for f in self._found]

    def extend(self, other: Inspection) -> None:
        """Keep the faults of another one too."""
        self.count += other.count
        self._found += other.faults

    def column(self, message: str) -> str | None:
        """Which column a message speaks of."""
        head = next((n for n in self._columns[:3] if message.startswith(f"{n} ")), None)
        if head is not None:
            return head
        if message.startswith(("unknown chrom ", "chrom ", "a reader of ")):
            return self._columns[0]
        if message.startswith("not sorted: "):
            return self._columns[1]
        for said in (message, message.lower()):  # VCF's writer says ref for REF
            for name in self._names:
                own = name if said is message else name.lower()
                ways = (f"column {own}: ", f"column {own} is ", f"column {own!r}")
                if said.startswith(ways):
                    return name
        return None


class _Every(Faults):
    """The faults of a piece of rows: as many as there is room for are worded."""

    def __init__(self, whole: Inspection, first: int, rows: int, room: int) -> None:
        super().__init__()
        self._whole, self._first, self._rows, self._room = whole, first, rows, room
        self._seen: dict[str | None, npt.NDArray[np.bool_]] = {}

    def note(self, row: int, message: str) -> None:
        if row >= 0:
            self.note_all(np.array([row]), lambda _: message)

    def note_all(self, rows: Ints, say: Callable[[int], str]) -> None:
        super().note(int(rows[0]), "")
        column = self._whole.column(say(int(rows[0])))
        seen = self._seen.setdefault(column, np.zeros(self._rows, np.bool_))
        new = rows[~seen[rows]]
        seen[new] = True
        for row in new[: self._room].tolist():
            self._whole.note(Fault(self._first + row, column, say(row)))
        self._whole.count += max(len(new) - self._room, 0)

    def refuse(self, message: str) -> None:
        self._whole.refuse(message)

    def clean(self, rows: int) -> npt.NDArray[np.bool_]:
        found = np.ones(rows, np.bool_)
        for seen in self._seen.values():
            found &= ~seen[:rows]
        return found

    @property
    def all_wanted(self) -> bool:
        return True
