"""The grid holds the cells that were asked for, and its workflow never trains without need."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import RESULTS, ROOT
from halftone_utils.networks import architectures, training
from halftone_utils.studies import grid

CELLS = grid.cells()


def test_every_cell_of_the_talks_table_is_there_and_every_cell_once():
    stems = Counter(cell.stem for cell in CELLS)
    assert set(stems.values()) == {1}
    for architecture in architectures.ARCHITECTURES:
        for size in architectures.SIZES:
            for train_on in ("original", "halftone-talk"):
                assert f"{architecture}-{size}-{train_on}-s0" in stems


def test_small_pictures_have_three_seeds_and_all_training_digits():
    small = [cell for cell in CELLS if cell.size == 32]
    assert {cell.n_train for cell in small} == {datasets.SPLITS["train"]}
    per_kind = Counter((cell.architecture, cell.train_on) for cell in small)
    assert set(per_kind.values()) == {3}
    assert {train_on for _, train_on in per_kind} == set(sets.TRAIN_SETS)


def test_every_cell_has_a_recipe():
    assert all((cell.architecture, cell.size) in training.RECIPES for cell in CELLS)


def test_another_number_of_digits_can_be_asked_for():
    assert grid.cell_for("resnet50", 256, n_train=55_000).n_train == 55_000
    assert grid.cell_for("lenet", 32, n_train=10, epochs=1).epochs == 1


def dry_run(*arguments: str) -> Counter:
    """The rules that snakemake would run, and how often."""
    ran = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "TQDM_DISABLE": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout + ran.stderr
    stats = said.rsplit("Job stats:", 1)[-1] if "Job stats:" in said else ""
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", stats, re.M)})


def test_the_report_trains_nothing():
    assert dry_run("report") == Counter({"report": 1, "total": 1})


def test_only_cells_without_a_result_are_trained_even_in_a_fresh_clone(tmp_path, monkeypatch):
    # as in a clone: the files were made in no telling order, and no set is built
    clone = tmp_path / "clone"
    for name in ("Snakefile", "pyproject.toml"):
        clone.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    monkeypatch.setenv("HALFTONE_CACHE", str(tmp_path / "cache"))
    there = {path.stem for path in RESULTS.glob("*-s[0-9]*.json")}
    for path in RESULTS.glob("*-s[0-9]*.json"):
        os.utime(path)
    planned = dry_run("results", "--directory", str(clone))
    assert planned["cell"] == len({cell.stem for cell in CELLS} - there)


def test_a_cell_that_is_not_in_the_grid_is_no_target():
    wrong = "lenet-64-original-s0"
    ran = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "--cores", "1", str(RESULTS / f"{wrong}.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode != 0
    assert "MissingRuleException" in ran.stderr + ran.stdout
    assert not Path(RESULTS / f"{wrong}.json").exists()
