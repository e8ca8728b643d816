"""What a writer of lines makes of a table, as text and as fields, or why it does not."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gidx.errors import WriteError


class Plain(io.BytesIO):
    """An open file that is plain text by its name."""

    name = "x.txt"


@dataclass(frozen=True)
class Written:
    """Files that a writer writes."""

    write: Callable[..., None]

    def text_of(self, data: Any, **options: Any) -> str:
        """The file as text."""
        file = Plain()
        self.write(data, file, **options)
        return file.getvalue().decode()

    def rows_of(self, data: Any, **options: Any) -> list[list[str]]:
        """Its rows as fields."""
        lines = self.text_of(data, **options).splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")]

    def refused(self, data: Any, match: str, row: int | None = 0, **options: Any) -> WriteError:
        """That it is not written, and why."""
        with pytest.raises(WriteError, match=match) as found:
            self.write(data, Plain(), **options)
        assert found.value.row == row
        return found.value
