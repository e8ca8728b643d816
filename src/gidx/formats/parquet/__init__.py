"""Parquet: `write` and, of any table with interval columns, `read`."""
