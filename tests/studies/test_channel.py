"""The channel is what noise says of a network, and predicts from it alone."""

import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.results import store
from halftone_utils.screens import spectra
from halftone_utils.studies import channel, frontier

TRUE = channel.Channel(bands=spectra.BANDS[:3], thresholds=(0.2, 0.5, 1.0), slope=1.5, top=0.98)


def rows_of(true, n=4000):
    """What a network with this channel would read of noise, in whole digits."""
    return [
        {
            "band": band,
            "rms": rms,
            "n": n,
            "n_correct": round(n * float(true.accuracy(torch.eye(3)[i : i + 1] * rms**2))),
        }
        for i, band in enumerate(true.bands)
        for rms in channel.RMS
    ]


def test_the_channel_of_noise_is_found():
    found = channel.fit(rows_of(TRUE), TRUE.top)
    assert found.thresholds == pytest.approx(TRUE.thresholds, rel=0.02)
    assert found.slope == pytest.approx(TRUE.slope, rel=0.02)


def with_sensitivity(of):
    """A channel in BANDS whose sensitivity in power is that of the octave of a band's middle."""
    octaves = [-5 + 0.25 + 0.5 * i for i in range(len(spectra.BANDS))]
    thresholds = tuple(of(x) ** -0.5 for x in octaves)
    return channel.Channel(bands=spectra.BANDS, thresholds=thresholds, slope=1.5, top=0.98)


@pytest.mark.parametrize("width", [1.0, 1.5, 2.0])
def test_a_channel_that_is_a_gaussian_has_its_centre_and_its_width_at_half_maximum(width):
    at = channel.tuning(with_sensitivity(lambda x: 0.5 ** ((2 * (x + 2.75) / width) ** 2)))
    assert at.centre == pytest.approx(2**-2.75, rel=0.05)
    assert at.width == pytest.approx(width, abs=0.1)
    assert not at.at_least


def test_a_channel_that_is_open_at_an_end_has_a_width_of_at_least_what_is_measured():
    flat = channel.tuning(with_sensitivity(lambda x: 4.0))
    assert (flat.width, flat.at_least) == (pytest.approx(4.5), True)
    low = channel.tuning(with_sensitivity(lambda x: 4.0 if x < -2 else 1.0))
    assert low.at_least
    assert low.width == pytest.approx(2.75 + 1 / 3, abs=0.01)  # two thirds of the way from 4 to 1
    assert low.centre < flat.centre


def test_the_committed_channels_are_wide_and_resnets_is_the_highest():
    found = {
        (x.config["network"]["architecture"], x.config["network"]["seed"]): channel.tuning(
            channel.channel_of(x)
        )
        for x in store.load("channel")
    }
    assert min(at.width for at in found.values()) > 1  # octave: what people have
    assert found["resnet18", 0].centre > 1.5 * found["lenet", 0].centre


def test_at_its_threshold_half_is_read_and_powers_add_up():
    half = (TRUE.top + channel.CHANCE) / 2
    at = torch.tensor(TRUE.thresholds).square()
    for i in range(3):
        assert float(TRUE.accuracy(torch.eye(3)[i : i + 1] * at)) == pytest.approx(half)
    assert float(TRUE.accuracy(at[None] / 3)) == pytest.approx(half)
    assert float(TRUE.accuracy(torch.zeros(1, 3))) == pytest.approx(TRUE.top)


def test_a_redrawings_power_is_in_units_of_its_digits_contrast():
    digits = as_float(datasets.load("validation", 32, 8)[0])
    noise = 0.2 * spectra.band_noise(8, 32, spectra.BANDS[6])
    power = channel.power_of(0.3 + 0.5 * (digits + noise), digits)
    assert power[:, 6] == pytest.approx(torch.full((8,), 0.04), rel=0.05)
    assert float(power[:, :6].sum(1).max()) < 0.002


def test_another_digit_is_another():
    labels = torch.tensor([3, 3, 3, 5, 5, 3, 1, 1])
    assert channel.another(labels).tolist() == [3, 3, 3, 5, 5, 6, 0, 0]


def test_controls_keep_the_tones_and_the_power_of_what_they_stand_for():
    digits, labels = datasets.load("validation", 32, 12)
    digits = as_float(digits)
    drawn = channel.test_screens()[2](digits)
    fit, rest = spectra.residual(drawn, digits)
    beside = channel.controls(drawn, digits, labels)
    assert [*beside] == ["", *channel.CONTROLS]
    for name in ("random phases", "sign turned", "random phases in windows", "pixels shuffled"):
        power = (beside[name] - fit).square().mean((1, 2, 3))
        assert torch.allclose(power, rest.square().mean((1, 2, 3)), rtol=1e-3), name


def test_screens_of_the_test_are_none_of_the_frontiers():
    tested = {way.name for way in channel.test_screens()}
    assert len(tested) == 3 * len(
        {(w.kind, str({**w.parameters, "tone_range": 0})) for w in channel.test_screens()}
    )
    assert not tested & {way.name for way in frontier.redrawings(32)}


def test_committed_predictions_follow_from_the_committed_noise():
    (found, *_) = store.load("channel")
    again = channel.channel_of(found)
    assert again.thresholds == pytest.approx(found.measured["thresholds"], rel=0.02)
    n = found.config["n"]
    images = as_float(datasets.load("validation", 32, n)[0])
    for way in channel.test_screens()[::9]:
        predicted = float(again.accuracy(channel.power_of(way(images), images)).mean())
        row = next(
            row
            for row in found.where(kind=way.kind, test=True)
            if row["parameters"]
            == way.config["parameters"] | {"tone_range": [*way.parameters["tone_range"]]}
            and "control" not in row
            and "predicted" in row
        )
        assert predicted == pytest.approx(row["predicted"], abs=0.01)
