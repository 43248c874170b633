"""The frozen halftones: what the file says is checked, and is what validation digits chose."""

import pytest
import torch

from halftone_utils.digits import datasets, operating_points
from halftone_utils.engine.files import RESULTS, DataError, read_json
from halftone_utils.studies import strength

FROZEN = operating_points.FILE.read_text()


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A copy of the frozen file, read instead of it."""
    path = tmp_path / "operating_points.toml"
    path.write_text(FROZEN)
    monkeypatch.setattr(operating_points, "FILE", path)
    operating_points.load.cache_clear()
    yield path
    operating_points.load.cache_clear()


@pytest.mark.parametrize(("name", "size"), operating_points.names())
def test_a_frozen_halftone_loads_and_halftones(name, size):
    point = operating_points.load(name, size)
    assert (point.name, point.size) == (name, size)
    style = point.style_image()
    assert style.shape == (1, 1, point.style_side, point.style_side)
    assert set(style.unique().tolist()) == {0.0, 1.0}
    images = datasets.as_float(datasets.load("validation", point.size, 3)[0])
    printed = operating_points.halftone(point, images, iterations=1, batch=2)
    assert printed.image.shape == images.shape
    assert 0.01 < (printed.image - images).abs().mean() < 0.3
    start = operating_points.halftone(point, images, iterations=0).image
    assert (start - images).abs().max() <= point.noise


def test_talk_stops_where_the_curve_of_validation_digits_says():
    point, curve = operating_points.load("talk"), read_json(RESULTS / "selection-talk.json")
    assert curve["split"] == "validation"
    assert strength.choose_iterations(curve) == point.iterations == curve["chosen_iterations"]
    measured = curve["operating_point"]
    assert {key: getattr(point, key) for key in measured} == measured


def test_the_iteration_nearest_to_the_target_is_chosen_by_the_mean_over_seeds():
    curve = {"n": 100, "correct": {"lenet": {"0": [98, 90, 80, 60], "1": [98, 94, 70, 60]}}}
    assert strength.choose_iterations(curve, target=91) == 1
    assert strength.choose_iterations(curve, target=76) == 2
    assert strength.choose_iterations(curve, target=0) == 3


def test_the_hash_changes_with_all_that_changes_the_pictures(file):
    names = {operating_points.load("talk").hash}
    changes = {
        "iterations = 8": "iterations = 9",
        "beta = 100.0": "beta = 50.0",
        "ruling = 2.5": "ruling = 3.5",
        "conv1_2 = 0.5": "conv1_2 = 0.6",
    }
    for old, new in changes.items():
        assert old in FROZEN
        file.write_text(FROZEN.replace(old, new))
        operating_points.load.cache_clear()
        names.add(operating_points.load("talk").hash)
    assert len(names) == 5


def test_a_field_that_may_be_left_out_changes_nothing_when_it_says_the_same(file):
    plain = operating_points.load("talk").hash
    file.write_text(FROZEN.replace("alpha = 1.0", "alpha = 1.0\nnoise = 0.0\nramp_gamma = 1.0", 1))
    operating_points.load.cache_clear()
    assert operating_points.load("talk").hash == plain


def test_a_higher_gamma_makes_a_darker_style_image():
    plain, dark = operating_points.load("talk"), operating_points.load("talk", 256)
    assert dark.ramp_gamma > plain.ramp_gamma == 1
    assert dark.style_image().mean() < plain.style_image().mean()


def test_an_unknown_halftone_is_refused_with_those_that_are_known(file):
    with pytest.raises(ValueError, match=r"operating point is 'shout'; .* has talk"):
        operating_points.load("shout")
    with pytest.raises(ValueError, match=r"operating point is 'talk-64'; .* has talk, talk-256"):
        operating_points.load("talk", 64)


def test_a_point_under_the_heading_of_another_size_is_refused(file):
    file.write_text(FROZEN.replace("size = 256", "size = 64", 1))
    with pytest.raises(DataError, match=r"\[talk-256\]: size is 64; .* it is 256"):
        operating_points.load("talk", 256)


def refused(file, content):
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        operating_points.load("talk")
    sentence = str(caught.value)
    assert sentence.startswith(str(file))
    assert len(sentence.splitlines()) == 1
    return sentence


@pytest.mark.parametrize(
    "content",
    [b"[talk", FROZEN.encode()[:-4], b"\xff\xfe"],
    ids=["half a heading", "half a line", "not text"],
)
def test_a_damaged_file_is_named_in_one_sentence(content, file):
    assert "not valid TOML" in refused(file, content)


def test_a_missing_file_is_named_with_its_remedy(file):
    file.unlink()
    with pytest.raises(DataError, match=f"{file} is missing: .*git checkout data"):
        operating_points.load("talk")


@pytest.mark.parametrize(
    ("line", "instead", "named"),
    [
        ('optimizer = "adam"', 'optimizer = "sgd"', "optimizer is 'sgd'"),
        ("iterations = 8", "iterations = -1", "iterations is -1"),
        ("iterations = 8", 'iterations = "8"', ""),
        ("iterations = 8", "", "iterations"),
        ("alpha = 1.0", "alpha = -1.0", "alpha is -1.0"),
        ("alpha = 1.0", "alpha = 1.0\nnoise = 2.0", "noise is 2.0"),
        ("alpha = 1.0", "alpha = 1.0\nramp_gamma = 0.0", "ramp_gamma is 0.0"),
        ("step = 0.05", "step = 0.0", "step is 0.0"),
        ("size = 32", "size = 32\ncolour = 1", "colour"),
        ("conv1_2 = 0.5", "conv1_2 = -0.5", "style_weights"),
        ("ruling = 2.5", "ruling = 1.0", "ruling is 1.0"),
        ('dot = "round"', 'dot = "star"', "dot is 'star'"),
        ('content_layer = "conv1_2"', 'content_layer = "conv9_1"', "conv9_1"),
        ("conv1_2 = 0.5", "conv9_1 = 0.5", "conv9_1"),
        ("[talk.style_weights]", "style_weights = 1\n[whisper]", ""),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_file_and_section(line, instead, named, file):
    assert line in FROZEN
    sentence = refused(file, FROZEN.replace(line, instead, 1).encode())
    assert "[talk]" in sentence
    assert named in sentence


def test_a_curve_keeps_the_networks_that_were_measured_before_on_the_same_halftones():
    def curve(**correct):
        return {"n": 10, "sigma": 1.5, "correct": correct, "integrated": correct}

    known = {**curve(lenet={"0": [9]}, vgg16={"0": [8]}), "chosen_iterations": 3}
    both = strength.merged(curve(vgg16={"0": [7]}), known)
    assert both == {**curve(lenet={"0": [9]}, vgg16={"0": [7]}), "chosen_iterations": 3}
    assert strength.merged(curve(vgg16={"0": [7]}), {**known, "n": 20}) == curve(vgg16={"0": [7]})
    assert strength.merged(curve(), {}) == curve()


def test_batches_join_to_what_one_batch_gives():
    point = operating_points.load("talk")
    images = datasets.as_float(datasets.load("validation", 32, 5)[0])
    whole = operating_points.halftone(point, images, iterations=2, keep=(1,))
    parts = operating_points.halftone(point, images, iterations=2, keep=(1,), batch=2)
    for ours, theirs in ((parts.image, whole.image), (parts.images[1], whole.images[1])):
        assert (ours - theirs).abs().mean() < 1e-4  # rounding, as in test_style_transfer
    assert torch.allclose(parts.total, whole.total, rtol=1e-3)
