"""The features are those of VGG-16 for grey pictures, and no file is trusted unread."""

import pytest
import torch
from safetensors.torch import load_file
from torchvision.models.vgg import cfgs, make_layers

from halftone_utils.engine.files import DataError
from halftone_utils.style import vgg


def test_a_grey_picture_has_the_features_that_torchvisions_network_gives_three_copies_of_it(vgg16):
    grey = torch.rand(2, 1, 32, 24, generator=torch.Generator().manual_seed(0))
    weights = load_file(vgg.WEIGHTS)
    theirs, names = make_layers(cfgs["D"]), iter(vgg.LAYERS)
    features = vgg16(grey, vgg.LAYERS)
    with torch.no_grad():
        x = grey.repeat(1, 3, 1, 1) * 255 - torch.tensor(vgg.MEAN).view(1, 3, 1, 1)
        for layer in theirs:
            if isinstance(layer, torch.nn.MaxPool2d):
                layer = torch.nn.AvgPool2d(2)  # as the paper has it
            if isinstance(layer, torch.nn.Conv2d):
                name = next(names)
                layer.weight.copy_(weights[f"{name}.weight"])
                layer.bias.copy_(weights[f"{name}.bias"])
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):  # every pixel, borders included
                assert (features[name] - x).abs().max() <= 1e-4 * x.max()
                if name == vgg.LAYERS[-1]:
                    return


def test_each_layer_has_the_channels_of_vgg_and_half_the_side_after_each_pooling(vgg16):
    features = vgg16(torch.rand(1, 1, 32, 32), vgg.LAYERS)
    shapes = {layer: tuple(F.shape) for layer, F in features.items()}
    assert shapes == {
        "conv1_1": (1, 64, 32, 32),
        "conv1_2": (1, 64, 32, 32),
        "conv2_1": (1, 128, 16, 16),
        "conv2_2": (1, 128, 16, 16),
        "conv3_1": (1, 256, 8, 8),
        "conv3_2": (1, 256, 8, 8),
        "conv3_3": (1, 256, 8, 8),
        "conv4_1": (1, 512, 4, 4),
        "conv4_2": (1, 512, 4, 4),
        "conv4_3": (1, 512, 4, 4),
        "conv5_1": (1, 512, 2, 2),
    }


def test_only_the_layers_asked_for_are_given_and_none_is_negative(vgg16):
    features = vgg16(torch.rand(1, 1, 16, 16), ("conv2_1", "conv1_2"))
    assert set(features) == {"conv2_1", "conv1_2"}
    assert all(F.min() == 0 for F in features.values())


def test_nothing_in_the_network_can_be_trained(vgg16):
    assert not list(vgg16.parameters())
    assert not any(buffer.requires_grad for buffer in vgg16.buffers())


@pytest.mark.parametrize("damage", ["missing", "cut short", "one bit altered", "empty"])
def test_a_harmed_weight_file_is_named_in_one_sentence_with_its_remedy(damage, tmp_path):
    path = tmp_path / "weights.safetensors"
    content = bytearray(vgg.WEIGHTS.read_bytes())
    if damage == "one bit altered":
        content[-1] ^= 1
        path.write_bytes(content)
    elif damage != "missing":
        path.write_bytes(content[: len(content) // 2 if damage == "cut short" else 0])
    with pytest.raises(DataError) as caught:
        vgg.load_vgg16(path)
    assert str(caught.value).startswith(str(path))
    assert "git checkout data/weights" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("layer", ["conv5_2", "relu1_1", ""])
def test_a_layer_that_is_not_there_is_named(layer, vgg16):
    with pytest.raises(ValueError, match=f"layer is '{layer}'; it is one of conv1_1, conv1_2"):
        vgg16(torch.rand(1, 1, 16, 16), ("conv1_1", layer))
