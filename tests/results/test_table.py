"""What follows from the results is what their predictions hold."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from halftone_utils.digits import datasets
from halftone_utils.engine.files import ROOT, DataError
from halftone_utils.results import intervals, store, table


@pytest.fixture(scope="module")
def read():
    return table.of_most_digits(table.experiments())


def made_up(seed, n_correct, architecture="lenet", n_train=300, **other):
    row = {"stem": f"{architecture}-{seed}-{n_train}", "architecture": architecture, "size": 32}
    row |= {"train_on": "original", "seed": seed, "n_train": n_train, "shown": "original"}
    return {**row, "n": 200, "n_correct": n_correct, **other}


# --- the table --------------------------------------------------------------------------------


def test_a_line_says_all_that_the_file_says_and_of_which_run_it_is(tmp_path):
    config, runs = {"size": 32}, [{"device": "cpu"}, {"device": "cuda"}]
    rows = [{"shown": "original", "n": 2, "n_correct": 1}]
    rows.append({"shown": "dots", "n": 2, "n_correct": 0, "run": 1})
    of_file = {"study": "s", "stem": "f", "config": config, "rows": rows, "runs": runs}
    found = table.tidy([store.Result(**of_file)])
    expected = [
        {"study": "s", "stem": "f", "size": 32, **row, "run": run}
        for row, run in zip(rows, runs, strict=True)
    ]
    assert found.to_dict("records") == expected
    assert table.tidy([]).empty


@pytest.fixture
def written(tmp_path):
    """A folder with one small experiment whose counts are its predictions'."""
    labels = datasets.load("test", 28, 200)[1].numpy().astype(np.uint8)
    labels[150:] += 1
    store.write_predictions(tmp_path / "made-up.npz", {"original": labels})

    def write(**row):
        rows = [{"shown": "original", "n": 200, "n_correct": 150, **row}]
        config = {"architecture": "lenet", "size": 32, "train_on": "original", "seed": 0}
        config["n_train"] = 300
        (tmp_path / "made-up.json").unlink(missing_ok=True)
        store.record("experiment", "made-up", config, rows, directory=tmp_path)
        return tmp_path

    return write


def test_what_the_predictions_bear_out_is_read(written):
    (line,) = table.experiments(written()).to_dict("records")
    assert (line["stem"], line["shown"], line["n_correct"]) == ("made-up", "original", 150)
    empty = table.experiments(written() / "nowhere")
    assert empty.empty
    assert {"stem", "architecture", "shown", "n"} <= {*empty.columns}


def test_what_the_predictions_do_not_bear_out_is_named_in_one_sentence(written):
    for row, named in (
        ({"n_correct": 149}, "149 right; its predictions give 150"),
        ({"n_correct": 151}, "151 right; its predictions give 150"),
        ({"n": 199}, "made-up.npz does not hold so many"),
        ({"shown": "halftone-talk"}, "made-up.npz does not hold so many"),
    ):
        folder = written(**row)
        with pytest.raises(DataError, match=named) as caught:
            table.experiments(folder)
        assert str(caught.value).startswith(str(folder / "made-up"))
        assert len(str(caught.value).splitlines()) == 1


def test_reading_results_waits_for_no_compiler_and_no_networks():
    script = "\n".join(
        (
            "import sys",
            "from halftone_utils.report import tables",
            "from halftone_utils.results import table",
            "print([name for name in ('torchvision', 'numba') if name in sys.modules])",
        )
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr


# --- means over seeds -------------------------------------------------------------------------


def test_a_cell_is_summed_up_over_its_seeds():
    lines = [made_up(2, 120), made_up(0, 100), made_up(1, 110), made_up(0, 7, "alexnet")]
    found = table.summarise(pd.DataFrame(lines), "lenet", "original", "original")
    assert found == intervals.summary([(100, 200), (110, 200), (120, 200)], [0, 1, 2], 300)


def test_what_was_not_measured_has_no_summary():
    one = pd.DataFrame([made_up(0, 100)])
    assert table.summarise(one, "lenet", "original", "original").sd is None
    for cell in (
        ("alexnet", "original", "original"),
        ("lenet", "halftone-talk", "original"),
        ("lenet", "original", "halftone-talk"),
    ):
        assert table.summarise(one, *cell) is None


def test_of_several_trainings_the_one_on_most_digits_counts():
    lines = [made_up(0, 90, n_train=100), made_up(0, 95, n_train=300), made_up(1, 99, n_train=300)]
    lines += [made_up(0, 50, "alexnet", n_train=100)]
    found = pd.DataFrame(lines)
    assert [*table.of_most_digits(found)["n_correct"]] == [95, 99, 50]
    summary = table.summarise(found, "lenet", "original", "original")
    assert (summary.n_train, summary.seeds) == (300, (0, 1))


def test_the_frontier_holds_what_nothing_beats():
    points = [(95, 60), (90, 20), (80, 25), (99, 90), (70, 10), (95, 55), (60, 10)]
    points = [(float(x), float(y)) for x, y in points]
    assert table.lower_envelope(points) == [(99, 90), (95, 55), (90, 20), (70, 10)]
    assert table.lower_envelope([]) == []


def test_a_curve_has_a_column_a_network_and_a_line_an_iteration():
    rows = [
        {"architecture": a, "seed": 0, "from_afar": afar, "iteration": i, "n": 50, "n_correct": k}
        for (a, afar, i), k in {
            ("lenet", False, 0): 50,
            ("lenet", False, 1): 40,
            ("lenet", True, 0): 49,
            ("lenet", True, 1): 48,
            ("vgg16", False, 0): 45,
            ("vgg16", False, 1): 5,
        }.items()
    ]
    found = store.Result(study="strength", stem="", config={}, rows=rows)
    near, afar = (table.curve(found, seen) for seen in (False, True))
    assert near["lenet", 0].to_dict() == {0: 100, 1: 80}
    assert near["vgg16", 0].to_dict() == {0: 90, 1: 10}
    assert [*afar.columns] == [("lenet", 0)]
    assert afar["lenet", 0].to_dict() == {0: 98, 1: 96}


# --- answers ----------------------------------------------------------------------------------


def test_a_confusion_matrix_counts_every_test_digit_of_every_seed(read):
    lenets = read.query("architecture == 'lenet' and train_on == 'original' and size == 32")
    originals = lenets[lenets["shown"] == "original"]
    matrix = table.confusion_matrix(read, "lenet", "original", "original")
    digits = np.bincount(datasets.load("test", 28)[1].numpy())
    assert (matrix.sum(1) == len(originals) * digits).all()
    assert matrix.trace() == originals["n_correct"].sum()


def test_what_a_digit_is_taken_for_is_its_commonest_mistake():
    counts = np.diag([10] * 10)
    counts[6, 6], counts[6, 5], counts[6, 0] = 2, 6, 2
    found = table.misread_by_digit(counts)
    assert found.loc[6].tolist() == [80, 5, 75]
    assert (found["misread"].drop(6) == 0).all()


def test_the_p_is_mcnemars_of_the_digits_that_only_one_of_two_reads(read):
    labels = datasets.load("test", 28)[1].numpy()
    lenet, alexnet = (
        store.predictions(f"{a}-32-original-s0")["original"] == labels for a in ("lenet", "alexnet")
    )
    only = int((lenet & ~alexnet).sum()), int((alexnet & ~lenet).sum())
    p = table.log10_p(read, ["lenet", "alexnet"], "original")
    assert p[0, 1] == pytest.approx(np.log10(binomtest(only[0], sum(only)).pvalue))


def test_mistakes_agree_with_themselves_and_differ_not(read):
    networks = ["lenet", "alexnet"]
    both = table.agreement(read, networks, "halftone-talk")
    assert (both.diagonal() == 100).all()
    assert 0 < both[0, 1] == both[1, 0] < 100
    p = table.log10_p(read, networks, "halftone-talk")
    assert (p.diagonal() == 0).all()
    assert -300 <= p[0, 1] == p[1, 0] < 0
