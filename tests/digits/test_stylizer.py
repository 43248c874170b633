"""The stylizer: one pass that lowers the loss of style transfer, whoever shares its batch."""

import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch
from killing import kill_when_written
from safetensors.torch import save_file

from halftone_utils.digits import datasets, halftone_sets, points, stylizer
from halftone_utils.digits.halftone_sets import HalftoneSet
from halftone_utils.engine.files import DataError, read_json
from halftone_utils.results import store
from halftone_utils.studies import fidelity

SHORT = stylizer.Recipe(steps=2, batch=1, save_every=1)


@pytest.fixture(scope="module")
def point():
    return points.load("talk", 256)


@pytest.fixture(scope="module")
def pictures():
    return datasets.as_float(datasets.load("validation", 256, 3)[0])


@pytest.fixture(scope="module")
def halftones(pictures):
    return stylizer.stylize(stylizer.load("talk"), pictures)


def test_a_halftone_is_the_same_alone_and_in_company(pictures, halftones):
    alone = stylizer.stylize(stylizer.load("talk"), pictures, batch=1)
    assert (alone - halftones).abs().max() < 1e-3
    assert halftones.shape == pictures.shape
    assert halftones.amin() >= 0
    assert halftones.amax() <= 1


def test_the_committed_stylizer_lowers_the_loss_as_far_as_the_optimisation(
    point, pictures, halftones
):
    optimised = point.halftone(pictures[:2])
    before, by_steps, at_once = (
        fidelity.total_loss(point, pictures[:2], x)
        for x in (pictures[:2], optimised, halftones[:2])
    )
    assert (at_once < before).all()
    assert (at_once < 1.5 * by_steps).all()


def test_the_ground_is_dots_of_the_period_of_the_screen(halftones):
    ground = halftones[:, 0, 8:72, 8:40].mean(0)  # above the digits
    power = torch.fft.fft2(ground - ground.mean()).abs().square()
    rows, columns = torch.arange(64) % 8 == 0, torch.arange(32) % 4 == 0
    on_the_grid = power[rows][:, columns].sum()  # multiples of one cycle in 8 pixels
    assert on_the_grid > 0.5 * power.sum()
    assert ground.std() > 0.1


def test_what_does_not_fit_is_named():
    for shape in ((1, 1, 60, 64), (1, 1, 64, 60), (1, 3, 64, 64)):
        with pytest.raises(ValueError, match="multiples of 8"):
            stylizer.Stylizer()(torch.zeros(shape))
    for field, value in (("steps", 0), ("batch", 0), ("save_every", 0), ("learning_rate", 0.0)):
        with pytest.raises(ValueError, match=rf"\b{field} is {value}"):
            stylizer.Recipe(**{field: value})


def test_a_training_that_is_killed_and_resumed_ends_in_the_same_weights(
    point, tmp_path, monkeypatch
):
    alone = stylizer.train(point, SHORT)
    path = tmp_path / "checkpoint.safetensors"
    kill_when_written(
        f"""if True:
        from pathlib import Path
        from halftone_utils.digits import points, stylizer
        stylizer.train(points.load("talk", 256),
                       stylizer.Recipe(steps=2, batch=1, save_every=1),
                       checkpoint=Path({str(path)!r}))
        """,
        path,
    )
    saves = []
    monkeypatch.setattr(stylizer, "save_checkpoint", lambda *_: saves.append(_))
    resumed = stylizer.train(point, SHORT, checkpoint=path)
    assert len(saves) < SHORT.steps  # it did go on, and did not begin again
    for name, weight in alone.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the committed weights, read instead of them."""
    path = tmp_path / "stylizer-talk-256.safetensors"
    shutil.copy(stylizer.weights_path("talk"), path)
    monkeypatch.setattr(stylizer, "weights_path", lambda name: path)
    return path


def test_weights_that_cannot_be_used_are_named_in_one_sentence(weights):
    content = weights.read_bytes()
    damages = {
        "is damaged": lambda: weights.write_bytes(content[: len(content) // 2]),
        "damaged": lambda: save_file({"body.0": torch.zeros(1)}, weights),
        "was trained for operating point": lambda: save_file(
            stylizer.Stylizer().state_dict(), weights, metadata={"operating_point": "another"}
        ),
        "is missing": weights.unlink,
    }
    for sentence, damage in damages.items():
        damage()
        with pytest.raises(DataError, match=sentence) as caught:
            stylizer.load("talk")
        assert str(weights) in str(caught.value)


@pytest.fixture
def small_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(halftone_sets, "CACHE", tmp_path)
    monkeypatch.setattr(halftone_sets, "CHUNK", 2)


def test_the_set_at_256_is_drawn_by_the_stylizer(small_chunks, point, halftones):
    drawn = HalftoneSet(point, "validation")
    images, labels = drawn.load(3, progress=False)
    assert np.abs(images.numpy() / 255 - halftones.numpy()).max() < 2 / 255
    assert torch.equal(labels, datasets.load("validation", 28, 3)[1])
    manifest = read_json(drawn.manifest_path)
    assert manifest["weights_sha256"] == stylizer.weights_sha256("talk")
    assert manifest["config_hash"] == point.hash
    assert drawn.build(3, progress=False) == []


def test_other_weights_mean_another_set(small_chunks, point, weights, capsys):
    drawn = HalftoneSet(point, "validation")
    drawn.build(2, progress=False)
    save_file(stylizer.Stylizer().state_dict(), weights, metadata={"operating_point": point.hash})
    assert drawn.build(2, progress=False) == [0]
    assert "is damaged or of another config" in capsys.readouterr().err


def test_a_disk_that_is_too_small_is_named_before_anything_is_built(
    small_chunks, point, monkeypatch
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 100_000))
    with pytest.raises(DataError, match=r"needs 0.1 MB more for 2 pictures; its disk has 0.1 MB"):
        HalftoneSet(point, "validation").build(2, progress=False)
    assert not HalftoneSet(point, "validation").manifest_path.exists()


def test_the_committed_comparison_is_of_the_committed_weights(point):
    (found,) = store.load("fidelity")
    assert found.config["point"] == {"name": "talk", "size": 256, "hash": point.hash}
    assert found.config["stylizer_sha256"] == stylizer.weights_sha256("talk")
    assert {row["n"] for row in found.rows} == {1000}
    loss = found.measured["total_loss"]
    assert loss["stylized / optimised"] == loss["stylized"] / loss["optimised"]
