"""What one number of a screen tells at best, beside what a network's channel tells."""

import numpy as np
import pytest

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.results import store
from halftone_utils.studies import channel, divisions, rivals


def test_the_best_falling_function_tells_whatever_falls_and_of_what_rises_only_the_mean():
    power = [3.0, 1.0, 2.0, 4.0]
    assert rivals.best_falling(power, [0.5, 0.9, 0.6, 0.1]) == pytest.approx([0.5, 0.9, 0.6, 0.1])
    assert rivals.best_falling(power, [0.3, 0.1, 0.2, 0.4]) == pytest.approx([0.25] * 4)


def test_powers_are_of_the_test_s_screens_in_bands_that_add_up():
    in_bands, passed = rivals.powers_of_screens(4)
    images = as_float(datasets.load("validation", 32, 4)[0])
    ways = channel.test_screens()
    assert in_bands.shape == (len(ways), 4, 9) and passed.shape == (len(ways),)
    assert in_bands[5].equal(channel.power_of(ways[5](images), images))
    fine, coarse = (
        next(i for i, way in enumerate(ways) if way.parameters.get("ruling") == ruling)
        for ruling in (2.25, 8.0)
    )
    assert passed[fine] < passed[coarse] / 3  # through a blur, fine dots are gone first


def test_a_channel_that_is_right_beats_what_does_not_fall_with_power(results):
    in_bands, _ = rivals.powers_of_screens(20)
    hurting = in_bands[..., 4].mean(1).numpy()  # only the fifth band harms this network
    right = (20 / (1 + hurting / np.median(hurting))).round().astype(int)
    rows = [
        {"shown": "redrawing", **way.config, "test": True, "n": 20, "n_correct": int(k)}
        | {"predicted": float(k / 20)}
        for way, k in zip(channel.test_screens(), right, strict=True)
    ]
    rows += [
        {"shown": "noise", "band": [0.1, 0.2], "rms": rms, "n": 20, "n_correct": k}
        for rms, k in ((0.1, 18), (0.3, 11), (1.0, 3))
    ]
    rows.append({"shown": "original", "n": 20, "n_correct": 20})
    config = {"network": {"architecture": "lenet", "seed": 0}, "split": "validation", "n": 20}
    store.record("channel", "channel-lenet-32-original-s0", config, rows)
    found = rivals.rivals("lenet")
    assert {*found.measured} == {"channel", rivals.ALIKE, rivals.TOTAL, rivals.PASSED, rivals.BAND}
    assert found.measured["channel"]["r2"] == 1
    assert found.measured[rivals.TOTAL]["r2"] < found.measured[rivals.BAND]["r2"]
    assert found.where(rival=rivals.BAND)[0]["band"] == [*channel.BANDS[4]]
    assert {row.get("run", 0) for row in found.rows} <= {*range(len(found.runs))}
    assert rivals.rivals("lenet").rows == found.rows


def test_what_tells_tone_ranges_apart_is_nothing_within_them():
    def row(tones, right, predicted):
        of = {"parameters": {"tone_range": tones}, "n": 100, "n_correct": right}
        return {**of, "predicted": predicted}

    means = [row([0, 1], 90, 0.92), row([0, 1], 94, 0.92), row([0.4, 0.8], 10, 0.12)]
    means.append(row([0.4, 0.8], 14, 0.12))
    assert rivals.within_ranges(means) == pytest.approx(0)
    exact = [{**x, "predicted": x["n_correct"] / 100} for x in means]
    assert rivals.within_ranges(exact) == 1


def test_every_network_and_seed_is_among_what_is_explained():
    found = rivals.explained()
    assert {*found} == {"channel", rivals.ALIKE, rivals.TOTAL, rivals.PASSED, rivals.BAND}
    for over_all, within in found.values():
        assert len(over_all) == len(within) == len(store.load("rivals"))


def test_committed_results_are_of_the_committed_channels():
    for found in store.load("rivals"):
        behind = divisions.read_behind(
            store.read(store.path_of(found.stem.replace("rivals", "channel")))
        )
        assert found.measured["channel"] == rivals.agreement(behind)
