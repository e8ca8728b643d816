"""What files say is seen on a terminal, in errors and in pages, never obeyed."""

import os
import subprocess
import sys

import pytest

import gidx
from gidx.errors import visible

TITLE = "\x1b]0;mine\x07"
SEEN = r"\x1b]0;mine\x07"


@pytest.fixture
def named(tmp_path):
    """A file whose chrom and name hold what sets a terminal's title."""
    path = tmp_path / "a.bed.gz"
    with gidx.bgzf.open(str(path), "w") as file:
        for chrom in ("chr1", f"x{TITLE}"):
            file.write(f"{chrom}\t1\t5\tn{TITLE}\n".encode())
    gidx.build_index(str(path), preset="bed")
    return str(path)


def on_a_terminal(*words: str) -> str:
    import pty

    own, other = pty.openpty()
    command = [sys.executable, "-m", "gidx", *words]
    with subprocess.Popen(command, stdout=other, stderr=other, stdin=other) as run:
        os.close(other)
        found = b""
        try:
            while piece := os.read(own, 65536):
                found += piece
        except OSError:  # the end, as Linux has it
            pass
    os.close(own)
    assert run.returncode in (0, 1)
    return found.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="pty is POSIX")
@pytest.mark.parametrize(
    "words", [("query",), ("query", "--format", "json"), ("info",), ("info", "--chroms")]
)
def test_a_terminal_shows_controls(named, words):
    found = on_a_terminal(words[0], named, *words[1:])
    assert "\x1b" not in found
    assert "\x07" not in found
    assert SEEN in found or words == ("info",) or r"\u001b]0;mine\u0007" in found


@pytest.mark.skipif(sys.platform == "win32", reason="pty is POSIX")
def test_a_terminal_shows_controls_in_errors(named):
    found = on_a_terminal("query", named, f"nowhere{TITLE}:1-5")
    assert "\x1b" not in found
    assert SEEN in found


def test_a_pipe_gets_rows_as_they_are(named, run):
    status, out, _ = run("query", named)
    assert status == 0
    assert f"n{TITLE}\n".encode() in out


def test_errors_and_warnings_show_controls(named):
    with pytest.raises(gidx.UnknownChromError) as caught:
        gidx.open(named).to_table(f"nowhere{TITLE}:1-5")
    assert SEEN in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_page_shows_controls(named):
    page = gidx.open(named)._repr_html_()
    assert SEEN in page
    assert "\x1b" not in page


def test_names_with_controls_are_names_as_any(named):
    ds = gidx.open(named)
    name = f"x{TITLE}"
    assert list(ds.chroms) == ["chr1", name]
    assert ds.to_table((name, 0, 10)).num_rows == 1
    assert ds.to_table(f"{name}:2-5")["chrom"].to_pylist() == [name]
    with gidx.bgzf.open(named) as file:
        assert gidx.open(file.read()).to_table()["chrom"].to_pylist() == ["chr1", name]


def test_letters_of_all_scripts_are_shown_as_they_are():
    text = "染色体 café\tχ\nя"
    assert visible(text) == text
    assert visible("a\u202eb\x85") == r"a\u202eb\x85"
