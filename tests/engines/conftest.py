"""What tests of engines share."""

from __future__ import annotations

import pytest

import gidx


@pytest.fixture
def asked(monkeypatch):
    """Regions and columns that scans were asked for."""
    seen = []
    scan = gidx.Dataset.to_batches

    def spy(self, regions=None, **options):
        seen.append((regions, options.get("columns")))
        return scan(self, regions, **options)

    monkeypatch.setattr(gidx.Dataset, "to_batches", spy)
    return seen
