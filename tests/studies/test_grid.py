"""The grid holds the experiments that were asked for, and its workflow trains none without need."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import RESULTS, ROOT
from halftone_utils.networks import architectures
from halftone_utils.results import talk
from halftone_utils.results.store import Result
from halftone_utils.studies import grid

EXPERIMENTS = grid.experiments()


def test_every_cell_of_the_talks_table_is_there_and_every_experiment_once():
    stems = Counter(experiment.stem for experiment in EXPERIMENTS)
    assert set(stems.values()) == {1}
    for architecture in talk.ARCHITECTURES:
        for size in talk.SIZES:
            for train_on, _ in talk.PROTOCOLS:
                assert f"{architecture}-{size}-{train_on}-s0" in stems


def test_small_pictures_have_three_seeds_and_all_training_digits():
    small = [experiment for experiment in EXPERIMENTS if experiment.size == 32]
    assert {experiment.n_train for experiment in small} == {datasets.count("train")}
    per_kind = Counter((experiment.architecture, experiment.train_on) for experiment in small)
    assert set(per_kind.values()) == {3}
    assert {train_on for _, train_on in per_kind} == set(sets.TRAIN_SETS)


def test_an_architecture_more_is_in_every_row_of_the_grid(monkeypatch):
    row = architectures.ARCHITECTURES["lenet"]
    monkeypatch.setitem(architectures.ARCHITECTURES, "seventh", row)
    stems = [experiment.stem for experiment in grid.experiments()]
    before = [stem for stem in stems if not stem.startswith("seventh")]
    assert before == [experiment.stem for experiment in EXPERIMENTS]
    assert len(stems) - len(before) == sum(stem.startswith("lenet") for stem in stems)


def test_another_number_of_digits_can_be_asked_for():
    fewer = grid.experiment_for("vgg19", 256, "both-talk")
    assert (fewer.n_train, fewer.subset) == (10_000, "balanced")
    assert "-n" not in grid.experiment_for("vgg19", 256, "both-talk", n_train=55_000).stem
    assert grid.experiment_for("lenet", 32, n_train=10, epochs=1).epochs == 1
    assert grid.experiment_for("lenet", 32).n_train == 55_000


def test_a_command_asks_for_what_it_says_and_a_trial_for_little(bars, monkeypatch):
    asked = []

    def run(experiment, **options):
        asked.append((experiment, options))
        return Result(study="experiment", stem=experiment.stem, config={}, rows=[])

    monkeypatch.setattr(grid, "run", run)
    for options in ({}, {"trial": True}, {"trial": True, "dataset": "bars"}, {"seed": 2}):
        grid.experiment("lenet", **options)
    (whole, of_whole), (trial, of_trial), (small, of_small), (other, _) = asked
    assert (whole, of_whole) == (
        grid.experiment_for("lenet"),
        {"shown": (), "n_test": 0, "directory": RESULTS},
    )
    assert (trial.n_train, trial.epochs, of_trial["n_test"]) == (2000, 1, 512)
    assert of_trial["directory"] == ROOT / "report" / "trial"
    assert (small.n_train, small.dataset, of_small["n_test"]) == (70, "bars", 30)
    assert other.seed == 2


def snakemake(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "TQDM_DISABLE": "1"},
    )


def dry_run(*arguments: str) -> Counter:
    """The rules that snakemake would run, and how often."""
    ran = snakemake(*arguments)
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout + ran.stderr
    stats = said.rsplit("Job stats:", 1)[-1] if "Job stats:" in said else ""
    return Counter({rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", stats, re.M)})


def test_the_report_trains_nothing():
    assert dry_run("report") == Counter({"report": 1, "total": 1})


def test_only_experiments_without_a_result_are_trained_even_in_a_fresh_clone(tmp_path, monkeypatch):
    # as in a clone: the files were made in no telling order, and no set is built
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("Snakefile", "pyproject.toml"):
        shutil.copy(ROOT / name, clone / name)
    monkeypatch.setenv("HALFTONE_CACHE", str(tmp_path / "cache"))
    there = {path.stem for path in RESULTS.glob("*-s[0-9]*.json")}
    for path in RESULTS.glob("*-s[0-9]*.json"):
        os.utime(path)
    planned = dry_run("results", "--directory", str(clone))
    assert planned["experiment"] == len({x.stem for x in EXPERIMENTS} - there)


def test_a_result_is_a_target_by_the_name_that_it_has_in_the_repository():
    assert dry_run("data/results/lenet-32-original-s0.json", "--force")["experiment"] == 1


def test_an_experiment_that_is_not_in_the_grid_is_no_target():
    wrong = "lenet-64-original-s0"
    ran = snakemake(str(RESULTS / f"{wrong}.json"))
    assert ran.returncode != 0
    assert "MissingRuleException" in ran.stderr + ran.stdout
    assert not Path(RESULTS / f"{wrong}.json").exists()
