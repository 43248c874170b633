"""Frozen features of the embedded VGG-16, by the name of the layer."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn

from halftone_utils.engine import checks, winograd
from halftone_utils.engine.files import DATA, DataError, sha256
from halftone_utils.engine.types import Convolved, Images

WEIGHTS = DATA / "weights" / "vgg16_features.safetensors"
SHA256 = "4fb452106c3d6f4c68f412a3bb1a1694d438857dcce6839b37ac5ab22e666a14"
MEAN = (122.67892, 116.66877, 104.00699)  # the file's own, RGB in [0, 255]
LAYERS = tuple(f"conv{b}_{i}" for b, n in enumerate((2, 2, 3, 3, 1), 1) for i in range(1, n + 1))


class VGG(nn.Module):
    """The convolutional part of a VGG (Simonyan & Zisserman 2015) as a frozen feature extractor.

    A layer's features are its outputs after the ReLU, as in Gatys et al. 2016, whose average
    pooling (sec. 2) takes the place of the maximum.
    weights: "conv1_1.weight" (64, 3, 3, 3), "conv1_1.bias" (64,), ... of LAYERS, for an input of
    RGB in [0, 255] minus `mean`.

    Images are grey, so conv1_1 takes two channels instead of three: the grey picture, and
    ones that carry what is left of the three means.  With zero padding this is exact, and
    neither the features nor the gradient need three copies of one channel.
    """

    conv1_1_bias: Tensor

    def __init__(self, weights: Mapping[str, Tensor], mean: Sequence[float] = MEAN) -> None:
        """Freeze the weights."""
        super().__init__()
        self.grey_mean = sum(mean) / 3
        rgb = weights["conv1_1.weight"].float()
        left_over = (torch.tensor(mean) - self.grey_mean).view(1, 3, 1, 1)
        first = torch.cat([rgb.sum(1, True), -(rgb * left_over).sum(1, True)], dim=1)
        for layer in LAYERS:
            weight = first if layer == "conv1_1" else weights[f"{layer}.weight"].float()
            weight = weight.contiguous(memory_format=torch.channels_last)
            self.register_buffer(f"{layer}_weight", weight)
            self.register_buffer(f"{layer}_bias", weights[f"{layer}.bias"].float())
            back = weight.flip(2, 3).transpose(0, 1)
            if layer == "conv1_1":
                back = back[:1]  # nothing flows back into the ones
            back = back.contiguous(memory_format=torch.channels_last)
            self.register_buffer(f"{layer}_weight_transposed", back)
        self._transformed: dict[str, Tensor] = {}  # weights as `winograd` wants them, when it does

    def _convolve(self, x: Tensor, name: str, bias: Tensor | None = None) -> Tensor:
        """Convolution with the named weights; with a bias, the ReLU follows."""
        weight = getattr(self, name)
        if winograd.serves(x, weight):
            if len(weight) == 1:
                return winograd.to_one_channel(x, weight)
            if name not in self._transformed:
                self._transformed[name] = winograd.transform(weight)
            return winograd.convolve(x, self._transformed[name], bias)
        y = F.conv2d(x, weight, bias, padding=1)
        return y if bias is None else y.relu_()

    def backward_through(self, layer: str, gradient: Tensor, features: Tensor) -> Tensor:
        """Gradient at what enters `layer`'s block of [pool,] convolution, ReLU.

        gradient: dL/dF (N, N_l, H, W), overwritten; features: F.  With conv1_1 the result is
        the gradient with respect to 255 x.
        """
        # in place: memory that was just written is in the cache, new memory is not
        gradient = torch.ops.aten.threshold_backward.grad_input(
            gradient, features, 0, grad_input=gradient
        )
        gradient = self._convolve(gradient, f"{layer}_weight_transposed")
        if layer.endswith("_1") and layer != "conv1_1":
            gradient = F.interpolate(gradient / 4, scale_factor=2)
        return gradient

    def forward(self, images: Images, layers: Collection[str]) -> dict[str, Convolved]:
        """Features after the ReLU of each layer asked for, one of LAYERS.

        images: (N, 1, H, W) in [0, 1].
        Returns name -> (N, N_l, H_l, W_l), in the dtype of the weights.
        """
        grey = images * 255 - self.grey_mean
        x = torch.cat([grey, torch.ones_like(grey)], dim=1)
        x = x.to(self.conv1_1_bias.dtype, memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        block = "1"
        for layer in upto(layers):
            if layer[4] != block:
                block, x = layer[4], F.avg_pool2d(x, 2)
            x = self._convolve(x, f"{layer}_weight", getattr(self, f"{layer}_bias"))
            if layer in layers:
                features[layer] = x
        return features


def upto(layers: Collection[str]) -> tuple[str, ...]:
    """All layers to the deepest of these, in order; ValueError for one that is not in LAYERS."""
    for layer in layers:
        checks.one_of("layer", layer, LAYERS)
    return LAYERS[: 1 + max(map(LAYERS.index, layers))]


def load_vgg16(path: Path = WEIGHTS) -> VGG:
    """The embedded VGG-16 up to conv5_1 (ImageNet, fine-tuned a little for edge detection).

    Raises DataError that names the file if it is missing or its SHA-256 is not the known one.
    """
    remedy = "restore it with `git checkout data/weights` or `python data/rebuild.py`"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing: {remedy}.") from None
    found = sha256(content)
    if found != SHA256:
        raise DataError(f"{path} has SHA-256 {found}, not {SHA256}: {remedy}.")
    return VGG(load(content))


def random_vgg(seed: int, like: VGG, images: Images) -> VGG:
    """A VGG of random filters (He et al. 2015) and no biases, as loud in every layer as another.

    like: the other one.  images: (N, 1, H, W), over which the features of each layer have the mean
    square that the other's have.  That is what the losses are made of, so alpha and beta weigh the
    same; with He's scale alone the content loss holds every picture where it starts.
    """
    generator = torch.Generator().manual_seed(seed)
    weights: dict[str, Tensor] = {}
    for layer in LAYERS:
        outputs, inputs = like.get_buffer(f"{layer}_weight").shape[:2]
        weight = torch.empty(outputs, 3 if layer == "conv1_1" else inputs, 3, 3)
        nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu", generator=generator)
        weights |= {f"{layer}.weight": weight, f"{layer}.bias": torch.zeros(outputs)}
    with torch.no_grad():
        wanted, found = like(images, LAYERS), VGG(weights)(images, LAYERS)
    so_far = 1.0  # what the layers before have been made louder by
    for layer in LAYERS:
        louder = float((wanted[layer].square().mean() / found[layer].square().mean()).sqrt())
        weights[f"{layer}.weight"] *= louder / so_far
        so_far = louder
    return VGG(weights)
