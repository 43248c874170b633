"""Each set of pictures is what its name says, digit by digit."""

import pytest
import torch

from halftone_utils.digits import datasets, operating_points, sets, strong
from halftone_utils.engine.files import DataError
from halftone_utils.screens import perception, tone

N = 20


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
    # a digit redrawn is more like its own original, from afar, than like another one
    x, p = (
        perception.integrate(i, 1.4, restore_contrast=True).flatten(1)
        for i in (images, originals[0])
    )
    x, p = (i - i.mean(1, keepdim=True) for i in (x, p))
    alike = torch.nn.functional.normalize(x) @ torch.nn.functional.normalize(p).T
    enough = 0.6 if name.startswith("random") else 0.9  # and by chance 1/20
    assert (alike.argmax(1) == torch.arange(N)).float().mean() >= enough


@pytest.mark.parametrize("name", sets.TEST_SETS)
def test_the_first_pictures_do_not_depend_on_how_many_follow(name):
    assert torch.equal(load(name, 5)[0], load(name)[0][:5])


@pytest.mark.parametrize("name", sets.TEST_SETS)
def test_some_digits_are_the_same_with_and_without_the_set(name):
    chosen = [17, 3, 3]
    picked = sets.pick(name, "validation", 32, chosen)
    there = sets.load(name, "validation", 32, N)[0][chosen]
    assert picked.dtype == torch.uint8
    assert (picked.int() - there.int()).abs().max() <= 1  # a set may be of bfloat16's precision
    assert torch.equal(picked[1], picked[2])


@pytest.mark.parametrize(("name", "index"), [("colour", 0), ("original", 5000), ("no-dots", -1)])
def test_a_pick_that_cannot_be_is_named(name, index):
    with pytest.raises(ValueError, match=r"it is one of|split has 0 to 4999"):
        sets.pick(name, "validation", 32, [index])


def test_dots_are_black_and_white_and_keep_the_tone_range(originals):
    point, least, most = strong.load(32), *strong.load(32).tone_range
    flat = load("no-dots")[0]
    assert (flat - tone.map_tone(originals[0], (least, most))).abs().max() < 1 / 255
    for name in ("halftone-strong", "random-dots"):
        images, _ = load(name)
        assert set(images.unique().tolist()) == {0.0, 1.0}
        assert images.mean() == pytest.approx(float(flat.mean()), abs=0.03)
    assert point.halftone(originals[0]).equal(load("halftone-strong")[0])


def test_random_dots_differ_from_picture_to_picture():
    point, even = strong.load(32), torch.full((2, 1, 32, 32), 0.5)
    first, second = point.random_dots(even)
    assert not torch.equal(first, second)
    first, second = point.halftone(even)
    assert torch.equal(first, second)


def test_pairs_of_a_digit_and_its_halftone():
    images, labels = load("both-talk", 6)
    assert len(images) == len(labels) == 12
    assert torch.equal(images[::2], load("original", 6)[0])
    assert torch.equal(images[1::2], load("halftone-talk", 6)[0])
    assert torch.equal(labels[::2], labels[1::2])


def test_the_config_names_the_halftone_a_classifier_learns_from():
    assert sets.config("original", 32) == {}
    talk = operating_points.load("talk").hash
    assert sets.config("both-talk", 32) == sets.config("halftone-talk", 32)
    assert sets.config("halftone-talk", 32) == {"operating_point": talk}
    assert sets.config("halftone-strong", 32) == {"operating_point": strong.load(32).hash}


def test_an_unknown_set_is_named():
    with pytest.raises(ValueError, match="set is 'negative'; it is one of original"):
        sets.load("negative", "test", 32, 1)


# --- the frozen file --------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "strong.toml"
    path.write_text(strong.FILE.read_text())
    monkeypatch.setattr(strong, "FILE", path)
    strong.load.cache_clear()
    yield path
    strong.load.cache_clear()


def test_a_size_that_is_not_frozen_is_named(file):
    with pytest.raises(ValueError, match=r"size is 64; strong.toml has strong-32"):
        strong.load(64)


@pytest.mark.parametrize(
    "change",
    [
        ("ruling =", "ruled ="),
        ("tone_range = [", "tone_range = [0.9, "),
        ("sigma = ", "sigma = -"),
        ('dot = "', 'dot = "no '),
        ("size = 32", "size = 64"),
        ("[strong-32]", "[strong-32"),
    ],
)
def test_a_damaged_file_is_named_in_one_sentence(change, file):
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change, 1))
    with pytest.raises(DataError) as caught:
        strong.load(32)
    assert str(caught.value).startswith(str(file))
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_named(file):
    file.unlink()
    with pytest.raises(DataError, match=f"{file} is missing"):
        strong.load(32)
