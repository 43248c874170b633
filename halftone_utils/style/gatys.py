"""The losses of Gatys, Ecker & Bethge (CVPR 2016), and the gradient of their sum.

Symbols are the paper's: p content image, a style image, x generated image; in layer l, F, P
and A's features with N_l channels and M_l = H_l W_l positions; G, A Gram matrices; w_l layer
weights; alpha, beta weights of content and style.  Everything is batched and every image has
its own loss.
"""

import math
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.files import CACHE
from halftone_utils.engine.hardware import can_compile
from halftone_utils.engine.types import FeatureMaps, GramMatrices, Images, Losses
from halftone_utils.style.vgg import LAYERS, VGG, upto

Features = Mapping[str, Tensor]  # by layer: feature maps, or their Gram matrices
OPTIMIZERS = ("gradient descent", "normalized gradient descent", "adam", "lbfgs")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What style transfer is asked to do.

    style_weights: w_l by layer.  alpha, beta: weights of content and style, not both zero.
    step: lambda; in pixel values for "adam" (each step moves a pixel by about this much),
    the first trial step of the line search for "lbfgs", a factor of the gradient for
    "gradient descent", and of the gradient over its own mean size, image by image, for
    "normalized gradient descent".  decay: what lambda is multiplied by after each iteration,
    above 0, up to 1; not for "lbfgs".  noise: share of uniform noise, from `seed`, in x_0, 0 to
    1, of which the content image is the rest; on an even ground, where every pixel sees the same,
    a trace of it is what the dots grow from.
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
    seed: int = 0
    noise: float = 0.0

    def __post_init__(self) -> None:
        """Check every field once, here."""
        checks.one_of("optimizer", self.optimizer, OPTIMIZERS)
        checks.within("noise", self.noise, 0, 1)
        checks.whole("iterations", self.iterations, 0)
        checks.above("step", self.step)
        checks.above("decay", self.decay, 1)
        checks.one_of("content_layer", self.content_layer, LAYERS)
        weights = {f"weight of {k}": w for k, w in self.style_weights.items()}
        for name, value in {"alpha": self.alpha, "beta": self.beta, **weights}.items():
            checks.within(name, value, 0, math.inf)
        if self.alpha + self.beta == 0:
            raise ValueError("alpha is 0 and beta is 0; one of them is above 0.")
        if self.decay != 1 and self.optimizer == "lbfgs":
            raise ValueError(f"decay is {self.decay}; 'lbfgs' finds its own steps: leave it at 1.")
        if not self.style_weights:
            raise ValueError("style_weights is empty; it names at least one layer.")
        for layer in self.style_weights:
            checks.one_of("layer", layer, LAYERS)


def content_loss(F: FeatureMaps, P: FeatureMaps) -> Losses:
    """L_content = 1/2 sum_ij (F_ij - P_ij)^2 (paper eq. 1): (N, N_l, H, W) twice -> (N,)."""
    return 0.5 * (F.float() - P.float()).square().sum(dim=(1, 2, 3))


def content_loss_gradient(F: FeatureMaps, P: FeatureMaps) -> FeatureMaps:
    """dL_content/dF = F - P where F > 0, else 0 (paper eq. 2): (N, N_l, H, W).

    The condition is the derivative of the ReLU before F: eq. 2 is the gradient with respect
    to the value that enters that ReLU.
    """
    return (F - P) * (F > 0)


def gram_matrix(F: FeatureMaps) -> GramMatrices:
    """G_ij = sum_k F_ik F_jk (paper eq. 3): (N, N_l, H, W) -> float32 (N, N_l, N_l).

    A sum over positions, not a mean: the paper's 1 / M_l^2 stands in the loss.
    """
    positions = F.permute(0, 2, 3, 1).flatten(1, 2)  # (N, M_l, N_l): no copy in channels_last
    return torch.bmm(positions.transpose(1, 2), positions).float()


def layer_style_loss(G: GramMatrices, A: GramMatrices, positions: int) -> Losses:
    """E_l = 1 / (4 N_l^2 M_l^2) sum_ij (G_ij - A_ij)^2 (paper eq. 4): (N, N_l, N_l) -> (N,).

    A may be (1, N_l, N_l), one style for all.  positions: M_l.
    """
    return (G - A).square().sum(dim=(1, 2)) / (4 * G.shape[1] ** 2 * positions**2)


def layer_style_loss_gradient(F: FeatureMaps, A: GramMatrices) -> FeatureMaps:
    """dE_l/dF = 1 / (N_l^2 M_l^2) (F^T (G - A))^T where F > 0, else 0 (paper eq. 6)."""
    channels, positions = F.shape[1], F.shape[2] * F.shape[3]
    flat = F.flatten(2)  # (N, N_l, M_l)
    gradient = torch.bmm(gram_matrix(F) - A, flat) / (channels**2 * positions**2)
    return gradient.view_as(F) * (F > 0)


def style_loss(features: Features, targets: Features, weights: Mapping[str, float]) -> Losses:
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


def style_targets(network: VGG, style: Images, layers: Collection[str], side: int) -> Features:
    """Gram matrices A^l of a style image, for generated images of `side` pixels.

    style: (1, 1, H, W) in [0, 1].  A sum over positions grows with the picture, so A is
    scaled by M_l / M_l(style): by one, if the style image has the generated image's size.
    """
    with torch.no_grad():
        features = network(style, layers)
    scale = side**2 / (style.shape[2] * style.shape[3])
    return {layer: gram_matrix(F) * scale for layer, F in features.items()}


class Objective:
    """L_total of a batch as a function of x, and its gradient by the paper's equations.

    network: frozen VGG; p: content images (N, 1, H, W); targets: from `style_targets`.
    Computes in the dtype of the network's weights; what comes back is float32.
    """

    def __init__(self, network: VGG, p: Images, targets: Features, settings: Settings) -> None:
        """Compute the content target P; ValueError for sides that pooling does not halve evenly."""
        self.network, self.targets, self.settings = network, targets, settings
        self.layers = upto({settings.content_layer, *settings.style_weights})
        cell = 2 ** (int(self.layers[-1][4]) - 1)
        if p.shape[2] % cell or p.shape[3] % cell:
            height, width = p.shape[2:]
            raise ValueError(f"images are {height}x{width}; sides are multiples of {cell} pixels.")
        with torch.no_grad():
            features = network(p, self.layers)
        self.P = features[settings.content_layer]
        self.difference = torch.empty_like(self.P)  # written at every step: its memory is warm
        self.p = p
        self.features_of_p: dict[str, Tensor] | None = features

    def losses(self, x: Images) -> tuple[Losses, Losses]:
        """Content and style loss of each image, differentiable by autograd: twice (N,)."""
        features = self.network(x, self.layers)
        content = content_loss(features[self.settings.content_layer], self.P)
        return content, style_loss(features, self.targets, self.settings.style_weights)

    @torch.no_grad()
    def gradient(self, x: Images, compiled: bool = False) -> tuple[Images, Losses, Losses]:
        """dL_total/dx (N, 1, H, W), and content and style loss (N,) on the way.

        Written out, because eq. 2 and 6 join and mask in place what autograd copies, and each
        Gram matrix serves loss and gradient; a first x that is p has the features that gave P.
        compiled: by torch.compile, where it finds a compiler.
        """
        features, self.features_of_p = self.features_of_p, None
        if features and torch.equal(x, self.p):
            return _gradient(self, x, features)
        function = _compiled_gradient() if compiled and can_compile() else _gradient
        return function(self, x)


def _gradient(
    objective: Objective, x: Tensor, features: dict[str, Tensor] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    network, settings = objective.network, objective.settings
    features = network(x, objective.layers) if features is None else features
    content = style = torch.zeros(len(objective.P), device=objective.P.device)
    upstream: Tensor | None = None  # dL_total/dF of the layer at hand, from the layers above it
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
        assert upstream is not None  # the deepest layer has a loss
        upstream = network.backward_through(layer, upstream, F)
    assert upstream is not None
    return upstream.float() * 255, content, style


@cache
def _compiled_gradient() -> Callable:
    # PyTorch's own place is the system's temporary folder, which a restart empties
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(CACHE / "inductor"))
    return torch.compile(_gradient, dynamic=False)
