"""Noise is counted where the observer's blur lets it pass, against the digit that passes."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.screens import spectra
from halftone_utils.screens.ways import Way
from halftone_utils.studies import frontier, legibility


@pytest.fixture(scope="module")
def some():
    return as_float(datasets.load("validation", 32, 6)[0])


def test_noise_is_what_is_left_beside_a_digit_of_any_contrast(some):
    assert legibility.noise_of(0.2 + 0.5 * some, some, 1.4) == pytest.approx(0, abs=1e-6)
    noise = 0.1 * spectra.white_noise(6, 32)
    near = legibility.noise_of(some + noise, some, 0.0)
    assert near == pytest.approx(0.01 / float(some.var((1, 2, 3)).mean()), rel=0.05)
    assert legibility.noise_of(0.3 * (some + noise), some, 0.0) == pytest.approx(near, rel=1e-3)


def test_a_blur_lets_coarse_noise_pass_and_stops_fine_noise(some):
    coarse, fine = (0.2 * spectra.band_noise(6, 32, spectra.BANDS[i]) for i in (1, 7))
    coarse, fine = (legibility.noise_of(some + x, some, 1.4) for x in (coarse, fine))
    assert coarse > 100 * fine


def test_redrawings_of_two_tones_are_told_by_their_pictures(some, monkeypatch):
    ways = [
        Way("paper", torch.ones_like),
        Way("original", torch.clone),
        Way("ink", lambda x: (x > 0.5).float()),
        Way("grey", lambda x: x / 2 + 0.25),
    ]
    monkeypatch.setattr(frontier, "redrawings", lambda size: ways)
    kinds = {way.kind for way in legibility.two_tone(some[:2])}
    assert {"paper", "ink", "am", "bayer", "stucki"} <= kinds
    assert not {"original", "grey"} & kinds


def test_the_spectrum_of_a_screen_peaks_at_its_ruling_and_blue_noise_has_little_below():
    found = legibility.spectra_of_screens(("am", "blue-noise", "random"), side=64)
    tops = {kind: max(range(len(values)), key=values.__getitem__) for kind, values in found.items()}
    low, high = legibility.FINE[tops["am"]]
    assert low <= 1 / 2.8284 < high
    below = [i for i, band in enumerate(legibility.FINE) if band[0] > 0.05 and band[1] < 0.15]
    assert sum(found["blue-noise"][i] for i in below) < 0.2 * sum(found["random"][i] for i in below)


def test_a_result_has_a_row_a_redrawing_and_is_not_measured_again(results, monkeypatch):
    asked = []

    def observer(size, sigma, seed=0):
        asked.append((size, sigma, seed))
        return Constant(3)

    ways = [Way("ink", lambda x: (x > 0.5).float())]
    images = as_float(datasets.load("validation", 32, 20)[0])
    monkeypatch.setattr(frontier, "observer", observer)
    monkeypatch.setattr(legibility, "two_tone", lambda images: ways)
    transferred = [({"kind": "style transfer", "parameters": {"iterations": 8}}, 1 - images)]
    monkeypatch.setattr(legibility.channel, "transferred", lambda images: transferred)
    first = legibility.legibility(seed=3, n=20)
    assert asked == [(32, 1.4, 3)]
    row, itself, *controls = first.rows
    assert "control" not in itself
    assert [x["control"] for x in controls] == [*legibility.channel.CONTROLS]
    assert (row["kind"], row["n"]) == ("ink", 20)
    assert 0 < row["passed"] < row["noise"]
    assert legibility.legibility(seed=3, n=20) == first
