"""Fit one classifier and read with it; a killed fit resumes to the same bits."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks, hardware
from halftone_utils.engine.checkpoints import Progress, load_checkpoint, save_checkpoint
from halftone_utils.engine.configs import always, config_of
from halftone_utils.engine.files import hash_of

EVERY = 240.0  # seconds between two checkpoints: what a kill can lose
AT_A_TIME = 2**19  # pixels that are read at a time
SHOWN = 20  # batches between two losses beside the progress bar


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a classifier is fitted: AdamW (Loshchilov & Hutter 2019), one-cycle learning rate.

    learning_rate is the peak, reached after `warmup` of the steps, then a cosine to zero; where
    small pictures come first, they have a cycle of their own.
    shift: each image of a batch is moved by up to this many pixels each way.
    wrap: what leaves on one side comes in on the other; else black comes in.
    momentum: of stochastic gradient descent, which takes AdamW's place; None for AdamW.
    constant: the learning rate stays at its peak.
    small: progressive resizing, epochs on pictures reduced by area averaging that come before
    the `epochs` at full size: for each the side in pixels and the number of images.
    small_batch: images a batch in these; 0 for as many as at full size.
    """

    epochs: int
    learning_rate: float
    batch: int = always(128)
    weight_decay: float = always(0.01)
    warmup: float = always(0.15)
    shift: int = always(2)
    small: tuple[tuple[int, int], ...] = ()
    small_batch: int = 0
    wrap: bool = True
    momentum: float | None = None
    constant: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        checks.above("learning_rate", self.learning_rate, 1)
        for name, lowest in (("epochs", 1), ("batch", 1), ("shift", 0), ("small_batch", 0)):
            checks.whole(name, getattr(self, name), lowest)
        checks.within("momentum", self.momentum or 0, 0, 1)
        for side, n in self.small:
            checks.whole("side of small", side, 1)
            checks.whole("number of small", n, 1)


def shift_randomly(
    images: Tensor, most: int, generator: torch.Generator, wrap: bool = True
) -> Tensor:
    """Move each image by its own whole number of pixels in [-most, most].

    (N, 1, H, W) -> (N, 1, H, W).  wrap: round the edge, which keeps a halftone's ground a
    halftone; else what comes in is black.
    """
    if most == 0:
        return images
    if not wrap:
        padded = F.pad(images, (most,) * 4)
        return shift_randomly(padded, most, generator)[..., most:-most, most:-most]
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


def reduce(images: Tensor, side: int) -> Tensor:
    """Bring float images (N, 1, H, W) to a smaller side by averaging over areas."""
    return images if images.shape[-1] == side else F.interpolate(images, side, mode="area")


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.momentum is None:
        return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay, fused=True)
    return torch.optim.SGD(
        model.parameters(), lr=rate, momentum=recipe.momentum, weight_decay=decay, fused=True
    )


def _random_states(generator: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    states = {"batches": generator.get_state(), "cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_random(states: dict[str, Tensor], generator: torch.Generator) -> None:
    generator.set_state(states["batches"])
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    *,
    seed: int,
    n: int | None = None,
    checkpoint: Path | None = None,
    config: dict | None = None,
    loss_of: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    progress: bool = True,
) -> float:
    """Train `model` in place; returns the seconds it took, resumed ones too.

    images: uint8 (N, 1, H, W), in memory or mapped from disk; labels: int64, N rows.
    loss_of: (outputs of the model, labels) -> scalar.
    n: the epochs at full size use the first n (default: all).  Runs on the model's own device,
    under bfloat16 autocast where the hardware multiplies it; weights stay float32.

    Every epoch draws its order, shifts and dropout from (seed, epoch) alone; `checkpoint`,
    written after each epoch and every EVERY seconds, keeps the random states: a run that is
    killed and resumed ends in the same weights.  The caller's random state is left as it was.
    config: what else decides the result; a checkpoint of another is not resumed.
    """
    n = len(labels) if n is None else n
    config = {"recipe": config_of(recipe), "seed": seed, "n": n, **(config or {})}
    device = next(model.parameters()).device
    model.to(memory_format=torch.channels_last)
    optimizer = _optimizer(model, recipe)
    at = load_checkpoint(checkpoint, model, optimizer, config) if checkpoint else Progress()
    # of each epoch: side of its pictures, their number, how many a batch
    epochs = [(side, m, recipe.small_batch or recipe.batch) for side, m in recipe.small]
    epochs += [(images.shape[-1], n, recipe.batch)] * recipe.epochs
    steps = [-(-min(m, len(labels)) // size) for _, m, size in epochs]
    on_small = sum(steps[: len(recipe.small)])
    done = sum(steps[: at.epoch]) + at.batch
    bar = tqdm(total=sum(steps), initial=done, desc="training", unit="batch", disable=not progress)
    before, started = at.seconds, time.perf_counter()

    def save(epoch: int, batch: int, random: dict[str, Tensor]) -> None:
        if checkpoint is None:
            return
        seconds = before + time.perf_counter() - started
        at = Progress(epoch=epoch, batch=batch, seconds=seconds, random=random)
        save_checkpoint(checkpoint, model, optimizer if epoch < len(epochs) else None, config, at)

    with bar, torch.random.fork_rng([device] if device.type == "cuda" else []):
        model.train()
        saved = time.perf_counter()
        for epoch in range(at.epoch, len(epochs)):
            side, many, size = epochs[epoch]
            epoch_seed = int(hash_of([seed, epoch]), 16) % 2**63
            torch.manual_seed(epoch_seed)
            generator = torch.Generator().manual_seed(epoch_seed)
            batches = torch.randperm(min(many, len(labels)), generator=generator).split(size)
            first = at.batch if epoch == at.epoch else 0
            if first:
                _restore_random(at.random, generator)
            for batch, index in enumerate(batches[first:], first):
                x = shift_randomly(as_float(images[index]), recipe.shift, generator, recipe.wrap)
                x, y = reduce(x, side).to(device), labels[index].to(device)
                done += 1
                small = epoch < len(recipe.small)
                cycle = done / on_small if small else (done - on_small) / (sum(steps) - on_small)
                factor = 1 if recipe.constant else learning_rate_factor(cycle, recipe.warmup)
                optimizer.param_groups[0]["lr"] = recipe.learning_rate * factor
                with hardware.autocast(device):
                    loss = loss_of(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if batch % SHOWN == 0:
                    bar.set_postfix(side=side, loss=f"{loss.item():.3f}", refresh=False)
                bar.update()
                last = batch + 1 == len(batches)
                if checkpoint and not last and time.perf_counter() - saved > EVERY:
                    save(epoch, batch + 1, _random_states(generator, device))
                    saved = time.perf_counter()
            save(epoch + 1, 0, {})
            saved = time.perf_counter()
    model.eval()
    return before + time.perf_counter() - started


@torch.inference_mode()
def probabilities(model: nn.Module, images: Tensor, *, fast: bool = False) -> Tensor:
    """Softmax outputs of the model in evaluation mode.

    images: (N, 1, H, W), float in [0, 1] or uint8.  Returns float32 (N, 10), rows summing to 1.
    fast: compute as `fit` does, in bfloat16 where the hardware multiplies it; else in float32.
    """
    batch = max(1, AT_A_TIME // images[0].numel())
    model.eval()
    device = next(model.parameters()).device
    with hardware.autocast(device) if fast else nullcontext():
        chunks = [
            model((as_float(x) if x.dtype == torch.uint8 else x).to(device)).cpu()
            for x in images.split(batch)
        ]
    return torch.cat(chunks).float().softmax(1)


def count_right(model: nn.Module, images: Tensor, labels: Tensor, *, fast: bool = False) -> int:
    """How many images a model reads right.  images, fast as for `probabilities`; labels (N,)."""
    return int((predict(model, images, fast=fast) == labels).sum())


def predict(model: nn.Module, images: Tensor, *, fast: bool = False) -> Tensor:
    """The most probable digit of each image: uint8 (N,).  images, fast as for `probabilities`."""
    return probabilities(model, images, fast=fast).argmax(1).byte()
