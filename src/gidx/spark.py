"""Spark: indexed files as a data source (extra ``spark``).

spark.dataSource.register(gidx.spark.GidxDataSource)
calls = spark.read.format("gidx").option("regions", "chr1:1-2,000,000").load("calls.vcf.gz")
calls.write.format("gidx").mode("append").save("calls.parquet")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

try:
    from pyspark.sql.datasource import DataSource
    from pyspark.sql.types import StructType
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "pyspark":
        raise
    raise ImportError('Spark needs pyspark: pip install "gidx[spark]"') from None

from gidx.dataset import Dataset, open_as
from gidx.engines.spark import PlainReader, PushingReader, Writer, spark_schema
from gidx.options import LazyScan, OpenOptions, ParquetOptions, check_known

__all__ = ["GidxDataSource"]


class GidxDataSource(DataSource):
    """Files that `gidx.open` opens, as Spark's format ``gidx``.

    Options, all of them texts, as Spark has them; in any case, with or without ``_``:

    regions
        One as in `gidx.open`'s datasets, several parted by blanks, or a JSON list, whose items
        may be ``[chrom, start, end]``, 0-based half-open.
    columns
        Names parted by commas, or a JSON list. Spark reads all columns of its schema, whatever
        a query needs: so name them here, or give a schema (``.schema("start long")``), by whose
        names and types columns are read.
    partitions, partition_bytes
        About how many pieces, each a task, or of how many bytes; by default 64 MiB.
    pushdown
        ``true``: filters on chrom, start and end become regions. Spark has to be set to it,
        ``spark.sql.python.filterPushdown.enabled``, and then asks all sources.
    others
        Of `gidx.open` and of scans: ``index``, ``samples``, ``attributes``, ``schema``,
        ``missing_chroms``, ``errors`` …; ``types`` and ``storage_options`` are JSON.

    Written is a folder of Parquet files, a task a file, as `gidx.to_parquet` writes them, which
    has ``compression``, ``row_group_size`` and ``bloom_filter`` as options.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "gidx"

    def schema(self) -> StructType:
        """The columns of the file, or those of the option ``columns``."""
        own = self._own(_READING)
        return spark_schema(self._file(own), own.get("columns"))

    def reader(self, schema: StructType) -> PlainReader:
        """A reader of pieces."""
        own = self._own(_READING)
        cutting = {
            name: own[said] for name, said in (("n", "partitions"), ("bytes", "partition_bytes"))
            if said in own
        }  # fmt: skip
        how = {name: own[name] for name in LazyScan.__annotations__ if name in own}
        kind = PushingReader if own.get("pushdown") else PlainReader
        return kind(self._file(own), schema, own.get("regions"), cutting, how)

    def writer(self, schema: StructType, overwrite: bool) -> Writer:
        """A writer of Parquet."""
        own = self._own(_WRITING)
        folder = own.pop("path", None)
        if folder is None:
            raise ValueError("no path; name a folder: df.write.format('gidx').save('rows.parquet')")
        storage = own.pop("storage_options", None)
        return Writer(folder, schema, overwrite, own, storage)

    def _own(self, known: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
        """The options, by our names and as our types."""
        names = {name.replace("_", ""): name for name in known}
        said = {names.get(k.lower().replace("_", ""), k): v for k, v in self.options.items()}
        check_known(said, known)
        return {name: known[name](value) for name, value in said.items()}

    def _file(self, own: Mapping[str, Any]) -> Dataset:
        path = own.get("paths", own.get("path"))
        if path is None:
            raise ValueError("no path; name a file: spark.read.format('gidx').load('genes.bb')")
        given = {name: own[name] for name in OpenOptions.__annotations__ if name in own}
        index, storage = given.pop("index", None), given.pop("storage_options", None)
        return open_as(path, index=index, storage_options=storage, options=given)


def _names(text: str) -> list[str]:
    return json.loads(text) if text.startswith("[") else [n.strip() for n in text.split(",")]


def _regions(text: str) -> Any:
    if not text.startswith("["):
        return text.split()
    return [tuple(one) if isinstance(one, list) else one for one in json.loads(text)]


def _is_true(text: str) -> bool:
    return text.strip().lower() == "true"


_TYPED: dict[str, Callable[[str], Any]] = {
    "paths": json.loads, "regions": _regions, "columns": _names, "pushdown": _is_true,
    "partitions": int, "partition_bytes": int, "batch_size": int, "row_group_size": int,
    "samples": _names, "attributes": _names, "types": json.loads, "storage_options": json.loads,
    "bloom_filter": _names,
}  # fmt: skip
_READING = {
    name: _TYPED.get(name, str)
    for name in (
        "path", "paths", "regions", "columns", "partitions", "partition_bytes", "pushdown",
        *OpenOptions.__annotations__, *(n for n in LazyScan.__annotations__ if n != "threads"),
    )
}  # fmt: skip
_WRITING = {
    name: _TYPED.get(name, str)
    for name in ("path", "storage_options", *ParquetOptions.__annotations__)
}
