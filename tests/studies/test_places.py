"""Dithers by noise of one band: the same tones and power, another place in frequency."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.results import store
from halftone_utils.screens import spectra
from halftone_utils.screens.spectra import BANDS
from halftone_utils.studies import channel, places, rivals


@pytest.mark.parametrize("band", BANDS[2:])
@pytest.mark.parametrize("tone", [0.3, 0.5])
def test_a_dither_keeps_the_tone_and_its_noise_has_one_power_in_every_band(band, tone):
    flat = torch.full((8, 1, 32, 32), tone)
    drawn = places.dither(flat, band, (0.0, 1.0))
    assert {*drawn.unique().tolist()} == {0.0, 1.0}
    assert drawn.mean((1, 2, 3)) == pytest.approx(torch.full((8,), tone), abs=1e-3)
    assert drawn.var((1, 2, 3), correction=0) == pytest.approx(
        torch.full((8,), tone * (1 - tone)), abs=1e-3
    )
    power = spectra.power_in_bands(drawn - tone).mean(0)
    assert power.argmax() == BANDS.index(band)
    assert power.max() > power.sum() / 2


def test_a_picture_does_not_depend_on_those_beside_it():
    images = as_float(datasets.load("validation", 32, 3)[0])
    many, one = (places.dither(x, BANDS[4], (0.1, 0.9), 5) for x in (images, images[:1]))
    assert many[:1].equal(one)


def test_the_noise_of_dithers_is_not_what_the_channel_was_measured_with():
    images = as_float(datasets.load("validation", 32, 2)[0])
    (_, first), *_ = places.dithers(images)
    assert not first.equal(places.dither(images, BANDS[0], places.RANGES[0], seed=0))


def test_one_threshold_says_the_same_wherever_the_noise_lies(results, monkeypatch):
    monkeypatch.setattr(places.experiments, "ready", lambda experiment: Constant(7))
    rows = [{"shown": "original", "n": 20, "n_correct": 20}]
    rows += [
        {"shown": "noise", "band": [*band], "rms": rms, "n": 100, "n_correct": k}
        for i, band in enumerate(BANDS)
        for rms, k in ((0.1 + 0.1 * i, 80), (0.3 + 0.1 * i, 40))
    ]
    config = {"network": {"architecture": "lenet", "seed": 0}, "split": "validation", "n": 20}
    known = store.record("channel", "channel-lenet-32-original-s0", config, rows)
    images, labels = as_float(datasets.load("validation", 32, 20)[0]), torch.full((20,), 7)
    both = (channel.channel_of(known), rivals.one_threshold(known))
    of_bands, alike = places.of_network(Constant(7), both, images, labels)
    of_range = [row["predicted"] for row in alike[: len(BANDS)]]
    assert max(of_range) - min(of_range) < 0.1
    low, high = of_bands[1]["predicted"], of_bands[len(BANDS) - 1]["predicted"]
    assert high > low + 0.1  # its thresholds rise with frequency
    found = places.places("lenet", n=20)
    assert len(found.rows) == len(places.RANGES) * len(BANDS)
    assert {*found.measured} == {"channel", rivals.ALIKE}


def test_the_observer_has_a_file_of_its_own(results, monkeypatch):
    monkeypatch.setattr(places.frontier, "observer", lambda size, sigma, seed: Constant(7))
    found = places.places("observer", seed=1, n=20)
    assert found.stem == "places-observer-s1"
    assert "predicted" not in found.rows[0]
