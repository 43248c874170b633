"""The numbers of claims are taken from results, a number a seed."""

from functools import partial

import pytest

from halftone_utils.results import claims as rows
from halftone_utils.results import store
from halftone_utils.studies import channel, claims


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


def test_style_transfer_is_compared_with_its_control_at_the_same_iterations(folder):
    found = [{"shown": "original", "n": 100, "n_correct": 99}]
    config = {"network": {"architecture": "lenet", "seed": 0}}
    store.record("channel", "channel-lenet", config, found)
    assert claims.NUMBERS["style-transfer-is-more"]() == {}  # killed after its noise
    for way in channel.test_screens():
        row = {"shown": "redrawing", **way.config, "test": True}
        found.append({**row, "n": 100, "n_correct": 50, "predicted": 0.5})
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
