"""Which two-tone pictures are legible: those whose noise leaves the observer's band empty?

A picture of ink and paper is its tones and noise (the residual of an affine fit to the original).
The model observer looks through a blur; what decides should be not how much noise there is, but how
much of it passes.  There is one blur, fixed before anything was measured: that of `strong`.
Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Iterator, Sequence

import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.results.table import tidy
from halftone_utils.screens import perception, spectra
from halftone_utils.screens.spectra import Band
from halftone_utils.screens.ways import Way
from halftone_utils.studies import channel, frontier

TRIED = 4  # digits by which a redrawing is judged to be of two tones
FLAT = (0.4, 0.5, 0.6, 0.7, 0.8)  # tones of the spectra: the range of `strong`
FINE: tuple[Band, ...] = tuple((2 ** (k / 3), 2 ** ((k + 1) / 3)) for k in range(-15, -1))


def two_tone(images: Tensor) -> list[Way]:
    """All redrawings, of the frontier and of the channel's test, that print black and white only.

    images: a few digits by which that is judged.
    """
    ways = [*frontier.redrawings(images.shape[-1]), *channel.test_screens()]
    return [way for way in ways if {*way(images).unique().tolist()} <= {0.0, 1.0}]


def noise_of(drawn: Tensor, images: Tensor, sigma: float) -> float:
    """Noise power that passes a blur of sigma [px], over what passes of the digits: 0 or more.

    Noise and digit are the residual and the fit of `spectra.residual`; both variances are means
    over the pictures (N, 1, H, W).
    """
    fit, rest = (perception.gaussian(x, sigma) for x in spectra.residual(drawn, images))
    noise, digit = (x.var((1, 2, 3), correction=0).mean() for x in (rest, fit))
    return float(noise / digit.clamp_min(1e-12))


def spectra_of_screens(kinds: Sequence[str], side: int = 256) -> dict[str, list[float]]:
    """Noise power per octave of each kind of screen in each band of FINE: mean over FLAT tones.

    kinds: of `screens.KINDS`; "am" is `strong`.
    """
    ruling, octaves = {"am": {"ruling": points.load("strong", 32).ruling}}, 1 / 3
    tones = torch.tensor(FLAT).view(-1, 1, 1, 1).expand(-1, 1, side, side)
    drawn = {kind: screens.halftone(tones, kind, **ruling.get(kind, {})) for kind in kinds}
    return {
        kind: (spectra.power_in_bands(x - tones, FINE).mean(0) / octaves).tolist()
        for kind, x in drawn.items()
    }


def legibility(*, seed: int = 0, n: int = 500) -> Result:
    """How much noise of each redrawing passes the observer's blur, and what it reads.

    Redrawings of two tones; and style transfer, for what it does to the digit, with its controls.

    Writes data/results/legibility-sSEED.json; what it holds is not measured again.
    seed: the observer's.  n: validation digits.
    """
    sigma, stem = points.load("strong", 32).sigma, f"legibility-s{seed}"
    learned = {"architecture": "lenet", "n_train": frontier.OBSERVER_DIGITS}
    learned |= config_of(frontier.OBSERVER)
    config = {"seed": seed, "split": "validation", "n": n, "sigma": sigma, "observer": learned}
    there = store.check(stem, config, [])
    known = {store.key_of(row) for row in there.rows} if there else set()
    pictures, labels = datasets.load("validation", 32, n)
    images, model = as_float(pictures), frontier.observer(32, sigma, seed)
    rows = []
    for of_way, drawn in tqdm(_shown(images, labels), desc=stem, unit="redrawing"):
        if store.key_of(of_way) in known:
            continue
        right = training.count_right(model, frontier.as_seen(drawn, sigma), labels)
        noise = {"noise": noise_of(drawn, images, 0.0), "passed": noise_of(drawn, images, sigma)}
        rounded = {k: float(f"{v:.4g}") for k, v in noise.items()}
        rows.append({**of_way, **rounded, "n": n, "n_correct": right})
    return (
        store.record("legibility", stem, config, rows) if rows else store.read(store.path_of(stem))
    )


def _shown(images: Tensor, labels: Tensor) -> Iterator[tuple[dict, Tensor]]:
    """Two-tone redrawings; then style transfer and its controls, which are of many tones."""
    for way in two_tone(images[:TRIED]):
        yield way.config, way(images)
    for of_way, drawn in channel.transferred(images):
        for control, beside in channel.controls(drawn, images, labels).items():
            yield {**of_way, **({"control": control} if control else {})}, beside


FAMILIES = {"am": "clustered dots", "bayer": "Bayer", "blue-noise": "blue noise"}
FAMILIES |= {"random dots": "random dots"}


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """What the observer reads of each two-tone redrawing, mean over its seeds, a row each.

    Columns: family (of screens, in words), noise and passed (power over the digit's), accuracy [%].
    """
    table = tidy(found)
    table = table[table["kind"] != "style transfer"].copy()
    table["accuracy"] = 100 * table["n_correct"] / table["n"]
    table["family"] = table["kind"].map(FAMILIES).fillna("error diffusion")
    table["of"] = table["kind"] + table["parameters"].astype(str)
    columns = ["noise", "passed", "accuracy"]
    means = table.groupby(["family", "of"], sort=False)[columns].mean()
    return means.reset_index("family")
