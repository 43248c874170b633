"""Tables and sentences say what the result files say, and nothing where there is none."""

import numpy as np

from halftone_utils import experiments, mnist, tables

RESULTS = experiments.load_results()


def test_a_cell_that_was_not_measured_is_empty():
    rows = tables.talk_table([]).splitlines()[2:]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")[3:-1]]
        assert len(cells) == 6
        assert all(cell == "" or cell.startswith("(talk:") for cell in cells)


def test_a_measured_cell_stands_under_its_architecture_with_the_talks_figure():
    row = tables.talk_table(RESULTS).splitlines()[2]
    lenet = row.split("|")[3]
    mean = experiments.summarise(RESULTS, "lenet", "original", "original")["mean"]
    assert f"{mean:.2f}" in lenet
    assert "98.89" in lenet


def test_a_confusion_matrix_counts_every_test_digit_of_every_seed():
    seeds = [r for r in RESULTS if (r["architecture"], r["train_on"]) == ("lenet", "original")]
    matrix = tables.confusion_matrix(RESULTS, "lenet", "original", "original")
    digits = np.bincount(mnist.load("test", 28)[1].numpy())
    assert (matrix.sum(1) == len(seeds) * digits).all()
    right = sum(r["tests"]["original"]["n_correct"] for r in seeds)
    assert matrix.trace() == right


def test_mcnemar_finds_no_difference_of_a_network_from_itself():
    pair = tables.mcnemar(RESULTS, "lenet", "lenet", "original", "original")
    assert pair == {"only_one": 0, "only_other": 0, "p": 1.0}


def test_the_conclusions_count_the_gaps():
    assert tables.conclusions([])[-1].startswith("Of the talk's 36 cells 0 are measured")
    measured = int(tables.conclusions(RESULTS)[-1].split("cells ")[1].split()[0])
    assert 1 <= measured <= 36


def test_one_models_row_gives_its_own_interval():
    low, high = experiments.wilson(RESULTS[0]["tests"]["original"]["n_correct"], 10_000)
    row = next(r for r in tables.single_models(RESULTS).splitlines()[2:] if "| original |" in r)
    assert f"{100 * low:.2f}-{100 * high:.2f}" in row


def test_a_networks_favourite_answer_is_the_one_it_gives_most():
    counts = tables.confusion_matrix(RESULTS, "lenet", "original", "halftone-talk")
    said = tables.favourites(RESULTS, "lenet", "halftone-talk")
    answer = counts.sum(0).argmax()
    assert (
        f"favourite answer {answer} ({100 * counts[:, answer].sum() / counts.sum():.0f} %" in said
    )


def test_mistakes_agree_with_themselves_and_differ_not():
    networks = ["lenet", "alexnet"]
    both = tables.agreement(RESULTS, networks, "halftone-talk")
    assert (both.diagonal() == 100).all()
    assert 0 < both[0, 1] == both[1, 0] < 100
    p = tables.log10_p(RESULTS, networks, "halftone-talk")
    assert (p.diagonal() == 0).all()
    assert -300 <= p[0, 1] == p[1, 0] < 0


def test_controls_that_were_not_measured_are_left_out():
    assert len(tables.control_table([], 32).splitlines()) == 2
    assert "random dots" in tables.control_table(RESULTS, 32)
