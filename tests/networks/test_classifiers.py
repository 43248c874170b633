"""The classifiers: ten classes from one channel, and normalization that lives inside."""

import pytest
import torch
from torch import nn
from torchvision import models

from halftone_utils.engine.files import DataError
from halftone_utils.networks import architectures

every_architecture = pytest.mark.parametrize("architecture", architectures.ARCHITECTURES)
# convolutions and linear layers; VGGs and AlexNet at 32 end in one linear layer instead of three
LAYERS = {"lenet": 5, "alexnet": 8, "vgg16": 16, "vgg19": 19, "resnet18": 18, "resnet50": 50}


@pytest.mark.parametrize("architecture", ["alexnet", "vgg16", "vgg19", "resnet18", "resnet50"])
def test_at_256_a_network_is_torchvisions_but_for_its_channel_and_its_classes(architecture):
    with torch.device("meta"):
        model = architectures.build(architecture, 256)
        theirs = getattr(models, architecture)(weights=None, num_classes=10)
    theirs = [tuple(p.shape) for p in theirs.parameters()]
    ours = [tuple(p.shape) for p in model.parameters()]
    assert ours[0] == (theirs[0][0], 1, *theirs[0][2:])
    assert theirs[1:] == ours[1:]


@every_architecture
@pytest.mark.parametrize("size", architectures.SIZES)
def test_a_network_has_as_many_layers_as_its_name_says(architecture, size):
    with torch.device("meta"):
        model = architectures.build(architecture, size)
    layers = [
        m
        for name, m in model.named_modules()
        if isinstance(m, nn.Conv2d | nn.Linear) and "downsample" not in name
    ]
    fewer = 2 if size == 32 and architecture in ("alexnet", "vgg16", "vgg19") else 0
    assert len(layers) == LAYERS[architecture] - fewer


def test_cost_counts_parameters_and_multiplications():
    parameters, operations = architectures.cost("lenet", 32)
    assert parameters == 156 + 2416 + 48120 + 10164 + 850  # LeCun et al. 1998, C3 in full
    assert operations == 28**2 * 150 + 10**2 * 2400 + 48000 + 10080 + 840
    assert architectures.cost("vgg16", 256)[0] > 130e6
    assert architectures.cost("resnet50", 256)[1] > architectures.cost("resnet18", 256)[1]


@every_architecture
def test_a_classifier_gives_ten_logits_for_each_image(architecture):
    model = architectures.build(architecture).eval()
    images = torch.rand(3, 1, 32, 32)
    with torch.no_grad():
        assert model(images).shape == (3, 10)
        assert torch.allclose(model(images)[1:2], model(images[1:2]), atol=1e-3)


@pytest.mark.parametrize("architecture", ["lenet", "alexnet", "resnet18", "resnet50"])
def test_a_classifier_reads_large_pictures(architecture):
    model = architectures.build(architecture, 256).eval()
    with torch.no_grad():
        assert model(torch.rand(2, 1, 256, 256)).shape == (2, 10)


@every_architecture
def test_weights_depend_on_the_seed_alone(architecture):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = architectures.build(architecture, seed=5).state_dict()
    assert torch.equal(torch.rand(2), expected)
    second = architectures.build(architecture, seed=5).state_dict()
    other = architectures.build(architecture, seed=6).state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


@every_architecture
def test_brightness_and_contrast_do_not_change_what_is_read(architecture):
    model = architectures.build(architecture).eval()
    images = torch.rand(4, 1, 32, 32)
    with torch.no_grad():
        assert torch.allclose(model(images), model(0.2 + 0.5 * images), rtol=1e-3, atol=1e-3)


def test_an_even_picture_has_finite_logits():
    assert architectures.build("lenet")(torch.full((1, 1, 32, 32), 0.5)).isfinite().all()


def test_an_unknown_architecture_or_size_is_named():
    with pytest.raises(ValueError, match="architecture is 'resnet'; it is one of lenet, alexnet"):
        architectures.build("resnet")
    with pytest.raises(ValueError, match="size is 64"):
        architectures.build("lenet", 64)


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
        architectures.imagenet_classifier()
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
