"""Image style transfer by Gatys, Ecker & Bethge (CVPR 2016): the iteration that lowers L_total.

Symbols are the paper's, as in `gatys`; lambda is the step.  Every image of a batch goes its own
way, so its trajectory is the same alone and in company.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.optimize import Bounds, minimize
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.style import gatys
from halftone_utils.style.vgg import VGG

OPTIMIZERS = ("gradient descent", "normalized gradient descent", "adam", "lbfgs")
STARTS = ("content", "noise")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What style transfer is asked to do.

    style_weights: w_l by layer.  alpha, beta: weights of content and style, not both zero.
    step: lambda; in pixel values for "adam" (each step moves a pixel by about this much),
    the first trial step of the line search for "lbfgs", a factor of the gradient for
    "gradient descent", and of the gradient over its own mean size, image by image, for
    "normalized gradient descent".  decay: what lambda is multiplied by after each iteration,
    above 0, up to 1; not for "lbfgs".  start: x_0, the content image or uniform noise from `seed`.
    noise: share of that noise in a start from the content image, 0 to 1; on an even ground,
    where every pixel sees the same, a trace of it is what the dots grow from.
    Pixels are kept in [0, 1] after every step.
    Raises ValueError that names what is not allowed.
    """

    content_layer: str = "conv1_2"
    style_weights: Mapping[str, float] = field(
        default_factory=lambda: {"conv1_1": 0.5, "conv1_2": 0.5}
    )
    alpha: float = 1.0
    beta: float = 100.0
    iterations: int = 10
    optimizer: str = "adam"
    step: float = 0.05
    decay: float = 1.0
    start: str = "content"
    seed: int = 0
    noise: float = 0.0

    def __post_init__(self) -> None:
        """Check every field once, here."""
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer is {self.optimizer!r}; it is one of {OPTIMIZERS}.")
        if self.start not in STARTS:
            raise ValueError(f"start is {self.start!r}; it is one of {STARTS}.")
        if not 0 <= self.noise <= 1:
            raise ValueError(f"noise is {self.noise}; it is a share, 0 to 1.")
        if self.iterations < 0:
            raise ValueError(f"iterations is {self.iterations}; it is 0 or more.")
        if self.alpha < 0 or self.beta < 0 or self.alpha + self.beta == 0:
            raise ValueError(
                f"alpha is {self.alpha}, beta is {self.beta}; both are 0 or more, one of them more."
            )
        if not self.step > 0:
            raise ValueError(f"step is {self.step}; it is greater than 0.")
        if not 0 < self.decay <= 1:
            raise ValueError(f"decay is {self.decay}; it is above 0, up to 1.")
        if self.decay != 1 and self.optimizer == "lbfgs":
            raise ValueError(f"decay is {self.decay}; 'lbfgs' finds its own steps: leave it at 1.")
        if not self.style_weights or min(self.style_weights.values()) < 0:
            raise ValueError("style_weights names at least one layer, with weights of 0 or more.")


@dataclass(frozen=True)
class Trajectory:
    """What style transfer gave.

    image: x after the last iteration, (N, 1, H, W) in [0, 1].
    images: x at the iterations that were asked for, by number; 0 is the start.
    content, style, total: losses before each iteration and after the last,
    (iterations + 1, N); without the last row where `final_loss` was not wanted.
    """

    image: Tensor
    images: dict[int, Tensor]
    content: Tensor
    style: Tensor
    total: Tensor


Losses = tuple[Tensor, Tensor]  # content and style, (N,) each
Watch = Callable[[int, Tensor, Tensor, Tensor], None]


def transfer(
    network: VGG,
    p: Tensor,
    targets: gatys.Features,
    settings: Settings,
    *,
    keep: Collection[int] = (),
    final_loss: bool = True,
    compiled: bool = False,
    progress: bool = False,
    watch: Watch | None = None,
) -> Trajectory:
    """Lower L_total from x_0: x := x - lambda dL_total/dx, or Adam's or L-BFGS's step instead.

    p: content images (N, 1, H, W), or (N, 3, H, W) in colour, in [0, 1].
    targets: from `gatys.style_targets`.
    keep: iterations whose images the trajectory holds (0 is the start).
    watch: called as watch(i, x_i, content, style) as soon as x_i and its losses (N,) are known,
    x_0 first; "lbfgs" goes image by image.  What it raises ends the run.
    Raises ValueError for a layer the network has not, or a kept iteration that is not run.
    """
    outside = [i for i in keep if not 0 <= i <= settings.iterations]
    if outside:
        raise ValueError(f"iteration {outside[0]} is kept, but 0 to {settings.iterations} are run.")
    if settings.optimizer == "lbfgs" and len(p) > 1:  # its line search would couple a batch
        parts = [
            transfer(
                network,
                one,
                targets,
                settings,
                keep=keep,
                final_loss=final_loss,
                compiled=compiled,
                progress=progress,
                watch=watch,
            )
            for one in p.split(1)
        ]
        return join(parts)
    objective = gatys.Objective(network, p, targets, settings)
    x = _start(p, settings)
    images = {0: x.clone()} if 0 in keep else {}
    with tqdm(total=settings.iterations, disable=not progress, desc="style transfer") as bar:

        def moved(i: int) -> None:
            bar.update()
            if i in keep:
                images[i] = x.clone()

        run = _lbfgs if settings.optimizer == "lbfgs" else _first_order
        history = run(objective, x, settings, compiled, moved, watch)
    if not final_loss:
        del history[settings.iterations :]
    elif len(history) == settings.iterations:
        history.append(tuple(loss.detach() for loss in _losses_at(objective, x)))
        if watch:
            watch(settings.iterations, x, *history[-1])
    empty = x.new_zeros(0, len(x))
    content = torch.stack([c for c, _ in history]) if history else empty
    style = torch.stack([s for _, s in history]) if history else empty
    total = gatys.total_loss(content, style, settings.alpha, settings.beta)
    return Trajectory(x, images, content, style, total)


@torch.no_grad()
def _losses_at(objective: gatys.Objective, x: Tensor) -> tuple[Tensor, Tensor]:
    return objective.losses(x)


def _start(p: Tensor, settings: Settings) -> Tensor:
    share = 1.0 if settings.start == "noise" else settings.noise
    if share == 0:
        return p.clone()
    generator = torch.Generator().manual_seed(settings.seed)  # the same noise for every image
    noise = torch.rand((1, *p.shape[1:]), generator=generator).to(p)
    return p.lerp(noise.expand_as(p), share)


def _first_order(
    objective: gatys.Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    moved: Callable[[int], None],
    watch: Watch | None,
) -> list[Losses]:
    """Adam or gradient descent on x, in place; returns the losses from before each iteration."""
    algorithm = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.SGD
    optimizer = algorithm([x], lr=settings.step)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, settings.decay)
    at_p = settings.start == "content" and settings.noise == 0 and objective.by_hand
    history: list[Losses] = []
    for i in range(1, settings.iterations + 1):
        if i == 1 and at_p:
            x.grad, content, style = objective.gradient_at_p()
            objective.features_of_p = None  # free them
        else:
            x.grad, content, style = objective.gradient(x, compiled)
        history.append((content, style))
        if watch:
            watch(i - 1, x, content, style)
        if settings.optimizer == "normalized gradient descent":
            size = x.grad.abs().mean(dim=(1, 2, 3), keepdim=True)
            x.grad = x.grad / size.clamp_min(torch.finfo(size.dtype).tiny)
        optimizer.step()
        schedule.step()
        x.clamp_(0, 1)
        moved(i)
    return history


def _lbfgs(
    objective: gatys.Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    moved: Callable[[int], None],
    watch: Watch | None,
) -> list[Losses]:
    """L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995) on one image, in place.

    The bounds 0 and 1 belong to the method: clamping after the step of an L-BFGS without
    bounds falsifies the curvature that it has just learnt, and the line search pays for it.
    The loss is divided by its first gradient's mean size, so that the first trial step moves
    a pixel by about `settings.step`, whatever alpha and beta are.
    Returns the losses before each iteration and after the last; the total never rises.
    """
    history: list[Losses] = []
    losses: Losses | None = None
    scale = 1.0

    def loss_and_gradient(pixels: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal losses, scale
        here = torch.from_numpy(pixels).to(x).view_as(x)
        gradient, *losses = objective.gradient(here, compiled)
        if not history:
            scale = settings.step / gradient.abs().mean().clamp_min(1e-30).item()
            history.append(tuple(losses))
            if watch:
                watch(0, here, *losses)
        total = gatys.total_loss(*losses, settings.alpha, settings.beta)
        return scale * total.item(), scale * gradient.flatten().double().cpu().numpy()

    def after_iteration(pixels: np.ndarray) -> None:
        x.copy_(torch.from_numpy(pixels).view_as(x))
        history.append(tuple(losses))  # what was evaluated last was accepted
        if watch:
            watch(len(history) - 1, x, *losses)
        moved(len(history) - 1)

    if settings.iterations == 0:
        return history
    minimize(
        loss_and_gradient,
        x.flatten().double().cpu().numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(0, 1),
        callback=after_iteration,
        options={"maxiter": settings.iterations, "maxcor": 20, "ftol": 0, "gtol": 0},
    )
    for i in range(len(history), settings.iterations + 1):  # it ends early where it is flat
        history.append(history[-1])
        moved(i)
    return history


def join(parts: list[Trajectory]) -> Trajectory:
    """One trajectory of many images from several of fewer, in order."""
    return Trajectory(
        torch.cat([t.image for t in parts]),
        {i: torch.cat([t.images[i] for t in parts]) for i in parts[0].images},
        *(torch.cat([getattr(t, k) for t in parts], 1) for k in ("content", "style", "total")),
    )
