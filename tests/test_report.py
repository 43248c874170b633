"""The report's own promises: README's table, and what a committed notebook must be."""

import json
import re

import nbformat
import pytest

from halftone_utils import report
from halftone_utils.files import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_readme_shows_the_table_that_the_results_give():
    readme = (ROOT / "README.md").read_text()
    assert report.with_table(readme) == readme


def test_every_page_of_the_report_is_there():
    names = {path.stem for path in NOTEBOOKS}
    assert set(report.PAGES) | {"train_cell"} == names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_as_one_run_without_error(path):
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    outputs = [output for c in cells for output in c["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert sum("parameters" in c["metadata"].get("tags", []) for c in cells) == 1
    assert path.stat().st_size < 2_000_000


def test_what_the_notebooks_promise_to_print_was_printed():
    """An unexecuted reference cell would be compared to nothing, silently."""
    facts = [
        c
        for path in NOTEBOOKS
        for c in json.loads(path.read_text())["cells"]
        if "nbval-check-output" in c["metadata"].get("tags", [])
    ]
    assert len(facts) >= 10
    assert all(c["outputs"] for c in facts)


def test_figures_of_the_readme_come_from_tagged_cells():
    tagged = {
        tag.removeprefix("figure-")
        for path in NOTEBOOKS
        for c in json.loads(path.read_text())["cells"]
        for tag in c["metadata"].get("tags", [])
        if tag.startswith("figure-")
    }
    shown = {path.stem for path in (ROOT / "figures").glob("*.png")}
    assert shown
    assert shown <= tagged


def test_a_page_shows_its_equations_and_asks_nothing_of_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "REPORT", tmp_path)
    notebook = nbformat.read(ROOT / "notebooks" / "03_style_transfer.ipynb", as_version=4)
    page = report.write_page("03_style_transfer", notebook).read_text()
    assert page.count("<math") > 10
    assert "$\\" not in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="https?://[^"]*\.(?:js|css)', page)
