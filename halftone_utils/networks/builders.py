"""How each architecture is built: for one channel, with normalization inside.

A builder takes the side of its pictures in pixels and the number of classes.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import Normalize


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


# How a network brings its input into range, by name: mean and deviation of MNIST's pixels
INPUTS: dict[str, Callable[[], nn.Module]] = {
    "per image": StandardizePerImage,
    "fixed": lambda: Normalize((0.1307,), (0.3081,)),
    "as it is": nn.Identity,
}


def lenet5(size: int, classes: int) -> nn.Sequential:
    """LeNet-5 (LeCun et al. 1998, fig. 2): 32x32 is its own size, so nothing is changed for it.

    As everyone draws it today: max-pooling, ReLU, full connections in C3, a linear output.
    At 256x256 the layers are the same; the first full connection sees 61x61 pixels, not 5x5.
    """
    side = ((size - 4) // 2 - 4) // 2  # what two 5x5 kernels and two poolings leave
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (6, 14, 14) at 32
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (16, 5, 5)
        nn.Flatten(),
        nn.Linear(16 * side * side, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


def alexnet(size: int, classes: int) -> nn.Sequential:
    """AlexNet (Krizhevsky 2014) as torchvision defines it, but for one channel and few classes.

    Unchanged it ends at 0x0 pixels at 32x32.  There it gets the fit that Wei Yang published for
    CIFAR (pytorch-classification, `alexnet.py`): padding 5 instead of 2 in the first layer, 2x2
    instead of 3x3 pooling, and a head for the one remaining pixel, Linear(256, 10), in place
    of three layers on a 6x6 copy of it.  The five convolutions keep size, stride and width.
    """
    network = models.alexnet(weights=None, num_classes=classes)
    features = network.features
    padding = 5 if size == 32 else 2
    features[0] = nn.Conv2d(1, 64, kernel_size=11, stride=4, padding=padding)
    if size != 32:
        return nn.Sequential(*features, network.avgpool, nn.Flatten(), *network.classifier)
    for i, layer in enumerate(features):
        if isinstance(layer, nn.MaxPool2d):
            features[i] = nn.MaxPool2d(2)
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(256, classes))


def small_alexnet(size: int, classes: int) -> nn.Sequential:
    """AlexNet as scripts cut it down for small digits: a quarter of its channels, 3x3 kernels.

    Stride 1 everywhere, 2x2 pooling, and three full connections with dropout.
    """
    channels = (1, 16, 48, 96, 64, 64)
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(channels)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] * (i in (0, 1, 4))
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(64 * (size // 8) ** 2, 512),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, classes),
    )


def _vgg(make: Callable[..., models.VGG], size: int, classes: int) -> nn.Sequential:
    """torchvision's VGG (Simonyan & Zisserman 2015), no batch normalization, one channel.

    At 32x32 one pixel remains: Wei Yang's head for CIFAR (pytorch-classification, `vgg.py`),
    Linear(512, 10), instead of three layers on a 7x7 copy of it.  At 64x64 it reads the mean of
    2x2 pixels, so that smaller pictures can be read too.
    """
    network = make(weights=None, num_classes=classes, init_weights=False)
    network.features[0] = nn.Conv2d(1, 64, kernel_size=3, padding=1)
    if size <= 64:
        pool = [nn.AdaptiveAvgPool2d(1)] * (size > 32)
        return nn.Sequential(*network.features, *pool, nn.Flatten(), nn.Linear(512, classes))
    return nn.Sequential(*network.features, network.avgpool, nn.Flatten(), *network.classifier)


vgg16 = partial(_vgg, models.vgg16)  # configuration D
vgg19 = partial(_vgg, models.vgg19)  # configuration E


def _resnet(make: Callable[..., models.ResNet], size: int, classes: int) -> nn.Sequential:
    """torchvision's ResNet (He et al. 2016) for one channel.

    At 32x32 the stem is the one of the paper's CIFAR networks (sec. 4.2), 3x3 at stride 1, in
    place of 7x7 at stride 2; the max-pooling stays, or an epoch would take four times as long.
    """
    network = make(weights=None, num_classes=classes)
    kernel, stride = (3, 1) if size == 32 else (7, 2)
    network.conv1 = nn.Conv2d(1, 64, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(network)


resnet18 = partial(_resnet, models.resnet18)
resnet50 = partial(_resnet, models.resnet50)
