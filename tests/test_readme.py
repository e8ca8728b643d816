"""The README and the notebooks do what they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def python_blocks(text: str) -> list[str]:
    return [part.split("```", 1)[0] for part in text.split("```python\n")[1:]]


def test_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert (tmp_path / "genes.parquet").exists()
    assert names["df"]["name"].tolist() == ["GENE1", "GENE3"]
    assert names["calls"]["start"].tolist() == [20_000, 270_000]
    assert names["peaks"]["name"].tolist() == ["GENE3"]
    assert names["ax"].get_xlabel() == "chr22:1-400,000"


def test_what_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert "docs/genes.png" in links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_a_notebook_runs_and_shows_what_it_has_stored(path, tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning")
    book = nbformat.read(path, as_version=4)
    stored = [(texts(cell), pictures(cell)) for cell in book.cells]
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [(texts(cell), pictures(cell)) for cell in book.cells] == stored


def outputs(cell):
    return cell.get("outputs", [])


def texts(cell):
    """What a code cell prints, and the value that it ends with, as text."""
    printed = "".join(o.text for o in outputs(cell) if o.get("name") == "stdout")
    return printed, [o.data["text/plain"] for o in outputs(cell) if "data" in o]


def pictures(cell):
    return sum("image/png" in o.get("data", {}) for o in outputs(cell))


def test_the_quickstart_is_stored_with_its_pictures_and_without_the_place_where_it_ran():
    import nbformat

    path = ROOT / "notebooks" / "quickstart.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    html = [o.get("data", {}).get("text/html", "") for cell in cells for o in outputs(cell)]
    assert sum(pictures(cell) for cell in cells) == 2
    assert any("<b>genes.bb</b>" in text for text in html)
    assert not any(o.get("name") == "stderr" for cell in cells for o in outputs(cell))
    assert not re.search(r"(?<![\w/])/(tmp|home|root|Users)/", path.read_text(encoding="utf-8"))


def test_there_is_a_notebook():
    assert NOTEBOOKS
