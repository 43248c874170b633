"""The classifiers: ten classes from one channel, and normalization that lives inside."""

import pytest
import torch
from torchvision.models import alexnet

from halftone_utils import classifiers
from halftone_utils.files import DataError

every_architecture = pytest.mark.parametrize("architecture", classifiers.ARCHITECTURES)


def test_alexnet_at_256_is_torchvisions_but_for_its_channel_and_its_classes():
    model = classifiers.build("alexnet", 256).eval()
    images = torch.rand(2, 1, 256, 256)
    assert model(images).shape == (2, 10)
    assert torch.allclose(model(images)[1:], model(images[1:]), atol=1e-3)
    theirs = [p.numel() for p in alexnet(weights=None, num_classes=10).parameters()]
    ours = [p.numel() for p in model.parameters()]
    assert theirs[0] == 3 * ours[0]
    assert theirs[1:] == ours[1:]


@every_architecture
def test_a_classifier_gives_ten_logits_for_each_image(architecture):
    model = classifiers.build(architecture).eval()
    images = torch.rand(3, 1, 32, 32)
    assert model(images).shape == (3, 10)
    assert torch.allclose(model(images)[1:2], model(images[1:2]), atol=1e-4)


@every_architecture
def test_weights_depend_on_the_seed_alone(architecture):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = classifiers.build(architecture, seed=5).state_dict()
    assert torch.equal(torch.rand(2), expected)
    second = classifiers.build(architecture, seed=5).state_dict()
    other = classifiers.build(architecture, seed=6).state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


@every_architecture
def test_brightness_and_contrast_do_not_change_what_is_read(architecture):
    model = classifiers.build(architecture).eval()
    images = torch.rand(4, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(model(images), model(0.2 + 0.5 * images), rtol=1e-3, atol=1e-3)


def test_an_even_picture_has_finite_logits():
    assert classifiers.build("lenet")(torch.full((1, 1, 32, 32), 0.5)).isfinite().all()


def test_an_unknown_architecture_or_size_is_named():
    with pytest.raises(ValueError, match="architecture is 'resnet'; it is one of lenet, alexnet"):
        classifiers.build("resnet")
    with pytest.raises(ValueError, match="size is 64"):
        classifiers.build("lenet", 64)
    with pytest.raises(ValueError, match="architecture is 'lenet'; it is one of alexnet at 256"):
        classifiers.build("lenet", 256)


@pytest.mark.parametrize("content", [None, b"no weights"], ids=["missing", "damaged"])
def test_imagenet_weights_that_cannot_be_read_are_named_in_one_sentence(
    content, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    path = tmp_path / "checkpoints" / "resnet18-f37072fd.pth"
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        classifiers.imagenet_classifier()
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
