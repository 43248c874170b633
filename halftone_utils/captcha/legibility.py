"""Proxies for whether a person can read a CAPTCHA; they know where the letters are.

image, ink: the CAPTCHA and the coverage of its letters, (1, 1, H, W) in [0, 1].
"""

import math

import torch
from skimage.metrics import structural_similarity

from halftone_utils.captcha import challenge, solvers, texture
from halftone_utils.engine.types import Images
from halftone_utils.screens import perception

WINDOW = 6.0  # pixels over which texture is measured: a quarter of a stroke
AFAR = 9.0  # pixels: a blur that no cell of any scheme outlasts


def texture_contrast(image: Images, ink: Images) -> float:
    """How far figure and ground are apart in texture: d', at 1 the two overlap, at 3 hardly.

    Texture: angle and coherence of the lines, energy and frequency, over WINDOW pixels.
    d': square root of the Mahalanobis distance of the means under the mean of both covariances,
    that is along the best direction (Fisher 1936); unbounded above.
    """
    maps = [texture.structure(image, WINDOW), texture.local_frequency(image, WINDOW)]
    features, inside = torch.cat(maps, 1)[0].double(), ink[0, 0] > 0.5
    figure, ground = features[:, inside], features[:, ~inside]
    apart = figure.mean(1) - ground.mean(1)
    spread = (torch.cov(figure) + torch.cov(ground)) / 2
    spread = spread + 1e-6 * torch.eye(len(apart), dtype=torch.float64)
    return float((apart @ torch.linalg.solve(spread, apart)).clamp_min(0).sqrt())


def tone_contrast(image: Images, ink: Images) -> float:
    """How much figure and ground differ in mean tone through a blur of AFAR, in percent."""
    seen, figure = perception.integrate(image, AFAR), ink > 0.5
    return 100 * abs(float(seen[figure].mean() - seen[~figure].mean()))


def similarity_from_afar(image: Images, ink: Images) -> float:
    """SSIM (Wang et al. 2004) with the plain letters, both blurred by AFAR, contrast restored.

    1 where the two look the same, about 0 where nothing is left of the letters, be they dark on
    light or light on dark.
    """
    seen, dark, light = (
        perception.integrate(x, AFAR, restore_contrast=True)[0, 0].numpy()
        for x in (image, 1 - ink, ink)
    )
    return max(float(structural_similarity(seen, x, data_range=1.0)) for x in (dark, light))


PROXIES = {"texture": texture_contrast, "tone": tone_contrast, "ssim": similarity_from_afar}


def proxies(scheme: str, seeds: range) -> dict[str, float]:
    """The means of PROXIES over some CAPTCHAs of a scheme; NaN where letters are not in place."""
    if scheme == "distorted":  # it bends the letters after they are laid out
        return dict.fromkeys(PROXIES, math.nan)
    found = []
    for text, seed in zip(challenge.random_texts(len(seeds), seeds.start), seeds, strict=True):
        ink = challenge.letters_of(text, scheme, seed).ink
        image = solvers.as_tensor([challenge.make_captcha(text, scheme, seed)])
        found.append([measure(image, ink) for measure in PROXIES.values()])
    return dict(zip(PROXIES, torch.tensor(found).mean(0).tolist(), strict=True))
