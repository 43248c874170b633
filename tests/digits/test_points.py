"""The frozen halftones: what the file says is checked, and is what validation digits chose."""

import pytest
import torch

from halftone_utils.digits import datasets, points
from halftone_utils.digits.points import ScreenPoint, StylePoint
from halftone_utils.engine.files import RESULTS, DataError, read_toml
from halftone_utils.results import store
from halftone_utils.screens import perception, tone
from halftone_utils.studies import strength
from halftone_utils.style import vgg

FROZEN = points.FILE.read_text()
NAMES = [(name, size) for name in ("talk", "strong") for size in (32, 256)]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A copy of the frozen file, read instead of it."""
    path = tmp_path / "points.toml"
    path.write_text(FROZEN)
    monkeypatch.setattr(points, "FILE", path)
    points.load.cache_clear()
    yield path
    points.load.cache_clear()


def changed(file, section, old, new):
    """Write the file with one line of one point changed, and forget what was read before."""
    before, _, rest = FROZEN.partition(f"[{section}]")
    assert old in rest
    file.write_text(f"{before}[{section}]{rest.replace(old, new, 1)}")
    points.load.cache_clear()


# --- what is frozen ---------------------------------------------------------------------------


def test_each_name_has_one_method_at_both_sizes():
    assert {*read_toml(points.FILE)} == {f"{name}-{size}" for name, size in NAMES}
    for name, size in NAMES:
        point = points.load(name, size)
        assert (point.name, point.size) == (name, size)
        assert isinstance(point, StylePoint if name == "talk" else ScreenPoint)
        assert points.load(name, size) is point


@pytest.mark.parametrize(("name", "size"), NAMES)
def test_a_frozen_halftone_is_seen_from_afar_through_its_own_blur(name, size):
    point = points.load(name, size)
    images = datasets.as_float(datasets.load("validation", size, 2)[0])
    seen = perception.integrate(images, point.sigma, restore_contrast=True)
    assert torch.equal(point.from_afar(images), seen)


@pytest.mark.parametrize("size", [32, 256])
def test_a_point_by_style_transfer_draws_the_dots_of_its_style_image(size):
    point = points.load("talk", size)
    style = point.style_image()
    assert style.shape == (1, 1, point.style_side, point.style_side)
    assert set(style.unique().tolist()) == {0.0, 1.0}
    images = datasets.as_float(datasets.load("validation", size, 3)[0])
    start, one = (points.transfer(point, images, iterations=i, batch=2).image for i in (0, 1))
    assert (start - images).abs().max() <= point.noise
    assert one.shape == images.shape
    assert 0.01 < (one - images).abs().mean() < 0.3


def test_halftoning_is_the_transfer_of_as_many_iterations_as_are_frozen():
    point = points.load("talk")
    images = datasets.as_float(datasets.load("validation", 32, 2)[0])
    kept = points.transfer(point, images, keep=(point.iterations,), iterations=9)
    assert torch.equal(point.halftone(images), kept.images[point.iterations])


@pytest.mark.parametrize("size", [32, 256])
def test_a_screen_and_its_controls_keep_the_tone_range(size):
    point = points.load("strong", size)
    images = datasets.as_float(datasets.load("validation", size, 10)[0])
    flat = point.no_dots(images)
    assert torch.equal(flat, tone.map_tone(images, point.tone_range))
    for drawn in (point.halftone(images), point.random_dots(images)):
        assert set(drawn.unique().tolist()) == {0.0, 1.0}
        assert drawn.mean() == pytest.approx(float(flat.mean()), abs=0.03)


def test_random_dots_differ_from_picture_to_picture_and_a_screens_do_not():
    point, even = points.load("strong"), torch.full((2, 1, 32, 32), 0.5)
    first, second = point.random_dots(even)
    assert not torch.equal(first, second)
    first, second = point.halftone(even)
    assert torch.equal(first, second)
    assert not torch.equal(point.random_dots(even, seed=1), point.random_dots(even))


def test_a_higher_gamma_makes_a_darker_style_image():
    plain, dark = points.load("talk"), points.load("talk", 256)
    assert dark.ramp_gamma > plain.ramp_gamma == 1
    assert dark.style_image().mean() < plain.style_image().mean()


def test_batches_join_to_what_one_batch_gives():
    point = points.load("talk")
    images = datasets.as_float(datasets.load("validation", 32, 5)[0])
    whole = points.transfer(point, images, iterations=2, keep=(1,))
    parts = points.transfer(point, images, iterations=2, keep=(1,), batch=2)
    for ours, theirs in ((parts.image, whole.image), (parts.images[1], whole.images[1])):
        assert (ours - theirs).abs().mean() < 1e-4  # rounding, as in test_style_transfer
    assert torch.allclose(parts.total, whole.total, rtol=1e-3)


def test_talk_stops_where_the_curve_of_validation_digits_says():
    point, curve = points.load("talk"), store.read(RESULTS / "selection-talk.json")
    assert curve.config["split"] == "validation"
    chosen = strength.choose_iterations(curve.rows, curve.measured["target"])
    assert chosen == point.iterations == curve.measured["chosen_iterations"]
    measured = curve.config["point"]
    assert {key: getattr(point, key) for key in measured} == measured


def test_the_iteration_nearest_to_the_target_is_chosen_by_the_mean_over_seeds():
    found = {0: (98, 90, 80, 60), 1: (98, 94, 70, 60)}
    of_lenet = {"architecture": "lenet", "from_afar": False, "n": 100}
    rows = [
        {**of_lenet, "seed": seed, "iteration": i, "n_correct": right}
        for seed, counts in found.items()
        for i, right in enumerate(counts)
    ]
    others = [  # what does not count: another network, and what is seen from afar
        {**rows[0], "architecture": "alexnet", "iteration": 1, "n_correct": 0},
        {**rows[1], "from_afar": True, "n_correct": 0},
    ]
    for target, iteration in ((91, 1), (76, 2), (0, 3)):
        assert strength.choose_iterations([*rows, *others], target) == iteration


# --- the file ---------------------------------------------------------------------------------


def test_the_hash_changes_with_all_that_changes_the_pictures_and_with_nothing_else(file):
    drawn_by = {
        ("talk", 32): [
            ("iterations = 8", "iterations = 9"),
            ("beta = 100.0", "beta = 50.0"),
            ("ruling = 2.5", "ruling = 3.5"),
            ("conv1_2 = 0.5", "conv1_2 = 0.6"),
        ],
        ("strong", 256): [("ruling = 8.0", "ruling = 4.0"), ("[0.35, 0.85]", "[0.3, 0.85]")],
    }
    for (name, size), changes in drawn_by.items():
        hashes = {points.load(name, size).hash}
        for change in changes:
            changed(file, f"{name}-{size}", *change)
            hashes.add(points.load(name, size).hash)
        assert len(hashes) == 1 + len(changes)
    changed(file, "talk-32", "sigma = 1.25", "sigma = 2.0")
    blurred = points.load("talk")
    points.load.cache_clear()
    file.write_text(FROZEN)
    assert (blurred.sigma, blurred.hash) == (2.0, points.load("talk").hash)


def test_a_field_that_may_be_left_out_changes_nothing_when_it_says_the_same(file):
    plain = points.load("talk").hash
    changed(file, "talk-32", "alpha = 1.0", "alpha = 1.0\nnoise = 0.0\nramp_gamma = 1.0")
    assert points.load("talk").hash == plain


def test_a_point_that_is_not_frozen_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="point is 'shout-32'; it is one of talk-32, talk-256, "):
        points.load("shout")
    with pytest.raises(ValueError, match=r"point is 'strong-64'; .* strong-32, strong-256"):
        points.load("strong", 64)


def refused(file, name, size):
    """The sentence by which a damaged file is refused."""
    points.load.cache_clear()
    with pytest.raises(DataError) as caught:
        points.load(name, size)
    sentence = str(caught.value)
    assert sentence.startswith(str(file))
    assert len(sentence.splitlines()) == 1
    return sentence


def test_a_file_that_cannot_be_read_is_named_in_one_sentence(file):
    for content in (b"[talk", FROZEN.encode()[:-4], b"\xff\xfe"):
        file.write_bytes(content)
        assert "not valid TOML" in refused(file, "talk", 32)
    file.unlink()
    sentence = refused(file, "strong", 32)
    assert f"{file} is missing: " in sentence
    assert "git checkout data" in sentence


@pytest.mark.parametrize(
    ("name", "size", "line", "instead", "named"),
    [
        ("talk", 32, 'optimizer = "adam"', 'optimizer = "sgd"', "optimizer is 'sgd'"),
        ("talk", 32, "iterations = 8", "iterations = -1", "iterations is -1"),
        ("talk", 32, "iterations = 8", 'iterations = "8"', "iterations is '8'"),
        ("talk", 32, "iterations = 8", "", "iterations"),
        ("talk", 32, "alpha = 1.0", "alpha = -1.0", "alpha is -1.0"),
        ("talk", 32, "alpha = 1.0", "alpha = 1.0\nnoise = 2.0", "noise is 2.0"),
        ("talk", 32, "alpha = 1.0", "alpha = 1.0\nramp_gamma = 0.0", "ramp_gamma is 0.0"),
        ("talk", 32, "step = 0.05", "step = 0.0", "step is 0.0"),
        ("talk", 32, "size = 32", "size = 32\ncolour = 1", "colour"),
        ("talk", 32, "conv1_2 = 0.5", "conv1_2 = -0.5", "conv1_2 is -0.5"),
        ("talk", 32, "ruling = 2.5", "ruling = 1.0", "ruling is 1.0"),
        ("talk", 32, 'dot = "round"', 'dot = "star"', "dot is 'star'"),
        ("talk", 32, 'content_layer = "conv1_2"', 'content_layer = "conv9_1"', "'conv9_1'"),
        ("talk", 32, "conv1_2 = 0.5", "conv9_1 = 0.5", "'conv9_1'"),
        ("talk", 32, "[talk-32.style_weights]", "style_weights = 1\n[whisper]", "items"),
        ("talk", 32, "sigma = 1.25", "sigma = -1.25", "sigma is -1.25"),
        ("talk", 32, 'method = "style transfer"', 'method = "magic"', "method is 'magic'"),
        ("talk", 32, 'method = "style transfer"', "", "method is None"),
        ("talk", 256, "size = 256", "size = 64", "size is 64; under this heading it is 256"),
        ("strong", 32, "ruling =", "ruled =", "ruled"),
        ("strong", 32, "tone_range = [", "tone_range = [0.9, ", "tone_range is (0.9, "),
        ("strong", 32, "tone_range = [0.4, ", "tone_range = [0.9, ", "tone_range"),
        ("strong", 32, "sigma = 1.4", "sigma = -1.4", "sigma is -1.4"),
        ("strong", 32, 'dot = "round"', 'dot = "no round"', "dot is 'no round'"),
        ("strong", 32, "size = 32", "size = 64", "size is 64; under this heading it is 32"),
        ("strong", 32, 'method = "screen"', 'method = "style transfer"', "tone_range"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_file_and_section(
    name, size, line, instead, named, file, unchecked
):
    changed(file, f"{name}-{size}", line, instead)
    sentence = refused(file, name, size)
    assert f"[{name}-{size}]" in sentence
    assert named in sentence


def test_what_a_study_keeps_is_drawn_once_for_each_network_and_picture(monkeypatch, tmp_path):
    monkeypatch.setattr(points, "CACHE", tmp_path)
    point, images = points.load_style("talk"), datasets.as_float(datasets.load("train", 32, 2)[0])
    other = vgg.random_vgg(0, vgg.load_vgg16(), images)
    first, random = points.steps(point, images, (1, 2)), points.steps(point, images, (1, 2), other)
    alone = points.steps(point, images[:1], (1, 2))
    monkeypatch.setattr(points, "transfer", None)
    again = points.steps(point, images, (1, 2))
    assert {*first} == {*again} == {1, 2}
    assert all(first[i].equal(again[i]) for i in first)
    assert not first[2].equal(random[2])
    assert alone[2].allclose(first[2][:1], atol=1e-5)
