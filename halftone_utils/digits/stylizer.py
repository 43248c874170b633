"""A feed-forward network that halftones in one pass what style transfer does in iterations.

Johnson, Alahi & Fei-Fei (ECCV 2016) with instance normalisation (Ulyanov et al. 2016), trained
on the same total loss, at one frozen operating point.  A screen repeats: at 45 degrees and
4 sqrt(2) px, every 8 pixels.  So the network works on 8x8 blocks of pixels as channels, draws
the dots of one block at a time, and is as cheap as a network on 32x32 pictures.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, points
from halftone_utils.digits.points import StylePoint
from halftone_utils.engine import checks
from halftone_utils.engine.checkpoints import (
    Progress,
    load_checkpoint,
    load_weights,
    save_checkpoint,
)
from halftone_utils.engine.files import CACHE, DATA, DataError, hash_of, sha256, write_atomically
from halftone_utils.style import gatys

SIZE = 256
BLOCK = 8  # pixels: one period of the screen, each way


def _convolution(before: int, after: int) -> nn.Sequential:
    # a group a channel is instance normalisation, in the kernel that knows channels_last
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(after, after), nn.ReLU()
    )


class Residual(nn.Module):
    """x + two convolutions of it, with instance normalisation (Johnson et al. 2016, table 1)."""

    def __init__(self, channels: int) -> None:
        """channels: of what comes in and goes out."""
        super().__init__()
        first, last = (_convolution(channels, channels) for _ in range(2))
        self.body = nn.Sequential(first, *last[:-1])  # no ReLU before the sum

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return x + self.body(x)


class Stylizer(nn.Module):
    """Grey pictures (N, 1, H, W) in [0, 1] to their halftones, H and W multiples of 8.

    Each picture is normalised by its own statistics, so its halftone is the same in any batch.
    """

    def __init__(self, channels: int = 64, residuals: int = 4) -> None:
        """channels: of every layer; residuals: blocks of two convolutions."""
        super().__init__()
        self.body = nn.Sequential(
            _convolution(BLOCK**2, channels),
            *(Residual(channels) for _ in range(residuals)),
            nn.Conv2d(channels, BLOCK**2, 3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Halftones (N, 1, H, W); raises ValueError for a side that is no multiple of 8."""
        if images.shape[1] != 1 or images.shape[2] % BLOCK or images.shape[3] % BLOCK:
            raise ValueError(
                f"images have shape {tuple(images.shape)}; the stylizer takes (N, 1, H, W) "
                f"with sides that are multiples of {BLOCK}."
            )
        blocks = F.pixel_unshuffle(2 * images - 1, BLOCK)
        blocks = blocks.contiguous(memory_format=torch.channels_last)
        return F.pixel_shuffle(self.body(blocks).contiguous(), BLOCK).sigmoid()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a stylizer is trained: Adam, cosine to zero, each step on `batch` training digits."""

    steps: int = 250
    batch: int = 4
    learning_rate: float = 3e-3
    save_every: int = 50  # steps: what a kill can lose

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        checks.above("learning_rate", self.learning_rate, 1)
        for name in ("steps", "batch", "save_every"):
            checks.whole(name, getattr(self, name), 1)


def _batches(recipe: Recipe, seed: int, first: int) -> Iterator[Tensor]:
    """The digits of each step from `first` on, drawn without return from the training split."""
    digits = datasets.load("train", 28)[0]
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(digits), generator=generator)
    for step in range(first, recipe.steps):
        index = order[(step * recipe.batch + torch.arange(recipe.batch)) % len(order)]
        yield datasets.as_float(datasets.resize(digits[index], SIZE))


def train(
    point: StylePoint,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: Path | None = None,
) -> Stylizer:
    """Train a stylizer on the operating point's total loss.

    The gradient with respect to the picture is the one that style transfer descends; from
    there back it is autograd's.  A killed training goes on from `checkpoint` and ends in the
    same weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Stylizer().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    config = {"point": point.hash, "recipe": asdict(recipe), "seed": seed}
    at = load_checkpoint(checkpoint, model, optimizer, config) if checkpoint else Progress()
    network, targets = points.network_for(point)
    first, before, started = at.batch, at.seconds, time.perf_counter()
    name = f"stylizer {point.name}"
    with tqdm(total=recipe.steps, initial=first, desc=name, unit="step") as bar:
        for step, p in enumerate(_batches(recipe, seed, first), first):
            objective = gatys.Objective(network, p, targets, point.settings)
            x = model(p)
            gradient, content, style = objective.gradient(x.detach())
            total = gatys.total_loss(content, style, point.alpha, point.beta)
            cosine = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
            optimizer.param_groups[0]["lr"] = recipe.learning_rate * cosine
            optimizer.zero_grad()
            x.backward(gradient / total.sum())  # of the loss's own size: Adam's epsilon stays small
            optimizer.step()
            bar.update()
            if checkpoint and (step + 1) % recipe.save_every == 0:
                bar.set_postfix(loss=f"{float(total.mean()):.3g}")
                seconds = before + time.perf_counter() - started
                at = Progress(batch=step + 1, seconds=seconds)
                save_checkpoint(checkpoint, model, optimizer, config, at)
    return model.eval()


def weights_path(name: str) -> Path:
    """Where the committed weights of an operating point's stylizer lie."""
    return DATA / "weights" / f"stylizer-{name}-{SIZE}.safetensors"


def load(name: str = "talk") -> Stylizer:
    """The committed stylizer of an operating point, ready to run.

    Raises DataError if its weights are missing, damaged or of another operating point.
    """
    point, path, model = points.load_style(name, SIZE), weights_path(name), Stylizer()
    remedy = "restore it with `git checkout data/weights` or `make stylizer`"
    made_for = load_weights(path, model, remedy).get("operating_point")
    if made_for != point.hash:
        raise DataError(
            f"{path} was trained for operating point {made_for}, not {point.hash}: {remedy}."
        )
    return model.eval().to(memory_format=torch.channels_last)


def weights_sha256(name: str) -> str:
    """SHA-256 of the committed weights: what decides the pictures beside the content."""
    return sha256(weights_path(name).read_bytes())


@torch.inference_mode()
def stylize(model: Stylizer, images: Tensor, batch: int = 8) -> Tensor:
    """Halftone any number of pictures: (N, 1, H, W) in [0, 1] -> float32 (N, 1, H, W) in [0, 1]."""
    return torch.cat([model(p) for p in images.split(batch)])


def train_and_publish(name: str, *, steps: int = Recipe.steps, seed: int = 0) -> Path:
    """Train the stylizer of a frozen point, or go on training it; write data/weights.

    name: a frozen point of 256 pixels, by style transfer.  Returns the file.
    """
    point, recipe = points.load_style(name, SIZE), Recipe(steps=steps)
    stem = hash_of([point.hash, asdict(recipe), seed])
    checkpoint = CACHE / "checkpoints" / f"stylizer-{name}-{stem}.safetensors"
    model = train(point, recipe, seed=seed, checkpoint=checkpoint)
    note = {"operating_point": point.hash, "recipe": json.dumps(asdict(recipe)), "seed": str(seed)}
    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    write_atomically(weights_path(name), save(tensors, metadata=note))
    return weights_path(name)
