"""Bands tile the spectrum; noise and phases drawn anew keep what they say they keep."""

import pytest
import torch

from halftone_utils import screens
from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.screens import spectra


@pytest.fixture(scope="module")
def digits():
    return as_float(datasets.load("validation", 32, 6)[0])


@pytest.fixture(scope="module")
def dots(digits):
    return screens.am_screen(digits, 4.0, tone_range=(0.3, 0.8))


def power(images):
    return spectra.power_in_bands(images)


def test_the_power_in_all_bands_is_the_variance(dots):
    assert torch.allclose(power(dots).sum(1), dots.var((1, 2, 3), correction=0), rtol=1e-4)


def test_a_wave_lies_in_its_band():
    x = torch.arange(32.0)
    wave = torch.cos(2 * torch.pi * 0.25 * x).expand(1, 1, 32, 32)
    band = int(power(wave)[0].argmax())
    lo, hi = spectra.BANDS[band]
    assert lo <= 0.25 < hi
    assert power(wave)[0, band] == pytest.approx(0.5)


@pytest.mark.parametrize("band", spectra.BANDS)
def test_noise_of_a_band_lies_in_it_with_rms_one(band):
    noise = spectra.band_noise(5, 32, band)
    share = power(noise)[:, spectra.BANDS.index(band)]
    assert torch.allclose(share, torch.ones(5), atol=1e-3)
    assert torch.equal(noise[:2], spectra.band_noise(2, 32, band))  # whatever comes after


def test_a_band_without_a_frequency_is_refused():
    with pytest.raises(ValueError, match=r"band is \(0.8, 0.9\)"):
        spectra.band_noise(1, 32, (0.8, 0.9))


def test_phases_drawn_anew_keep_every_amplitude(dots):
    drawn = spectra.random_phases(dots)
    before, after = (torch.fft.fft2(x).abs() for x in (dots, drawn))
    assert torch.allclose(before, after, atol=2e-3)
    assert torch.allclose(drawn.mean((1, 2, 3)), dots.mean((1, 2, 3)), atol=1e-5)
    assert len(drawn.unique()) > 100  # dots are of two tones; this is not
    correlation = torch.corrcoef(torch.stack([dots.flatten(), drawn.flatten()]))[0, 1]
    below = dots.mean((1, 2, 3), keepdim=True).expand_as(dots).flatten()
    by_means = torch.corrcoef(torch.stack([dots.flatten(), below]))[0, 1] ** 2
    assert abs(correlation - by_means) < 0.2


def test_in_windows_power_stays_where_it_lies(dots):
    def of_windows(images):
        return images.unfold(2, 8, 8).unfold(3, 8, 8).square().mean((-1, -2))

    drawn = spectra.random_phases(dots, window=8)
    assert torch.allclose(of_windows(drawn), of_windows(dots), atol=1e-4)
    assert not torch.allclose(drawn, dots, atol=0.1)


def test_a_window_that_does_not_divide_the_picture_is_refused(dots):
    with pytest.raises(ValueError, match="window is 7 px; it divides 32 and 32"):
        spectra.random_phases(dots, window=7)


def test_what_is_added_to_a_gain_and_an_offset_is_found(digits):
    rest = torch.randn(digits.shape, generator=torch.Generator().manual_seed(0)) * 0.1
    fit, found = spectra.residual(0.2 + 0.5 * digits + rest, digits)
    assert torch.allclose(fit + found, 0.2 + 0.5 * digits + rest, atol=1e-6)
    product = (found * (digits - digits.mean((1, 2, 3), keepdim=True))).mean((1, 2, 3))
    assert product.abs().max() < 1e-6
    assert torch.allclose(fit, 0.2 + 0.5 * digits, atol=0.05)


def test_of_an_even_original_all_is_residual_but_the_mean():
    drawn = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    fit, found = spectra.residual(drawn, torch.full_like(drawn, 0.5))
    assert torch.allclose(fit, drawn.mean().expand_as(drawn))
    assert torch.isfinite(found).all()


def test_shuffled_pixels_are_the_same_pixels(dots):
    drawn = spectra.shuffled(dots)
    assert torch.equal(drawn.flatten(1).sort(1).values, dots.flatten(1).sort(1).values)
    assert torch.equal(drawn[:2], spectra.shuffled(dots[:2]))
    assert not torch.equal(drawn, dots)


def test_a_grating_is_one_wave_of_rms_one():
    waves = spectra.grating(4, 32, (0.25, 0.125))
    assert torch.allclose(spectra.rms(waves), torch.ones(4, 1, 1, 1), atol=1e-4)
    spectrum = torch.fft.fft2(waves[:, 0]).abs()
    assert torch.allclose(spectrum[:, 8, 4], torch.full((4,), 32 * 32 / 2**0.5), rtol=1e-3)
    assert torch.equal(waves[:2], spectra.grating(2, 32, (0.25, 0.125)))
    assert not torch.allclose(waves[0], waves[1], atol=0.1)  # of another phase


def test_pictures_come_into_range_by_their_contrast_alone(dots):
    wide = torch.cat([3 * dots[:1] - 1, 0.5 * dots[1:2]])
    found = spectra.in_range(wide)
    assert torch.allclose(found[0], dots[0], atol=1e-6)
    assert torch.equal(found[1], wide[1])  # it was in range
