"""Frozen VGG features by layer name: the embedded VGG-16, or torchvision's VGG-19 on request."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from halftone_utils.engine import winograd
from halftone_utils.engine.files import DATA, DataError, sha256

WEIGHTS = DATA / "weights" / "vgg16_features.safetensors"
SHA256 = "4fb452106c3d6f4c68f412a3bb1a1694d438857dcce6839b37ac5ab22e666a14"
VGG16_MEAN = (122.67892, 116.66877, 104.00699)  # the file's own, RGB in [0, 255]

BLOCKS = {"vgg16": (2, 2, 3, 3, 1), "vgg19": (2, 2, 4, 4, 1)}  # convolutions up to conv5_1
LAYERS = {
    name: tuple(f"conv{b}_{i}" for b, n in enumerate(blocks, 1) for i in range(1, n + 1))
    for name, blocks in BLOCKS.items()
}


class VGG(nn.Module):
    """The convolutional part of a VGG (Simonyan & Zisserman 2015) as a frozen feature extractor.

    A layer's features are its outputs after the ReLU, as in Gatys et al. 2016.
    weights: "conv1_1.weight" (64, 3, 3, 3), "conv1_1.bias" (64,), ...; input scale RGB in
    [0, 255] minus `mean`.  pooling: "average" as in the paper (sec. 2), or VGG's own "max".

    Digits are grey, so conv1_1 takes two channels instead of three: the grey picture, and
    ones that carry what is left of the three means.  With zero padding this is exact, and
    neither the features nor the gradient need three copies of one channel.
    """

    def __init__(
        self, weights: dict[str, Tensor], mean: Sequence[float], pooling: str = "average"
    ) -> None:
        """Freeze the weights; raises ValueError for an unknown pooling."""
        super().__init__()
        if pooling not in ("average", "max"):
            raise ValueError(f"pooling is {pooling!r}; it is 'average' or 'max'.")
        self.pooling = pooling
        self.pool = F.avg_pool2d if pooling == "average" else F.max_pool2d
        self.layers = tuple(dict.fromkeys(key.split(".")[0] for key in sorted(weights)))
        self.grey_mean = sum(mean) / 3
        rgb = weights["conv1_1.weight"].float()
        left_over = (torch.tensor(mean) - self.grey_mean).view(1, 3, 1, 1)
        first = torch.cat([rgb.sum(1, True), -(rgb * left_over).sum(1, True)], dim=1)
        self.register_buffer("conv1_1_rgb", rgb)
        self.mean = tuple(mean)
        for layer in self.layers:
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

    def _convolve(self, x: Tensor, name: str, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Convolution with the named weights; with a bias, the ReLU follows."""
        if winograd.serves(x, weight):
            if len(weight) == 1:
                return winograd.to_one_channel(x, weight)
            if name not in self._transformed:
                self._transformed[name] = winograd.transform(weight)
            return winograd.convolve(x, self._transformed[name], bias)
        y = F.conv2d(x, weight, bias, padding=1)
        return y if bias is None else y.relu_()

    def backward_through(self, layer: str, gradient: Tensor, features: Tensor) -> Tensor:
        """Gradient at what enters `layer`'s block of [pool,] convolution, ReLU, grey pictures only.

        gradient: dL/dF (N, N_l, H, W), overwritten; features: F.  With conv1_1 the result is
        the gradient with respect to 255 x.  Average pooling only.
        """
        # in place: memory that was just written is in the cache, new memory is not
        gradient = torch.ops.aten.threshold_backward.grad_input(
            gradient, features, 0, grad_input=gradient
        )
        name = f"{layer}_weight_transposed"
        gradient = self._convolve(gradient, name, getattr(self, name))
        if layer.endswith("_1") and layer != "conv1_1":
            gradient = F.interpolate(gradient / 4, scale_factor=2)
        return gradient

    def check_layers(self, layers: Sequence[str]) -> None:
        """Raise ValueError that names the first layer which this network has not."""
        for layer in layers:
            if layer not in self.layers:
                allowed = f"{self.layers[0]} ... {self.layers[-1]}"
                raise ValueError(f"layer is {layer!r}; this network has {allowed}.")

    def forward(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Features after the ReLU of each layer asked for.

        images: (N, 1, H, W) grey or (N, 3, H, W) RGB, in [0, 1].
        Returns name -> (N, N_l, H_l, W_l), in the dtype of the weights.
        """
        dtype = self.conv1_1_bias.dtype
        if images.shape[1] == 1:
            grey = images * 255 - self.grey_mean
            x, weight = torch.cat([grey, torch.ones_like(grey)], dim=1), self.conv1_1_weight
        else:
            mean = images.new_tensor(self.mean).view(1, 3, 1, 1)
            x, weight = images * 255 - mean, self.conv1_1_rgb
        x = x.to(dtype, memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        block = "1"
        for layer in self.layers[: 1 + max(self.layers.index(name) for name in layers)]:
            if layer[4] != block:
                block, x = layer[4], self.pool(x, 2)
            name = f"{layer}_weight"
            weight = weight if layer == "conv1_1" else getattr(self, name)
            x = self._convolve(x, name, weight, getattr(self, f"{layer}_bias"))
            if layer in layers:
                features[layer] = x
        return features


def load_vgg16(path: Path = WEIGHTS, pooling: str = "average") -> VGG:
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
    try:
        return VGG(load_safetensors(content), VGG16_MEAN, pooling)
    except SafetensorError as error:
        raise DataError(f"{path} is damaged ({error}): {remedy}.") from None


def load_vgg19(pooling: str = "average", download: bool = False) -> VGG:
    """torchvision's ImageNet VGG-19 up to conv5_1, if its weights are in torch's cache.

    download: fetch them if they are not.  The file is read by torch's weights-only reader,
    which makes tensors and runs no code.  Its input scale ((x - mean) / std of x in [0, 1])
    is folded into conv1_1, so that it takes the same input as VGG-16.
    Raises DataError that says where the weights are looked for, if they cannot be had.
    """
    from torchvision.models import VGG19_Weights

    url = VGG19_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if not path.exists() and not download:
        raise DataError(
            f"VGG-19's ImageNet weights are not at {path}: put {url} there, "
            "call load_vgg19(download=True), or use the embedded load_vgg16()."
        )
    try:
        state = torch.hub.load_state_dict_from_url(url, check_hash=True, weights_only=True)
    except Exception as error:
        raise DataError(
            f"VGG-19's ImageNet weights cannot be had from {url} ({error}); "
            "the embedded load_vgg16() needs no network."
        ) from None
    indices = sorted({int(key.split(".")[1]) for key in state if key.startswith("features.")})
    std = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
    weights = {}
    for layer, i in zip(LAYERS["vgg19"], indices, strict=False):
        weights[f"{layer}.weight"] = state[f"features.{i}.weight"]
        weights[f"{layer}.bias"] = state[f"features.{i}.bias"]
    weights["conv1_1.weight"] = weights["conv1_1.weight"] / (255 * std)
    return VGG(weights, tuple(255 * m for m in (0.485, 0.456, 0.406)), pooling)


def load(network: str = "vgg16", pooling: str = "average") -> VGG:
    """The feature extractor by name: "vgg16" (embedded) or "vgg19" (torchvision's)."""
    loaders = {"vgg16": load_vgg16, "vgg19": load_vgg19}
    if network not in loaders:
        raise ValueError(f"network is {network!r}; it is one of {', '.join(loaders)}.")
    return loaders[network](pooling=pooling)
