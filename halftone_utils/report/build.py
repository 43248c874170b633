"""`make report`: every notebook through papermill, then HTML with an index, then figures/."""

import argparse
import base64
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
from nbformat import NotebookNode

from halftone_utils.engine.files import FIGURES, ROOT, write_atomically
from halftone_utils.report import tables, web
from halftone_utils.results import accuracies

NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
PAGES = {  # in order of reading; what links call them
    "01_fgsm_recap": "1. FGSM recap",
    "02_halftone": "2. Halftone",
    "03_style_transfer": "3. Style transfer",
    "04_iterations_and_weights": "4. Iterations and weights",
    "05_halftone_mnist": "5. Halftone-MNIST",
    "06_architectures": "6. Architectures",
    "07_captcha": "7. CAPTCHA",
    "08_conclusions": "8. Conclusions",
}
INDEX = """# Does a convolutional network see the optical illusion that a human sees in a halftone?

![Test digits, their halftones, the halftones from afar, and what LeNet and AlexNet read]({hero})

## What the networks read

{table}

{caption}

## The pages

{items}

<footer>{made} from committed data and results; what took longer than a page may is read from
data/results and says so there.</footer>
"""


def figures_of(notebook: NotebookNode) -> dict[str, bytes]:
    """PNGs of the cells tagged `figure-NAME`, by name."""
    found = {}
    for cell in notebook.cells:
        names = web.figure_names(cell)
        pictures = [
            output.data["image/png"]
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        if names and pictures:
            found[names[0]] = base64.b64decode(pictures[-1])
    return found


def read_pages() -> dict[str, NotebookNode]:
    """The pages by name as they are committed, with the outputs of their last run."""
    return {name: nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in PAGES}


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


def write_page(name: str, notebook: NotebookNode, directory: Path = REPORT) -> Path:
    """HTML of an executed notebook: figures and equations inside, no script, no network."""
    path = directory / f"{name}.html"
    links = {"index": "Index", **PAGES}
    write_atomically(path, web.page_html(name, notebook, links).encode())
    return path


def index_page(notebooks: Mapping[str, NotebookNode], made: str = "Made") -> NotebookNode:
    """The index as a notebook of one cell: the question, the first picture, results, all pages.

    notebooks: executed pages by name, one of them with a cell tagged `figure-hero`.
    made: how the last sentence begins.
    """
    heroes = (figures_of(notebook).get("hero") for notebook in notebooks.values())
    hero = base64.b64encode(next(filter(None, heroes))).decode()
    words = {name: web.first_words(notebook) for name, notebook in notebooks.items()}
    items = [f"- [{title}]({name}.html)<br>{asks}" for name, (title, asks) in words.items()]
    results = accuracies.load_results()
    text = INDEX.format(
        hero=f"data:image/png;base64,{hero}",
        table=tables.talk_table(results),
        caption=tables.caption(results),
        items="\n".join(items),
        made=made,
    )
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def write_web(notebooks: Mapping[str, NotebookNode], directory: Path = REPORT) -> Path:
    """The whole web version of pages that were executed before, by name; where its index is."""
    for name, notebook in notebooks.items():
        write_page(name, notebook, directory)
    return write_page("index", index_page(notebooks), directory)


def with_table(readme: str) -> str:
    """README's text with the table between its two marks made new from data/results."""
    results = accuracies.load_results()
    head, rest = readme.split("<!-- table", 1)
    mark, rest = rest.split("\n", 1)
    _, tail = rest.split("<!-- end of table -->", 1)
    table = f"{tables.talk_table(results)}\n\n{tables.caption(results)}\n"
    return f"{head}<!-- table{mark}\n{table}<!-- end of table -->{tail}"


def main() -> None:
    """Run the pages, write the HTML and the index, refresh figures/ and README's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "pages", nargs="*", default=list(PAGES), help="names of notebooks (default: all)"
    )
    pages = parser.parse_args().pages
    unknown = sorted(set(pages) - set(PAGES))
    if unknown:
        sys.exit(f"There is no page {unknown[0]}; the pages are {', '.join(PAGES)}.")
    started = time.perf_counter()
    notebooks = {}
    for name in pages:
        print(f"{name}:", file=sys.stderr)
        notebooks[name] = run_page(name)
        write_page(name, notebooks[name])
        for figure, png in figures_of(notebooks[name]).items():
            write_atomically(FIGURES / f"{figure}.png", png)
    readme = ROOT / "README.md"
    write_atomically(readme, with_table(readme.read_text()).encode())
    if pages == list(PAGES):
        made = f"Made in {time.perf_counter() - started:.0f} s"
        print(f"The report is at {write_page('index', index_page(notebooks, made))}")


if __name__ == "__main__":
    main()
