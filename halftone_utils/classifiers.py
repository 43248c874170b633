"""The classifiers, for one channel and ten classes; normalization lives inside each of them."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, resnet18
from torchvision.models import alexnet as torchvision_alexnet
from torchvision.transforms import Normalize

from halftone_utils.files import DataError

CLASSES = 10


class StandardizePerImage(nn.Module):
    """Shift and scale each image to mean 0 and standard deviation 1 over its own pixels.

    (N, 1, H, W) in [0, 1] -> (N, 1, H, W).  Overall brightness and contrast are gone before
    the first weight, so a halftone cannot win by greying the picture alone.
    """

    floor = 1 / 255  # of the standard deviation: an even picture stays finite

    def forward(self, images: Tensor) -> Tensor:
        """Standardize."""
        std, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True, correction=0)
        return (images - mean) / std.clamp_min(self.floor)


def lenet5() -> nn.Sequential:
    """LeNet-5 (LeCun et al. 1998, fig. 2): 32x32 is its own size, so nothing is changed for it.

    As everyone draws it today: max-pooling, ReLU, full connections in C3, a linear output.
    """
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),    # (6, 14, 14)
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),   # (16, 5, 5)
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, CLASSES),
    )  # fmt: skip


def alexnet32() -> nn.Sequential:
    """AlexNet (Krizhevsky 2014, torchvision's definition) fitted to 32x32.

    Unchanged it ends at 0x0 pixels.  The fit is the one Wei Yang published for CIFAR
    (pytorch-classification, `alexnet.py`): padding 5 instead of 2 in the first layer, 2x2
    instead of 3x3 pooling, and a head for the one remaining pixel, Linear(256, 10), in place
    of three layers on a 6x6 copy of it.  The five convolutions keep size, stride and width.
    """
    features = torchvision_alexnet(weights=None, num_classes=CLASSES).features
    features[0] = nn.Conv2d(1, 64, kernel_size=11, stride=4, padding=5)
    for i, layer in enumerate(features):
        if isinstance(layer, nn.MaxPool2d):
            features[i] = nn.MaxPool2d(2)
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(256, CLASSES))


def alexnet256() -> nn.Sequential:
    """AlexNet (Krizhevsky 2014) as torchvision defines it, but for one channel and ten classes."""
    network = torchvision_alexnet(weights=None, num_classes=CLASSES)
    network.features[0] = nn.Conv2d(1, 64, kernel_size=11, stride=4, padding=2)
    return nn.Sequential(*network.features, network.avgpool, nn.Flatten(), *network.classifier)


_BUILDERS: dict[int, dict[str, Callable[[], nn.Sequential]]] = {
    32: {"lenet": lenet5, "alexnet": alexnet32},
    256: {"alexnet": alexnet256},
}
SIZES = tuple(_BUILDERS)
ARCHITECTURES = tuple(_BUILDERS[32])


def build(architecture: str, size: int = 32, seed: int = 0) -> nn.Module:
    """A classifier with fresh weights: images (N, 1, size, size) in [0, 1] -> logits (N, 10).

    The weights depend on `seed` alone; the caller's random state is left as it was.
    Convolutions and linear layers start from He initialisation (He et al. 2015, eq. 10).
    Raises ValueError for an architecture or a size that is not there.
    """
    if size not in SIZES:
        raise ValueError(f"size is {size!r}; classifiers are built for {SIZES} pixels.")
    if architecture not in _BUILDERS[size]:
        raise ValueError(
            f"architecture is {architecture!r}; it is one of {', '.join(_BUILDERS[size])} "
            f"at {size} pixels."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(StandardizePerImage(), *_BUILDERS[size][architecture]())
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    return network


def imagenet_classifier() -> tuple[nn.Module, list[str]]:
    """torchvision's ResNet18 with its ImageNet weights, and the names of the 1000 classes.

    Images (N, 3, H, W) in [0, 1] -> logits (N, 1000); normalization inside, as for digits.
    Nothing is downloaded: raises DataError that says where the weights are looked for.
    """
    weights = ResNet18_Weights.IMAGENET1K_V1
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    if not path.exists():
        raise DataError(
            f"ResNet18's ImageNet weights are not at {path}: put {weights.url} there, "
            "or leave photographs out."
        )
    network = resnet18(weights=None)
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is damaged ({reason}): fetch {weights.url} again.") from None
    normalize = Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return nn.Sequential(normalize, network).eval(), weights.meta["categories"]
