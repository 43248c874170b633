"""Fit one classifier and read with it; a killed fit resumes to the same bits."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils.checkpoints import load_checkpoint, save_checkpoint
from halftone_utils.files import hash_of
from halftone_utils.mnist import as_float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a classifier is fitted: AdamW (Loshchilov & Hutter 2019), one-cycle learning rate.

    learning_rate is the peak, reached after `warmup` of all steps, then a cosine to zero.
    shift: each image of a batch is moved by up to this many pixels each way, wrapping round.
    """

    epochs: int
    learning_rate: float
    batch: int = 128
    weight_decay: float = 0.01
    warmup: float = 0.15
    shift: int = 2

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if self.epochs < 1 or self.batch < 1:
            raise ValueError(f"epochs is {self.epochs}, batch {self.batch}; both are at least 1.")
        if not 0 < self.learning_rate <= 1:
            raise ValueError(f"learning_rate is {self.learning_rate}; it lies in (0, 1].")
        if self.shift < 0:
            raise ValueError(f"shift is {self.shift} px; it is 0 or more.")


RECIPES = {  # chosen on the validation split
    "lenet": Recipe(epochs=12, learning_rate=4e-3),
    "alexnet": Recipe(epochs=7, learning_rate=1e-3, shift=1),
}


def shift_randomly(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move each image by its own whole number of pixels in [-most, most], wrapping round.

    (N, 1, H, W) -> (N, 1, H, W).  Wrapping keeps a halftone's ground a halftone.
    """
    if most == 0:
        return images
    n, _, height, width = images.shape
    dy, dx = torch.randint(-most, most + 1, (2, n, 1), generator=generator)
    rows = (torch.arange(height) + dy) % height
    columns = (torch.arange(width) + dx) % width
    return images[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None]][:, None]


def learning_rate_factor(progress: float, warmup: float) -> float:
    """One-cycle factor in [0, 1] at `progress` in [0, 1]: linear up, then a cosine to zero."""
    if progress < warmup:
        return progress / warmup
    angle = torch.pi * (progress - warmup) / (1 - warmup)
    return 0.5 * (1 + float(torch.cos(torch.tensor(angle))))


def _batches(images: Tensor, labels: Tensor, recipe: Recipe, epoch_seed: int) -> Iterator:
    """Shuffled, shifted float batches of one epoch; what comes depends on epoch_seed alone."""
    generator = torch.Generator().manual_seed(epoch_seed)
    for index in torch.randperm(len(labels), generator=generator).split(recipe.batch):
        yield shift_randomly(as_float(images[index]), recipe.shift, generator), labels[index]


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path | None = None,
    config: dict | None = None,
    after_epoch: Callable[[int], None] | None = None,
    progress: bool = True,
) -> float:
    """Train `model` in place by cross-entropy; returns the seconds it took, resumed ones too.

    images: uint8 (N, 1, H, W); labels: int64 (N,).  Every epoch draws its order, its shifts
    and its dropout from (seed, epoch) alone, so a run that is killed and resumed from
    `checkpoint`, written after each epoch, ends in the same weights as one left alone.
    config: what else decides the result (names of the data); a checkpoint of another is not
    resumed.  The caller's random state is left as it was.
    """
    config = {"recipe": asdict(recipe), "seed": seed, "n": len(labels), **(config or {})}
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    done, before = 0, 0.0
    if checkpoint:
        done, before = load_checkpoint(checkpoint, model, optimizer, config)
    per_epoch = -(-len(labels) // recipe.batch)
    started = time.perf_counter()
    with (
        torch.random.fork_rng(devices=[]),
        tqdm(total=recipe.epochs * per_epoch, initial=done * per_epoch, desc="training",
             unit="batch", disable=not progress, mininterval=1) as bar,
    ):  # fmt: skip
        model.train()
        for epoch in range(done, recipe.epochs):
            epoch_seed = int(hash_of([seed, epoch]), 16) % 2**63
            torch.manual_seed(epoch_seed)
            for step, (x, y) in enumerate(_batches(images, labels, recipe, epoch_seed)):
                position = (epoch * per_epoch + step + 1) / (recipe.epochs * per_epoch)
                factor = learning_rate_factor(position, recipe.warmup)
                optimizer.param_groups[0]["lr"] = recipe.learning_rate * factor
                loss = F.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                bar.update()
            if checkpoint:
                seconds = before + time.perf_counter() - started
                save_checkpoint(checkpoint, model, optimizer, config, epoch + 1, seconds)
            if after_epoch:
                after_epoch(epoch + 1)
                model.train()
    model.eval()
    return before + time.perf_counter() - started


@torch.inference_mode()
def probabilities(model: nn.Module, images: Tensor, batch: int = 500) -> Tensor:
    """Softmax outputs of the model in evaluation mode.

    images: (N, 1, H, W), float in [0, 1] or uint8.  Returns float32 (N, 10), rows summing to 1.
    """
    model.eval()
    chunks = [
        model(as_float(x) if x.dtype == torch.uint8 else x).softmax(1) for x in images.split(batch)
    ]
    return torch.cat(chunks)


def predict(model: nn.Module, images: Tensor, batch: int = 500) -> Tensor:
    """The most probable digit of each image: uint8 (N,).  images as for `probabilities`."""
    return probabilities(model, images, batch).argmax(1).byte()
