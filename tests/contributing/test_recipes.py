"""Every recipe of CONTRIBUTING.md, applied to a copy of the repository as printed, and run."""

import ast
import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from halftone_utils.engine.files import ROOT

PRINTED = (ROOT / "CONTRIBUTING.md").read_text()
RECIPES = dict(re.findall(r"^\*\*(.+?)\.\*\*(.+?)(?=^\*\*|\Z)", PRINTED, re.DOTALL | re.MULTILINE))
BLOCK = re.compile(r"```(?:toml|python)\n# (\S+)\n(.+?)```", re.DOTALL)
ROW = re.compile(r"in `(\w+)` its\s+row\s+`(.+?,)`\.", re.DOTALL)
COMMAND = re.compile(r"Run\s+`halftone\s+(.+?)`\.", re.DOTALL)


class Copy:
    """A copy of the repository: its code is copied, its data and pages are links."""

    def __init__(self, folder):
        self.folder = folder
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        compiled = [str(path.relative_to(ROOT)) for path in ROOT.glob("halftone_utils/**/*.nb[ic]")]
        for name in [*listed.stdout.splitlines(), *compiled]:
            source, target = ROOT / name, folder / name
            if not source.exists():  # removed, and git does not know it yet
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix in (".py", ".toml", ".md", ".nbi", ".nbc"):
                shutil.copy2(source, target)
            else:
                target.symlink_to(source)

    def python(self, *arguments):
        """What a process prints that imports the copy; it has to end well."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kept(self):
        """When each file was written, but for what is made on demand."""
        made = {"report", ".cache", "__pycache__"}
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path: path.stat().st_mtime_ns for path in files if not made & {*path.parts}}

    def apply(self, recipe):
        """Edit at most two files as a recipe says."""
        text = RECIPES[recipe]
        rows = ROW.findall(text)
        edited = set(re.findall(r"[Ii]n `(\S+\.py)`", text))
        for name, block in BLOCK.findall(text):
            place = rows[0][0] if rows else None
            self.insert(name, block, place)
            edited.add(name)
        for table, row in rows:
            self.add_row(*edited, table, row)
        assert len(edited) in (1, 2)
        for name in (name for name in edited if name.endswith(".py")):
            self.python("-m", "ruff", "format", name)
            self.python("-m", "ruff", "check", name)

    def insert(self, name, block, place):
        """Put a block above the statement that assigns `place`, or at the end of the file."""
        path = self.folder / name
        lines = path.read_text().splitlines(keepends=True)
        at = assigned(path, place).lineno - 1 if place else len(lines)
        path.write_text("".join([*lines[:at], f"\n\n{block}\n\n", *lines[at:]]))

    def add_row(self, name, table, row):
        """Put a row at the end of the tuple or dict that holds the rows of a table."""
        path = self.folder / name
        holders = [
            n for n in ast.walk(assigned(path, table)) if isinstance(n, ast.Tuple | ast.Dict)
        ]
        last = max(holders, key=lambda node: node.end_lineno - node.lineno).end_lineno
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[: last - 1], f"{row}\n", *lines[last - 1 :]]))

    def run(self, recipe):
        """Run the command of a recipe; returns what it prints."""
        (command,) = COMMAND.findall(RECIPES[recipe])
        return self.python("-m", "halftone_utils", *shlex.split(command))


def assigned(path, name):
    """The statement of a module that gives a name its value."""
    for node in ast.parse(path.read_text()).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node
    raise AssertionError(f"{path} assigns no {name}")


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_all_six_recipes_stand_on_one_screen():
    assert [*RECIPES] == [
        "An architecture",
        "A screen",
        "A CAPTCHA solver",
        "A data set",
        "A page",
        "A control",
    ]
    assert len(PRINTED.splitlines()) <= 60


# What page 6 and its appendix show of results, without the networks that they run.
PAGES = """
import nbformat
for name in ("06_architectures", "appendix_a_networks"):
    for cell in nbformat.read(f"notebooks/{name}.ipynb", as_version=4).cells:
        runs = any(word in cell.source for word in ("published", "digits_share", "widgets."))
        if cell.cell_type == "code" and not runs:
            exec(cell.source.replace("Markdown(", "print("))
"""


def test_an_architecture_is_trained_and_stands_in_every_table_and_figure(copy):
    copy.apply("An architecture")
    assert "original" in copy.run("An architecture")
    for made in (copy.folder / "report" / "trial").iterdir():
        shutil.copy(made, copy.folder / "data" / "results")
    shown = copy.python("-c", PAGES)
    heads = [line for line in shown.splitlines() if line.startswith("|") and "ResNet50" in line]
    assert "Linear" in heads[0]
    assert "\nLinear, 32 px: " in shown


def test_a_screen_is_listed_and_drawn(copy):
    copy.apply("A screen")
    drawn = Path(copy.run("A screen").strip())
    assert drawn.is_relative_to(copy.folder)
    assert drawn.stat().st_size > 1000
    copy.python(
        "-m", "pytest", "-q", "tests/screens/test_screens.py", "-k", "r2", "-p", "no:cacheprovider"
    )


def test_a_solver_climbs_the_ladder(copy):
    copy.apply("A CAPTCHA solver")
    assert "guess" in copy.run("A CAPTCHA solver")


def idx(values):
    """Bytes as IDX holds them: a header of big-endian sizes, then the values."""
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def bars(n, seed):
    """White bars at one of three places, in noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n, dtype=np.uint8)
    pictures = rng.integers(0, 60, (n, 28, 28), dtype=np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[4:24, 4 + 8 * label : 8 + 8 * label] = 255
    return {"images-idx3-ubyte": idx(pictures), "labels-idx1-ubyte": idx(labels)}


def test_a_data_set_is_trained_on_and_read(copy):
    copy.apply("A data set")
    row = copy.folder / "data" / "datasets.toml"
    (copy.folder / "data" / "bars").mkdir()
    for part, n in (("train", 300), ("t10k", 90)):
        for name, content in bars(n, n).items():
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            row.write_text(f'{row.read_text()}"{part}-{name}" = "{md5}"\n')
            (copy.folder / "data" / "bars" / f"{part}-{name}.gz").write_bytes(
                gzip.compress(content)
            )
    printed = copy.run("A data set")
    assert "of 90" in printed


def test_a_page_is_run_and_stands_in_the_index(copy):
    copy.apply("A page")
    cells = [
        nbformat.v4.new_markdown_cell("# 9. Mine\n\n**What is one and one?**"),
        nbformat.v4.new_code_cell("one = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print(one + one)"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), copy.folder / "notebooks/12_mine.ipynb")
    before = copy.kept()
    page = Path(copy.run("A page").strip().rpartition(" ")[2])
    assert copy.kept() == before  # only report/ is written
    assert "What is one and one?" in page.read_text()
    assert 'href="index.html"' in page.read_text()
    index = copy.python("-c", INDEX)
    assert "12_mine.html" in Path(index.strip()).read_text()


# Makes the web version of the pages as they are, without a kernel.
INDEX = """
import nbformat
from halftone_utils.report import build
build.run_page = lambda name: nbformat.read(build.NOTEBOOKS / f"{name}.ipynb", as_version=4)
print(build.report())
"""

# Asks of every committed experiment whether its file takes the new set.
GROW = """
from halftone_utils.results import store
from halftone_utils.studies import grid
known = [x for x in grid.experiments() if store.path_of(x.stem).exists()]
for x in known:
    store.check(x.stem, x.config, [{"shown": "mirrored", "n": 10_000}])
print(len(known))
"""


def test_a_control_is_added_to_what_was_measured(copy):
    experiment = ("-m", "halftone_utils", "experiment", "lenet", "--trial", "--tests")
    copy.python(*experiment, "original", "no-dots")
    (file,) = (copy.folder / "report" / "trial").glob("*.json")
    before = json.loads(file.read_text())["rows"]
    copy.apply("A control")
    copy.run("A control")
    rows = json.loads(file.read_text())["rows"]
    assert [row["shown"] for row in rows] == ["original", "no-dots", "mirrored"]
    assert rows[:2] == before
    assert int(copy.python("-c", GROW)) > 50
