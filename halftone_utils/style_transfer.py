"""Image style transfer by Gatys, Ecker & Bethge (CVPR 2016): its losses and the iteration.

Symbols are the paper's: p content image, a style image, x generated image; in layer l, F, P
and A's features with N_l channels and M_l = H_l W_l positions; G, A Gram matrices; w_l layer
weights; alpha, beta weights of content and style; lambda the step.  Everything is batched and
every image has its own loss, so its trajectory is the same alone and in company.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from scipy.optimize import Bounds, minimize
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.files import CACHE
from halftone_utils.vgg import VGG

Features = Mapping[str, Tensor]


def content_loss(F: Tensor, P: Tensor) -> Tensor:
    """L_content = 1/2 sum_ij (F_ij - P_ij)^2 (paper eq. 1): (N, N_l, H, W) twice -> (N,)."""
    return 0.5 * (F.float() - P.float()).square().sum(dim=(1, 2, 3))


def content_loss_gradient(F: Tensor, P: Tensor) -> Tensor:
    """dL_content/dF = F - P where F > 0, else 0 (paper eq. 2): (N, N_l, H, W).

    The condition is the derivative of the ReLU before F: eq. 2 is the gradient with respect
    to the value that enters that ReLU.
    """
    return (F - P) * (F > 0)


def gram_matrix(F: Tensor) -> Tensor:
    """G_ij = sum_k F_ik F_jk (paper eq. 3): (N, N_l, H, W) -> float32 (N, N_l, N_l).

    A sum over positions, not a mean: the paper's 1 / M_l^2 stands in the loss.
    """
    positions = F.permute(0, 2, 3, 1).flatten(1, 2)  # (N, M_l, N_l): no copy in channels_last
    return torch.bmm(positions.transpose(1, 2), positions).float()


def layer_style_loss(G: Tensor, A: Tensor, positions: int) -> Tensor:
    """E_l = 1 / (4 N_l^2 M_l^2) sum_ij (G_ij - A_ij)^2 (paper eq. 4): (N, N_l, N_l) -> (N,).

    A may be (1, N_l, N_l), one style for all.  positions: M_l.
    """
    return (G - A).square().sum(dim=(1, 2)) / (4 * G.shape[1] ** 2 * positions**2)


def layer_style_loss_gradient(F: Tensor, A: Tensor) -> Tensor:
    """dE_l/dF = 1 / (N_l^2 M_l^2) (F^T (G - A))^T where F > 0, else 0 (paper eq. 6)."""
    channels, positions = F.shape[1], F.shape[2] * F.shape[3]
    flat = F.flatten(2)  # (N, N_l, M_l)
    gradient = torch.bmm(gram_matrix(F) - A, flat) / (channels**2 * positions**2)
    return gradient.view_as(F) * (F > 0)


def style_loss(features: Features, targets: Features, weights: Mapping[str, float]) -> Tensor:
    """L_style = sum_l w_l E_l (paper eq. 5): features and Gram targets by layer -> (N,)."""
    losses = []
    for layer, weight in weights.items():
        F = features[layer]
        E = layer_style_loss(gram_matrix(F), targets[layer], F.shape[2] * F.shape[3])
        losses.append(weight * E)
    return torch.stack(losses).sum(0)


def total_loss(content: Tensor, style: Tensor, alpha: float, beta: float) -> Tensor:
    """L_total = alpha L_content + beta L_style (paper eq. 7): (N,) twice -> (N,)."""
    return alpha * content + beta * style


def style_targets(network: VGG, style: Tensor, layers: Iterable[str], side: int) -> Features:
    """Gram matrices A^l of a style image, for generated images of `side` pixels.

    style: (1, 1, H, W) in [0, 1].  A sum over positions grows with the picture, so A is
    scaled by M_l / M_l(style): by one, if the style image has the generated image's size.
    """
    with torch.no_grad():
        features = network(style, tuple(layers))
    scale = side**2 / (style.shape[2] * style.shape[3])
    return {layer: gram_matrix(F) * scale for layer, F in features.items()}


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


def fastest_device() -> torch.device:
    """A CUDA device where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fastest_precision() -> torch.dtype:
    """bfloat16 where the fastest device multiplies it in hardware, else float32.

    Where a processor does not (AVX2 only), bfloat16 convolutions are some twenty times slower.
    """
    if fastest_device().type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return torch.bfloat16 if native else torch.float32


def can_compile() -> bool:
    """Whether torch.compile finds a C++ compiler on this machine."""
    return any(shutil.which(name) for name in ("g++", "clang++", "c++"))


class Objective:
    """L_total of a batch as a function of x, and its gradient by the paper's equations.

    network: frozen VGG; p: content images (N, C, H, W); targets: from `style_targets`.
    Computes in the dtype of the network's weights; what comes back is float32.
    """

    def __init__(self, network: VGG, p: Tensor, targets: Features, settings: Settings) -> None:
        """Compute the content target P; raises ValueError for a layer the network has not."""
        wanted = {settings.content_layer, *settings.style_weights}
        network.check_layers(tuple(wanted))
        self.network, self.targets, self.settings = network, targets, settings
        deepest = max(network.layers.index(layer) for layer in wanted)
        self.layers = network.layers[: deepest + 1]
        with torch.no_grad():
            features = network(p, self.layers)
        self.P = features[settings.content_layer]
        self.difference = torch.empty_like(self.P)  # written at every step: its memory is warm
        self.features_of_p: dict[str, Tensor] | None = features
        halvings = int(self.layers[-1][4]) - 1
        even = all(side % 2**halvings == 0 for side in p.shape[2:])
        self.by_hand = network.pooling == "average" and p.shape[1] == 1 and even

    def losses(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Content and style loss of each image, differentiable by autograd: twice (N,)."""
        features = self.network(x, self.layers)
        content = content_loss(features[self.settings.content_layer], self.P)
        return content, style_loss(features, self.targets, self.settings.style_weights)

    @torch.no_grad()
    def gradient(self, x: Tensor, compiled: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """dL_total/dx (N, C, H, W), and content and style loss (N,) on the way.

        Written out for grey pictures and average pooling, because eq. 2 and 6 join and mask
        in place what autograd copies, and each Gram matrix serves loss and gradient; by
        autograd for colour, max pooling and sides that pooling does not halve evenly.
        """
        if not self.by_hand:
            return self._gradient_by_autograd(x)
        function = _compiled_gradient() if compiled and can_compile() else _gradient
        return function(self, x, None)

    @torch.enable_grad()
    def _gradient_by_autograd(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = x.detach().requires_grad_()
        content, style = self.losses(x)
        total = total_loss(content, style, self.settings.alpha, self.settings.beta)
        (gradient,) = torch.autograd.grad(total.sum(), x)
        return gradient, content.detach(), style.detach()

    @torch.no_grad()
    def gradient_at_p(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same at x = p, from the features that gave P: a start at p needs no other pass."""
        return _gradient(self, None, self.features_of_p)


def _gradient(
    objective: Objective, x: Tensor | None, features: dict[str, Tensor] | None
) -> tuple[Tensor, Tensor, Tensor]:
    network, settings = objective.network, objective.settings
    features = network(x, objective.layers) if features is None else features
    content = style = torch.zeros(len(objective.P), device=objective.P.device)
    upstream = None  # dL_total/dF of the layer at hand, coming from the layers above
    for layer in reversed(objective.layers):
        F = features[layer]
        if layer == settings.content_layer:
            difference = torch.sub(F, objective.P, out=objective.difference)
            content = 0.5 * torch.linalg.vector_norm(difference.float(), dim=(1, 2, 3)).square()
            scaled = difference.mul_(settings.alpha)
            upstream = scaled if upstream is None else upstream.add_(scaled)
        if layer in settings.style_weights:
            channels, positions = F.shape[1], F.shape[2] * F.shape[3]
            G, A, weight = gram_matrix(F), objective.targets[layer], settings.style_weights[layer]
            style = style + weight * layer_style_loss(G, A, positions)
            factor = settings.beta * weight / (channels**2 * positions**2)
            flat = F.permute(0, 2, 3, 1).flatten(1, 2)  # (N, M_l, N_l)
            towards_A = (factor * (G - A)).to(F.dtype)
            if upstream is None:
                gradient = torch.bmm(flat, towards_A)
                upstream = gradient.unflatten(1, F.shape[2:]).permute(0, 3, 1, 2)
            else:
                upstream.permute(0, 2, 3, 1).flatten(1, 2).baddbmm_(flat, towards_A)
        upstream = network.backward_through(layer, upstream, F)
    return upstream.float() * 255, content, style


@cache
def _compiled_gradient() -> Callable:
    # PyTorch's own place is the system's temporary folder, which a restart empties
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(CACHE / "inductor"))
    return torch.compile(_gradient, dynamic=False)


def transfer(
    network: VGG,
    p: Tensor,
    targets: Features,
    settings: Settings,
    *,
    keep: Collection[int] = (),
    final_loss: bool = True,
    compiled: bool = False,
    progress: bool = False,
) -> Trajectory:
    """Lower L_total from x_0: x := x - lambda dL_total/dx, or Adam's or L-BFGS's step instead.

    p: content images (N, 1, H, W), or (N, 3, H, W) in colour, in [0, 1].
    targets: from `style_targets`.
    keep: iterations whose images the trajectory holds (0 is the start).
    Raises ValueError for a layer the network has not, or a kept iteration that is not run.
    """
    outside = [i for i in keep if not 0 <= i <= settings.iterations]
    if outside:
        raise ValueError(f"iteration {outside[0]} is kept, but 0 to {settings.iterations} are run.")
    if settings.optimizer == "lbfgs" and len(p) > 1:  # its line search would couple a batch
        parts = [
            transfer(network, one, targets, settings, keep=keep, final_loss=final_loss,
                     compiled=compiled, progress=progress)
            for one in p.split(1)
        ]  # fmt: skip
        return join(parts)
    objective = Objective(network, p, targets, settings)
    x = _start(p, settings)
    images = {0: x.clone()} if 0 in keep else {}
    with tqdm(total=settings.iterations, disable=not progress, desc="style transfer") as bar:

        def moved(i: int) -> None:
            bar.update()
            if i in keep:
                images[i] = x.clone()

        run = _lbfgs if settings.optimizer == "lbfgs" else _first_order
        history = run(objective, x, settings, compiled, moved)
    if not final_loss:
        del history[settings.iterations :]
    elif len(history) == settings.iterations:
        history.append(tuple(loss.detach() for loss in _losses_at(objective, x)))
    empty = x.new_zeros(0, len(x))
    content = torch.stack([c for c, _ in history]) if history else empty
    style = torch.stack([s for _, s in history]) if history else empty
    total = total_loss(content, style, settings.alpha, settings.beta)
    return Trajectory(x, images, content, style, total)


@torch.no_grad()
def _losses_at(objective: Objective, x: Tensor) -> tuple[Tensor, Tensor]:
    return objective.losses(x)


def _start(p: Tensor, settings: Settings) -> Tensor:
    share = 1.0 if settings.start == "noise" else settings.noise
    if share == 0:
        return p.clone()
    generator = torch.Generator().manual_seed(settings.seed)  # the same noise for every image
    noise = torch.rand((1, *p.shape[1:]), generator=generator).to(p)
    return p.lerp(noise.expand_as(p), share)


Losses = tuple[Tensor, Tensor]  # content and style, (N,) each


def _first_order(
    objective: Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    moved: Callable[[int], None],
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
        if settings.optimizer == "normalized gradient descent":
            size = x.grad.abs().mean(dim=(1, 2, 3), keepdim=True)
            x.grad = x.grad / size.clamp_min(torch.finfo(size.dtype).tiny)
        optimizer.step()
        schedule.step()
        x.clamp_(0, 1)
        history.append((content, style))
        moved(i)
    return history


def _lbfgs(
    objective: Objective,
    x: Tensor,
    settings: Settings,
    compiled: bool,
    moved: Callable[[int], None],
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
        total = total_loss(*losses, settings.alpha, settings.beta)
        return scale * total.item(), scale * gradient.flatten().double().cpu().numpy()

    def after_iteration(pixels: np.ndarray) -> None:
        x.copy_(torch.from_numpy(pixels).view_as(x))
        history.append(tuple(losses))  # what was evaluated last was accepted
        moved(len(history) - 1)

    if settings.iterations == 0:
        return history
    minimize(
        loss_and_gradient, x.flatten().double().cpu().numpy(), jac=True, method="L-BFGS-B",
        bounds=Bounds(0, 1), callback=after_iteration,
        options={"maxiter": settings.iterations, "maxcor": 20, "ftol": 0, "gtol": 0},
    )  # fmt: skip
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
