"""Halftones beside attacks of the same size: what is shown, what is counted, what must hold."""

import pytest
import torch

from halftone_utils.digits import points
from halftone_utils.results import store
from halftone_utils.studies import attacks, sanity, undoing
from halftone_utils.studies.experiments import published


@pytest.fixture(scope="module")
def digits():
    return undoing.pictures("original", 3)


@pytest.fixture(scope="module")
def frozen(digits):
    return {"talk": 0.7 * digits[0] + 0.15, "strong": points.load("strong").halftone(digits[0])}


@pytest.fixture(scope="module")
def every(digits, frozen):
    """What a row says -> what is shown to LeNet."""
    network = published("lenet").requires_grad_(False)
    shown = attacks.shown(network, *digits, frozen)
    return {store.key_of(x.of_way): x for x in shown}


def drawn(every, **of_way):
    return every[store.key_of(of_way)].draw()


def test_every_row_is_something_else_and_all_that_the_rules_compare_is_shown(every, digits, frozen):
    assert len(every) == sum(1 for _ in attacks.shown(torch.nn.Identity(), *digits, frozen))
    for rule, *both in sanity._rules():
        for of_way in filter(None, both):
            assert store.key_of(of_way) in every, rule


@pytest.mark.parametrize("point", attacks.POINTS)
def test_pictures_beside_a_halftone_are_as_far_from_their_originals(point, every, digits, frozen):
    images, _ = digits
    own = attacks.l2(frozen[point], images)
    noise = drawn(every, attack="noise", norm="L2", point=point)
    assert torch.allclose(attacks.l2(noise, images), own, rtol=1e-3)
    pgd = {"attack": "pgd", "steps": attacks.STEPS, "restarts": 1, "point": point}
    assert (attacks.l2(drawn(every, **pgd, norm="L2", share=1.0), images) <= own + 1e-3).all()
    hops = {"attack": "hopskipjump", "queries": attacks.QUERIES[0], "point": point}
    assert (attacks.l2(drawn(every, **hops, norm="L2"), images) <= own).all()
    wanted = attacks.ssim(frozen[point], images)
    for of_way in ({"attack": "noise", "point": point}, pgd):
        found = drawn(every, **of_way, norm="SSIM")
        assert torch.allclose(attacks.ssim(found, images), wanted, atol=2e-3)


def test_a_change_is_brought_to_a_size_along_its_own_way_and_never_past_it(digits):
    images, _ = digits
    moved = images + 0.01
    wanted = torch.tensor([0.5, 2.0, 100.0])  # the last is further than black is from white
    found = attacks.along(images, moved, attacks.l2, wanted)
    assert torch.allclose(attacks.l2(found, images)[:2], wanted[:2], atol=1e-3)
    assert (attacks.l2(found, images) <= wanted).all()
    assert (found >= images).all()
    assert found.max() <= 1
    assert torch.equal(attacks.along(images, images, attacks.l2, wanted), images)


@pytest.mark.parametrize("tones", attacks.RANGES)
def test_a_chosen_screen_keeps_tone_as_well_as_the_frozen_one(tones, every, digits):
    images, _ = digits
    of = {"tone_range": [*tones]}
    allowed = attacks.tone_error(drawn(every, attack="screen", **of), images, tones)
    for white in (False, True):
        queries = attacks.SCREENS[1]
        found = drawn(every, attack="chosen screen", white_box=white, queries=queries, **of)
        assert {*found.unique().tolist()} == {0.0, 1.0}
        assert (attacks.tone_error(found, images, tones) <= allowed + 1e-5).all()


@pytest.fixture
def few(monkeypatch):
    """Two networks, and of the attacks those that take no time."""
    monkeypatch.setattr(attacks, "ARCHITECTURES", ("lenet", "alexnet"))
    monkeypatch.setattr(
        attacks,
        "shown",
        lambda model, images, labels, frozen, seed: attacks.in_linf(model, images, labels, seed),
    )
    monkeypatch.setattr(attacks, "EPSILONS", (attacks.SENT, 1.0))
    monkeypatch.setattr(attacks, "STEPS", 3)
    monkeypatch.setattr(
        undoing, "pictures", lambda name, n, load=undoing.pictures: load("original", n)
    )


def test_a_second_run_asks_nothing_and_rows_name_their_target(few, results, monkeypatch):
    found = attacks.attacks("lenet", n=4)
    assert found.stem == "attacks-lenet-32-original-s0"
    sent = found.where(target="alexnet")
    assert {row["attack"] for row in sent} == {"fgsm", "pgd"}
    assert not found.where(target="lenet")
    row = found.row(attack="random signs", epsilon=attacks.SENT)
    assert row["linf"] == pytest.approx(attacks.SENT, abs=1e-3)
    assert row["n"] == 4
    monkeypatch.setattr(attacks, "rows_of", None)
    assert attacks.attacks("lenet", n=4).rows == found.rows
    table = attacks.readings([found])
    assert len(table) == len(found.rows)
    assert table["target"].notna().sum() == len(sent)


def result(architecture, *rows):
    config = {"network": {"architecture": architecture, "seed": 0}}
    rows = [{"n": 10, **row} for row in rows]
    return store.Result(study="attacks", stem=architecture, config=config, rows=rows)


PGD = {"attack": "pgd", "norm": "Linf", "steps": attacks.STEPS, "restarts": 1}
FGSM = {"attack": "fgsm", "norm": "Linf"}


def test_sanity_says_what_holds_and_what_does_not():
    found = sanity.sanity(
        [
            result(
                "lenet",
                {**PGD, "epsilon": 0.1, "n_correct": 5},
                {**PGD, "epsilon": 0.2, "n_correct": 6},  # more, with a greater budget
                {**PGD, "epsilon": 1.0, "n_correct": 1},  # some, with any
                {**FGSM, "epsilon": 0.1, "n_correct": 5},
                {**FGSM, "epsilon": 0.2, "n_correct": 4},  # fewer, with one step
            ),
            result("alexnet", {**PGD, "epsilon": 0.2, "target": "lenet", "n_correct": 3}),
        ]
    ).set_index("rule")
    assert found["holds"].groupby("rule").apply(list).to_dict() == {
        "iterated beats single step": [True, False],
        "unlimited budget leaves none": [False],
        "more budget never less": [False],
        "white box beats transfer": [False],
    }
    broken = found.loc["white box beats transfer"]
    assert (broken["left_by_weaker"], broken["left_by_stronger"]) == (30, 60)
    assert broken["than"]["source"] == "alexnet"
