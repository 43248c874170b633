"""The web version: an executed notebook as one HTML file that needs no script and no network."""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from latex2mathml.converter import convert as mathml
from nbconvert import HTMLExporter
from nbformat import NotebookNode

SITE = "Halftone-based adversarial examples"
WIDGET = "application/vnd.jupyter.widget-view+json"
EQUATION = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL)


def first_words(notebook: NotebookNode) -> tuple[str, str]:
    """Title and opening question of a page: its first heading and first paragraph."""
    text = next(c.source for c in notebook.cells if c.cell_type == "markdown")
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0].lstrip("# "), lines[1].strip("*_ ") if len(lines) > 1 else ""


def answer(notebook: NotebookNode) -> str:
    """The lines of a page's first text that begin with a dash: its answer, in Markdown."""
    text = next(c.source for c in notebook.cells if c.cell_type == "markdown")
    return "\n".join(line for line in text.splitlines() if line.startswith("- "))


def figure_names(cell: NotebookNode) -> list[str]:
    """What a cell's tags `figure-NAME` call its picture."""
    tags = cell.metadata.get("tags", [])
    return [tag.removeprefix("figure-") for tag in tags if tag.startswith("figure-")]


def pictures(cell: NotebookNode) -> list[NotebookNode]:
    """Those outputs of a cell that have a PNG."""
    return [x for x in cell.get("outputs", []) if "image/png" in x.get("data", {})]


def with_mathml(markdown: str) -> str:
    """Markdown with its $...$ and $$...$$ as MathML, which a browser shows without a script."""

    def replaced(match: re.Match) -> str:
        block = match["block"] is not None
        latex = (match["block"] or match["inline"]).strip()
        return mathml(latex, display="block" if block else "inline")

    return EQUATION.sub(replaced, markdown)


def describe_pictures(notebook: NotebookNode) -> None:
    """Give each picture a text in place of it: its number, its section, its cell's figure tag.

    Of an instrument its picture is left: no kernel runs behind a page of HTML.
    """
    notebook.metadata.pop("widgets", None)
    section, n = "", 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = (re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE) or [section])[-1]
        names = [name.replace("-", " ") for name in figure_names(cell)]
        for output in pictures(cell):
            n += 1
            output.metadata["alt"] = ": ".join([f"Figure {n}, in “{section}”", *names])
            output.data.pop(WIDGET, None)


def page_html(name: str, notebook: NotebookNode, pages: Mapping[str, str]) -> str:
    """One executed notebook as HTML: pictures, equations and style inside, links to all pages.

    name: this page's.  pages: what each page is called in links, by name, in order of reading.
    """
    notebook = deepcopy(notebook)
    describe_pictures(notebook)
    title = f"{first_words(notebook)[0]} · {SITE}"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    exporter = HTMLExporter(
        template_name="web",
        extra_template_basedirs=[str(Path(__file__).parents[1])],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    resources = {"metadata": {"name": name}, "title": title, "pages": pages}
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    body = re.sub(r"<script\b.*?</script>", "", body, flags=re.DOTALL)
    scroll = r'<div class="scroll" tabindex="0" role="region" aria-label="Table">\g<0></div>'
    return re.sub(r"<table>.*?</table>", scroll, body, flags=re.DOTALL)
