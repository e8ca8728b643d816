"""How engines read open files: polars, pyarrow datasets, DuckDB, DataFusion, Dask, Spark.

    an engine's predicate ─▶ bounds: boxes ─▶ regions ─Dataset.scan─▶ rows: plain batches, filtered

What an engine asks becomes regions and columns where it can, and is applied exactly to every row
in any case: engines do not look again.
"""
