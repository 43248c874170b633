"""Halftones beside the field's attacks: at equal size, at equal tones, from network to network.

What a row shows is at most of its size: an epsilon in L-infinity, or of each picture what its own
halftone at a frozen point has, in L2 or in SSIM (Wang et al. 2004).  All attacks but HalftoneAttack
are foolbox's (FGSM: our own, which is foolbox's to the bit).  `sanity` holds the results to what an
evaluation of attacks must show (Carlini et al. 2019, arXiv 1902.06705, sec. 3 and 4).
Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import pandas as pd
import torch
from skimage.metrics import structural_similarity
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import points
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.types import ToneRange
from halftone_utils.networks import training
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.networks.attacks import random_signs, signed_gradient
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import spectra, tone
from halftone_utils.screens.perception import gaussian
from halftone_utils.studies import experiments, grid, undoing

POINTS = ("talk", "strong")
EPSILONS = (0.05, 0.1, 0.2, 0.4, 1.0)  # of black to white; at 1 any picture may become any other
PARTLY = 0.05  # the epsilon at which an attack has work left, so that more of it may tell
STEPS, MORE_STEPS, RESTARTS = 20, (5, 40), 5
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the L2 that a halftone at `talk` has
QUERIES = (50, 200)  # of HopSkipJump
SCREENS = (1, 10, 30)  # queries of HalftoneAttack: with one the screen is no choice
RANGES = ((0.4, 0.8), (0.25, 0.85))  # of tones: those of `strong`, and more contrast
SENT = 0.2  # the epsilon of what is shown to other networks, too
SAID = (
    "attack",
    "norm",
    "epsilon",
    "point",
    "share",
    "steps",
    "restarts",
    "queries",
    "white_box",
    "tone_range",
    "target",
)
FAR = 64.0  # how many times its own length a change is lengthened at most


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Pictures that a network is shown.

    of_way: what a row says of them.  draw: makes them, (N, 1, H, W) in [0, 1].
    sent: whether the other networks are shown them, too.
    tone_range: of a halftone by a screen, whose error of tone is measured.
    """

    of_way: dict[str, Any] = field(default_factory=dict)
    draw: Callable[[], Tensor]
    sent: bool = False
    tone_range: ToneRange | None = None


def l2(pictures: Tensor, images: Tensor) -> Tensor:
    """How far pictures (N, 1, H, W) are from their originals, in L2: (N,)."""
    return (pictures - images).flatten(1).norm(dim=1)


def ssim(pictures: Tensor, images: Tensor) -> Tensor:
    """Structural similarity of pictures (N, 1, H, W) to their originals: (N,), at most 1."""
    pairs = zip(pictures[:, 0].numpy(), images[:, 0].numpy(), strict=True)
    return torch.tensor([float(structural_similarity(x, y, data_range=1.0)) for x, y in pairs])


def dissimilarity(pictures: Tensor, images: Tensor) -> Tensor:
    """What SSIM lacks to 1: (N,), which grows with a change."""
    return 1 - ssim(pictures, images)


def tone_error(drawn: Tensor, images: Tensor, tone_range: ToneRange) -> Tensor:
    """How far local tone is off at most, of black to white: (N,); as HalftoneAttack bounds it."""
    sigma = screens.HalftoneAttack().rulings[1] / 2
    off = gaussian(drawn - tone.map_tone(images, tone_range), sigma)
    return off.abs().amax((1, 2, 3))


SIZES = {"L2": l2, "SSIM": dissimilarity}


def along(
    images: Tensor, moved: Tensor, size: Callable[[Tensor, Tensor], Tensor], wanted: Tensor
) -> Tensor:
    """Each picture's change made longer or shorter, until it is of the size that is wanted.

    images, moved: (N, 1, H, W) in [0, 1]; so is the result, clipped.  size: (pictures, images) ->
    (N,), which grows with a change.  wanted: (N,).  By bisection, never above what is wanted, and
    never longer than FAR times.
    """
    change = moved - images
    low, high = torch.zeros(len(images)), torch.full((len(images),), FAR)

    def at(length: Tensor) -> Tensor:
        return (images + length.view(-1, 1, 1, 1) * change).clamp(0, 1)

    for _ in range(30):
        middle = (low + high) / 2
        fits = size(at(middle), images) <= wanted
        low, high = middle.where(fits, low), high.where(fits, middle)
    return at(low)


def shown(
    model: nn.Module, images: Tensor, labels: Tensor, frozen: Mapping[str, Tensor], seed: int = 0
) -> Iterator[Shown]:
    """All that a network is shown, drawn only when it is asked for.

    images: (N, 1, H, W) in [0, 1].  frozen: their halftones at each of POINTS.
    seed: of all that is random.
    """
    yield Shown(of_way={"attack": "none"}, draw=images.clone)
    for name, drawn in frozen.items():
        yield Shown(of_way={"attack": "halftone", "point": name}, draw=drawn.clone)
    yield from in_linf(model, images, labels, seed)
    yield from as_far(model, images, labels, frozen, seed)
    yield from chosen(model, images, labels, seed)


def in_linf(model: nn.Module, images: Tensor, labels: Tensor, seed: int) -> Iterator[Shown]:
    """FGSM, PGD and random signs by epsilon, and PGD with more and fewer steps and restarts."""
    from halftone_utils.studies import per_picture  # here: foolbox is of an extra

    signs = {
        "fgsm": cache(lambda: signed_gradient(model, images, labels)),
        "random signs": cache(lambda: random_signs(images, seed)),
    }

    def stepped(kind: str, epsilon: float) -> Tensor:
        return (images + epsilon * signs[kind]()).clamp(0, 1)

    for kind in signs:
        for epsilon in EPSILONS:
            yield Shown(
                of_way={"attack": kind, "norm": "Linf", "epsilon": epsilon},
                draw=partial(stepped, kind, epsilon),
                sent=(kind, epsilon) == ("fgsm", SENT),
            )
    budgets = [(epsilon, STEPS, 1) for epsilon in EPSILONS]
    budgets += [(PARTLY, steps, 1) for steps in MORE_STEPS] + [(PARTLY, STEPS, RESTARTS)]
    for epsilon, steps, restarts in budgets:
        effort: dict[str, Any] = {"steps": steps, "restarts": restarts}
        sizes = torch.full((len(images),), epsilon)
        yield Shown(
            of_way={"attack": "pgd", "norm": "Linf", "epsilon": epsilon, **effort},
            draw=partial(per_picture.pgd, model, images, labels, sizes, seed=seed, **effort),
            sent=epsilon == SENT,
        )


def as_far(
    model: nn.Module, images: Tensor, labels: Tensor, frozen: Mapping[str, Tensor], seed: int
) -> Iterator[Shown]:
    """Attacks as far from each picture as its halftone at a frozen point is, in L2 and in SSIM."""
    from halftone_utils.studies import per_picture  # here: foolbox is of an extra

    @cache
    def descended(point: str, share: float) -> Tensor:
        sizes = share * l2(frozen[point], images)
        return per_picture.pgd(model, images, labels, sizes, norm="L2", steps=STEPS, seed=seed)

    @cache
    def hopped() -> dict[int, Tensor]:
        return per_picture.hop_skip_jump(model, images, labels, queries=QUERIES, seed=seed)

    def within(point: str, queries: int) -> Tensor:
        near = l2(hopped()[queries], images) <= l2(frozen[point], images)
        return hopped()[queries].where(near.view(-1, 1, 1, 1), images)

    def as_wanted(point: str, norm: str, way: Callable[[], Tensor]) -> Tensor:
        return along(images, way(), SIZES[norm], SIZES[norm](frozen[point], images))

    noisy = images + spectra.white_noise(len(images), images.shape[-1], seed)
    of_pgd: dict[str, Any] = {"attack": "pgd", "steps": STEPS, "restarts": 1}
    of_hops: list[dict[str, Any]] = [
        {"attack": "hopskipjump", "queries": queries} for queries in QUERIES
    ]
    for point in frozen:
        in_l2, in_ssim = ({"norm": norm, "point": point} for norm in SIZES)
        for share in SHARES if point == "talk" else SHARES[-1:]:
            yield Shown(
                of_way={**of_pgd, **in_l2, "share": share},
                draw=partial(descended, point, share),
                sent=share == 1,
            )
        for of_hop in of_hops:
            yield Shown(of_way=of_hop | in_l2, draw=partial(within, point, of_hop["queries"]))
        ways: list[tuple[dict[str, Any], Callable[[], Tensor]]] = [
            ({"attack": "noise", **in_l2}, noisy.clone),
            ({"attack": "noise", **in_ssim}, noisy.clone),
            (of_pgd | in_ssim, partial(descended, point, 1.0)),
            (of_hops[-1] | in_ssim, lambda: hopped()[QUERIES[-1]]),
        ]
        for of_way, way in ways:
            yield Shown(of_way=of_way, draw=partial(as_wanted, point, of_way["norm"], way))


def chosen(model: nn.Module, images: Tensor, labels: Tensor, seed: int) -> Iterator[Shown]:
    """The frozen screen over each of RANGES, and screens chosen against the network beside it.

    These may be as far off in tone, of each picture, as the frozen screen is.
    """
    point = points.load("strong", images.shape[-1])
    for tones in RANGES:
        frozen = screens.am_screen(images, point.ruling, point.angle, point.dot, tone_range=tones)
        errors = tone_error(frozen, images, tones)

        def search(
            white: bool, queries: int, tones: ToneRange = tones, errors: Tensor = errors
        ) -> Tensor:
            found = []
            for image, label, error in zip(images.split(1), labels.split(1), errors, strict=True):
                of: dict[str, Any] = {"tone_range": tones, "tone_error": error.item()}
                attack = screens.HalftoneAttack(white, queries, seed, **of)
                found.append(attack(model, image, label, epsilons=1.0)[0])
            return torch.cat(found)

        of_tones = {"tone_range": [*tones]}
        yield Shown(of_way={"attack": "screen", **of_tones}, draw=frozen.clone, tone_range=tones)
        for white in (False, True):
            for queries in SCREENS[white:]:
                of_way = {"attack": "chosen screen", "white_box": white, "queries": queries}
                yield Shown(
                    of_way=of_way | of_tones,
                    draw=partial(search, white, queries),
                    sent=(tones, queries) == (RANGES[0], SCREENS[-1]),
                    tone_range=tones,
                )


def rows_of(
    asked: Shown, networks: Mapping[str, nn.Module], images: Tensor, labels: Tensor
) -> list[dict]:
    """What each network reads of pictures, and how far these are from their originals in the mean.

    networks: by the name of the target, the attacked one first and under no name.
    """
    pictures = asked.draw()
    sizes = {
        "linf": (pictures - images).abs().amax((1, 2, 3)),
        "l2": l2(pictures, images),
        "ssim": ssim(pictures, images),
    }
    if asked.tone_range:
        sizes["tone_error"] = tone_error(pictures, images, asked.tone_range)
    mean = {name: round(float(each.mean()), 4) for name, each in sizes.items()}
    return [
        {
            **asked.of_way,
            **({"target": name} if name else {}),
            "n": len(labels),
            "n_correct": training.count_right(network, pictures, labels),
            **mean,
        }
        for name, network in networks.items()
        if asked.sent or not name
    ]


def attacks(architecture: str, *, seed: int = 0, n: int = 80) -> Result:
    """How a network stands halftones and the field's attacks of the same size, with transfer.

    Writes data/results/attacks-NETWORK-32-original-sSEED.json; a killed run goes on.
    architecture: trained on originals.  seed: its own, and of all that is random.
    n: validation digits.  The other networks that are shown its examples are those of seed 0.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"attacks-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    there = store.check(stem, config, [])
    known = {store.key_of(row) for row in there.rows} if there else set()
    images, labels = undoing.pictures("original", n)
    frozen = {name: undoing.pictures(f"halftone-{name}", n)[0] for name in POINTS}
    networks = {"": experiments.ready(x).requires_grad_(False)}
    for name in ARCHITECTURES:
        if (name, 0) != (architecture, seed):
            networks[name] = experiments.published(name)
    todo = [*shown(networks[""], images, labels, frozen, seed)]
    for asked in tqdm(todo, desc=architecture, unit="attack"):
        if store.key_of(asked.of_way) not in known:
            store.record("attacks", stem, config, rows_of(asked, networks, images, labels))
    return store.read(store.path_of(stem))


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """All that was read, a row each: architecture, seed, all that a row says, and accuracy [%].

    Where a row says nothing there is None; tone_range is a pair.
    """
    rows = [
        {
            **{key: result.config["network"][key] for key in ("architecture", "seed")},
            **row,
            "tone_range": tuple(row["tone_range"]) if "tone_range" in row else None,
            "accuracy": 100 * row["n_correct"] / row["n"],
        }
        for result in found
        for row in result.rows
    ]
    said = {key: pd.Series([row.get(key) for row in rows], dtype=object) for key in SAID}
    return pd.DataFrame(rows).assign(**said)
