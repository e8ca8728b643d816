"""What files say is seen on a terminal, in errors and in pages, never obeyed."""

import io
import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import gidx
from gidx import cli
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


@pytest.fixture
def on_a_terminal(monkeypatch):
    """Run a command in this process whose output is a terminal: what that gets."""
    pty = pytest.importorskip("pty", reason="pty is POSIX")

    def run(*words: str) -> str:
        own, other = pty.openpty()
        found = bytearray()

        def look() -> None:
            with suppress(OSError):  # the end, as Linux has it
                while piece := os.read(own, 65536):
                    found.extend(piece)

        person = threading.Thread(target=look)
        person.start()
        with monkeypatch.context() as patch, open(other, "w", encoding="utf-8") as terminal:
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(sys, "stderr", terminal)
            with suppress(SystemExit):  # of arguments that are wrong
                cli.main(words)
        person.join()
        os.close(own)
        return found.decode()

    return run


@pytest.mark.parametrize(
    "words", [("query",), ("query", "--format", "json"), ("info",), ("info", "--chroms")]
)
def test_a_terminal_shows_controls(on_a_terminal, named, words):
    found = on_a_terminal(words[0], named, *words[1:])
    assert "\x1b" not in found
    assert "\x07" not in found
    assert SEEN in found or words == ("info",) or r"\u001b]0;mine\u0007" in found


def test_a_terminal_shows_controls_in_errors(on_a_terminal, named):
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


def test_a_terminal_shows_controls_in_names_of_files_and_arguments(on_a_terminal, named, tmp_path):
    path = str(tmp_path / f"{TITLE}.bed.gz")
    Path(path).write_bytes(Path(named).read_bytes())
    for words in (("index", path), ("check", path), ("check", path, f"--no{TITLE}")):
        found = on_a_terminal(*words)
        assert "\x1b" not in found
        assert SEEN in found


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux")
def test_a_file_whose_name_is_not_utf8_is_named_by_its_bytes(named, tmp_path, run):
    path = os.fsencode(tmp_path) + b"/\xff.bed.gz"
    name = os.fsdecode(path)
    Path(name).write_bytes(Path(named).read_bytes())
    assert run("index", name)[:2] == (0, path + b".tbi\n")
    assert json.loads(run("info", "--json", name)[1])["file"] == name
    with pytest.raises(gidx.UnknownChromError) as caught:
        gidx.open(name).to_table("\udcff:1-5")
    assert r"\udcff" in str(caught.value)


def test_json_of_a_file_has_no_controls(tmp_path, run):
    chroms = ["a\x9b31m", "a\u202eb", "a\x7f", "染"]
    path = tmp_path / "b.bed"
    path.write_text("".join(f"{chrom}\t1\t5\n" for chrom in chroms), "utf-8")
    status, out, _ = run("info", "--json", str(path))
    assert status == 0
    assert visible(out.decode()) == out.decode()
    assert list(json.loads(out)["chroms"]) == chroms
    assert "染" in out.decode()


def test_pictures_show_controls_and_money():
    """matplotlib 20266: two dollars are taken for a formula, which fails where it is drawn."""
    matplotlib = pytest.importorskip("matplotlib")
    name = f"x{TITLE}$\\frac$"
    rows = pd.DataFrame({"chrom": [name], "start": [1], "end": [5], "name": [f"n{name}"]})
    page = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        rows.gidx.plot((name, 0, 10)).figure.savefig(page, format="svg")
    texts = "".join(ElementTree.fromstring(page.getvalue()).itertext())  # XML has no controls
    assert f"n{visible(name)}" in texts
    assert f"{visible(name)}:1-10" in texts


def test_what_an_object_says_of_itself_shows_controls(tmp_path):
    path = tmp_path / "a.gff3"
    path.write_bytes(b"##gff-version 3\nchr1\ts\tgene\t2\t5\t.\t+\t.\tID=a;k\x1b=v\n")
    ds = gidx.open(path)
    assert r"k\x1b" in repr(ds)
    assert r"k\x1b" in repr(ds.to_dataset())


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
