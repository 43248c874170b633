"""What stands around the code: dependencies, package data, ignored files, the citation."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from halftone_utils.engine.files import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
EXTRAS = PROJECT["optional-dependencies"]
MODULES = {  # of the extras' packages, where a module is not called as its package
    "beautifulsoup4": "bs4",
    "opencv-python-headless": "cv2",
    "rapidocr-onnxruntime": "rapidocr_onnxruntime",
}
OF_AN_EXTRA = ("halftone_utils.studies.per_picture",)  # no more than foolbox with another batch
CORE = ("engine", "screens", "style", "digits", "networks", "results", "studies")


def requirements(lines, extras=("",)):
    """Those that hold on this machine."""
    wanted = map(Requirement, lines)
    return [
        r for r in wanted if not r.marker or any(r.marker.evaluate({"extra": e}) for e in extras)
    ]


def test_everything_that_is_installed_is_pinned_at_its_version():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    left = requirements([*PROJECT["dependencies"], *chain.from_iterable(EXTRAS.values())])
    seen, wrong = {"halftone-utils"}, {}
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        if pins.get(name) != found.version.partition("+")[0]:
            wrong[name] = found.version
        left += requirements(found.requires or [], requirement.extras or ("",))
    assert not wrong
    assert len(seen) > 100


def test_the_core_needs_no_package_of_an_extra():
    extras = [r for name, rows in EXTRAS.items() if name not in ("all", "bench") for r in rows]
    names = {Requirement(row).name for row in extras}
    blocked = sorted(MODULES.get(name, name.replace("-", "_")) for name in names)
    script = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({blocked!r}))  # importing one of them raises ImportError
import halftone_utils
for wing in {CORE!r}:
    package = importlib.import_module(f"halftone_utils.{{wing}}")
    for module in pkgutil.iter_modules(package.__path__, f"{{package.__name__}}."):
        if module.name not in {OF_AN_EXTRA!r}:
            importlib.import_module(module.name)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_an_installed_package_brings_all_its_modules_and_files():
    package = ROOT / "halftone_utils"
    declared = {
        ROOT.joinpath(*name.split("."), file)
        for name, files in SETTINGS["tool"]["setuptools"]["package-data"].items()
        for file in files
    }
    others = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert others == declared
    folders = {path.parent for path in package.rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_git_ignores_no_source():
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard"]
    done = subprocess.run(
        [*command, "halftone_utils", "tests", "notebooks", "benchmarks", "data", "figures"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode:
        pytest.skip("this is no git checkout")
    made = re.compile(r"__pycache__|\.ipynb_checkpoints|data/human/")
    assert [path for path in done.stdout.splitlines() if not made.search(path)] == []


def test_the_talk_is_cited_where_a_reader_looks():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    (talk,) = (work for work in citation["references"] if work["type"] == "slides")
    author = "".join(talk["authors"][0][part] for part in ("family-names", "given-names"))
    head = (ROOT / "README.md").read_text().partition("\n## ")[0]
    for words in (author, talk["title"], f"{talk['date-released']:%-d %B %Y}"):
        assert words in head
