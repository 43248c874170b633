"""A tone is read by what continuous patches taught, and dots tell none by themselves."""

import pytest
import torch
from torch import nn

from halftone_utils.networks import architectures
from halftone_utils.screens.ways import Way
from halftone_utils.studies import tones


class Mean(nn.Module):
    """Two channels of a picture: itself and its square, whose mean dots change."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, images):
        """Maps (N, 2, H, W) through the ReLU."""
        return self.relu(torch.cat([images, images**2], 1))


def test_patches_have_the_tone_they_say():
    patches, said = tones.shaded(50, seed=0)
    assert 0 <= float(patches.min()) <= float(patches.max()) <= 1
    assert torch.allclose(patches.mean((1, 2, 3)).double(), said, atol=1e-5)
    assert float(patches.amax((1, 2, 3)).sub(patches.amin((1, 2, 3))).max()) > 0.5


@pytest.mark.parametrize("way", tones.screens_in_use(), ids=lambda way: way.name)
def test_halftones_are_of_two_tones_and_true(way):
    printed = tones.printed(way)
    assert len(printed) == len(tones.TONES) * tones.PLACES
    assert {*printed.unique().tolist()} <= {0.0, 1.0}
    found = printed.mean((1, 2, 3)).view(-1, tones.PLACES).mean(1).double()
    assert (found - tones.TONES).abs().mean() < 0.035  # a cell of 8 pixels has 9 tones


def test_the_deviation_of_dots_tells_a_classifier_nothing():
    model = tones.as_in_a_digit(architectures.build("lenet", 32, seed=0))
    even = torch.full((1, 1, 32, 32), 0.5)
    dots = even.clone()
    dots[..., 16:] = 1
    found = model[0](torch.cat([even, dots]))
    assert found[0, 0, 0, 0] == found[1, 0, 0, 0]  # what is alike stays alike beside anything
    assert not torch.allclose(model(even), model(even * 0.5))  # an even picture is not nothing


def test_features_are_of_every_layer_with_a_relu_in_the_convolutional_part():
    patches = torch.rand(3, 1, 32, 32)
    for name, channels in (("lenet", [6, 16]), ("alexnet", [64, 192, 384, 256, 256])):
        model = architectures.build(name, 32, seed=0).eval()
        found = tones.features(model, patches)
        assert [tuple(x.shape) for x in found] == [(3, c) for c in channels]


def test_a_readout_recovers_what_is_linear_and_prefers_the_strongest_ridge_that_does():
    random = torch.Generator().manual_seed(0)
    said = torch.rand(100, generator=random, dtype=torch.float64)
    features = torch.stack([said, torch.rand(100, generator=random, dtype=torch.float64)], 1)
    read = tones.readouts(features, said)(features)
    errors = (read - said[:, None]).abs().mean(0)
    assert errors[0] < 1e-6
    assert errors.argmax() == len(tones.RIDGES) - 1
    ridge = tones.chosen(errors)
    assert errors[ridge] < tones.CONTROL <= errors[ridge + 1]
    assert tones.chosen(errors + 1) == 0  # where none is good, the best


def test_what_keeps_the_mean_reads_halftones_and_what_squares_is_misled(monkeypatch):
    monkeypatch.setattr(tones, "screens_in_use", lambda: [Way("dots", lambda x: (x > 0.5).float())])
    monkeypatch.setattr(tones, "PLACES", 1)
    rows = tones.rows_of(tones.reader(lambda x: tones.features(Mean(), x)))
    by = {(row["layer"], row["shown"]): row for row in rows}
    assert by[0, "continuous"]["error"] < 0.01
    assert by[1, "continuous"]["error"] < 0.01
    assert by[1, "continuous"]["n_correct"] == by[1, "continuous"]["n"] == len(tones.TONES)
    assert by[1, "continuous"]["cosine"] == pytest.approx(1)
    assert by[1, "continuous"]["cosine_other"] < 1
    # the screen prints black or white, whose own tone is 0 or 1
    assert by[0, "halftone"]["error"] == pytest.approx(0.25, abs=0.02)
    assert by[1, "halftone"]["error_least"] <= by[1, "halftone"]["error"]


def test_random_weights_are_measured_beside_the_networks_own(results, monkeypatch):
    monkeypatch.setattr(tones, "screens_in_use", lambda: tones_of_two)
    tones_of_two = [way for way in SCREENS if way.kind in ("bayer", "random")]
    found = tones.tones("lenet")
    for shown in ({"shown": "continuous"}, {"kind": "bayer"}, {"kind": "random"}):
        rows = found.where(**shown)
        assert [row["layer"] for row in rows] == [0, 1, 2] * 2
        assert [row.get("untrained", False) for row in rows] == [False] * 3 + [True] * 3
    monkeypatch.setattr(tones, "rows_of", None)  # what is there is not measured again
    assert tones.tones("lenet") == found


SCREENS = tones.screens_in_use()
