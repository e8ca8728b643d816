"""Builds gidx: setuptools, and the kernels compiled by Cython.

pyproject.toml names this file as the build backend, so `pip install .` and
`python -m build` run it. Run as a program, it compiles the kernels in place, beside
their sources, and only those that have changed::

    python backend/gidx_build.py

``GIDX_BUILD`` says how:

* ``release`` (default): as fast as can be, nothing is checked.
* ``checked``: every index is held to its array's bounds.
* ``sanitized``: checked, and compiled with AddressSanitizer and
  UndefinedBehaviorSanitizer (signed overflow, shifts), whose runtimes have to be loaded
  before Python (see CONTRIBUTING.md).

Where there is no C compiler, that of PyPI's ``ziglang`` is installed and used.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from setuptools import Extension, build_meta
from setuptools import setup as run_setuptools
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent.parent
KERNELS = Path("src", "gidx", "kernels")
# What Cython's typed memoryviews need, once and not in every extension: 4 of 5 of their code.
SHARED = "gidx.kernels._shared"

# One declaration for all kernels: plain C loops over arrays, in threads without the GIL.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "freethreading_compatible": True,
}
# Not overflowcheck: within loops without the GIL it raises, and crashes. The sanitized
# build looks for overflow.
CHECKED = {"boundscheck": True, "initializedcheck": True}
MODES = ("release", "checked", "sanitized")

# One wheel for all versions from 3.11 on, which brought buffers to the limited API. A call
# takes 1.6 us instead of 1.3, the loops the same: nothing where a call is on 1 MB of text,
# below 1 % of a query of one region. Free-threaded Python has no limited API.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")
VERSION = (3, 11)

# Why not -ffast-math or contraction: results are the same on every machine, and decimals
# exact. Signed numbers wrap, as numpy's do.
UNIX = ["-O3", "-g0", "-fwrapv", "-ffp-contract=off", "-Wno-unused-function"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-wrapv"]
FLAGS = {
    "unix": {
        "release": UNIX,
        "checked": [*UNIX, "-O1", "-g1"],
        "sanitized": [*UNIX, "-O1", "-g1", "-fno-omit-frame-pointer", *SANITIZE],
    },
    "msvc": {"release": ["/O2"], "checked": ["/O1"]},
}


def mode() -> str:
    """What GIDX_BUILD asks for."""
    found = os.environ.get("GIDX_BUILD") or "release"
    if found not in MODES:
        raise SystemExit(f"GIDX_BUILD is {found!r}, expected one of {', '.join(MODES)}")
    return found


# ── compilers ───────────────────────────────────────────────────────────────────────────────────


def has_compiler() -> bool:
    """Whether there is a C compiler: the one that CC names, or that Python was built with."""
    if sys.platform == "win32":
        return True  # setuptools looks for Visual Studio, and says where to get it
    names = [os.environ.get("CC"), sysconfig.get_config_var("CC")]
    return any(name and shutil.which(shlex.split(name)[0]) for name in names)


def use_ziglang() -> None:
    """Have setuptools call zig's C compiler, for any processor of the kind, not just this one."""
    print("gidx: no C compiler found, compiling with PyPI's ziglang", file=sys.stderr, flush=True)
    compiler = f"{shlex.quote(sys.executable)} -m ziglang cc -mcpu=baseline"
    os.environ["CC"] = compiler
    os.environ["LDSHARED"] = f"{compiler} -shared"
    # Flags that Python's own compiler had are not for another one.
    os.environ["CFLAGS"] = os.environ.get("CFLAGS", "-DNDEBUG -fPIC")


class BuildKernels(build_ext):
    """setuptools' build_ext, with flags by compiler, and as many compilers as processors."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def copy_file(self, infile: Any, outfile: Any, *given: Any, **options: Any) -> tuple[str, int]:
        """As setuptools, but beside and renamed: who just imports a kernel has it whole."""
        beside = f"{outfile}.part"
        copied = super().copy_file(infile, beside, *given, **options)[1]
        os.replace(beside, outfile)
        return str(outfile), int(copied)

    def build_extensions(self) -> None:
        kind = "msvc" if self.compiler.compiler_type == "msvc" else "unix"
        flags = FLAGS[kind].get(mode(), [])
        for extension in self.extensions:
            extension.extra_compile_args = flags
            if mode() == "sanitized":
                extension.extra_link_args = SANITIZE
        super().build_extensions()


# ── extensions ──────────────────────────────────────────────────────────────────────────────────


def extension(name: str, source: Path) -> Extension:
    """One module."""
    hexversion = f"0x{VERSION[0]:02X}{VERSION[1]:02X}0000"
    macros: list[tuple[str, str | None]] = [("Py_LIMITED_API", hexversion)] if LIMITED else []
    return Extension(name, [source.as_posix()], define_macros=macros, py_limited_api=LIMITED)


def extensions() -> list[Extension]:
    """The kernels as C: one extension a `.pyx`, and one with what they share."""
    import Cython
    from Cython.Build import cythonize

    folder = Path("build", "c", f"{mode()}-{Cython.__version__}")
    folder.mkdir(parents=True, exist_ok=True)
    directives = DIRECTIVES | ({} if mode() == "release" else CHECKED)
    shared = folder / "_shared.c"
    stale = not shared.exists() or shared.stat().st_mtime < Path(__file__).stat().st_mtime
    if stale:
        command = [sys.executable, "-m", "cython", f"--generate-shared={shared}"]
        subprocess.run(command, check=True, cwd=ROOT)
    named = [extension(f"gidx.kernels.{path.stem}", path) for path in sorted(KERNELS.glob("*.pyx"))]
    made: list[Extension] = cythonize(
        named,
        build_dir=folder.as_posix(),
        compiler_directives=directives,
        shared_utility_qualified_name=SHARED,
        include_path=["src"],
        force=stale,
        nthreads=os.cpu_count() or 1,
        quiet=True,
    )
    return [*made, extension(SHARED, shared)]


def setup(*commands: str) -> None:
    """Run setuptools on the project, whose other settings are in pyproject.toml."""
    os.chdir(ROOT)
    arguments = list(commands) or sys.argv[1:]
    # Kernels are no part of metadata, and their C is none of the sdist.
    compiles = not {"egg_info", "dist_info", "sdist"} & {*arguments}
    if compiles and not has_compiler():
        use_ziglang()
    run_setuptools(
        script_args=arguments,
        ext_modules=extensions() if compiles else [],
        cmdclass={"build_ext": BuildKernels},
        options={
            "build": {"build_base": f"build/{mode()}"},
            "bdist_wheel": {"py_limited_api": "cp{}{}".format(*VERSION)} if LIMITED else {},
        },
    )


# ── what pip calls (PEP 517, PEP 660) ───────────────────────────────────────────────────────────


class Backend(build_meta._BuildMetaBackend):
    """setuptools' backend, with the extensions above."""

    def run_setup(self, setup_script: str = "setup.py") -> None:  # noqa: ARG002 (there is none)
        setup()

    def get_requires_for_build_wheel(self, config_settings: Any = None) -> list[str]:  # noqa: ARG002
        return [] if has_compiler() else ["ziglang"]

    def get_requires_for_build_editable(self, config_settings: Any = None) -> list[str]:
        return self.get_requires_for_build_wheel(config_settings)

    def get_requires_for_build_sdist(self, config_settings: Any = None) -> list[str]:  # noqa: ARG002
        return []


_backend = Backend()
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
build_wheel = _backend.build_wheel
build_editable = _backend.build_editable
build_sdist = _backend.build_sdist


if __name__ == "__main__":
    setup("--quiet", "build_ext", "--inplace")
