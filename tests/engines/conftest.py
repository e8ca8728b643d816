"""What tests of engines share."""

from __future__ import annotations

import pytest

import gidx
from gidx.engines import bounds
from gidx.ground.boxes import InBoxes


@pytest.fixture
def asked(monkeypatch):
    """Regions and columns that scans were asked for."""
    seen = []
    scan = gidx.Dataset.to_batches

    def spy(self, regions=None, **options):
        told = regions
        if isinstance(told, InBoxes):  # of tables of columns, which may have rows in no region
            told = bounds.regions(told.boxes, self.chroms)
        seen.append((told, options.get("columns")))
        return scan(self, regions, **options)

    monkeypatch.setattr(gidx.Dataset, "to_batches", spy)
    return seen
