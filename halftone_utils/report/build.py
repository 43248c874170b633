"""The report: every notebook through papermill, then HTML with an index and the pictures."""

import base64
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
from nbformat import NotebookNode

from halftone_utils.engine import checks
from halftone_utils.engine.files import FIGURES, ROOT, write_atomically
from halftone_utils.report import tables, web
from halftone_utils.results import table

NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
PAGES = {  # notebook -> what links call it, in order of reading
    "01_fgsm_recap": "1. FGSM recap",
    "02_halftone": "2. Halftone",
    "03_style_transfer": "3. Style transfer",
    "04_iterations_and_weights": "4. Iterations and weights",
    "05_halftone_mnist": "5. Halftone-MNIST",
    "06_architectures": "6. Six networks",
    "07_what_a_network_sees": "7. What a network sees",
    "08_photographs": "8. Photographs",
    "09_beside_other_attacks": "9. Beside other attacks",
    "10_captcha": "10. CAPTCHA",
    "11_conclusions": "11. Conclusions",
    "appendix_a_networks": "A. Networks",
    "appendix_b_readings": "B. Readings",
    "appendix_c_claims": "C. Claims",
    "appendix_d_screens": "D. Screens",
    "appendix_e_captchas": "E. CAPTCHAs",
}


def figures_of(notebook: NotebookNode) -> dict[str, bytes]:
    """PNGs of the cells tagged `figure-NAME`, by name."""
    return {
        name: base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        for name in web.figure_names(cell)[:1]
        for output in web.pictures(cell)
    }


def run_page(name: str) -> NotebookNode:
    """Execute one notebook into report/, with progress; a failed one is kept and ends the run."""
    target = REPORT / "notebooks" / f"{name}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            NOTEBOOKS / f"{name}.ipynb",
            target,
            cwd=NOTEBOOKS,
            kernel_name="python3",
            progress_bar=True,
            request_save_on_cell_execute=False,
        )
    except papermill.PapermillExecutionError as error:
        sys.exit(f"{name} stopped with {error.ename}: {error.evalue} (the page so far: {target})")
    return nbformat.read(target, as_version=4)


def write_page(name: str, notebook: NotebookNode) -> Path:
    """HTML of an executed notebook: figures and equations inside, no script, no network."""
    path = REPORT / f"{name}.html"
    write_atomically(path, web.page_html(name, notebook, {"index": "Index", **PAGES}).encode())
    return path


def _table_and_caption() -> str:
    results = table.experiments()
    return f"{tables.talk_table(results)}\n\n{tables.caption(table.of_most_digits(results))}"


def index_page(notebooks: Mapping[str, NotebookNode], made: str) -> NotebookNode:
    """The index as a notebook of one cell: question, first picture, answer, results, all pages.

    notebooks: executed pages by name, that of photographs with a cell tagged `figure-hero`; the
    answer is that of the conclusions.
    made: how the last sentence begins.
    """
    png = base64.b64encode(figures_of(notebooks["08_photographs"])["hero"]).decode()
    words = {name: web.first_words(notebook) for name, notebook in notebooks.items()}
    made_of = {"made": made, "table": _table_and_caption(), "items": "", "appendix": ""}
    made_of["answer"] = web.answer(notebooks["11_conclusions"])
    for name, (title, asks) in words.items():
        part = "appendix" if name.startswith("appendix") else "items"
        made_of[part] += f"- [{title}]({name}.html)<br>{asks}\n"
    index = (Path(web.__file__).parent / "index.md").read_text()
    text = index.format(hero=f"data:image/png;base64,{png}", **made_of)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def with_table(readme: str) -> str:
    """README's text with the table between its two marks made new from data/results."""
    head, rest = readme.split("<!-- table", 1)
    mark, rest = rest.split("\n", 1)
    _, tail = rest.split("<!-- end of table -->", 1)
    return f"{head}<!-- table{mark}\n{_table_and_caption()}\n<!-- end of table -->{tail}"


def report(*pages: str) -> Path:
    """Run the pages and write report/: HTML, an index, executed notebooks, pictures.

    pages: names of notebooks (default: all, and then the index).
    Nothing outside report/ changes; `refresh` takes what was made into the repository.
    """
    for name in pages:
        checks.one_of("page", name, PAGES)
    started, notebooks = time.perf_counter(), {}
    for name in pages or PAGES:
        print(f"{name}:", file=sys.stderr)
        notebooks[name] = run_page(name)
        path = write_page(name, notebooks[name])
        for figure, png in figures_of(notebooks[name]).items():
            write_atomically(REPORT / "figures" / f"{figure}.png", png)
    if not pages:
        made = f"Made in {time.perf_counter() - started:.0f} s"
        path = write_page("index", index_page(notebooks, made))
    return path


def refresh() -> None:
    """Take what `report` made into the repository: figures/, README's table, executed pages."""
    for path in sorted((REPORT / "figures").glob("*.png")):
        write_atomically(FIGURES / path.name, path.read_bytes())
    readme = ROOT / "README.md"
    write_atomically(readme, with_table(readme.read_text()).encode())
    for path in sorted((REPORT / "notebooks").glob("*.ipynb")):
        page = nbformat.read(path, as_version=4)
        for name in ("papermill", "widgets"):  # the state of instruments is a kernel's
            page.metadata.pop(name, None)
        for cell in page.cells:
            for name in ("papermill", "execution"):  # times of day, in which no two runs agree
                cell.metadata.pop(name, None)
            if not cell.metadata.get("tags"):
                cell.metadata.pop("tags", None)
        write_atomically(NOTEBOOKS / path.name, (nbformat.writes(page) + "\n").encode())
