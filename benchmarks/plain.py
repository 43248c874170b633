"""The plain rival: style transfer as PyTorch's own tutorial writes it, and as people copy it.

"Neural Transfer Using PyTorch" (A. Jacq): an nn.Sequential with ContentLoss and StyleLoss modules
behind the layers they watch, frozen weights, float32, contiguous, three channels, one image after
the other, gradients by autograd.  What is not the tutorial's makes the comparison fair: our layers,
loss constants, average pooling, iterations and optimiser, so that both reach the same loss; the
style's Gram matrices are computed once, not for every image; and x is grey, repeated to three
channels inside the network, so that both search the same pictures.
"""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from halftone_utils.style import Settings, vgg


class Normalization(nn.Module):
    """Grey (1, 1, H, W) in [0, 1] to the three channels that VGG was trained on."""

    def __init__(self, mean: Tensor) -> None:
        """mean: (3,), RGB in [0, 255]."""
        super().__init__()
        self.mean = mean.view(-1, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(1, 1, H, W) -> (1, 3, H, W)."""
        return image.repeat(1, 3, 1, 1) * 255 - self.mean


class ContentLoss(nn.Module):
    """Passes its input on and keeps 1/2 sum (F - P)^2."""

    def __init__(self) -> None:
        """The target is whatever passes while `watching` is off."""
        super().__init__()
        self.target, self.loss, self.watching = torch.zeros(()), torch.zeros(()), True

    def forward(self, features: Tensor) -> Tensor:
        """Identity."""
        if self.watching:
            self.loss = 0.5 * F.mse_loss(features, self.target, reduction="sum")
        else:
            self.target = features.detach()
        return features


def gram_matrix(features: Tensor) -> Tensor:
    """(1, C, H, W) -> (C, C), the sum over positions."""
    _, channels, height, width = features.size()
    flat = features.view(channels, height * width)
    return torch.mm(flat, flat.t())


class StyleLoss(nn.Module):
    """Passes its input on and keeps 1 / (4 C^2 M^2) sum (G - A)^2, M = H W positions."""

    def __init__(self, target: Tensor, weight: float) -> None:
        """target: A (C, C), for as many positions as the generated image has."""
        super().__init__()
        self.target, self.weight, self.loss = target.detach(), weight, torch.zeros(())

    def forward(self, features: Tensor) -> Tensor:
        """Identity."""
        _, channels, height, width = features.size()
        difference = F.mse_loss(gram_matrix(features), self.target, reduction="sum")
        self.loss = self.weight * difference / (4 * channels**2 * (height * width) ** 2)
        return features


def convolutions(layers: tuple[str, ...]) -> nn.Sequential:
    """Ordinary three-channel modules with the weights of our VGG up to the last of `layers`."""
    weights = load_file(vgg.WEIGHTS)
    model, block = nn.Sequential(), "1"
    for layer in vgg.upto(layers):
        if layer[4] != block:
            block = layer[4]
            model.add_module(f"pool_{block}", nn.AvgPool2d(2))
        weight, bias = (weights[f"{layer}.{name}"].float() for name in ("weight", "bias"))
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        convolution.weight.data, convolution.bias.data = weight, bias
        model.add_module(layer, convolution)
        model.add_module(f"relu_{layer}", nn.ReLU(inplace=False))
    return model


class PlainTransfer:
    """The tutorial's model for one style image, and its loop for one content image at a time."""

    def __init__(self, style: Tensor, settings: Settings, side: int) -> None:
        """style: (1, 1, H, W) in [0, 1].  side: of the content images [px]."""
        layers = (settings.content_layer, *settings.style_weights)
        backbone = convolutions(layers).requires_grad_(False).eval()
        self.settings = settings
        self.content, self.styles = ContentLoss(), []
        self.model = nn.Sequential(Normalization(torch.tensor(vgg.MEAN)))
        share = side**2 / (style.shape[2] * style.shape[3])
        features = self.model(style)
        for name, module in backbone.named_children():
            features = module(features)
            self.model.add_module(name, module)
            layer = name.removeprefix("relu_")
            if layer == name:  # losses are taken after the ReLU
                continue
            if layer in settings.style_weights:
                A = gram_matrix(features) * share
                self.styles.append(StyleLoss(A, settings.style_weights[layer]))
                self.model.add_module(f"style_{layer}", self.styles[-1])
            if layer == settings.content_layer:
                self.model.add_module(f"content_{layer}", self.content)

    def watch(self, p: Tensor) -> None:
        """Make p (1, 1, H, W) the content image."""
        self.content.watching = False
        with torch.no_grad():
            self.model(p)
        self.content.watching = True

    def loss(self, x: Tensor) -> Tensor:
        """L_total of x (1, 1, H, W), a scalar that autograd can follow."""
        self.model(x)
        style = sum(part.loss for part in self.styles)
        return self.settings.alpha * self.content.loss + self.settings.beta * style

    def by_adam(self, p: Tensor, start: Tensor) -> Tensor:
        """The settings' iterations of torch.optim.Adam: (1, 1, H, W) twice -> (1, 1, H, W)."""
        self.watch(p)
        x = start.clone().requires_grad_(True)
        optimizer = torch.optim.Adam([x], lr=self.settings.step)
        for _ in range(self.settings.iterations):
            optimizer.zero_grad()
            self.loss(x).backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(0, 1)
        return x.detach()

    def by_lbfgs(self, p: Tensor, start: Tensor, until: float, at_most: int) -> float | None:
        """Seconds of the tutorial's L-BFGS until the loss is `until`.

        torch.optim.LBFGS with its own defaults and pixels clamped before each evaluation, as the
        tutorial has it.  None if `at_most` evaluations do not do.
        """
        began = time.perf_counter()
        self.watch(p)
        x = start.clone().requires_grad_(True)
        optimizer = torch.optim.LBFGS([x])
        evaluations, arrived = 0, None

        def closure() -> Tensor:
            nonlocal evaluations, arrived
            with torch.no_grad():
                x.clamp_(0, 1)
            optimizer.zero_grad()
            loss = self.loss(x)
            loss.backward()
            evaluations += 1
            if arrived is None and loss.item() <= until:
                arrived = time.perf_counter() - began
            return loss

        while arrived is None and evaluations < at_most:
            before = evaluations
            optimizer.step(closure)
            if evaluations - before <= 1:  # its own tolerances stopped it
                break
        return arrived


def one_after_the_other(step: Callable[[Tensor, Tensor], Tensor], p: Tensor, x: Tensor) -> Tensor:
    """Run the loop on each image in turn: (N, 1, H, W) twice -> (N, 1, H, W)."""
    return torch.cat([step(*pair) for pair in zip(p.split(1), x.split(1), strict=True)])
