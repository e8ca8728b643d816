"""A session of Spark for tests: one a process, since its start takes some seconds."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

JAVA = Path("/usr/lib/jvm/java-17-openjdk-amd64")  # where Debian has it beside others


@functools.cache
def missing() -> str | None:
    """Why there is none here; None where there is."""
    try:
        import pyspark  # noqa: F401
    except ModuleNotFoundError:
        return 'PySpark is not installed: pip install "gidx[spark]"'
    if JAVA.is_dir():
        os.environ.setdefault("JAVA_HOME", str(JAVA))
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"
    if shutil.which(java) is None:
        return "Java 17, which Spark runs on, is not installed"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    version = int(said.split('"')[1].partition(".")[0])
    return None if version >= 17 else f"Spark runs on Java 17 or later; this is {version}"


@functools.cache
def session():
    """On two threads of this machine; what it warns of is not about what is tested."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        import gidx

        found = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.memory", "1g")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.log.level", "ERROR")
            .config("spark.python.worker.faulthandler.enabled", "true")
            .getOrCreate()
        )
        found.dataSource.register(gidx.spark.GidxDataSource)
    return found
