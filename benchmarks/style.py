"""Style transfer: our engine against the plain loop, to the same loss, and against the machine."""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.plain import PlainTransfer, one_after_the_other
from benchmarks.timing import Record, losses, race
from halftone_utils.digits import datasets, points
from halftone_utils.digits.points import StylePoint
from halftone_utils.engine import hardware
from halftone_utils.studies import fidelity
from halftone_utils.style.vgg import VGG, upto

POINT = "talk"
BATCH = {32: 16, 256: 1}  # pictures at a time on each core
WITHIN = 0.99  # of the loss to reach, on the tuning pictures: what other pictures may differ


def fast() -> dict:
    """Precision and compilation of our fastest engine on this machine."""
    precision = hardware.fastest_precision()
    return {
        "precision": precision,
        "compiled": precision == torch.bfloat16 and hardware.can_compile(),
    }


def digits(side: int, first: int, n: int) -> Tensor:
    """Validation digits `first` to `first + n`: (n, 1, side, side) in [0, 1]."""
    return datasets.as_float(datasets.load("validation", side, first + n)[0][first:])


def start_of(point: StylePoint, p: Tensor) -> Tensor:
    """x_0 of each digit, noise included."""
    return points.transfer(point, p, iterations=0, keep=(0,)).images[0]


def mean_loss(point: StylePoint, p: Tensor, x: Tensor) -> float:
    """L_total of x, mean over the images, in float32: one judge for both sides."""
    parts = [fidelity.total_loss(point, *pair) for pair in zip(p.split(8), x.split(8), strict=True)]
    return float(torch.cat(parts).mean())


def plain_at(point: StylePoint) -> PlainTransfer:
    """The rival with this operating point's style, layers, constants and iterations."""
    return PlainTransfer(point.style_image(), point.settings, point.size)


def vs_plain(side: int, images: int, repeats: int) -> Record:
    """The engine against the plain loop: same digits, same start, same iterations."""
    point = points.load(POINT, side)
    p = digits(side, 0, images)
    x, rival, done = start_of(point, p), plain_at(point), {}

    def ours() -> None:
        done["ours"] = points.transfer(point, p, batch=BATCH[side], **fast()).image

    def plain() -> None:
        done["plain"] = one_after_the_other(rival.by_adam, p, x)

    record = race("engine", {"engine": ours, "plain": plain}, images=images, repeats=repeats)
    judged = {name: mean_loss(point, p, image) for name, image in done.items()}
    return {
        **record,
        **losses(judged["ours"], judged["plain"]),
        "ms_per_image_and_iteration": {
            name: 1000 / rate / point.iterations
            for name, rate in record["images_per_second"].items()
        },
    }


def precision_gap(images: int) -> Record:
    """Final loss, judged in float32, of the engine in bfloat16 and in float32."""
    point = points.load(POINT, 32)
    p = digits(32, 0, images)
    reached = {
        str(precision).removeprefix("torch."): mean_loss(
            point, p, points.transfer(point, p, precision=precision).image
        )
        for precision in (torch.float32, torch.bfloat16)
    }
    return {**reached, "gap": reached["bfloat16"] / reached["float32"] - 1, "images": images}


def quickest(point: StylePoint, p: Tensor, target: float) -> StylePoint:
    """The optimiser and step that bring the mean loss of p to `target` in the fewest iterations."""
    tried = [("adam", step, 1.0) for step in (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4)]
    tried += [
        ("normalized gradient descent", step, decay)
        for step in (0.07, 0.1, 0.12, 0.14, 0.17, 0.2, 0.24)
        for decay in (1.0, 0.7, 0.6, 0.5)
    ]
    found = []
    for optimizer, step, decay in tried:
        candidate = replace(point, optimizer=optimizer, step=step, decay=decay)
        total = points.transfer(candidate, p, final_loss=True).total.mean(1)
        reached = (total <= WITHIN * target).nonzero()
        if len(reached):
            i = int(reached[0])
            found.append((i, float(total[i]), replace(candidate, iterations=i)))
    if not found:
        return point
    return min(found, key=lambda one: one[:2])[2]


def time_to_loss(images: int, repeats: int, few: int) -> Record:
    """How soon the plain loop's final loss is reached, when our optimiser is free.

    Optimiser, step and iterations are chosen on other digits than those timed.  The rival is the
    quicker of the plain Adam and the tutorial's own L-BFGS, which is timed on `few` digits until
    each has the loss that plain Adam gave it.
    """
    point = points.load(POINT, 32)
    tuning, p = digits(32, 0, images), digits(32, images, images)
    rival, done = plain_at(point), {}
    target = mean_loss(point, tuning, points.transfer(point, tuning).image)
    chosen = quickest(point, tuning, target)

    def ours() -> None:
        done["ours"] = points.transfer(chosen, p, batch=BATCH[32], **fast()).image

    def plain() -> None:
        done["plain"] = one_after_the_other(rival.by_adam, p, p)

    record = race(
        "engine, free", {"engine, free": ours, "plain Adam": plain}, images=images, repeats=repeats
    )
    goal, reached = (mean_loss(point, p, done[name]) for name in ("plain", "ours"))
    seconds = [
        rival.by_lbfgs(q, q, until=mean_loss(point, q, x), at_most=100)
        for q, x in zip(p[:few].split(1), done["plain"][:few].split(1), strict=True)
    ]
    rate = few / sum(seconds) if None not in seconds else 0.0
    record["images_per_second"]["plain L-BFGS"] = rate
    if rate > record["images_per_second"]["plain Adam"]:
        record["rival"] = "plain L-BFGS"
        record["ratio"] = record["images_per_second"]["engine, free"] / rate
    return {
        **record,
        "loss_to_reach": goal,
        "loss_ours": reached,
        "loss_reached": reached <= goal,
        "plain_lbfgs_arrived": f"{sum(s is not None for s in seconds)} of {few}",
        "chosen": {k: getattr(chosen, k) for k in ("optimizer", "step", "decay", "iterations")},
        "chosen_how": f"on {images} other validation digits: the fewest iterations to {WITHIN} of "
        "the plain loop's mean loss, over 7 steps each of Adam and of normalized "
        "gradient descent with 4 decays",
    }


def convolutions(network: VGG, layers: tuple[str, ...], batch: int, side: int) -> Callable:
    """One iteration's convolutions and nothing else: forward and input-gradient of each layer."""
    dtype, work = network.conv1_1_bias.dtype, []
    for layer in layers:
        here = side // 2 ** (int(layer[4]) - 1)
        weight, back = (getattr(network, f"{layer}_weight{end}") for end in ("", "_transposed"))
        shapes = ((batch, w.shape[1], here, here) for w in (weight, back))
        x, gradient = (
            torch.rand(shape, dtype=dtype).contiguous(memory_format=torch.channels_last)
            for shape in shapes
        )
        work.append((x, weight, getattr(network, f"{layer}_bias"), gradient, back))

    @torch.inference_mode()
    def run() -> None:
        for x, weight, bias, gradient, back in work:
            F.conv2d(x, weight, bias, padding=1)
            F.conv2d(gradient, back, padding=1)

    return run


def peak_fraction(images: int, repeats: int) -> Record:
    """The convolutions alone against the engine: which share of the machine's peak it reaches.

    The convolutions run in several batch sizes, all cores on one batch or a batch on each core;
    the quickest layout is the peak.
    """
    point = points.load(POINT, 32)
    p = digits(32, 0, images)
    network, _ = points.network_for(point, fast()["precision"])
    layers = upto((point.content_layer, *point.style_weights))

    def ours() -> None:
        points.transfer(point, p, batch=BATCH[32], **fast())

    ways: dict[str, Callable] = {"engine": ours}
    for batch in sorted({b for b in (1, 4, 16, 64) if images % b == 0}):
        one = convolutions(network, layers, batch, point.size)
        turns = range(point.iterations * images // batch)

        def together(one: Callable = one, turns: range = turns) -> None:
            for _ in turns:
                one()

        def apart(one: Callable = one, turns: range = turns) -> None:
            hardware.on_each_core(lambda _: one(), turns)

        ways[f"convolutions of {batch}, cores together"] = together
        ways[f"convolutions of {batch}, a core each"] = apart
    return race("engine", ways, images=images, repeats=repeats)
