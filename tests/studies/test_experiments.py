"""A result file can be recomputed from its own predictions, and nothing read runs code."""

import ast
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import RESULTS, ROOT, DataError, hash_of, read_json
from halftone_utils.networks import training
from halftone_utils.results import accuracies
from halftone_utils.studies import experiments, grid
from halftone_utils.studies.experiments import Cell

KEYS = {
    "architecture",
    "size",
    "train_on",
    "seed",
    "n_train",
    "epochs",
    "seconds",
    "device",
    "versions",
    "config",
    "tests",
}
COMMITTED = sorted(RESULTS.glob("*-s[0-9]*.json"))
OF_FEWER = sorted(RESULTS.glob("n[0-9]*/*-s[0-9]*.json"))
SMALL = Cell(architecture="lenet", n_train=300, epochs=2, seed=3)


def recompute(path):
    """What the result file at `path` must say of each test set, from predictions and labels."""
    labels = datasets.read_idx("t10k-labels-idx1-ubyte").numpy()
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as predictions:
        assert all(predictions[name].dtype == np.uint8 for name in predictions)
        assert all(predictions[name].max() <= 9 for name in predictions)
        return {
            name: {
                "n": len(predictions[name]),
                "n_correct": int((predictions[name] == labels[: len(predictions[name])]).sum()),
            }
            for name in predictions
        }


# --- what is committed ------------------------------------------------------------------------


def cell_of(config):
    """The cell that a result was made of; the first digits are what goes without saying."""
    return Cell(**{k: config.get(k, "first") for k in Cell.__dataclass_fields__})


@pytest.mark.parametrize("path", COMMITTED + OF_FEWER, ids=lambda path: path.stem)
def test_a_committed_result_recomputes_from_its_predictions(path):
    result = read_json(path)
    assert recompute(path) == result["tests"]
    retrained = result["train_on"] != "original"
    assert set(result["tests"]) == set(sets.SHORT_TEST_SETS if retrained else sets.TEST_SETS)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_the_tables_networks_saw_the_grids_digits_and_read_all_test_digits(path):
    result = read_json(path)
    assert grid.directory_of(cell_of(result["config"])) == RESULTS
    assert {count["n"] for count in result["tests"].values()} == {datasets.SPLITS["test"]}


@pytest.mark.parametrize("path", COMMITTED + OF_FEWER, ids=lambda path: path.stem)
def test_a_committed_result_says_what_was_trained_how_and_on_what(path):
    result = read_json(path)
    assert set(result) >= KEYS
    config = result["config"]
    cell = cell_of(config)
    assert cell.stem == path.stem
    for key in ("architecture", "size", "train_on", "seed", "n_train"):
        assert result[key] == getattr(cell, key)
    assert config == cell.config  # the recipe and the halftone are still those of today
    assert result["config_hash"] == hash_of(config)
    assert result["epochs"] == cell.recipe.epochs
    assert result["seconds"] > 0
    assert result["device"]
    assert {"python", "torch", "torchvision"} <= set(result["versions"])


def test_the_loader_gives_every_committed_result():
    stems = [
        f"{r['architecture']}-{r['size']}-{r['train_on']}-s{r['seed']}"
        for r in accuracies.load_results()
    ]
    assert stems == [path.stem for path in COMMITTED]


def test_a_result_of_fewer_digits_lies_where_its_number_says_and_not_among_the_tables():
    of_fewer = accuracies.load_fewer()
    assert len(of_fewer) == len(OF_FEWER)
    assert [r["n_train"] for r in of_fewer] == sorted(r["n_train"] for r in of_fewer)
    for path in OF_FEWER:
        assert grid.directory_of(cell_of(read_json(path)["config"])) == path.parent


# --- a cell run here --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A small cell, run: its result and the folder where its files and checkpoint lie."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "CHECKPOINTS", folder / "checkpoints")
        result = experiments.run_cell(
            SMALL, tests=("original",), n_test=200, directory=folder, progress=False
        )
    return result, folder


@pytest.mark.parametrize(("n_train", "n_test"), [(200, 200), (300, 100)])
def test_a_smaller_trial_does_not_overwrite_a_result(n_train, n_test, ran):
    result, folder = ran
    with pytest.raises(ValueError, match=f"{SMALL.stem}.json holds a result of 300 training"):
        experiments.run_cell(replace(SMALL, n_train=n_train), n_test=n_test, directory=folder)
    assert accuracies.load_results(folder) == [result]


@pytest.fixture
def copied(ran, tmp_path):
    """The small cell's result file, to be harmed."""
    for suffix in ("json", "npz"):
        source = ran[1] / f"{SMALL.stem}.{suffix}"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return tmp_path / f"{SMALL.stem}.json"


def change(path, **values):
    path.write_text(json.dumps({**read_json(path), **values}))


def test_a_run_writes_what_the_loader_reads(ran):
    result, folder = ran
    assert set(result) >= KEYS
    assert accuracies.load_results(folder) == [result]
    assert recompute(folder / f"{SMALL.stem}.json") == result["tests"]
    assert result["tests"]["original"]["n"] == 200
    assert (result["n_train"], result["epochs"], result["seed"]) == (300, 2, 3)


def test_a_second_run_reads_the_checkpoint_and_comes_to_the_same(ran, tmp_path, monkeypatch):
    result, folder = ran
    monkeypatch.setattr(experiments, "CHECKPOINTS", folder / "checkpoints")
    (checkpoint,) = (folder / "checkpoints").iterdir()
    before = checkpoint.stat().st_mtime_ns
    again = experiments.run_cell(
        SMALL, tests=("original",), n_test=200, directory=tmp_path, progress=False
    )
    assert checkpoint.stat().st_mtime_ns == before
    assert {**again, "seconds": 0} == {**result, "seconds": 0}


@pytest.mark.parametrize("by", [-1, 1])
def test_a_result_that_lies_about_its_right_answers_is_named(by, copied):
    count = read_json(copied)["tests"]["original"]
    change(copied, tests={"original": {**count, "n_correct": count["n_correct"] + by}})
    with pytest.raises(DataError, match="its predictions give") as caught:
        accuracies.load_results(copied.parent)
    assert str(caught.value).startswith(str(copied))


@pytest.mark.parametrize(
    "tests",
    [{"original": {"n": 199, "n_correct": 50}}, {"halftone-talk": {"n": 200, "n_correct": 50}}],
    ids=["another number of digits", "another test set"],
)
def test_a_result_whose_predictions_are_of_something_else_is_named(tests, copied):
    change(copied, tests=tests)
    with pytest.raises(DataError) as caught:
        accuracies.load_results(copied.parent)
    assert str(copied) in str(caught.value)


def half(content):
    return content[: len(content) // 2]


def one_bit(content):
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


def pickled(content):
    stream = io.BytesIO()
    np.savez(stream, original=np.array([{}], dtype=object))
    return stream.getvalue()


@pytest.mark.parametrize(
    "damage",
    [None, half, lambda content: b"", one_bit, pickled],
    ids=["missing", "cut short", "empty", "altered", "pickled"],
)
def test_damaged_predictions_are_named_in_one_sentence(damage, copied):
    path = copied.with_suffix(".npz")
    content = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(content))
    with pytest.raises(DataError) as caught:
        accuracies.load_results(copied.parent)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}"])
def test_a_damaged_result_file_is_named_in_one_sentence(content, copied):
    copied.write_bytes(content)
    with pytest.raises(DataError) as caught:
        accuracies.load_results(copied.parent)
    assert str(caught.value).startswith(str(copied))
    assert len(str(caught.value).splitlines()) == 1


def test_published_weights_read_as_the_trained_ones_do(ran, tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "CHECKPOINTS", ran[1] / "checkpoints")
    monkeypatch.setattr(experiments, "DATA", tmp_path)
    path = experiments.publish(SMALL)
    images = datasets.load("validation", 32, 50)[0]
    model = experiments.published("lenet", seed=3)
    trained, _ = experiments.trained(SMALL, progress=False)
    expected = training.probabilities(trained, images)
    assert torch.allclose(training.probabilities(model, images), expected, atol=1e-6)
    path.write_bytes(half(path.read_bytes()))
    with pytest.raises(DataError, match="is damaged"):
        experiments.published("lenet", seed=3)
    path.unlink()
    with pytest.raises(DataError, match=f"{path} is missing"):
        experiments.published("lenet", seed=3)


# --- cells ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"architecture": "resnet"}, "architecture is 'resnet'; it is one of lenet, alexnet"),
        ({"train_on": "test"}, "train_on is 'test'"),
        ({"size": 64}, "size is 64"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.0}, "seed is 1.0"),
        ({"subset": "last"}, "subset is 'last'; it is one of balanced, first"),
        ({"n_train": 0}, "n_train is 0"),
        ({"n_train": 55_001}, "n_train is 55001"),
        ({"n_train": True}, "n_train is True"),
        ({"epochs": -1}, "epochs is -1"),
        ({"epochs": "3"}, "epochs is '3'"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_in_one_sentence(wrong, named):
    with pytest.raises(ValueError, match=named) as caught:
        Cell(**{"architecture": "lenet", **wrong})
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
        )
    ]
    assert len({hash_of(cell.config) for cell in (SMALL, *others)}) == 1 + len(others)
    assert json.loads(json.dumps(SMALL.config)) == SMALL.config


@pytest.mark.parametrize("train_on", ["original", "both-talk"])
def test_a_part_of_the_training_digits_is_balanced_over_the_classes(train_on, monkeypatch):
    seen = {}

    def watch(model, images, labels, recipe, *, n, **_):
        seen.update(images=images[:n], labels=labels[:n])
        return 0.0

    def both(name, split, size, n):
        images, labels = datasets.load(split, size, n)
        return images.repeat_interleave(2, 0), labels.repeat_interleave(2)

    monkeypatch.setattr(experiments.training, "fit", watch)
    if train_on == "both-talk":
        monkeypatch.setattr(experiments.sets, "load", both)
    experiments.trained(Cell(architecture="lenet", train_on=train_on, n_train=200))
    pictures = 2 if train_on == "both-talk" else 1
    assert torch.bincount(seen["labels"]).tolist() == 10 * [20 * pictures]
    if pictures == 2:  # the two pictures of a digit stand side by side
        assert torch.equal(seen["images"][0::2], seen["images"][1::2])


# --- intervals and summaries ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_correct", "n"), [(0, 10), (10, 10), (1, 1), (3, 7), (8146, 10_000), (9889, 10_000)]
)
def test_the_interval_is_wilsons(n_correct, n):
    expected = scipy.stats.binomtest(n_correct, n).proportion_ci(method="wilson")
    assert accuracies.wilson(n_correct, n) == pytest.approx((expected.low, expected.high), abs=1e-7)


@pytest.mark.parametrize(("n_correct", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_an_interval_of_impossible_counts_is_refused(n_correct, n):
    with pytest.raises(ValueError, match=f"n_correct is {n_correct} of n = {n}"):
        accuracies.wilson(n_correct, n)


def made_up(seed, n_correct, architecture="lenet"):
    return {
        "architecture": architecture,
        "train_on": "original",
        "size": 32,
        "seed": seed,
        "n_train": 300,
        "tests": {"original": {"n": 200, "n_correct": n_correct}},
    }


def test_a_summary_is_the_mean_and_deviation_over_seeds():
    results = [made_up(0, 100), made_up(1, 110), made_up(2, 120), made_up(0, 7, "alexnet")]
    row = accuracies.summarise(results, "lenet", "original", "original")
    assert row["mean"] == pytest.approx(55)
    assert row["sd"] == pytest.approx(math.sqrt((5**2 + 0 + 5**2) / 2))
    expected = scipy.stats.binomtest(100, 200).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert (row["seeds"], row["n"], row["n_train"]) == ([0, 1, 2], 200, 300)


def test_one_seed_has_no_deviation_and_no_measurement_no_summary():
    one = accuracies.summarise([made_up(0, 100)], "lenet", "original", "original")
    assert (one["mean"], one["sd"]) == (50, None)
    for cell in (
        ("alexnet", "original", "original"),
        ("lenet", "halftone-talk", "original"),
        ("lenet", "original", "halftone-talk"),
    ):
        assert accuracies.summarise([made_up(0, 100)], *cell) is None


# --- no pickle --------------------------------------------------------------------------------


def unpickling_lines(source):
    """Lines at which Python source may load a pickle."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
            if {n.split(".")[0] for n in names} & {"dill", "joblib", "cloudpickle", "shelve"}:
                lines.append(node.lineno)
            if isinstance(node, ast.ImportFrom) and node.module == "pickle":
                lines.append(node.lineno)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        options = {k.arg: ast.unparse(k.value) for k in node.keywords}
        if called in ("np.load", "numpy.load"):
            loads = options.get("allow_pickle", "False") != "False"
        elif called.endswith(("torch.load", "load_state_dict_from_url")):
            loads = options.get("weights_only") != "True"
        else:
            loads = called.endswith(
                ("pickle.load", "pickle.loads", "pickle.Unpickler", "read_pickle")
            )
        if loads:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    ("line", "loads"),
    [
        ("pickle.load(f)", True),
        ("pickle.Unpickler(f).load()", True),
        ("from pickle import loads", True),
        ("import joblib", True),
        ("pd.read_pickle(f)", True),
        ("torch.load(f)", True),
        ("torch.load(f, weights_only=False)", True),
        ("torch.load(f, weights_only=True)", False),
        ("np.load(f)", False),
        ("np.load(f, allow_pickle=True)", True),
        ("np.load(f, allow_pickle=False)", False),
        ("torch.hub.load_state_dict_from_url(u)", True),
        ("import pickle", False),
    ],
)
def test_what_loads_a_pickle_is_recognised(line, loads):
    assert bool(unpickling_lines(line)) == loads


SOURCES = [*sorted(ROOT.glob("halftone_utils/*.py")), *sorted(ROOT.glob("data/*.py"))]
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_file_loads_a_pickle(path):
    assert unpickling_lines(path.read_text()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_notebook_loads_a_pickle(path):
    cells = [c for c in read_json(path)["cells"] if c["cell_type"] == "code"]
    lines = [line for c in cells for line in "".join(c["source"]).splitlines()]
    source = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    assert unpickling_lines(source) == []
