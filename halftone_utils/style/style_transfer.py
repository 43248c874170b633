"""Image style transfer by Gatys, Ecker & Bethge (CVPR 2016): the iteration that lowers L_total.

Symbols are the paper's, as in `gatys`; lambda is the step.  Each image of a batch is optimised by
itself, so its trajectory is the same alone and in any batch.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.optimize import Bounds, minimize
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.types import Images, Losses
from halftone_utils.style import gatys
from halftone_utils.style.gatys import Settings
from halftone_utils.style.vgg import VGG


@dataclass(frozen=True)
class Trajectory:
    """What style transfer gave.

    image: x after the last iteration, (N, 1, H, W) in [0, 1].
    images: x at the iterations that were asked for, by number; 0 is the start.
    content, style, total: losses before each iteration and after the last,
    (iterations + 1, N); without the last row where `final_loss` was not wanted.
    """

    image: Images
    images: dict[int, Images]
    content: Tensor
    style: Tensor
    total: Tensor


Record = Callable[[Losses, Losses], None]


def transfer(
    network: VGG,
    p: Images,
    targets: gatys.Features,
    settings: Settings,
    *,
    keep: Collection[int] = (),
    final_loss: bool = True,
    compiled: bool = False,
    watch: Callable[[int, Images, Losses, Losses], None] | None = None,
) -> Trajectory:
    """Lower L_total from x_0: x := x - lambda dL_total/dx, or Adam's or L-BFGS's step instead.

    p: content images (N, 1, H, W) in [0, 1].  targets: from `gatys.style_targets`.
    keep: iterations whose images the trajectory holds (0 is the start).
    watch: called as watch(i, x_i, content, style) as soon as x_i and its losses (N,) are known,
    x_0 first; "lbfgs" goes image by image.  What it raises ends the run.
    Raises ValueError for a kept iteration that is not run, and for sides that pooling does not
    halve evenly.
    """
    for i in keep:
        checks.whole("a kept iteration", i, 0, settings.iterations)
    if settings.optimizer == "lbfgs" and len(p) > 1:  # its line search would couple a batch
        alone = partial(transfer, keep=keep, final_loss=final_loss, compiled=compiled, watch=watch)
        return _join([alone(network, one, targets, settings) for one in p.split(1)])
    objective = gatys.Objective(network, p, targets, settings)
    x = _start(p, settings)
    images: dict[int, Tensor] = {}
    history: list[Tensor] = []  # content and style loss of each x, (2, N)

    def record(content: Losses, style: Losses) -> None:
        i = len(history)
        history.append(torch.stack([content, style]))
        if i in keep:
            images[i] = x.clone()
        if watch:
            watch(i, x, content, style)

    run = _lbfgs if settings.optimizer == "lbfgs" else _first_order
    run(objective, x, settings, compiled, record)
    if final_loss and len(history) == settings.iterations:
        with torch.no_grad():
            record(*objective.losses(x))
    images |= {i: x.clone() for i in keep if i not in images}
    wanted = settings.iterations + final_loss
    content, style = torch.stack([x.new_zeros(2, len(x)), *history])[1 : 1 + wanted].unbind(1)
    total = gatys.total_loss(content, style, settings.alpha, settings.beta)
    return Trajectory(x, images, content, style, total)


def _start(p: Tensor, settings: Settings) -> Tensor:
    if settings.noise == 0:
        return p.clone()
    generator = torch.Generator().manual_seed(settings.seed)  # the same noise for every image
    noise = torch.rand((1, *p.shape[1:]), generator=generator).to(p)
    return p.lerp(noise.expand_as(p), settings.noise)


def _first_order(
    objective: gatys.Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    record: Record,
) -> None:
    """Adam or gradient descent on x, in place; records the losses before each iteration."""
    algorithm = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.SGD
    optimizer = algorithm([x], lr=settings.step)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, settings.decay)
    for _ in range(settings.iterations):
        x.grad, content, style = objective.gradient(x, compiled)
        record(content, style)
        if settings.optimizer == "normalized gradient descent":
            size = x.grad.abs().mean(dim=(1, 2, 3), keepdim=True)
            x.grad = x.grad / size.clamp_min(torch.finfo(size.dtype).tiny)
        optimizer.step()
        schedule.step()
        x.clamp_(0, 1)


def _lbfgs(
    objective: gatys.Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    record: Record,
) -> None:
    """L-BFGS-B (Byrd, Lu, Nocedal & Zhu 1995) on one image, in place.

    The bounds 0 and 1 belong to the method: clamping after the step of an L-BFGS without
    bounds falsifies the curvature that it has just learnt, and the line search pays for it.
    The loss is divided by its first gradient's mean size, so that the first trial step moves
    a pixel by about `settings.step`, whatever alpha and beta are.
    Records the losses before each iteration and after the last; the total never rises.
    """
    scale, losses = 1.0, list[Tensor]()  # losses: content and style, at the last evaluation

    def loss_and_gradient(pixels: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal scale
        gradient, content, style = objective.gradient(on_x(pixels), compiled)
        if not losses:
            scale = settings.step / gradient.abs().mean().clamp_min(1e-30).item()
            record(content, style)
        losses[:] = content, style
        total = gatys.total_loss(content, style, settings.alpha, settings.beta)
        return scale * total.item(), scale * gradient.flatten().double().cpu().numpy()

    def on_x(pixels: np.ndarray) -> Tensor:
        return torch.from_numpy(pixels).to(x).view_as(x)

    def after_iteration(xk: np.ndarray) -> None:
        x.copy_(on_x(xk))
        record(*losses)  # what was evaluated last was accepted

    if settings.iterations == 0:
        return
    done = minimize(
        loss_and_gradient,
        x.flatten().double().cpu().numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(0.0, 1.0),
        callback=after_iteration,
        options={"maxiter": settings.iterations, "maxcor": 20, "ftol": 0, "gtol": 0},
    )
    for _ in range(done.nit, settings.iterations):  # it ends early where it is flat
        record(*losses)


def _join(parts: list[Trajectory]) -> Trajectory:
    """One trajectory of many images from several of fewer, in order."""
    return Trajectory(
        torch.cat([t.image for t in parts]),
        {i: torch.cat([t.images[i] for t in parts]) for i in parts[0].images},
        *(torch.cat([getattr(t, k) for t in parts], 1) for k in ("content", "style", "total")),
    )
