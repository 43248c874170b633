"""Does a network see the tone of a halftone?  Flat patches of known tone, read out layer by layer.

A linear readout of the tone is trained on continuous patches and tested on their halftones; and a
halftone's features are compared with those of its tone.  A layer's features are its outputs after
the ReLU, each channel's mean over the patch; layer 0 is the mean of the pixels themselves, which
says how true the screens' own tones are.

A classifier standardizes each picture by itself, so that a picture all of one tone is nothing to
it, and one of dots tells its tone by its deviation alone, t (1 - t).  Both would be no seeing.  So
the standardization is held at the mean and deviation that digits have, whatever is shown: what a
patch meets that is small within a picture whose black and white stay as they are.  The features of
VGG-16 take pixels as they are.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms import Normalize
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import architectures
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens.ways import Way
from halftone_utils.studies import experiments, frontier, grid
from halftone_utils.style import vgg

VGG_FEATURES = "vgg16-features"  # a name beside the architectures': ImageNet's, see style/vgg.py
SIDE = 32  # px
TONES = torch.arange(1, 20, dtype=torch.float64) / 20
PLACES = 4  # where each halftone of three patches' side is cut: its phase
N_TRAIN = (
    800  # continuous patches that the readout is fitted to; half as many others choose its ridge
)
RIDGES = 10.0 ** torch.arange(-10, 1, dtype=torch.float64)  # of the greatest variance of features
CONTROL = 0.01  # how well a readout must read other continuous patches
NEAR = 0.1  # a tone read no further off counts as right
Reader = Callable[[Tensor], list[Tensor]]  # patches (N, 1, H, W) -> features of each layer (N, C)


def screens_in_use() -> list[Way]:
    """Screens that print tones truly: those of the frontier at 32 pixels, and random dots."""
    found: dict[str, Way] = {}
    for way in frontier.redrawings(SIDE):
        given = {k: v for k, v in way.parameters.items() if k != "tone_range"}
        if way.kind in screens.KINDS and "dot_gain" not in given:
            plain = Way(way.kind, way.function, given)
            found[plain.name] = plain
    return [*found.values(), Way("random", screens.random_dots)]


def shaded(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Continuous patches, even ramps of any direction from flat to as steep as black and white let.

    Returns (n, 1, SIDE, SIDE) and the mean tone of each (n,), which lie anywhere from 0 to 1.
    """
    random = torch.Generator().manual_seed(seed)
    tones, steepness, angles = torch.rand(3, n, generator=random, dtype=torch.float64)
    at = torch.linspace(-1, 1, SIDE, dtype=torch.float64)
    x, y = (torch.einsum("n,s->ns", f(2 * torch.pi * angles), at) for f in (torch.cos, torch.sin))
    ramps = x[:, None, :] + y[:, :, None]
    ramps = ramps / ramps.abs().amax((1, 2), keepdim=True)
    most = steepness * torch.minimum(tones, 1 - tones)
    return (tones[:, None, None] + most[:, None, None] * ramps).float()[:, None], tones


def flat() -> Tensor:
    """A continuous patch of each of TONES."""
    return TONES.float().view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)


def printed(way: Way) -> Tensor:
    """Flat halftones, PLACES of them for each of TONES in turn, cut from larger ones."""
    large = way(flat().repeat(1, 1, 3, 3))
    random = torch.Generator().manual_seed(0)
    corners = torch.randint(2 * SIDE, (PLACES, 2), generator=random).tolist()
    cut = [large[..., y : y + SIDE, x : x + SIDE] for y, x in corners]
    return torch.stack(cut, 1).flatten(0, 1)


def as_in_a_digit(model: nn.Module) -> nn.Module:
    """A classifier whose standardization is held at the mean and deviation that digits have."""
    digits = as_float(datasets.load("validation", SIDE, 500)[0])
    std, mean = (float(x.mean()) for x in torch.std_mean(digits, (1, 2, 3), correction=0))
    return nn.Sequential(Normalize((mean,), (std,)), *[*model.children()][1:]).eval()


@torch.inference_mode()
def features(model: nn.Module, patches: Tensor) -> list[Tensor]:
    """Mean of each channel behind each ReLU of the convolutional part, in the order they are used.

    patches: (N, 1, H, W).  Returns float64 (N, channels) for each.
    """
    found: list[Tensor] = []

    def keep(_layer: nn.Module, _given: tuple, output: Tensor) -> None:
        if output.ndim == 4:
            found.append(output.mean((2, 3)).double())

    hooks = [x.register_forward_hook(keep) for x in model.modules() if isinstance(x, nn.ReLU)]
    try:
        model(patches)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _of_vgg(network: vgg.VGG, patches: Tensor) -> list[Tensor]:
    with torch.inference_mode():
        return [x.mean((2, 3)).double() for x in network(patches, vgg.LAYERS).values()]


def reader(of: Reader) -> Reader:
    """The same over any number of patches, and with the mean of the pixels as layer 0."""

    def read(patches: Tensor) -> list[Tensor]:
        parts = [of(x) for x in patches.split(200)]
        return [patches.mean((2, 3)).double(), *map(torch.cat, zip(*parts, strict=True))]

    return read


def readouts(features: Tensor, tones: Tensor) -> Callable[[Tensor], Tensor]:
    """Ridge regressions of tones (N,) on features (N, C), one for each of RIDGES.

    Returns what reads features (M, C) as tones (M, ridges).
    """
    middle, mean = features.mean(0), tones.mean()
    u, s, v = torch.linalg.svd(features - middle, full_matrices=False)
    ridges = RIDGES[:, None] * s[0].square().clamp_min(1e-12)
    weights = (s / (s.square() + ridges) * (u.T @ (tones - mean))) @ v  # (ridges, C)
    return lambda x: (x - middle) @ weights.T + mean


def chosen(errors: Tensor) -> int:
    """The strongest of RIDGES that errs by less than CONTROL; where none does, the one of least.

    Among readouts that read continuous patches alike, the one of least weights hears least of what
    no continuous patch ever showed it.
    """
    enough = (errors < CONTROL).nonzero()
    return int(enough[-1]) if len(enough) else int(errors.argmin())


def rows_of(read: Reader) -> list[dict[str, Any]]:
    """A row a layer for flat continuous patches, and one for each screen.

    error: mean absolute error of the tones read.  error_least: by that of RIDGES which is best for
    the very patches, a bound.  cosine: of a patch's features with those of its tone, flat;
    cosine_other: with those of all other tones.
    """
    patches, tones = shaded(N_TRAIN, seed=0)
    others, tones_of_others = shaded(N_TRAIN // 2, seed=1)
    fitted, held, even = read(patches), read(others), read(flat())
    shown: list[tuple[dict[str, Any], list[Tensor]]] = [({"shown": "continuous"}, even)]
    for way in tqdm(screens_in_use(), unit="screen"):
        shown.append(({"shown": "halftone", **way.config}, read(printed(way))))
    rows = []
    for layer in range(len(even)):
        tones_of = readouts(fitted[layer], tones)
        ridge = chosen((tones_of(held[layer]) - tones_of_others[:, None]).abs().mean(0))
        for of, found in shown:
            x = found[layer]
            which = torch.arange(len(TONES)).repeat_interleave(len(x) // len(TONES))
            errors = (tones_of(x) - TONES[which, None]).abs()
            numbers = {"error": errors[:, ridge].mean(), "error_least": errors.mean(0).min()}
            if layer:
                alike = F.cosine_similarity(x[:, None], even[layer], dim=2)
                own = F.one_hot(which).bool()
                numbers |= {"cosine": alike[own].mean(), "cosine_other": alike[~own].mean()}
            counts = {"n": len(x), "n_correct": int((errors[:, ridge] <= NEAR).sum())}
            measured = {name: float(f"{float(x):.4g}") for name, x in numbers.items()}
            rows.append({"layer": layer, **of, **measured, **counts})
    return rows


def networks_of(name: str, seed: int) -> tuple[str, dict, Reader, Reader]:
    """Stem and config of a network, and what reads with its weights and with random ones.

    name: an architecture, trained on originals, or VGG_FEATURES; seed: its own, and that of the
    random weights, from which a classifier's training starts.
    """
    if name == VGG_FEATURES:
        trained = vgg.load_vgg16()
        like = as_float(datasets.load("validation", SIDE, 100)[0])
        random = vgg.random_vgg(seed, trained, like)
        config = {"architecture": name, "seed": seed, "weights": vgg.SHA256}
        return f"{name}-s{seed}", config, partial(_of_vgg, trained), partial(_of_vgg, random)
    x = grid.experiment_for(name, SIDE, seed=seed)
    models = experiments.ready(x), architectures.build(name, SIDE, seed)
    read, read_at_random = (partial(features, as_in_a_digit(model)) for model in models)
    return x.stem, config_of(x), read, read_at_random


def tones(network: str, *, seed: int = 0) -> Result:
    """How well flat halftones' tones are read out of each layer of a network, trained and not.

    Writes data/results/tones-NETWORK-32-original-sSEED.json, or tones-vgg16-features-sSEED.json.
    network: an architecture, trained on originals, or "vgg16-features", ImageNet's.
    """
    checks.one_of("network", network, [*architectures.ARCHITECTURES, VGG_FEATURES])
    of, config, trained, random = networks_of(network, seed)
    stem, config = f"tones-{of}", {"network": config}
    there = store.check(stem, config, [])
    if there and there.where(untrained=True):
        return there
    rows = rows_of(reader(trained))
    rows += [{"untrained": True, **row} for row in rows_of(reader(random))]
    return store.record("tones", stem, config, rows)
