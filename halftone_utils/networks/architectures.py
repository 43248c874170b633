"""The architectures: rows of data/architectures.toml, built for one channel with fresh weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from halftone_utils.engine import checks
from halftone_utils.engine.files import DATA, DataError, read_rows
from halftone_utils.networks.training import Recipe

SIZES = (32, 256)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A row: its printed name, the builder's name, how figures draw it, a recipe a size."""

    name: str
    printed: str
    builder: str
    colour: str
    marker: str
    recipes: Mapping[int, Recipe]


def _row(recipes: Mapping[str, dict], **others: str) -> Architecture:
    of_size = {
        int(size): Recipe(**{**recipe, "small": tuple(map(tuple, recipe.get("small", ())))})
        for size, recipe in recipes.items()
    }
    return Architecture(recipes=of_size, **others)


FILE = DATA / "architectures.toml"
ARCHITECTURES: Mapping[str, Architecture] = read_rows(FILE, _row)


def build(
    architecture: str, size: int = 32, seed: int = 0, classes: int = 10, scale: str = "per image"
) -> nn.Module:
    """A classifier with fresh weights: images (N, 1, size, size) in [0, 1] -> logits (N, classes).

    As `assemble` does it.  Raises ValueError for an architecture, a size or a scale that is not
    there.
    """
    checks.one_of("size", size, SIZES)
    checks.one_of("architecture", architecture, ARCHITECTURES)
    try:
        return assemble(ARCHITECTURES[architecture].builder, size, seed, classes, scale)
    except DataError as error:
        raise DataError(f"{FILE}, [{architecture}]: {error}") from None


def assemble(
    builder: str,
    size: int,
    seed: int = 0,
    classes: int = 10,
    scale: str = "per image",
    *,
    he: bool = True,
) -> nn.Module:
    """What a function of `builders` makes, as a classifier for pictures of any side it allows.

    The weights depend on `seed` alone; the caller's random state is left as it was.
    he: convolutions and linear layers start from He initialisation (He et al. 2015, eq. 10), which
    plain VGGs need to train at all, ResNets from torchvision's; else all from PyTorch's own.
    scale: a name of `builders.INPUTS`, how the input is brought into range.
    Raises ValueError for a scale that is not there, DataError for a builder that is not.
    """
    # here, since who only needs a printed name should wait for neither torchvision nor numba; on
    # the processor, since the modules' constants stay when `cost` leaves the device "meta"
    with torch.device("cpu"):
        from halftone_utils.engine.convolutions import accelerate
        from halftone_utils.networks import builders

    checks.one_of("scale", scale, builders.INPUTS)
    make = getattr(builders, builder, None)
    if make is None:
        raise DataError(f"{builders.__file__} has no function {builder!r}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(builders.INPUTS[scale](), *make(size, classes))
        for layer in network:
            if he and isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    return accelerate(network)


@cache
def cost(architecture: str, size: int) -> tuple[int, int]:
    """Parameters, and multiply-accumulate operations for one image; nothing is computed."""
    with torch.device("meta"):
        network = build(architecture, size).eval()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, 1, size, size))
    return sum(p.numel() for p in network.parameters()), counter.get_total_flops() // 2
