"""The pages as they are committed, and the web version that is made of them without a kernel."""

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from halftone_utils.report import build


def page(name: str) -> NotebookNode:
    return nbformat.read(build.NOTEBOOKS / f"{name}.ipynb", as_version=4)


def web_version(folder: Path) -> Path:
    """Where its index is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "REPORT", folder)
        patch.setattr(build, "run_page", page)
        return build.report()
