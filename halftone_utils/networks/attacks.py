"""FGSM by hand: it is the recap.  Other attacks come from foolbox."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from halftone_utils.engine import checks


def signed_gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """sign(grad_x J(theta, x, y)): the direction in which each pixel hurts the model most.

    model: images (N, 1, H, W) in [0, 1] -> logits (N, 10), used in evaluation mode.
    J is the cross-entropy, summed over images so that each keeps its own gradient.
    Returns -1, 0 or 1, (N, 1, H, W).
    """
    model.eval()
    x = x.detach().requires_grad_()
    loss = F.cross_entropy(model(x), y, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    return gradient.sign()


def random_signs(x: Tensor, seed: int = 0) -> Tensor:
    """-1 or 1 for every pixel, at random: the control beside `signed_gradient`, of x's shape."""
    generator = torch.Generator().manual_seed(seed)
    return 2.0 * torch.randint(0, 2, x.shape, generator=generator) - 1


def fgsm(model: nn.Module, x: Tensor, y: Tensor, epsilon: float) -> Tensor:
    """The fast gradient sign method: x + epsilon sign(grad_x J), kept in [0, 1].

    epsilon: L-infinity size of the step, in [0, 1].  Arguments as in `signed_gradient`.
    Source: Goodfellow, Shlens & Szegedy, ICLR 2015, sec. 4.  Raises ValueError for another
    epsilon.
    """
    checks.within("epsilon", epsilon, 0, 1)
    return (x + epsilon * signed_gradient(model, x, y)).clamp(0, 1)
