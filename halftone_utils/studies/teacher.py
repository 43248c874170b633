"""Why style transfer harms more than noise of its spectrum: its teacher, and lesser rivals.

Style transfer asks a VGG that once learned to classify.  If its halftones harm by the features
that this VGG shares with the network that is read, a VGG of random weights draws harmless ones.
Lesser rivals: strokes that are eaten away or ringed, which a closing or an opening undoes; and that
the excess comes of how its control is made.

A control takes the residual after an affine fit to the digit, not the plain difference.  A plain
difference holds the contrast that the digit lost, which is the digit itself, negative: with its
phases drawn anew that loss turns into noise, and the digit below is back at full contrast.  So this
control has less noise a contrast than the halftone that it stands for, and calls more of the harm
an excess.  The affine fit keeps contrast and noise, and says the lesser number.

Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from scipy import ndimage
from torch import Tensor

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import spectra
from halftone_utils.studies import channel, experiments, grid, undoing
from halftone_utils.style import vgg

CONTROLS = ("", "random phases", "random phases in windows", "of another digit", "sign turned")
PLAIN = "random phases of the plain difference"
COMPARED = 30  # iterations of the trained VGG, whose power the random one's has to reach
STEPS = range(2, 151, 2)  # iterations of the random one: some take five times as many
FEW = 100  # digits, on which the random VGG is made as loud, and its iteration is looked for


def closing(images: Tensor) -> Tensor:
    """Fill what is darker than all about it and less than 3 px wide: gaps in strokes."""
    return torch.from_numpy(ndimage.grey_closing(images.numpy(), size=(1, 1, 3, 3)))


def opening(images: Tensor) -> Tensor:
    """Take away what is lighter than all about it and less than 3 px wide: dots, thin rings."""
    return torch.from_numpy(ndimage.grey_opening(images.numpy(), size=(1, 1, 3, 3)))


FILTERS: dict[str, Callable[[Tensor], Tensor]] = {
    "closing 3x3": closing,
    "opening 3x3": opening,
    "threshold": undoing.threshold,
}


def power(drawn: Tensor, images: Tensor) -> float:
    """Mean power of a redrawing's residual, in units of its digits' own contrast."""
    return float(channel.power_of(drawn, images).sum(1).mean())


def plain_control(drawn: Tensor, images: Tensor) -> Tensor:
    """The digits plus what a redrawing changes of them, its phases random; no fit is made."""
    return images + spectra.random_phases(drawn - images, seed=0)


def nearest_in_power(steps: dict[int, Tensor], images: Tensor, wanted: float) -> int:
    """The iteration whose pictures have most nearly the wanted power; the earliest of equals."""
    return min(steps, key=lambda i: abs(power(steps[i], images) - wanted))


def by_random_weights(
    point: points.StylePoint, images: Tensor, seed: int, wanted: float
) -> tuple[int, Tensor]:
    """The iteration of STEPS at which a random VGG's halftones have nearly this power, and them.

    The iteration is looked for on the first FEW images; no network reads them for it.
    """
    digits = as_float(datasets.load("train", 32, FEW)[0])
    network = vgg.random_vgg(seed, vgg.load_vgg16(), digits)
    few = images[:FEW]
    i = nearest_in_power(points.steps(point, few, tuple(STEPS), network), few, wanted)
    return i, points.steps(point, images, (i,), network)[i]


def beside(drawn: Tensor, images: Tensor, labels: Tensor) -> Iterator[tuple[dict, Tensor]]:
    """A redrawing and its controls, each by what a row says of it; then both through FILTERS."""
    shown = channel.controls(drawn, images, labels) | {PLAIN: plain_control(drawn, images)}
    for control in (*CONTROLS, PLAIN):
        yield ({"control": control} if control else {}), shown[control]
    for name, way in FILTERS.items():
        yield {"filter": name}, way(drawn)
        yield {"control": "random phases", "filter": name}, way(shown["random phases"])


def teacher(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """What a network reads of style transfer by the trained VGG, and by one of random weights.

    Writes data/results/teacher-NETWORK-32-original-sSEED.json; a killed run goes on.
    architecture: trained on originals.  seed: of the network, and of the random VGG, which is asked
    at the iteration nearest in power to COMPARED of the trained one.  n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"teacher-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    there, model = store.check(stem, config, []), experiments.ready(x)
    pictures, labels = datasets.load("validation", 32, n)
    images, point = as_float(pictures), points.load_style("talk", 32)

    def record(of_way: dict, shown: Iterable[tuple[dict, Tensor]], **measured: float) -> None:
        rows = [
            {**of_way, **how, "n": n, "n_correct": training.count_right(model, found, labels)}
            for how, found in shown
        ]
        store.record("teacher", stem, config, rows, measured=measured)

    known = {(row.get("teacher"), row.get("iterations")) for row in there.rows} if there else set()
    if not known:
        filtered = [({"filter": name}, way(images)) for name, way in FILTERS.items()]
        record({"shown": "original"}, [({}, images), *filtered])
    trained = points.steps(point, images, channel.ITERATIONS)
    of_way: dict[str, Any] = {"shown": "style transfer", "teacher": "trained"}
    for i, drawn in sorted(trained.items()):
        if ("trained", i) not in known:
            record(of_way | {"iterations": i}, beside(drawn, images, labels))
    if "random" not in {name for name, _ in known}:
        wanted = power(trained[COMPARED], images)
        i, drawn = by_random_weights(
            point, images, seed, power(trained[COMPARED][:FEW], images[:FEW])
        )
        of_way = {"shown": "style transfer", "teacher": "random", "iterations": i}
        powers = {"power_trained": wanted, "power_random": power(drawn, images)}
        record(of_way, beside(drawn, images, labels), **powers)
    return store.read(store.path_of(stem))
