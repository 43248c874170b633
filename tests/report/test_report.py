"""The report's own promises: README's table, and what a committed notebook must be."""

import json
import re
from copy import deepcopy

import pytest
from bs4 import BeautifulSoup

from halftone_utils.engine.files import ROOT
from halftone_utils.report import build, tables, web
from halftone_utils.results import table

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_readme_shows_the_table_that_the_results_give():
    readme = (ROOT / "README.md").read_text()
    assert build.with_table(readme) == readme


def test_every_page_of_the_report_is_there():
    names = {path.stem for path in NOTEBOOKS}
    assert set(build.PAGES) | {"experiment"} == names


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


@pytest.fixture(scope="module")
def web_version(tmp_path_factory):
    """Its pages by name, in order of reading, made of the committed notebooks."""
    folder = tmp_path_factory.mktemp("web")
    index = build.write_web(build.read_pages(), folder)
    assert index == folder / "index.html"
    return {
        name: BeautifulSoup((folder / f"{name}.html").read_text(), "html.parser")
        for name in ("index", *build.PAGES)
    }


def test_every_page_leads_to_every_page_and_to_its_neighbours(web_version):
    files = [f"{name}.html" for name in web_version]
    for i, page in enumerate(web_version.values()):
        links = page.select("header nav a")
        assert [link["href"] for link in links] == files
        assert [link["href"] for link in links if link.get("aria-current") == "page"] == [files[i]]
        turns = {link["rel"][0]: link["href"] for link in page.select("footer nav a")}
        assert turns.get("prev") == (files[i - 1] if i else None)
        assert turns.get("next") == (files[i + 1] if i + 1 < len(files) else None)


def test_every_page_says_what_it_is_and_fits_a_phone(web_version):
    titles = {page.title.string for page in web_version.values()}
    assert len(titles) == len(web_version)
    for name, page in web_version.items():
        (heading,) = page.select("h1")
        assert page.title.string.startswith(heading.find(string=True))
        assert page.html["lang"] == "en"
        assert "width=device-width" in page.find("meta", {"name": "viewport"})["content"]
        assert page.find(id=page.select_one("a.skip")["href"][1:]).name == "main", name


def test_the_index_shows_the_results_and_what_each_page_asks(web_version):
    index, results = web_version["index"], table.experiments()
    rows = tables.talk_table(results).splitlines()[2:]
    shown = index.select("tbody tr")
    assert len(shown) == len(rows)
    for row, cells in zip(rows, shown, strict=True):
        written = [re.sub(r"\*\*|<br>", "", cell).strip() for cell in row.strip("|").split("|")]
        assert [cell.get_text().strip() for cell in cells.select("td")] == written
    assert tables.caption(results) in index.get_text()
    asked = [web.first_words(notebook) for notebook in build.read_pages().values()]
    listed = [item.get_text() for item in index.select("main li")]
    assert [title + question for title, question in asked] == [t.strip() for t in listed]


def test_every_picture_has_words_of_its_own(web_version):
    for name, page in web_version.items():
        words = [image["alt"] for image in page.select("img")]
        assert len(set(words)) == len(words) > 0, name
        assert all(
            image["src"].startswith("data:image/png;base64,") for image in page.select("img")
        )
    tagged = [w for page in web_version.values() for w in (i["alt"] for i in page.select("img"))]
    assert any("The talk's first slide, with a digit”: fgsm panda of digits" in w for w in tagged)


def test_a_page_keeps_every_printed_word(web_version):
    for name, notebook in build.read_pages().items():
        outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
        printed = [o.text.strip() for o in outputs if o.output_type == "stream"]
        shown = [pre.get_text().strip() for pre in web_version[name].select("pre.printed")]
        assert shown == printed


def test_tables_and_only_tables_stand_in_a_frame_that_scrolls(web_version):
    for page in web_version.values():
        assert all(table.parent["class"] == ["scroll"] for table in page.select("table"))
        assert all(frame.select_one("table") for frame in page.select(".scroll"))
    assert web_version["06_architectures"].select("table")


def test_a_page_shows_its_equations_and_asks_nothing_of_the_network(web_version):
    for name, notebook in build.read_pages().items():
        prose = "".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        assert len(web_version[name].select("math")) == len(web.EQUATION.findall(prose)), name
    assert len(web_version["03_style_transfer"].select("math")) > 10
    for name, page in web_version.items():
        assert not page.select("script, iframe, object, embed"), name
        assert not page.select("link[rel=stylesheet], [src^=http], link[href^=http]"), name
        assert "url(" not in page.style.string
        assert "@import" not in page.style.string


def test_where_no_kernel_runs_an_instrument_is_its_figure(tmp_path):
    notebook = build.read_pages()["01_fgsm_recap"]
    before = deepcopy(notebook)
    (instrument,) = [c for c in notebook.cells if "widgets.fgsm_explorer(" in c.source]
    (output,) = instrument.outputs
    figure = output.data["image/png"].strip().replace("\n", "")
    assert web.WIDGET in output.data
    page = build.write_page("01_fgsm_recap", notebook, tmp_path).read_text()
    assert figure in page.replace("\n", "")
    assert "widget-view" not in page
    assert notebook == before
