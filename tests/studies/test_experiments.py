"""An experiment is trained once, read set by set, and its files only grow, whatever ends a run."""

import json
import shutil
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import DataError, hash_of
from halftone_utils.networks import training
from halftone_utils.results import store, table
from halftone_utils.studies import experiments
from halftone_utils.studies.experiments import Experiment

SMALL = Experiment(architecture="lenet", n_train=300, epochs=2, seed=3, subset="balanced")
N_TEST = 200
FEW = {"n_test": N_TEST}


def recomputed(folder, experiment=SMALL):
    """Rows as they follow from the predictions beside a result."""
    _, labels = datasets.load("test", 28, dataset=experiment.dataset)
    with np.load(folder / f"{experiment.stem}.npz", allow_pickle=False) as arrays:
        return {
            name: (
                len(arrays[name]),
                int((arrays[name] == labels.numpy()[: len(arrays[name])]).sum()),
            )
            for name in arrays.files
        }


def said(folder, experiment=SMALL):
    """The same as the result file has them."""
    rows = store.read(store.path_of(experiment.stem, folder)).rows
    return {row["shown"]: (row["n"], row["n_correct"]) for row in rows}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The small experiment, run: its result and the folder of its files and checkpoint."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "CHECKPOINTS", folder / "checkpoints")
        result = experiments.run(SMALL, shown=("original",), directory=folder, **FEW)
    return result, folder


@pytest.fixture
def copied(ran, tmp_path, monkeypatch):
    """A copy of that folder, which runs of the test read and write."""
    shutil.copytree(ran[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path / "checkpoints")
    return tmp_path


@pytest.fixture
def untrained(monkeypatch):
    """Nothing may be trained: what is refused is refused before."""

    def train(*_, **__):
        raise AssertionError("a network was trained")

    monkeypatch.setattr(experiments, "trained", train)


# --- one run and the next ---------------------------------------------------------------------


def test_a_run_writes_what_the_table_reads(ran):
    result, folder = ran
    assert store.read(store.path_of(SMALL.stem, folder)) == result
    assert result.config == SMALL.config
    (run,) = result.runs
    assert isinstance(run["seconds"], float)
    assert said(folder) == recomputed(folder)
    (line,) = table.experiments(folder).to_dict("records")
    for key, value in {"n_train": 300, "epochs": 2, "seed": 3, "n": 200}.items():
        assert line[key] == value


def test_a_second_run_reads_the_checkpoint_and_comes_to_the_same(ran, copied):
    result, _ = ran
    for path in (f"{SMALL.stem}.json", f"{SMALL.stem}.npz"):
        (copied / path).unlink()
    (checkpoint,) = (copied / "checkpoints").iterdir()
    before = checkpoint.stat().st_mtime_ns
    again = experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert checkpoint.stat().st_mtime_ns == before
    assert again.rows == result.rows


def test_a_run_on_another_set_keeps_what_is_there(ran, copied):
    result, folder = ran
    before = store.predictions(SMALL.stem, folder)
    grown = experiments.run(SMALL, shown=("random-dots",), directory=copied, **FEW)
    assert grown.row(shown="original") == result.row(shown="original")
    assert [row["shown"] for row in grown.rows] == ["original", "random-dots"]
    after = store.predictions(SMALL.stem, copied)
    assert {*after} == {"original", "random-dots"}
    assert np.array_equal(after["original"], before["original"])
    assert said(copied) == recomputed(copied)
    again = experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert {row["shown"]: row["n_correct"] for row in again.rows} == {
        row["shown"]: row["n_correct"] for row in grown.rows
    }


def test_weights_that_read_otherwise_add_nothing(copied, monkeypatch):
    before = {path: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    other = experiments.trained(replace(SMALL, seed=4), progress=False)
    monkeypatch.setattr(experiments, "trained", lambda _: other)
    with pytest.raises(ValueError, match=r"^these weights are not those that lenet-.* otherwise"):
        experiments.run(SMALL, shown=("random-dots",), directory=copied, **FEW)
    assert {path: path.read_bytes() for path in before} == before
    experiments.run(SMALL, shown=("original", "random-dots"), directory=copied, **FEW)


def test_the_committed_weights_add_to_what_was_read_with_them(tmp_path, untrained):
    experiment, kept = Experiment(architecture="lenet"), ("original", "halftone-strong")
    committed = store.read(store.path_of(experiment.stem))
    rows = [row for row in committed.rows if row["shown"] in kept]
    store.grow(replace(committed, rows=rows), tmp_path)
    answers = store.predictions(experiment.stem)
    of_kept = {name: answers[name] for name in kept}
    store.write_predictions(tmp_path / f"{experiment.stem}.npz", of_kept)
    grown = experiments.run(experiment, shown=("random-dots",), directory=tmp_path, n_test=100)
    assert grown.rows[:2] == rows
    assert grown.row(shown="random-dots")["n"] == 100
    same = (
        store.predictions(experiment.stem, tmp_path)["random-dots"] == answers["random-dots"][:100]
    )
    assert same.mean() > 1 - experiments.ROUNDING
    assert {run["seconds"] for run in grown.runs} == {committed.runs[0]["seconds"]}


def test_what_cannot_be_added_is_refused_before_anything_is_trained(copied, untrained):
    before = {path: path.read_bytes() for path in copied.iterdir() if path.is_file()}
    path = copied / f"{SMALL.stem}.json"
    refused = [
        (SMALL, {"n_test": 100}, f"{path} holds 200 pictures where 100 would overwrite"),
        (replace(SMALL, epochs=3), {}, f"{path} is of another configuration: epochs .2, not 3."),
        (replace(SMALL, subset="first"), {}, "subset .'balanced', not None."),
        (SMALL, {"shown": ("negative",)}, "set is 'negative'; it is one of original, "),
    ]
    for experiment, options, named in refused:
        asked = {"shown": ("original",), "directory": copied, **FEW, **options}
        with pytest.raises(ValueError, match=named) as caught:
            experiments.run(experiment, **asked)
        assert len(str(caught.value).splitlines()) == 1
    assert {path: path.read_bytes() for path in copied.iterdir() if path.is_file()} == before


def test_a_network_trained_on_other_pictures_is_shown_the_short_list(ran, tmp_path, monkeypatch):
    seen = []

    def load(name, split, size, n, dataset):
        seen.append((name, split))
        return datasets.load(split, size, n, dataset)

    monkeypatch.setattr(experiments.sets, "load", load)
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path)
    for train_on, shown in (
        ("original", sets.TEST_SETS),
        ("halftone-strong", sets.SHORT_TEST_SETS),
    ):
        experiment = replace(SMALL, train_on=train_on)
        result = experiments.run(experiment, directory=tmp_path, n_test=10)
        assert [row["shown"] for row in result.rows] == [*shown]
    assert ("halftone-strong", "train") in seen


def test_another_data_set_is_trained_on_and_read(bars, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path / "checkpoints")
    experiment = Experiment(architecture="lenet", dataset="bars", epochs=40)
    assert experiment.stem == "lenet-32-original-bars-s0"
    assert (experiment.n_train, experiment.config["dataset"]) == (70, "bars")
    shown = ("original", "no-dots")
    result = experiments.run(experiment, shown=shown, directory=tmp_path)
    assert [row["n"] for row in result.rows] == [30, 30]
    assert result.row(shown="original")["n_correct"] > 20  # by chance 10
    assert said(tmp_path, experiment) == recomputed(tmp_path, experiment)
    assert [*table.experiments(tmp_path, "bars")["shown"]] == [*shown]
    assert table.experiments(tmp_path).empty  # MNIST's tables do not mix with it
    model, _ = experiments.trained(experiment, progress=False)
    assert training.probabilities(model, datasets.load("test", 32, 2)[0]).shape == (2, 3)


# --- a reading that is killed -----------------------------------------------------------------


class _Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def killed(copied, monkeypatch):
    """The experiment, killed after 100 of its test digits; how many were read at a time since."""
    monkeypatch.setattr(experiments, "AT_A_TIME", 50)
    for suffix in ("json", "npz"):
        (copied / f"{SMALL.stem}.{suffix}").unlink()
    predict, read, is_killed = training.predict, [], [True]

    def predict_until_killed(model, images, **options):
        if is_killed[0] and len(read) == 2:
            raise _Killed
        read.append(len(images))
        return predict(model, images, **options)

    monkeypatch.setattr(training, "predict", predict_until_killed)
    with pytest.raises(_Killed):
        experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert not (copied / f"{SMALL.stem}.json").exists()
    is_killed[0] = False
    read.clear()
    return read


def test_a_reading_that_was_killed_goes_on_where_it_stopped(killed, ran, copied):
    result, folder = ran
    again = experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert again.rows == result.rows
    assert killed == [50, 50]
    name = f"{SMALL.stem}.npz"
    assert (copied / name).read_bytes() == (folder / name).read_bytes()
    assert not [*(copied / "checkpoints").glob("*.npz")]  # nothing waits for a rerun any more


def test_half_a_file_of_readings_is_named_and_read_anew(killed, ran, copied, capsys):
    (kept,) = (copied / "checkpoints").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    again = experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert again.rows == ran[0].rows
    assert killed == [50] * 4
    assert str(kept) in capsys.readouterr().err


def test_readings_of_other_weights_are_not_gone_on_with(killed, copied):
    (checkpoint,) = (copied / "checkpoints").glob("*.safetensors")
    checkpoint.unlink()  # trained anew: not to the last bit the network that read before
    experiments.run(SMALL, shown=("original",), directory=copied, **FEW)
    assert killed == [50] * 4


# --- published weights ------------------------------------------------------------------------


def test_published_weights_read_as_the_trained_ones_do(copied, monkeypatch):
    trained, seconds = experiments.trained(SMALL, progress=False)
    monkeypatch.setattr(experiments, "trained", lambda _: (trained, seconds))
    monkeypatch.setattr(experiments, "DATA", copied)
    images = datasets.load("validation", 32, 50)[0]
    expected = training.probabilities(trained, images)
    for half, tolerance in ((True, 0.05), (False, 1e-6)):
        path = experiments.publish("lenet", seed=3, half=half)
        found = training.probabilities(experiments.published("lenet", seed=3), images)
        assert torch.allclose(found, expected, atol=tolerance)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is damaged") as caught:
        experiments.published("lenet", seed=3)
    assert len(str(caught.value).splitlines()) == 1
    path.unlink()
    with pytest.raises(DataError, match=f"{path} is missing: .*halftone publish lenet original"):
        experiments.published("lenet", seed=3)


def test_the_committed_classifiers_come_in_the_tables_order():
    stems = [experiment.stem for experiment, _ in experiments.all_published()]
    by_lists = [
        f"{a}-32-{t}-s0" for t in sets.TRAIN_SETS for a in experiments.architectures.ARCHITECTURES
    ]
    assert stems == [stem for stem in by_lists if stem in stems]
    assert "lenet-32-original-s0" in stems


# --- what an experiment is --------------------------------------------------------------------


def test_an_experiment_that_cannot_be_is_refused_in_one_sentence(unchecked):
    for wrong, named in (
        ({"architecture": "resnet"}, "architecture is 'resnet'; it is one of lenet, alexnet"),
        ({"train_on": "test"}, "train_on is 'test'; it is one of original, "),
        ({"size": 64}, "size is 64; it is one of 32, 256"),
        ({"seed": -1}, "seed is -1; it is a whole number from 0"),
        ({"seed": 1.0}, "seed is 1.0"),
        ({"subset": "last"}, "subset is 'last'; it is one of first, balanced"),
        ({"n_train": -1}, "n_train is -1"),
        ({"n_train": 55_001}, "n_train is 55001; it is a whole number from 0 to 55000"),
        ({"n_train": True}, "n_train is True"),
        ({"epochs": -1}, "epochs is -1"),
        ({"epochs": "3"}, "epochs is '3'"),
        ({"dataset": "letters"}, "dataset is 'letters'; it is one of mnist"),
    ):
        with pytest.raises(ValueError, match=named) as caught:
            Experiment(**{"architecture": "lenet", **wrong})
        assert len(str(caught.value).splitlines()) == 1


def test_all_that_decides_the_weights_is_in_the_config():
    others = [
        replace(SMALL, **change)
        for change in (
            {"seed": 4},
            {"n_train": 301},
            {"epochs": 3},
            {"architecture": "alexnet"},
            {"train_on": "halftone-talk"},
            {"subset": "first"},
            {"size": 256},
        )
    ]
    assert len({hash_of(x.config) for x in (SMALL, *others)}) == 1 + len(others)
    assert len({x.checkpoint for x in (SMALL, *others)}) == 1 + len(others)
    assert json.loads(json.dumps(SMALL.config)) == SMALL.config


def test_all_digits_are_all_digits_however_they_are_asked_for():
    plain = Experiment(architecture="lenet")
    for same in ({"n_train": 55_000}, {"n_train": 55_000, "subset": "balanced"}, {"n_train": 0}):
        assert Experiment(architecture="lenet", **same) == plain
    assert plain.stem == "lenet-32-original-s0"
    assert SMALL.stem == "lenet-32-original-n300-s3"


def test_a_field_more_with_a_default_changes_no_hash_and_no_file_of_before():
    @dataclass(frozen=True, kw_only=True)
    class More(Experiment):
        label_smoothing: float = 0.0

    def more(**changes):
        fields = {name: getattr(SMALL, name) for name in SMALL.__dataclass_fields__}
        return More(**{**fields, **changes})

    assert config_of(more()) == config_of(SMALL)
    assert more().config == SMALL.config
    assert (more().checkpoint, more().stem) == (SMALL.checkpoint, SMALL.stem)
    assert more(label_smoothing=0.1).config == {**SMALL.config, "label_smoothing": 0.1}
    # the names under which earlier versions of the code kept these trainings
    for experiment, hashed in (
        (Experiment(architecture="lenet"), "278320a587c3173f"),
        (
            Experiment(
                architecture="vgg19",
                size=256,
                train_on="both-talk",
                n_train=10_000,
                subset="balanced",
            ),
            "88cbc5c5287b8317",
        ),
    ):
        assert experiment.checkpoint.stem.endswith(f"-s0-{hashed}")


@pytest.mark.parametrize("train_on", ["original", "both-talk"])
def test_a_part_of_the_training_digits_is_balanced_over_the_classes(train_on, monkeypatch):
    seen = {}

    def watch(model, images, labels, recipe, *, n, **_):
        seen.update(images=images[:n], labels=labels[:n])
        return 0.0

    def both(name, split, size, n, dataset):
        images, labels = datasets.load(split, size, n)
        return images.repeat_interleave(2, 0), labels.repeat_interleave(2)

    monkeypatch.setattr(experiments.training, "fit", watch)
    if train_on == "both-talk":
        monkeypatch.setattr(experiments.sets, "load", both)
    chosen = replace(SMALL, train_on=train_on, n_train=200)
    experiments.trained(chosen)
    pictures = 2 if train_on == "both-talk" else 1
    assert torch.bincount(seen["labels"]).tolist() == 10 * [20 * pictures]
    if pictures == 2:  # the two pictures of a digit stand side by side
        assert torch.equal(seen["images"][0::2], seen["images"][1::2])
    experiments.trained(replace(chosen, subset="first"))
    first = datasets.load("train", 32, 200)[1].repeat_interleave(pictures)
    assert torch.equal(seen["labels"], first)
