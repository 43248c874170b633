"""The report's own promises: README's table, and what a committed notebook must be."""

import json
import re
from copy import deepcopy

import nbformat
import papermill
import pytest
from bs4 import BeautifulSoup
from committed import page as committed_page
from committed import web_version as make_web_version

from halftone_utils import captcha
from halftone_utils.engine.files import ROOT
from halftone_utils.report import build, captcha_tables, sentences, tables, web
from halftone_utils.results import table
from halftone_utils.studies import claims

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_readme_shows_the_table_that_the_results_give():
    readme = (ROOT / "README.md").read_text()
    assert build.with_table(readme) == readme


def test_readme_gives_the_answer_of_the_conclusions():
    answer = web.answer(committed_page("11_conclusions"))
    assert answer in (ROOT / "README.md").read_text()


def test_every_page_of_the_report_is_there():
    names = {path.stem for path in NOTEBOOKS}
    assert set(build.PAGES) | {"experiment"} == names


def test_a_notebook_is_committed_as_one_run_without_error():
    for path in NOTEBOOKS:
        cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
        counts = [c["execution_count"] for c in cells]
        assert counts == list(range(1, len(cells) + 1)), path.name
        outputs = [output for c in cells for output in c["outputs"]]
        assert not [output for output in outputs if output["output_type"] == "error"], path.name
        tags = [tag for c in cells for tag in c["metadata"].get("tags", [])]
        assert tags.count("parameters") == 1, path.name
        assert path.stat().st_size < 2_000_000, path.name


# The most that a page tells and shows, that a cell has of code, and that it prints.  Pages that are
# over a limit have one of their own: each is to come under it, none may grow.
WORDS, FIGURES, CODE_LINES, PRINTED_LINES = 2500, 8, 15, 12
LONGER_CODE = {
    "01_fgsm_recap": 22,
    "04_iterations_and_weights": 16,
    "05_halftone_mnist": 24,
    "08_photographs": 16,
}
LONGER_PRINTS = {"08_photographs": 13}
TOLD = [name for name in build.PAGES if not name.startswith("appendix")]


def words_of(cell):
    """How many words a cell says: its text, or what its code printed."""
    if cell["cell_type"] == "markdown":
        return len("".join(cell["source"]).split())
    outputs = [x.get("text") or x["data"].get("text/markdown", "") for x in cell["outputs"]]
    return sum(len("".join(text).split()) for text in outputs)


@pytest.mark.parametrize("name", TOLD)
def test_a_page_is_one_that_is_read_in_a_sitting(name):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"]
    assert sum(map(words_of, cells)) <= WORDS


@pytest.mark.parametrize("name", TOLD)
def test_a_page_shows_eight_figures_short_code_and_short_prints(name):
    cells = [cell for cell in committed_page(name).cells if cell.cell_type == "code"]
    assert sum(len(web.pictures(cell)) for cell in cells) <= FIGURES
    code = max(len(cell.source.splitlines()) for cell in cells)
    assert code <= LONGER_CODE.get(name, CODE_LINES)
    assert max(map(printed_lines, cells)) <= LONGER_PRINTS.get(name, PRINTED_LINES)


def printed_lines(cell):
    return len("".join(x.text for x in cell.outputs if "text" in x).splitlines())


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("02_halftone", ("02-13", "02-16", "02-26")),
        ("03_style_transfer", ("cell-21", "photo-5")),
    ],
)
def test_every_number_of_a_page_s_answer_is_one_that_its_code_printed(name, measured):
    """measured: the cells whose prints the lines of the answer repeat, in their order."""
    cells = {cell.id: cell for cell in committed_page(name).cells}
    first = next(iter(cells.values())).source
    answer = [line for line in first.splitlines() if line.startswith("- ")]
    assert first.splitlines()[4:7] == answer
    for line, cell in zip(answer, measured, strict=False):
        printed = "".join(output.text for output in cells[cell].outputs)
        shares = re.findall(r"\d+(?:\.\d+)?(?= (?:to|%|m\b))|\d+\.\d+", line)
        assert shares
        assert {*shares} <= {*re.findall(r"\d+(?:\.\d+)?", printed)}


def test_the_answer_on_page_6_is_what_the_results_say():
    read = table.of_most_digits(table.experiments())
    cells = json.loads((ROOT / "notebooks" / "06_architectures.ipynb").read_text())["cells"]
    answer = "".join(cells[0]["source"]).splitlines()[4:7]
    asked = (("original", 32), ("original", 256), ("halftone-talk", 32))
    assert answer == [f"- {sentences.ranges(read, *of)}" for of in asked]


def test_the_answer_on_page_10_is_what_the_results_say():
    cells = json.loads((ROOT / "notebooks" / "10_captcha.ipynb").read_text())["cells"]
    answer = "".join(cells[0]["source"]).splitlines()[4:7]
    said = captcha_tables.answers(captcha.ladder.load(), captcha.transcription.load())
    assert answer == [f"- {sentence}" for sentence in said]


def test_every_number_of_the_conclusions_answer_is_one_that_was_measured():
    read = table.of_most_digits(table.experiments())
    cells = json.loads((ROOT / "notebooks" / "11_conclusions.ipynb").read_text())["cells"]
    answer = [line for line in cells[0]["source"] if line.startswith("- ")]
    measured = sentences.ranges(read, "original", 32) + tables.claims_table(claims.verdicts())
    for line in answer:
        numbers = re.findall(r"\d+\.\d+", line)
        assert numbers
        assert {*numbers} <= {*re.findall(r"\d+\.\d+", measured)}
    assert len(answer) == 4


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


# --- what is written --------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch):
    """What would be written, by path; nothing is."""
    contents = {}
    monkeypatch.setattr(build, "write_atomically", contents.__setitem__)
    return contents


def test_making_the_report_leaves_tracked_files_alone(written, monkeypatch):
    monkeypatch.setattr(build, "run_page", committed_page)
    assert build.report("06_architectures") == build.REPORT / "06_architectures.html"
    assert build.REPORT / "index.html" not in written
    assert build.report() == build.REPORT / "index.html"
    assert {path.stem for path in written if path.suffix == ".html"} == {"index", *build.PAGES}
    figures = {path.stem for path in written if path.suffix == ".png"}
    assert figures >= {path.stem for path in (ROOT / "figures").glob("*.png")}
    ignored = (ROOT / ".gitignore").read_text().split()
    assert "/report/" in ignored
    assert all(path.is_relative_to(ROOT / "report") for path in written)


def test_refreshing_takes_pictures_the_table_and_pages_into_the_repository(
    written, tmp_path, monkeypatch
):
    monkeypatch.setattr(build, "REPORT", tmp_path)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "hero.png").write_bytes(b"drawn anew")
    (tmp_path / "notebooks").mkdir()
    page = committed_page("01_fgsm_recap")
    page.metadata["papermill"] = {"end_time": "today"}
    for cell in page.cells:
        cell.metadata["papermill"] = {"duration": 1.0}
        cell.metadata.setdefault("tags", [])
    nbformat.write(page, tmp_path / "notebooks" / "01_fgsm_recap.ipynb")
    build.refresh()
    committed = ROOT / "notebooks" / "01_fgsm_recap.ipynb"
    assert {*written} == {ROOT / "figures" / "hero.png", ROOT / "README.md", committed}
    assert written[ROOT / "figures" / "hero.png"] == b"drawn anew"
    assert written[ROOT / "README.md"].decode() == build.with_table(
        (ROOT / "README.md").read_text()
    )
    assert b"papermill" not in written[committed]  # times of day, in which no two runs agree
    assert written[committed] == committed.read_bytes()


def test_a_page_that_is_not_there_or_stops_is_named_in_one_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="page is '12_mine'; it is one of 01_fgsm_recap, "):
        build.report("12_mine")

    def stop(*_, **__):
        raise papermill.PapermillExecutionError(0, 1, "1 / 0", "ZeroDivisionError", "by zero", [])

    monkeypatch.setattr(papermill, "execute_notebook", stop)
    monkeypatch.setattr(build, "REPORT", tmp_path)
    with pytest.raises(SystemExit, match=r"01_fgsm_recap stopped with ZeroDivisionError: by zero"):
        build.report("01_fgsm_recap")


# --- the web version --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def web_version(tmp_path_factory):
    """Its pages by name, in order of reading, made of the committed notebooks."""
    folder = tmp_path_factory.mktemp("web")
    index = make_web_version(folder)
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


def test_the_index_answers_its_question_and_shows_results_and_what_each_page_asks(web_version):
    index, results = web_version["index"], table.experiments()
    rows = tables.talk_table(results).splitlines()[2:]
    shown = index.select("tbody tr")
    assert len(shown) == len(rows)
    for row, cells in zip(rows, shown, strict=True):
        written = [re.sub(r"\*\*|<br>", "", cell).strip() for cell in row.strip("|").split("|")]
        assert [cell.get_text().strip() for cell in cells.select("td")] == written
    assert tables.caption(results) in index.get_text()
    asked = [web.first_words(committed_page(name)) for name in build.PAGES]
    listed = [item.get_text().strip() for item in index.select("main li")]
    answer = web.answer(committed_page("11_conclusions")).replace("`", "").splitlines()
    assert answer == [f"- {line}" for line in listed[: len(answer)]]
    assert [title + question for title, question in asked] == listed[len(answer) :]


def test_every_picture_has_words_of_its_own(web_version):
    for name, page in web_version.items():
        words = [image["alt"] for image in page.select("img")]
        assert len(set(words)) == len(words), name
        assert words or name.startswith("appendix")
        assert all(
            image["src"].startswith("data:image/png;base64,") for image in page.select("img")
        )
    tagged = [w for page in web_version.values() for w in (i["alt"] for i in page.select("img"))]
    assert any("The talk's first slide, with a digit”: fgsm panda of digits" in w for w in tagged)


def test_a_page_keeps_every_printed_word(web_version):
    for name in build.PAGES:
        outputs = [o for c in committed_page(name).cells for o in c.get("outputs", [])]
        printed = [o.text.strip() for o in outputs if o.output_type == "stream"]
        shown = [pre.get_text().strip() for pre in web_version[name].select("pre.printed")]
        assert shown == printed


def test_tables_and_only_tables_stand_in_a_frame_that_scrolls(web_version):
    for page in web_version.values():
        assert all(table.parent["class"] == ["scroll"] for table in page.select("table"))
        assert all(frame.select_one("table") for frame in page.select(".scroll"))
    assert web_version["06_architectures"].select("table")


def test_a_page_shows_its_equations_and_asks_nothing_of_the_network(web_version):
    for name in build.PAGES:
        cells = committed_page(name).cells
        prose = "".join(c.source for c in cells if c.cell_type == "markdown")
        assert len(web_version[name].select("math")) == len(web.EQUATION.findall(prose)), name
    assert len(web_version["03_style_transfer"].select("math")) > 10
    for name, page in web_version.items():
        assert not page.select("script, iframe, object, embed"), name
        assert not page.select("link[rel=stylesheet], [src^=http], link[href^=http]"), name
        assert "url(" not in page.style.string
        assert "@import" not in page.style.string


def test_where_no_kernel_runs_an_instrument_is_its_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "REPORT", tmp_path)
    notebook = committed_page("01_fgsm_recap")
    before = deepcopy(notebook)
    (instrument,) = [c for c in notebook.cells if "widgets.FgsmExplorer(" in c.source]
    (output,) = instrument.outputs
    figure = output.data["image/png"].strip().replace("\n", "")
    assert web.WIDGET in output.data
    page = build.write_page("01_fgsm_recap", notebook).read_text()
    assert figure in page.replace("\n", "")
    assert "widget-view" not in page
    assert notebook == before
