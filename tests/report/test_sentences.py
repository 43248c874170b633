"""Sentences say what the result files say, of how many digits and seeds, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from invented import NOTHING, adapted, made_up

from halftone_utils.engine.files import RESULTS
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.report import sentences
from halftone_utils.results import claims, store, table


@pytest.fixture(scope="module")
def read():
    return table.of_most_digits(table.experiments())


# --- a page's answer --------------------------------------------------------------------------


def test_networks_are_said_from_the_least_to_the_greatest_and_named_where_some_are_missing():
    two = [made_up(architecture="lenet", original=9_000), made_up(original=8_000, seed=1)]
    other = made_up(architecture="alexnet", original=7_000, halftone_strong=1_000)
    said = sentences.ranges(pd.concat([*two, other]), "original", 256)
    assert said == (
        "At 256 px, trained on originals, LeNet, AlexNet read 70.0 to 85.0 % of originals, 10.0 "
        "to 10.0 % of halftones at strong."
    )
    six = [made_up(architecture=a, original=9_000) for a in ARCHITECTURES]
    assert ", they read 90.0 to 90.0 %" in sentences.ranges(pd.concat(six), "original", 256)
    assert sentences.ranges(other, "halftone-strong", 256).endswith(", none was measured.")


def test_seeds_lie_as_far_apart_as_the_best_is_from_the_worst():
    seeds = [made_up(original=n, seed=i) for i, n in enumerate((9_000, 9_900, 9_500))]
    alone = made_up(architecture="alexnet", original=5_000)
    said = sentences.apart(pd.concat([*seeds, alone]), "original", 256)
    assert said == "originals, 256 px: LeNet 9.0 points"


# --- conclusions ------------------------------------------------------------------------------


def test_the_conclusions_count_the_gaps(read):
    assert sentences.conclusions(NOTHING) == [
        "Of the talk's 36 cells 0 are measured here, 36 are not."
    ]
    measured = int(sentences.conclusions(read)[-1].split("cells ")[1].split()[0])
    assert 1 <= measured <= 36


def test_an_architecture_more_is_concluded_from_and_counts_no_cell_of_the_talks(read, monkeypatch):
    before = sentences.conclusions(read)
    row = replace(ARCHITECTURES["lenet"], name="seventh", printed="Seventh")
    monkeypatch.setitem(ARCHITECTURES, "seventh", row)
    assert sentences.conclusions(read) == before
    own = made_up(architecture="seventh", original=9_000, halftone_talk=1_000)
    after = sentences.conclusions(pd.concat([read, own]))
    (new,) = [said for said in after if said not in before]
    assert new.startswith("Seventh at 256 px, trained on originals, reads 90.00 [")
    assert after[-1] == before[-1]
    for said in (sentences.retraining, sentences.trainings):
        assert said(read) == said(pd.concat([read, own.assign(seed=1)]))


def test_every_sentence_says_of_how_many_digits_its_own_numbers_are():
    results = pd.concat(
        [
            made_up("original", 1_500, 500, original=450, halftone_talk=50),
            made_up("halftone-talk", 4_000, 1_000, original=920, halftone_talk=950),
        ]
    )
    first, second, _ = sentences.conclusions(results)
    assert first.startswith("LeNet at 256 px (1,500 training, 500 test digits), trained on orig")
    assert second.startswith("LeNet at 256 px (4,000 training, 1,000 test digits), trained on half")
    (said,) = sentences.retraining(results)
    assert "costs 80.0 points; training on halftones wins back 85.0, and" in said
    assert "on originals gains 2.0 (" in said
    assert said.endswith(
        "(trained on 1,500 originals, but on 4,000 of these; read on 500 test "
        "digits, but then on 1,000: no fair comparison)."
    )


def test_a_mean_over_fewer_seeds_than_the_grid_has_says_over_which():
    runs = [made_up(seed=k, original=9_900 + k, halftone_talk=k) for k in (0, 1, 2)]
    two, three = (sentences.conclusions(pd.concat(some))[0] for some in (runs[1:], runs))
    assert two.startswith("LeNet at 256 px (seeds 1, 2), trained on")
    assert three.startswith("LeNet at 256 px, trained on")


# --- retraining -------------------------------------------------------------------------------


def test_what_retraining_costs_is_said_without_reservation_where_it_is_fair():
    results = [
        made_up("original", original=9_900, halftone_talk=1_000),
        made_up("both-talk", original=9_800, halftone_talk=9_700),
    ]
    (said,) = sentences.retraining(pd.concat(results))
    assert said.endswith("training on both wins back 87.0, and on originals costs 1.0.")
    assert sentences.retraining(NOTHING) == []


def test_what_retraining_costs_is_measured_on_the_seeds_that_both_were_trained_from():
    originals = [
        made_up("original", seed=seed, original=9_900, halftone_talk=right)
        for seed, right in ((0, 1_000), (1, 3_000), (2, 8_000))
    ]
    halftones = [
        made_up("halftone-talk", seed=seed, original=9_800, halftone_talk=9_700) for seed in (0, 1)
    ]
    (said,) = sentences.retraining(pd.concat([*originals, halftones[0]]))
    assert ", seed 0: the halftone costs 89.0 points; training on halftones wins back 87.0" in said
    (said,) = sentences.retraining(pd.concat([*originals, *halftones]))
    assert ", seeds 0, 1: the halftone costs 79.0 points; training on halftones wins back" in said
    assert sentences.retraining(pd.concat([*originals[1:], halftones[0]])) == []


# --- trainings --------------------------------------------------------------------------------


def test_every_training_on_originals_is_said_with_its_machine(read):
    said = sentences.trainings(read)
    first = read.query("train_on == 'original' and seed == 0")
    assert len(said) == first["stem"].nunique()
    assert any(s.startswith("LeNet, 32 px: 12 epochs of 55,000; 1 min on cpu, ") for s in said)
    assert any(": 20,000 digits at 128 px, then 1 epoch of 55,000; " in s for s in said)


def test_trials_of_recipes_are_said_in_order_with_their_intervals():
    said = sentences.recipes(store.read(RESULTS / "recipes.json"))
    assert len(said) == len({*said}) == 13
    names = [s.split(",")[0] for s in said]
    assert names == sorted(names, key=names.index)
    assert (
        "AlexNet, 32 px, rate 0.001, 16 epochs of 55,000 in batches of 128, shifted by up to 2 px: "
        "99.2 % [99.0, 99.4] of 5,000 validation digits"
    ) in said


# --- answers ----------------------------------------------------------------------------------


def test_a_networks_favourite_answer_is_the_one_it_gives_most(read):
    counts = table.confusion_matrix(read, "lenet", "original", "halftone-talk")
    said = sentences.favourites(read, "lenet", "halftone-talk")
    answer = counts.sum(0).argmax()
    share = 100 * counts[:, answer].sum() / counts.sum()
    assert f"favourite answer {answer} ({share:.0f} %" in said


def test_the_answer_given_most_often_is_counted_over_all_seeds(read):
    said = next(s for s in sentences.fallbacks(read, "halftone-strong", 32) if "ResNet18" in s)
    counts = np.zeros(10, int)
    for path in RESULTS.glob("resnet18-32-original-s*.npz"):
        with np.load(path) as predictions:
            counts += np.bincount(predictions["halftone-strong"], minlength=10)
    assert f"{counts.argmax()} is its answer" in said
    assert f"{100 * counts.max() / counts.sum():.1f} % of {counts.sum():,}" in said


def test_seeds_that_fall_back_on_other_answers_are_told_apart(monkeypatch):
    given = {0: [3, 3, 3, 1], 1: [8, 8, 8, 8]}
    monkeypatch.setattr(
        sentences,
        "predictions",
        lambda stem: {"halftone-strong": np.array(given[int(stem[-1])], np.uint8)},
    )
    runs = [made_up(architecture="vgg19", seed=k, halftone_strong=1_000) for k in (0, 1)]
    (said,) = sentences.fallbacks(pd.concat(runs), "halftone-strong", 256)
    assert said == "VGG19, 256 px: 8 is its answer to 50.0 % of 8 pictures (seed by seed 3, 8)"
    given[0] = [8, 8, 8, 3]
    (said,) = sentences.fallbacks(pd.concat(runs), "halftone-strong", 256)
    assert said == "VGG19, 256 px: 8 is its answer to 87.5 % of 8 pictures"


# --- batch statistics -------------------------------------------------------------------------


def test_what_new_statistics_do_is_a_sentence_a_network_and_a_test_set():
    results = [adapted(0, 90), adapted(2, 94)]
    (said,) = sentences.batch_statistics_sentences(results, shown=["halftone-talk"])
    assert said.startswith("ResNet18 at 32 px, trained on originals, halftones at talk: ")
    assert "10.00 ± 0.00 % as it is, 92.00 ± 2.83 % with statistics of 50 such" in said
    assert said.endswith("(n = 100 each of seeds 0, 2)")
    one = adapted(0, 90, shown=("original",))
    (said,) = sentences.batch_statistics_sentences([one])
    assert said.endswith("(n = 100)")


# --- claims -----------------------------------------------------------------------------------


def test_a_claim_is_said_with_what_became_of_it_and_its_numbers():
    verdicts = claims.judge({"shifts-cost-talk": {"lenet": (1.0, 1.25, 1.5, 1.25) * 2}})
    said = sentences.claims(verdicts, "shifts-cost-talk", "shifts-cost-strong").splitlines()
    first, second = (claims.load()[x].sentence for x in ("shifts-cost-talk", "shifts-cost-strong"))
    assert said == [
        f"- **Falls:** {first} *(≥ 5 points: LeNet 1.25 [1.09, 1.41])*",
        f"- **Not measured:** {second} *(≥ 10 points: no number yet)*",
    ]


def test_of_many_networks_a_claim_says_the_least_and_the_greatest():
    numbers = {a: (float(i),) for i, a in enumerate(ARCHITECTURES)}
    verdicts = claims.judge({"channel-predicts-error": numbers})
    assert "*(≤ 4 points: 0 to 5, 6 networks)*" in sentences.claims(
        verdicts, "channel-predicts-error"
    )
