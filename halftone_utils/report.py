"""`make report`: every notebook through papermill, then HTML with an index, then figures/."""

import argparse
import base64
import html
import re
import sys
import time
from pathlib import Path

import nbformat
import papermill
from latex2mathml.converter import convert as mathml
from nbconvert import HTMLExporter

from halftone_utils import experiments, tables
from halftone_utils.files import FIGURES, ROOT, write_atomically

NOTEBOOKS = ROOT / "notebooks"
REPORT = ROOT / "report"
PAGES = (
    "01_fgsm_recap",
    "02_halftone",
    "03_style_transfer",
    "04_iterations_and_weights",
    "05_halftone_mnist",
    "06_architectures",
    "08_conclusions",
)

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Halftone-based adversarial examples</title>
<style>
body {{ font: 17px/1.55 Georgia, serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.7rem; line-height: 1.2; }} ul {{ list-style: none; padding: 0; }}
li {{ margin: .9rem 0; }} a {{ color: #0058a3; }}
img {{ max-width: 100%; }} small {{ color: #555; }}
</style></head><body>
<h1>Does a convolutional network see the optical illusion that a human sees in a halftone?</h1>
<p><img src="{hero}" alt="MNIST digits, their halftones, and what LeNet and AlexNet read"></p>
<ul>{items}</ul>
<p><small>{footer}</small></p>
</body></html>
"""


def first_words(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """Title and opening question of a page: its first heading and first paragraph."""
    text = next(c.source for c in notebook.cells if c.cell_type == "markdown")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0].lstrip("# "), lines[1].strip("*_ ") if len(lines) > 1 else ""


def figures_of(notebook: nbformat.NotebookNode) -> dict[str, bytes]:
    """PNGs of the cells tagged `figure-NAME`, by name."""
    found = {}
    for cell in notebook.cells:
        names = [t[7:] for t in cell.metadata.get("tags", []) if t.startswith("figure-")]
        pictures = [
            output.data["image/png"]
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        if names and pictures:
            found[names[0]] = base64.b64decode(pictures[-1])
    return found


def run_page(name: str) -> nbformat.NotebookNode:
    """Execute one notebook into report/, with progress; a failed one is kept and ends the run."""
    target = REPORT / "notebooks" / f"{name}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            NOTEBOOKS / f"{name}.ipynb", target, cwd=NOTEBOOKS, kernel_name="python3",
            progress_bar=True, request_save_on_cell_execute=False,
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        sys.exit(f"{name} stopped with {error.ename}: {error.evalue} (the page so far: {target})")
    return nbformat.read(target, as_version=4)


EQUATION = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL)


def with_mathml(markdown: str) -> str:
    """Markdown with its $...$ and $$...$$ as MathML, which a browser shows without a script."""

    def replaced(match: re.Match) -> str:
        block = match["block"] is not None
        latex = (match["block"] or match["inline"]).strip()
        return mathml(latex, display="block" if block else "inline")

    return EQUATION.sub(replaced, markdown)


def write_page(name: str, notebook: nbformat.NotebookNode) -> Path:
    """HTML of an executed notebook: figures and equations inside, no script, no network."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": name}})
    body = re.sub(r"<script\b.*?</script>", "", body, flags=re.DOTALL)
    path = REPORT / f"{name}.html"
    write_atomically(path, body.encode())
    return path


def with_table(readme: str) -> str:
    """README's text with the table between its two marks made new from data/results."""
    results = experiments.load_results()
    head, rest = readme.split("<!-- table", 1)
    mark, rest = rest.split("\n", 1)
    _, tail = rest.split("<!-- end of table -->", 1)
    table = f"{tables.talk_table(results)}\n\n{tables.caption(results)}\n"
    return f"{head}<!-- table{mark}\n{table}<!-- end of table -->{tail}"


def main() -> None:
    """Run the pages, write the HTML and the index, refresh figures/ and README's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", default=PAGES, help="names of notebooks (default: all)")
    pages = parser.parse_args().pages
    unknown = sorted(set(pages) - set(PAGES))
    if unknown:
        sys.exit(f"There is no page {unknown[0]}; the pages are {', '.join(PAGES)}.")
    started = time.perf_counter()
    items = []
    for name in pages:
        print(f"{name}:", file=sys.stderr)
        notebook = run_page(name)
        path = write_page(name, notebook)
        for figure, png in figures_of(notebook).items():
            write_atomically(FIGURES / f"{figure}.png", png)
        title, question = first_words(notebook)
        items.append(
            f'<li><a href="{path.name}">{html.escape(title)}</a><br>{html.escape(question)}</li>'
        )
    readme = ROOT / "README.md"
    write_atomically(readme, with_table(readme.read_text()).encode())
    if tuple(pages) == PAGES:
        footer = (
            f"Made in {time.perf_counter() - started:.0f} s from committed data and results; "
            "what took longer than a page may is read from data/results and says so there."
        )
        hero = base64.b64encode((FIGURES / "hero.png").read_bytes()).decode()
        index = INDEX.format(
            items="".join(items), footer=footer, hero=f"data:image/png;base64,{hero}"
        )
        write_atomically(REPORT / "index.html", index.encode())
        print(f"The report is at {REPORT / 'index.html'}")


if __name__ == "__main__":
    main()
