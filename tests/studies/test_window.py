"""LeNet in eight ways, and the window that each has."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.results import store
from halftone_utils.screens import perception
from halftone_utils.studies import claims, places, window


def test_noise_is_a_pictures_own_and_as_great_as_is_said():
    images = torch.full((64, 1, 32, 32), 128, dtype=torch.uint8)
    found = window.with_noise(images)
    assert found.dtype == torch.uint8
    assert found[:3].equal(window.with_noise(images[:3]))
    deviations = found.float().div(255).std((1, 2, 3))
    assert deviations.max() < window.MOST
    assert deviations.min() < 0.1 < 0.3 < deviations.max()  # clipped, so less than MOST
    assert not found.equal(window.with_noise(images, seed=1))


def test_a_blur_as_the_first_layer_is_the_blur_of_the_eye():
    images = torch.rand(2, 1, 32, 32)
    seen = window.Blurred(torch.nn.Identity(), 1.5)(images)
    assert torch.allclose(seen, perception.integrate(images, 1.5), atol=1e-6)


@pytest.mark.parametrize("way", [way for way in window.ways() if way["noisy"]])
def test_a_way_trains_what_it_says(way, monkeypatch, tmp_path):
    monkeypatch.setattr(window, "CACHE", tmp_path)
    images, labels = datasets.load("train", 32, 40)
    monkeypatch.setattr(window.sets, "load", lambda *of: (images, labels))
    trained = {}
    monkeypatch.setattr(
        window.training, "fit", lambda model, x, y, *of, **kw: trained.update(x=x, model=model)
    )
    model = window.train(way, seed=0)
    assert isinstance(model, window.Blurred) is way["blurred"]
    assert not trained["x"].equal(images)
    assert model(torch.rand(3, 1, 32, 32)).shape == (3, 10)


def test_a_killed_run_goes_on_and_claims_find_their_way(results, monkeypatch):
    asked = []

    def train(way, seed):
        asked.append(way)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return Constant(7)

    monkeypatch.setattr(window, "train", train)
    with pytest.raises(KeyboardInterrupt):
        window.window(n=10)
    found = window.window(n=10)
    assert asked == [*window.ways()[:3], *window.ways()[2:]]
    shown = 3 + len(places.RANGES) * len(places.BANDS)  # originals, halftones, dithers
    assert len(found.rows) == len(window.ways()) * shown
    asked.clear()
    assert window.window(n=10).rows == found.rows
    assert not asked


def test_the_number_is_that_of_the_way_which_is_claimed(results, monkeypatch):
    config = {"architecture": "lenet", "seed": 0, "split": "validation", "n": 100}
    rows = []
    for way, fine in zip(window.ways(), range(10, 90, 10), strict=True):
        for band, right in (([0.0625, 0.0884], 10), ([0.3536, 0.75], fine)):
            of = {"shown": "dither", "kind": "dither", "band": band}
            of["parameters"] = {"tone_range": [*places.RANGES[-1]]}
            rows.append({**way, **of, "n": 100, "n_correct": right})
    for way, right in zip(window.ways(), range(8), strict=True):
        rows.append({**way, "shown": "halftone-strong", "n": 100, "n_correct": right})
    found = store.record("window", "window-lenet-s0", config, rows)
    monkeypatch.setattr(store, "load", lambda study: [found])
    assert claims.NUMBERS["noise-opens-the-window"]() == {"lenet": [10]}
    assert claims.NUMBERS["standardizing-hides-no-window"]() == {"lenet": [20]}
    assert claims.NUMBERS["blur-opens-the-window"]() == {"lenet": [40]}
    assert claims.NUMBERS["noise-opens-to-halftones"]() == {"lenet": [1]}
