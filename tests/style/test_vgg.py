"""The features are those of VGG, in one channel or three, and no file is trusted unread."""

import pytest
import torch
from torchvision.models.vgg import VGG19_Weights, cfgs, make_layers
from torchvision.transforms import Normalize

from halftone_utils.engine.files import DataError
from halftone_utils.style import vgg

LAYERS = vgg.LAYERS["vgg16"]


def test_a_grey_picture_has_the_features_of_three_copies_of_its_channel(vgg16):
    grey = torch.rand(2, 1, 32, 24, generator=torch.Generator().manual_seed(0))
    ours = vgg16(grey, LAYERS)
    rgb = vgg16(grey.repeat(1, 3, 1, 1), LAYERS)
    for layer in LAYERS:  # every pixel, borders included; float32 sums in another order
        assert (ours[layer] - rgb[layer]).abs().max() <= 1e-5 * rgb[layer].max()


def test_each_layer_has_the_channels_of_vgg_and_half_the_side_after_each_pooling(vgg16):
    shapes = {layer: tuple(F.shape) for layer, F in vgg16(torch.rand(1, 1, 32, 32), LAYERS).items()}
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


def test_a_picture_of_the_mean_colour_leaves_only_the_bias(vgg16):
    mean = torch.tensor(vgg.VGG16_MEAN).view(1, 3, 1, 1) / 255
    features = vgg16(mean.expand(1, 3, 8, 8), ("conv1_1",))["conv1_1"]
    bias = vgg16.conv1_1_bias.relu().view(1, 64, 1, 1)
    assert (features - bias).abs().max() < 1e-3


def test_only_the_layers_asked_for_are_given_and_none_is_negative(vgg16):
    features = vgg16(torch.rand(1, 1, 16, 16), ("conv2_1", "conv1_2"))
    assert set(features) == {"conv2_1", "conv1_2"}
    assert all(F.min() == 0 for F in features.values())


def test_nothing_in_the_network_can_be_trained(vgg16):
    assert not list(vgg16.parameters())
    assert not any(buffer.requires_grad for buffer in vgg16.buffers())


def test_average_pooling_passes_less_on_than_max_pooling(vgg16):
    picture = torch.rand(1, 1, 16, 16)
    most = vgg.load_vgg16(pooling="max")(picture, ("conv1_2", "conv2_1"))
    average = vgg16(picture, ("conv1_2", "conv2_1"))
    assert torch.equal(most["conv1_2"], average["conv1_2"])
    assert not torch.allclose(most["conv2_1"], average["conv2_1"], rtol=0.1)


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
    with pytest.raises(ValueError, match=f"layer is '{layer}'"):
        vgg16.check_layers(("conv1_1", layer))


def test_an_unknown_pooling_or_network_is_named():
    with pytest.raises(ValueError, match="pooling is 'median'"):
        vgg.load_vgg16(pooling="median")
    with pytest.raises(ValueError, match="network is 'vgg11'; it is one of vgg16, vgg19"):
        vgg.load("vgg11")


@pytest.fixture
def vgg19_path(tmp_path, monkeypatch):
    """Where torchvision's VGG-19 weights would lie: an empty cache of torch's."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    path = tmp_path / "checkpoints" / VGG19_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]
    path.parent.mkdir()
    return path


def test_without_vgg19s_weights_one_sentence_says_where_they_would_be(vgg19_path):
    with pytest.raises(DataError) as caught:
        vgg.load_vgg19(download=False)
    assert str(vgg19_path) in str(caught.value)
    assert VGG19_Weights.IMAGENET1K_V1.url in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_damaged_vgg19_weights_are_an_error_of_data(vgg19_path):
    vgg19_path.write_bytes(b"no weights")
    with pytest.raises(DataError, match="VGG-19's ImageNet weights"):
        vgg.load_vgg19()


def test_vgg19_has_the_features_of_torchvisions_own_network(vgg19_path):
    torch.manual_seed(0)
    theirs = make_layers(cfgs["E"])
    for layer in theirs:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.normal_(layer.bias)
    torch.save({f"features.{k}": v for k, v in theirs.state_dict().items()}, vgg19_path)
    ours = vgg.load_vgg19(pooling="max")
    vgg19_path.unlink()  # 80 MB
    picture = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        x = Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))(picture)
        features = ours(picture, vgg.LAYERS["vgg19"])
        outputs = []
        for layer in theirs:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                outputs.append(x.clone())
    for layer, expected in zip(vgg.LAYERS["vgg19"], outputs, strict=False):
        assert (features[layer] - expected).abs().max() < 1e-4 * expected.max()
