"""Proxies for whether a person can read a CAPTCHA; they know where the letters are.

image, ink: the CAPTCHA and the coverage of its letters, (1, 1, H, W) in [0, 1].
"""

import math

import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from halftone_utils.captcha import challenge, solvers, texture
from halftone_utils.engine.types import Images
from halftone_utils.screens import perception

WINDOW = 6.0  # pixels over which texture is measured: a quarter of a stroke
AFAR = 9.0  # pixels: a blur that no cell of any scheme outlasts


def _separation(features: Tensor, ink: Tensor) -> float:
    """d': distance of two means in deviations, along the best direction (Fisher 1936).

    features: (C, H, W).  ink: bool (H, W).  The square root of the Mahalanobis distance of the
    means under the mean of both covariances, unbounded above; at 1 the two overlap, at 3 hardly.
    """
    figure, ground = (features[:, part].double() for part in (ink, ~ink))
    apart = figure.mean(1) - ground.mean(1)
    spread = (torch.cov(figure) + torch.cov(ground)).reshape(len(apart), -1) / 2
    spread = spread + 1e-6 * torch.eye(len(apart), dtype=torch.float64)
    return float((apart @ torch.linalg.solve(spread, apart)).clamp_min(0).sqrt())


def texture_contrast(image: Images, ink: Images) -> float:
    """How far figure and ground are apart in texture, as d' (see `_separation`).

    Texture: angle and coherence of the lines, energy and frequency, over WINDOW pixels.
    """
    maps = [texture.structure(image, WINDOW), texture.local_frequency(image, WINDOW)]
    return _separation(torch.cat(maps, 1)[0], ink[0, 0] > 0.5)


def tone_contrast(image: Images, ink: Images, sigma: float = AFAR) -> float:
    """How much figure and ground differ in mean tone through a blur of sigma [px], in percent."""
    seen, figure = perception.integrate(image, sigma), ink > 0.5
    return 100 * abs(float(seen[figure].mean() - seen[~figure].mean()))


def similarity_from_afar(image: Images, ink: Images, sigma: float = AFAR) -> float:
    """SSIM (Wang et al. 2004) with the plain letters, both through a blur, contrast restored.

    1 where the two look the same, about 0 where nothing is left of the letters, be they dark on
    light or light on dark.
    """
    seen, dark, light = (
        perception.integrate(x, sigma, restore_contrast=True)[0, 0].numpy()
        for x in (image, 1 - ink, ink)
    )
    return max(float(structural_similarity(seen, x, data_range=1.0)) for x in (dark, light))


PROXIES = {"texture": texture_contrast, "tone": tone_contrast, "ssim": similarity_from_afar}


def proxies(scheme: str, seeds: range) -> dict[str, float]:
    """The means of PROXIES over some CAPTCHAs of a scheme; NaN where letters are not in place."""
    found = []
    for text, seed in zip(challenge.random_texts(len(seeds), seeds.start), seeds, strict=True):
        ink = challenge.letters_of(text, scheme, seed).ink
        image = solvers.as_tensor([challenge.make_captcha(text, scheme, seed)])
        found.append([measure(image, ink) for measure in PROXIES.values()])
    means = torch.tensor(found).mean(0).tolist()
    if scheme == "distorted":  # it bends the letters after they are laid out
        means = [math.nan] * len(PROXIES)
    return dict(zip(PROXIES, means, strict=True))
