"""What place in frequency does to a reader while the power of the noise is held.

Two-tone pictures that keep their tones t have noise of power t (1 - t) each pixel, whatever the
screen: only its place differs.  So screens cannot tell place from power unless they are moved over
the whole spectrum, which dithers by noise of one band do.  The networks' channels are asked what
they predict of them, and so is a channel with one threshold for all bands.
Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.types import Images
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import spectra, tone
from halftone_utils.screens.spectra import BANDS, Band
from halftone_utils.screens.tone import ToneRange
from halftone_utils.studies import channel, experiments, frontier, grid, rivals

OBSERVER = "observer"
# of tones; noise of about 0.24, 0.38, 0.55 of the digit's contrast, the last beyond most thresholds
RANGES = ((0.05, 0.95), (0.1, 0.9), (0.2, 0.9))


def dither(images: Images, band: Band, tone_range: ToneRange, seed: int = 0) -> Images:
    """Two tones by a threshold of Gaussian noise of one band: (N, 1, H, H) -> 0.0 or 1.0.

    The noise is ranked in each picture, so that every threshold of (0, 1) occurs as often; the odds
    of white are a pixel's tone.  Picture i is the same for every N > i.
    """
    side = images.shape[-1]
    noise = spectra.noise_in(len(images), side, spectra.in_band(side, band), seed)
    ranks = noise.flatten(1).argsort(1).argsort(1).view_as(images)
    return (tone.map_tone(images, tone_range) > (ranks + 0.5) / side**2).float()


def dithers(images: Tensor) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """Digits by noise of each of BANDS over each of RANGES: what a row says, and pictures."""
    for tones in RANGES:
        for number, band in enumerate(BANDS):
            of_way = {"kind": "dither", "band": [*band], "parameters": {"tone_range": [*tones]}}
            # other noise than the channel was measured with
            yield of_way, dither(images, band, tones, seed=len(BANDS) + number)


def of_observer(images: Tensor, labels: Tensor, seed: int) -> list[dict]:
    """What the model observer reads of each dither through the blur of `strong`."""
    sigma = points.load("strong", 32).sigma
    model = frontier.observer(32, sigma, seed)
    return [
        {
            **of_way,
            "n": len(labels),
            "n_correct": training.count_right(model, frontier.as_seen(drawn, sigma), labels),
        }
        for of_way, drawn in dithers(images)
    ]


def of_network(
    model: torch.nn.Module, channels: Sequence[channel.Channel], images: Tensor, labels: Tensor
) -> list[list[dict]]:
    """What a network reads of each dither and what a channel predicts: a list of rows a channel.

    channels: of BANDS or, with one threshold, of all of them.
    """
    found: list[list[dict]] = [[] for _ in channels]
    for of_way, drawn in dithers(images):
        right, power = (
            training.count_right(model, drawn, labels),
            channel.power_of(drawn, images),
        )
        for rows, of in zip(found, channels, strict=True):
            within = power if len(of.bands) > 1 else power.sum(1, keepdim=True)
            said = {"predicted": round(float(of.accuracy(within).mean()), 4)}
            rows.append({**of_way, "n": len(labels), "n_correct": right, **said})
    return found


def places(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """What a reader makes of two-tone noise of the same power in one band after another.

    Writes data/results/places-NETWORK-32-original-sSEED.json, or places-observer-sSEED.json.
    architecture: "observer", or a network trained on originals, its channel measured already, on
    the same digits.  n: validation digits.
    """
    pictures, labels = datasets.load("validation", 32, n)
    images = as_float(pictures)
    config: dict[str, Any] = {"split": "validation", "n": n}
    if architecture == OBSERVER:
        stem, config = (
            f"places-{OBSERVER}-s{seed}",
            {"architecture": OBSERVER, "seed": seed} | config,
        )
        store.check(stem, config, [])
        return store.record("places", stem, config, of_observer(images, labels, seed))
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"places-{x.stem}", {"network": config_of(x)} | config
    store.check(stem, config, [])
    known = store.read(store.path_of(f"channel-{x.stem}"))
    both = (channel.channel_of(known), rivals.one_threshold(known))
    rows, alike = of_network(experiments.ready(x), both, images, labels)
    measured = {"channel": rivals.agreement(rows), rivals.ALIKE: rivals.agreement(alike)}
    return store.record("places", stem, config, rows, measured=measured)


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """What each reader makes of dithers: reader, seed, least and greatest tone, band, accuracy [%].

    band: its place among BANDS.
    """
    bands = [[*band] for band in BANDS]
    rows = [
        {
            "reader": of.get("architecture"),
            "seed": of["seed"],
            "tones": tuple(row["parameters"]["tone_range"]),
            "band": bands.index(row["band"]),
            "accuracy": 100 * row["n_correct"] / row["n"],
        }
        for result in found
        for of in (result.config.get("network", result.config),)
        for row in result.rows
    ]
    return pd.DataFrame(rows)
