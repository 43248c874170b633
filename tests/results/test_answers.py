"""What is said of answers is what the predictions hold."""

import numpy as np

from halftone_utils.digits import datasets
from halftone_utils.results import accuracies, answers

RESULTS = accuracies.load_results()


def test_a_confusion_matrix_counts_every_test_digit_of_every_seed():
    lenets = (r for r in RESULTS if (r["architecture"], r["train_on"]) == ("lenet", "original"))
    seeds = [r for r in lenets if r["size"] == 32]
    matrix = answers.confusion_matrix(RESULTS, "lenet", "original", "original")
    digits = np.bincount(datasets.load("test", 28)[1].numpy())
    assert (matrix.sum(1) == len(seeds) * digits).all()
    right = sum(r["tests"]["original"]["n_correct"] for r in seeds)
    assert matrix.trace() == right


def test_mcnemar_finds_no_difference_of_a_network_from_itself():
    pair = answers.mcnemar(RESULTS, "lenet", "lenet", "original", "original")
    assert pair == {"only_one": 0, "only_other": 0, "p": 1.0}


def test_a_networks_favourite_answer_is_the_one_it_gives_most():
    counts = answers.confusion_matrix(RESULTS, "lenet", "original", "halftone-talk")
    said = answers.favourites(RESULTS, "lenet", "halftone-talk")
    answer = counts.sum(0).argmax()
    assert (
        f"favourite answer {answer} ({100 * counts[:, answer].sum() / counts.sum():.0f} %" in said
    )


def test_mistakes_agree_with_themselves_and_differ_not():
    networks = ["lenet", "alexnet"]
    both = answers.agreement(RESULTS, networks, "halftone-talk")
    assert (both.diagonal() == 100).all()
    assert 0 < both[0, 1] == both[1, 0] < 100
    p = answers.log10_p(RESULTS, networks, "halftone-talk")
    assert (p.diagonal() == 0).all()
    assert -300 <= p[0, 1] == p[1, 0] < 0


def test_the_answer_given_most_often_is_counted_over_all_seeds():
    said = next(s for s in answers.fallbacks(RESULTS, "halftone-strong", 32) if "ResNet18" in s)
    counts = np.zeros(10, int)
    for path in accuracies.RESULTS.glob("resnet18-32-original-s*.npz"):
        with np.load(path) as predictions:
            counts += np.bincount(predictions["halftone-strong"], minlength=10)
    assert f"{counts.argmax()} is its answer" in said
    assert f"{100 * counts.max() / counts.sum():.1f} % of {counts.sum():,}" in said


def test_seeds_that_fall_back_on_other_answers_are_told_apart(monkeypatch):
    given = {"vgg19-32-original-s0": [3, 3, 3, 1], "vgg19-32-original-s1": [8, 8, 8, 8]}
    monkeypatch.setattr(
        answers, "load_predictions", lambda stem: {"halftone-strong": np.array(given[stem])}
    )
    runs = [
        {"architecture": "vgg19", "size": 32, "train_on": "original", "seed": k} for k in (0, 1)
    ]
    (said,) = answers.fallbacks(runs, "halftone-strong", 32)
    assert said == "VGG19, 32 px: 8 is its answer to 50.0 % of 8 pictures (seed by seed 3, 8)"
    given["vgg19-32-original-s0"] = [8, 8, 8, 3]
    (said,) = answers.fallbacks(runs, "halftone-strong", 32)
    assert said == "VGG19, 32 px: 8 is its answer to 87.5 % of 8 pictures"
