"""The numbers of claims are taken from results, a number a seed."""

from functools import partial

import pytest

from halftone_utils.results import claims as rows
from halftone_utils.results import store
from halftone_utils.studies import channel, claims, corruptions, factors


@pytest.fixture
def folder(results, monkeypatch):
    """An empty folder that studies write into, and claims are judged by."""
    monkeypatch.setattr(store, "load", partial(store.load, directory=results))
    return results


def test_every_number_belongs_to_a_claim_and_every_verdict_to_its_networks():
    assert {*claims.NUMBERS} <= {*rows.load()}
    for verdict in claims.verdicts():
        assert {*verdict.numbers} <= {*verdict.claim.networks}
        measured = [x for values in verdict.numbers.values() for x in values]
        assert (verdict.outcome == "not measured") == (not measured)


def test_the_cost_of_shifts_is_the_difference_of_two_trainings(folder):
    for seed, (own, without) in enumerate(((70, 90), (60, 90))):
        config = {"architecture": "lenet", "seed": seed}
        found = [
            {"change": change, "shown": "halftone-talk", "n": 100, "n_correct": right}
            for change, right in (({}, own), ({"shift": 0}, without))
        ]
        store.record("factors", f"factors-lenet-s{seed}", config, found)
    assert claims.NUMBERS["shifts-cost-talk"]() == {"lenet": [20, 30]}
    assert claims.NUMBERS["shifts-by-dose"]() == {}  # two doses are not there yet


def test_what_solvers_read_of_a_scheme_is_counted_by_captcha(folder):
    found = {"character_accuracy": 0.5, "n": 4, "split": "test", "treatment": "as it is"}
    rungs = {"stock": 0, "parity": 3}
    read = [{**found, "solver": "ddddocr", "rung": r, "n_correct": k} for r, k in rungs.items()]
    for scheme in ("iso-dipole", "plain"):
        store.record("ladder", f"captcha-{scheme}", {"scheme": scheme}, read)
    assert claims.NUMBERS["dipole-falls-to-parity"]() == {"ddddocr": [1, 1, 1, 0]}
    assert claims.NUMBERS["dipole-stops-stock"]() == {"ddddocr": [0, 0, 0, 0]}
    assert claims.NUMBERS["dipole-stops-energies"]() == {}


def test_networks_are_compared_over_the_recipes_that_both_have_once_all_are_there(folder):
    read = {"lenet": (80, 90, 99), "alexnet": (60, 85)}
    changes = [{}, {"shift": 0}, {"shift": 1}]
    kept = {network: changes[: len(right)] for network, right in read.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factors, "changes_of", kept.get)
        for network, right in read.items():
            for change, k in zip(kept[network], right, strict=True):
                assert claims.NUMBERS["order-survives-recipes"]() == {"lenet, alexnet": []}
                row = {"change": change, "shown": "halftone-talk", "n": 100, "n_correct": k}
                config = {"architecture": network, "seed": 0}
                store.record("factors", f"factors-{network}-s0", config, [row])
        assert claims.NUMBERS["order-survives-recipes"]() == {"lenet, alexnet": [5]}


def test_style_transfer_is_compared_with_its_control_at_the_same_iterations(folder):
    found = [{"shown": "original", "n": 100, "n_correct": 99}]
    config = {"network": {"architecture": "lenet", "seed": 0}}
    store.record("channel", "channel-lenet", config, found)
    assert claims.NUMBERS["style-transfer-is-more"]() == {}  # killed after its noise
    strong = {"shown": "redrawing", "kind": "strong", "parameters": {}}
    found.append({**strong, "n": 100, "n_correct": 10, "predicted": 0.1})
    for steps, right, control in (
        (4, 99, 0),
        (8, 70, 80),
        (15, 60, 80),
        (30, 50, 80),
        (50, 40, 80),
    ):
        row = {"shown": "redrawing", "kind": "style transfer", "n": 100}
        row["parameters"] = {"point": "talk", "iterations": steps}
        found.append({**row, "n_correct": right, "predicted": 0.5})
        found.append({**row, "sigma": 1.4, "n_correct": 100})
        found.append({**row, "control": "random phases", "n_correct": control, "predicted": 0.5})
    store.record("channel", "channel-lenet", config, found)
    assert claims.NUMBERS["style-transfer-is-more"]() == {}  # killed before its test
    for way in channel.test_screens():
        row = {"shown": "redrawing", **way.config, "test": True}
        found.append({**row, "n": 100, "n_correct": 50, "predicted": 0.5})
    store.record("channel", "channel-lenet", config, found)
    assert claims.NUMBERS["channel-predicts-error"]() == {"lenet": [0]}
    assert claims.NUMBERS["style-transfer-is-more"]() == {"lenet": pytest.approx([25])}


def test_legibility_falls_with_the_noise_that_passes_in_rank(folder):
    ways = [(0.1, 95), (0.3, 96), (2.0, 20), (9.0, 10)]
    found = [
        {
            "kind": "am",
            "parameters": {"ruling": k},
            "noise": 1.0,
            "passed": x,
            "n": 100,
            "n_correct": y,
        }
        for k, (x, y) in enumerate(ways)
    ]
    store.record("legibility", "legibility-s0", {"seed": 0}, found)
    assert claims.NUMBERS["legible-is-empty-window"]() == {"observer": [pytest.approx(-0.8)]}


def test_what_new_statistics_give_is_counted_from_those_of_training(folder):
    config = {"network": {"architecture": "resnet18", "seed": 0}}
    own = {"shown": "halftone-strong", "statistics": "of training", "n": 100}
    new = own | {"statistics": "halftone-strong", "n_adapt": 200, "draw": 0, "prior": 0}
    found = [
        own | {"n_correct": 10},
        new | {"n_correct": 90},
        new | {"prior": 16, "n_correct": 60},
        new | {"first": 2, "n_correct": 70},
        new | {"only": 2, "n_correct": 20},
        new | {"moments": "means", "n_correct": 30},
        new | {"n_adapt": 50, "n_correct": 80},
        new | {"n_adapt": 50, "draw": 1, "n_correct": 84},
    ]
    store.record("batch parts", "batch-parts-resnet18", config, found)
    assert claims.NUMBERS["few-pictures-suffice"]() == {}  # killed before its end
    found = [
        new | {"moments": "variances", "n_correct": 75},
        new | {"statistics": "noise", "n_correct": 15},
    ]
    store.record("batch parts", "batch-parts-resnet18", config, found)
    for name, value in (
        ("few-pictures-suffice", 72),
        ("first-layers-do-it", 0.75),
        ("variances-not-means", 45),
    ):
        assert claims.NUMBERS[name]() == {"resnet18": pytest.approx([value])}, name


def test_a_teacher_of_random_weights_is_compared_with_its_own_control(folder):
    config = {"network": {"architecture": "lenet", "seed": 0}}
    drawn = {"shown": "style transfer", "iterations": 30, "n": 100}
    found = [
        {"shown": "original", "filter": "threshold", "n": 100, "n_correct": 99},
        drawn | {"teacher": "trained", "n_correct": 40},
        drawn | {"teacher": "trained", "control": "random phases", "n_correct": 90},
    ]
    store.record("teacher", "teacher-lenet", config, found)
    assert claims.NUMBERS["not-the-teacher"]() == {}
    drawn |= {"teacher": "random"}
    found = [
        drawn | {"n_correct": 60},
        drawn | {"filter": "threshold", "n_correct": 95},
        drawn | {"control": "random phases", "n_correct": 72},
        drawn | {"control": "sign turned", "n_correct": 80},
    ]
    store.record("teacher", "teacher-lenet", config, found)
    assert claims.NUMBERS["not-the-teacher"]() == {"lenet": [pytest.approx(12)]}


def test_the_tone_is_read_of_screens_at_the_last_layer_of_the_trained_network(folder):
    numbers = {"n": 10, "n_correct": 0, "error_least": 0.0}
    found = [{"layer": k, "shown": "continuous", "error": 0.0, **numbers} for k in (1, 2)]
    for layer, kind, error in ((1, "am", 9), (2, "am", 0.2), (2, "bayer", 0.4), (2, "random", 9)):
        of_screen = {"layer": layer, "shown": "halftone", "kind": kind, "parameters": {}}
        found.append({**of_screen, "error": error, **numbers})
        found.append({**of_screen, "untrained": True, "error": 9.0, **numbers})
    config = {"network": {"architecture": "lenet", "seed": 0}}
    store.record("tones", "tones-lenet", config, found)
    assert claims.NUMBERS["sees-the-tone"]() == {"lenet": [pytest.approx(0.3)]}


def test_the_worst_legible_screen_is_compared_with_the_known_one(folder):
    config = {"architecture": "lenet", "seed": 0}
    screen = {"shown": "screen", "kind": "am", "parameters": {"ruling": 2.0}, "n": 100}
    found = [
        {"shown": "original", "n": 100, "n_correct": 90},
        {"shown": "halftone-strong", "n": 100, "n_correct": 98},
        screen | {"n_correct": 5},
        screen | {"kind": "bayer", "legible": True, "n_correct": 60},
        screen | {"kind": "sierra", "legible": True, "n_correct": 80},
        {"shown": "every screen", "n": 100, "n_correct": 2},
        {"shown": "every legible screen", "n": 100, "n_correct": 45},
    ]
    for trained_on in ("original", "halftone-strong"):
        assert claims.NUMBERS["another-screen-costs"]() == {}
        rows = [{"trained_on": trained_on, **row} for row in found]
        store.record("worst case", "worst-case-lenet-s0", config, rows)
    assert claims.NUMBERS["another-screen-costs"]() == {"lenet": [38]}
    assert claims.NUMBERS["a-screen-for-each-digit"]() == {"lenet": [45]}


def test_strong_is_compared_with_the_worst_corruption_for_those_trained_on_originals(folder):
    read = dict.fromkeys(corruptions.CORRUPTIONS, 80) | {"fog": 30, "halftone-strong": 10}
    rows = [
        {"trained_on": trained_on, "shown": shown, "n": 100, "n_correct": right + more}
        for trained_on, more in (("original", 0), ("halftone-strong", 20))
        for shown, right in (read | {"halftone-strong": 10 + 3 * more}).items()
    ]
    store.record("corruptions", "corruptions-lenet-s0", {"architecture": "lenet"}, rows)
    assert claims.NUMBERS["worse-than-corruptions"]() == {"lenet": [20]}


def test_attacks_are_compared_on_the_attacked_network_once_both_are_there(folder):
    config = {"network": {"architecture": "lenet", "seed": 0}}
    at_talk = {"point": "talk", "norm": "L2", "n": 100}
    of_screen = {"attack": "chosen screen", "white_box": False, "queries": 30, "n": 100}
    found = [
        {"attack": "halftone", "point": "talk", "n": 100, "n_correct": 80},
        at_talk | {"attack": "pgd", "share": 0.25, "n_correct": 15},
        at_talk | {"attack": "pgd", "share": 0.25, "target": "alexnet", "n_correct": 99},
        at_talk | {"attack": "pgd", "share": 1.0, "n_correct": 0},
        {"attack": "screen", "tone_range": [0.4, 0.8], "n": 100, "n_correct": 30},
        of_screen | {"tone_range": [0.4, 0.8], "n_correct": 10},
    ]
    store.record("attacks", "attacks-lenet", config, found)
    assert claims.NUMBERS["gradient-needs-less"]() == {"lenet": [65]}
    assert claims.NUMBERS["answers-need-queries"]() == {}
    assert claims.NUMBERS["chosen-screen-is-worse"]() == {}
    found = [
        at_talk | {"attack": "hopskipjump", "queries": 50, "n_correct": 90},
        at_talk | {"attack": "hopskipjump", "queries": 200, "n_correct": 20},
        {"attack": "screen", "tone_range": [0.25, 0.85], "n": 100, "n_correct": 40},
        of_screen | {"tone_range": [0.25, 0.85], "n_correct": 30},
        of_screen | {"tone_range": [0.25, 0.85], "n_correct": 0, "white_box": True},
    ]
    store.record("attacks", "attacks-lenet", config, found)
    assert claims.NUMBERS["answers-need-queries"]() == {"lenet": [10]}
    assert claims.NUMBERS["chosen-screen-is-worse"]() == {"lenet": [15]}
