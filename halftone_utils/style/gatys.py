"""The losses of Gatys, Ecker & Bethge (CVPR 2016), and the gradient of their sum.

Symbols are the paper's: p content image, a style image, x generated image; in layer l, F, P
and A's features with N_l channels and M_l = H_l W_l positions; G, A Gram matrices; w_l layer
weights; alpha, beta weights of content and style.  Everything is batched and every image has
its own loss.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from halftone_utils.engine.files import CACHE
from halftone_utils.engine.hardware import can_compile
from halftone_utils.style.vgg import VGG

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


class Weighting(Protocol):
    """Which losses are lowered, as `style_transfer.Settings` says it."""

    @property
    def content_layer(self) -> str:
        """Where the content loss is taken."""

    @property
    def style_weights(self) -> Mapping[str, float]:
        """w_l by layer."""

    @property
    def alpha(self) -> float:
        """Weight of the content loss."""

    @property
    def beta(self) -> float:
        """Weight of the style loss."""


class Objective:
    """L_total of a batch as a function of x, and its gradient by the paper's equations.

    network: frozen VGG; p: content images (N, C, H, W); targets: from `style_targets`.
    Computes in the dtype of the network's weights; what comes back is float32.
    """

    def __init__(self, network: VGG, p: Tensor, targets: Features, settings: Weighting) -> None:
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
