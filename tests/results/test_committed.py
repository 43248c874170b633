"""Every committed result is of the schema, and of what the code trains and draws today."""

import json
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from halftone_utils.digits import datasets
from halftone_utils.engine.files import RESULTS, hash_of
from halftone_utils.results import store, table
from halftone_utils.studies import frontier, grid
from halftone_utils.studies.experiments import Experiment

PATHS = [path for path in sorted(RESULTS.glob("*.json")) if path.stem != "schema"]
ALWAYS = {"original", "halftone-talk", "halftone-strong"}  # what every network was shown
CONTROLS = {"no-dots", "random-dots"}  # and, with the view from afar, those trained on originals


@pytest.fixture(scope="module")
def experiments():
    return store.load("experiment")


def experiment_of(result):
    """The experiment that a result says it is of; what is left out is at its default."""
    config = result.config
    return Experiment(**{f.name: config[f.name] for f in fields(Experiment) if f.name in config})


def test_every_file_is_of_the_schema_and_says_each_thing_once():
    schema = json.loads((RESULTS / "schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator, wrong = Draft202012Validator(schema), {}
    for path in PATHS:
        found = json.loads(path.read_text())
        for error in validator.iter_errors(found):
            wrong[path.name] = f"{error.json_path}: {error.message}"
        twice = [key for key, n in Counter(map(store.key_of, found["rows"])).items() if n > 1]
        if twice:
            wrong[path.name] = f"two rows of {twice[0]}"
        for row in found["rows"]:
            if row["n_correct"] > row["n"] or row.get("run", 0) >= len(found["runs"]):
                wrong[path.name] = f"{row} cannot be"
    assert wrong == {}
    studies = schema["properties"]["study"]["enum"]
    assert {store.read(path).study for path in PATHS} == {*studies}
    readme = (RESULTS / "README.md").read_text()
    assert all(f"| {study}" in readme for study in studies)
    assert all(f"| `{key}` |" in readme for key in store.KEYS)


def test_a_result_that_is_written_today_is_of_the_schema(tmp_path):
    validator = Draft202012Validator(json.loads((RESULTS / "schema.json").read_text()))
    experiment = Experiment(architecture="lenet", n_train=300, subset="balanced", epochs=1)
    for seconds, name in ((None, "original"), (3.0, "random-dots")):
        rows = [{"shown": name, "n": 10, "n_correct": 5}]
        where = {"seconds": seconds, "directory": tmp_path}
        store.record("experiment", experiment.stem, experiment.config, rows, **where)
    found = json.loads(store.path_of(experiment.stem, tmp_path).read_text())
    assert not [*validator.iter_errors(found)]
    assert [row.get("run", 0) for row in found["rows"]] == [0, 1]
    for wrong in (
        {**found, "schema": 1},
        {**found, "study": "gossip"},
        {**found, "rows": []},
        {**found, "runs": [{}]},
        {**found, "rows": [{"shown": "original", "n_correct": 5}]},
        {**found, "rows": [{**found["rows"][0], "seconds": 1}]},
        {**found, "config": {}},
    ):
        assert [*validator.iter_errors(wrong)]


def test_every_experiment_recomputes_from_its_predictions(experiments):
    labels = datasets.read_idx("t10k-labels-idx1-ubyte").numpy()
    wrong = {}
    for result in experiments:
        with np.load(RESULTS / f"{result.stem}.npz", allow_pickle=False) as arrays:
            answers = {name: arrays[name] for name in arrays.files}
        found = {
            name: (read.dtype, len(read), int((read == labels[: len(read)]).sum()))
            for name, read in answers.items()
        }
        said = {row["shown"]: (np.uint8, row["n"], row["n_correct"]) for row in result.rows}
        if found != said or max(read.max() for read in answers.values()) > 9:
            wrong[result.stem] = found
    assert wrong == {}
    assert len(experiments) >= 96
    assert {path.stem for path in RESULTS.glob("*.npz")} == {result.stem for result in experiments}


def test_every_experiment_says_what_was_trained_how_and_on_what(experiments):
    for result in experiments:
        experiment = experiment_of(result)
        assert experiment.stem == result.stem
        # the recipe and the halftone are still those of today, and defaults change nothing
        assert experiment.config == result.config, result.stem
        assert hash_of(experiment.config) == hash_of(result.config)
        for run in result.runs:
            assert run["seconds"] > 0
            assert run["device"]
            assert {"python", "torch", "torchvision"} <= {*run["versions"]}


def test_every_experiment_was_shown_what_the_tables_compare(experiments):
    for result in experiments:
        shown = ALWAYS if result.config["train_on"] != "original" else ALWAYS | CONTROLS
        if result.config["train_on"] == "original":
            shown |= {f"{name}-integrated" for name in shown - {"original", "no-dots"}}
        assert shown <= {row["shown"] for row in result.rows}, result.stem


def test_the_grids_experiments_are_the_committed_ones_and_read_all_test_digits(experiments):
    by_stem = {result.stem: result for result in experiments}
    of_grid = [experiment for experiment in grid.experiments() if experiment.stem in by_stem]
    assert len(of_grid) >= 90
    for experiment in of_grid:
        assert by_stem[experiment.stem].config == experiment.config
        rows = by_stem.pop(experiment.stem).rows
        assert {row["n"] for row in rows} == {datasets.count("test")}, experiment.stem
    for result in by_stem.values():  # the others: fewer training digits than the grid asks for
        asked = {name: result.config[name] for name in ("architecture", "size", "train_on", "seed")}
        assert result.config["n_train"] < grid.experiment_for(**asked).n_train, result.stem


def test_the_table_holds_every_row_of_every_experiment(experiments):
    found = table.experiments()
    assert [*dict.fromkeys(found["stem"])] == [result.stem for result in experiments]
    assert len(found) == sum(len(result.rows) for result in experiments)


def test_the_networks_of_the_frontier_are_the_experiments_of_today():
    for size in frontier.COMPARED:
        found = store.read(store.path_of(f"frontier-{size}"))
        named = {
            (row["architecture"], row["n_train"]): row["experiment"]
            for row in found.rows
            if "experiment" in row
        }
        for (architecture, n_train), short in named.items():
            of_grid = grid.experiment_for(architecture, size)
            experiment = frontier.FROZEN_BY.get((architecture, size)) or of_grid
            assert (hash_of(experiment.config), experiment.n_train) == (short, n_train)
