"""Each set of pictures is what its name says, digit by digit."""

import pytest
import torch

from halftone_utils.digits import datasets, points, sets
from halftone_utils.screens import perception, spectra, tone

N = 20
ALIKE = {  # how many digits are more like their own original than like any other, at least
    "original": 1.0,
    "halftone-talk": 0.9,
    "halftone-talk-integrated": 0.9,
    "halftone-strong": 0.9,
    "halftone-strong-integrated": 0.9,
    "no-dots": 0.9,
    "random-dots": 0.6,  # by chance 1/20
    "random-dots-integrated": 0.6,
    "original-integrated": 0.9,
    "strong-random-phases": 0.9,
    "strong-random-phases-integrated": 0.9,
    "strong-shuffled": 0.5,
    "strong-shuffled-integrated": 0.5,
    "strong-of-another-digit": 0.9,
    "strong-of-another-digit-integrated": 0.9,
    "grating": 0.9,
    "grating-integrated": 0.9,
    "high-noise": 0.9,
    "high-noise-integrated": 0.9,
    "blue-noise": 0.9,
    "blue-noise-integrated": 0.9,
}
OF_AS_MUCH_POWER = (
    "strong-random-phases",
    "strong-shuffled",
    "strong-of-another-digit",
    "grating",
    "high-noise",
)


def load(name, n=N, size=32):
    images, labels = sets.load(name, "validation", size, n)
    return datasets.as_float(images), labels


@pytest.fixture(scope="module")
def originals():
    return load("original")


@pytest.mark.parametrize("name", sets.TEST_SETS)
def test_a_test_set_holds_the_same_digits_in_the_same_order(name, originals):
    images, labels = load(name)
    assert images.shape == originals[0].shape
    assert torch.equal(labels, originals[1])
    assert torch.equal(load(name, 5)[0], images[:5])  # whatever pictures follow


def test_a_digit_redrawn_is_more_like_its_own_original_than_like_another(originals):
    def from_afar(pictures):
        seen = perception.integrate(pictures, 1.4, restore_contrast=True).flatten(1)
        return torch.nn.functional.normalize(seen - seen.mean(1, keepdim=True))

    p = from_afar(originals[0])
    for name, enough in ALIKE.items():
        alike = from_afar(load(name)[0]) @ p.T
        assert (alike.argmax(1) == torch.arange(N)).float().mean() >= enough, name


@pytest.mark.parametrize("name", sets.TEST_SETS)
def test_some_digits_are_the_same_with_and_without_the_set(name):
    chosen = [17, 3, 3]
    picked = sets.pick(name, "validation", 32, chosen)
    there = sets.load(name, "validation", 32, N)[0][chosen]
    assert picked.dtype == torch.uint8
    assert (picked.int() - there.int()).abs().max() <= 1  # a set may be of bfloat16's precision
    assert torch.equal(picked[1], picked[2])


def test_a_picture_depends_on_its_place_only_where_the_row_says_so():
    digits, _ = datasets.load("validation", 32, 2)
    for name, row in sets.TEST_SETS.items():
        first, second = (sets.redrawn(name, digits[order])[0] for order in ([0, 1], [1, 0]))
        alone = sets.redrawn(name, digits[:1])[0]
        assert (alone.int() - first.int()).abs().max() <= 1, name
        apart = (sets.redrawn(name, digits[[1, 0]])[1].int() - first.int()).abs().max()
        by_place = sets.TEST_SETS[row.seen_from_afar or name].by_place
        assert (apart > 1) == by_place, name
        assert not torch.equal(first, second)


def test_a_pick_or_a_set_that_cannot_be_is_named():
    for name, index in (("colour", 0), ("original", 5000), ("no-dots", -1)):
        with pytest.raises(ValueError, match=r"it is one of original|index is .* 0 to 4999"):
            sets.pick(name, "validation", 32, [index])
    with pytest.raises(ValueError, match="set is 'negative'; it is one of original"):
        sets.load("negative", "test", 32, 1)


def test_the_sets_of_strong_are_the_points_halftone_and_its_controls(originals):
    point, images = points.load("strong"), originals[0]
    flat = load("no-dots")[0]
    assert (flat - tone.map_tone(images, point.tone_range)).abs().max() < 1 / 255
    assert torch.equal(load("halftone-strong")[0], point.halftone(images))
    assert torch.equal(load("random-dots")[0], point.random_dots(images))
    for name in ("halftone-talk", "halftone-strong", "random-dots"):
        frozen = points.load(sets.TEST_SETS[name].point)
        seen = datasets.as_bytes(frozen.from_afar(load(name)[0]))
        assert torch.equal(sets.load(f"{name}-integrated", "validation", 32, N)[0], seen)


def noise_of(name, originals):
    """Power of a set's residual in each band, in units of its digits' contrast: (bands,)."""
    fit, rest = spectra.residual(load(name)[0], originals)
    gain = fit.std((1, 2, 3)) / originals.std((1, 2, 3))
    return (spectra.power_in_bands(rest) / gain[:, None].square()).mean(0)


def test_controls_have_the_power_of_strong_and_the_frequencies_that_they_say(originals):
    power = {name: noise_of(name, originals[0]) for name in ("halftone-strong", *OF_AS_MUCH_POWER)}
    strong, below = power["halftone-strong"], slice(6)  # 0.25 cycles/px
    assert spectra.BANDS[6][0] == 0.25
    for name in OF_AS_MUCH_POWER:
        assert torch.allclose(power[name].sum(), strong.sum(), rtol=0.1), name
    for name in ("strong-random-phases", "strong-of-another-digit"):
        assert torch.allclose(power[name], strong, atol=0.02), name
    assert power["strong-shuffled"][below].sum() > 10 * strong[below].sum()
    assert power["high-noise"][below].sum() < 0.001 < power["high-noise"][6:].min()
    assert power["grating"].argmax() == strong.argmax()
    assert power["grating"].max() > 0.999 * power["grating"].sum()


def test_no_control_is_clipped(originals):
    for name in OF_AS_MUCH_POWER:
        pictures = load(name)[0]
        assert ((pictures == 0) | (pictures == 1)).float().mean() < 0.03, name


def test_pictures_by_style_transfer_are_each_machines_own():
    by_style = {name for name in sets.TEST_SETS if not sets.same_everywhere(name)}
    assert by_style == {"halftone-talk", "halftone-talk-integrated"}


def test_no_training_digit_has_its_own_residual_as_anothers():
    images, _ = sets.load("strong-of-another-digit", "train", 32, 3)
    drawn, _ = sets.load("halftone-strong", "train", 32, 3)
    assert ((images.int() - drawn.int()).abs().amax((1, 2, 3)) > 50).all()


def test_pairs_of_a_digit_and_its_halftone():
    images, labels = load("both-talk", 6)
    assert len(images) == len(labels) == 12
    assert torch.equal(images[::2], load("original", 6)[0])
    assert torch.equal(images[1::2], load("halftone-talk", 6)[0])
    assert torch.equal(labels[::2], labels[1::2])


def test_the_config_names_the_halftone_a_classifier_learns_from():
    assert sets.config("original", 32) == {}
    talk, strong = (points.load(name).hash for name in ("talk", "strong"))
    assert sets.config("both-talk", 32) == sets.config("halftone-talk", 32)
    assert sets.config("halftone-talk", 32) == {"operating_point": talk}
    assert sets.config("halftone-strong", 32) == {"operating_point": strong}


def test_a_row_more_is_a_set_more(monkeypatch, originals):
    negative = sets.TestSet("negatives", "strong", lambda point, x, _: 1 - x)
    from_afar = sets.TestSet("negatives, from afar", "strong", seen_from_afar="negative")
    monkeypatch.setitem(sets.TEST_SETS, "negative", negative)
    monkeypatch.setitem(sets.TEST_SETS, "negative-integrated", from_afar)
    images, labels = load("negative")
    assert torch.equal(labels, originals[1])
    assert (images - (1 - originals[0])).abs().max() < 1e-6
    seen = points.load("strong").from_afar(images)
    assert (load("negative-integrated")[0] - seen).abs().max() < 1 / 255
    picked = sets.pick("negative", "validation", 32, [3])
    assert torch.equal(picked, sets.load("negative", "validation", 32, N)[0][3:4])


def test_another_data_set_is_drawn_alike(bars, monkeypatch, tmp_path):
    monkeypatch.setattr(sets.halftone_sets, "CACHE", tmp_path / "cache")
    for name in ("original", "halftone-strong", "halftone-talk"):
        images, labels = sets.load(name, "test", 32, 8, "bars")
        assert torch.equal(labels, datasets.load("test", 28, 8, "bars")[1])
        expected = sets.redrawn(name, datasets.load("test", 32, 8, "bars")[0])
        assert (images.int() - expected.int()).abs().max() <= 1, name
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["halftone-bars"]
