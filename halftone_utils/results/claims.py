"""The claims of data/claims.toml, and the one rule by which they stand or fall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import stats

from halftone_utils.engine import checks
from halftone_utils.engine.files import DATA, DataError, read_toml

FILE = DATA / "claims.toml"
LEVEL = 0.05
Numbers = Mapping[str, Sequence[float]]  # network -> the number of each seed


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row: what is claimed, what one number a seed says of it, and from where on it stands.

    networks: whose; several with commas between them give one number together.
    at_least, at_most, within: the threshold, one of the three.  family: claims that are corrected
    together.  enough: of how many networks it must hold; 0 for all.
    Raises ValueError for none or two thresholds.
    """

    name: str
    sentence: str
    measured: str
    networks: tuple[str, ...]
    seeds: tuple[int, ...]
    family: str
    at_least: float | None = None
    at_most: float | None = None
    within: float | None = None
    enough: int = 0
    binary: bool = False

    def __post_init__(self) -> None:
        """Check that there is one threshold, and enough networks."""
        given = [x for x in (self.at_least, self.at_most, self.within) if x is not None]
        if len(given) != 1:
            raise ValueError(f"{self.name} has {len(given)} of at_least, at_most, within; it is 1.")
        if self.binary and self.within is not None:
            raise ValueError(f"{self.name} is binary; it asks for a share, at_least or at_most.")
        checks.whole("enough", self.enough, 0, len(self.networks))

    @property
    def needed(self) -> int:
        """Of how many networks it must hold."""
        return self.enough or len(self.networks)

    @property
    def threshold(self) -> str:
        """As a table says it, such as "≥ 5"."""
        for sign, value in (("≥", self.at_least), ("≤", self.at_most), ("±", self.within)):
            if value is not None:
                return f"{sign} {value:g}"
        raise AssertionError


def _seeds(given: int | Sequence[int]) -> tuple[int, ...]:
    """The seeds of a row, which may say how many."""
    return tuple(range(given) if isinstance(given, int) else given)


@cache
def load(path: Path = FILE) -> dict[str, Claim]:
    """Every claim by its name, in the file's order; raises DataError for a row that is none."""
    try:
        return {
            name: Claim(
                name=name,
                **{**row, "networks": tuple(row["networks"]), "seeds": _seeds(row["seeds"])},
            )
            for name, row in read_toml(path).items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def _beyond(numbers: Sequence[float], threshold: float, side: Literal["greater", "less"]) -> float:
    """p of a one-sided t-test that the mean is "greater" or "less" than the threshold."""
    values = np.asarray(numbers, dtype=float)
    if np.ptp(values) == 0:  # seeds that agree to the last digit have no t
        on_side = values[0] > threshold if side == "greater" else values[0] < threshold
        return 0.0 if on_side else 1.0
    return float(stats.ttest_1samp(values, threshold, alternative=side).pvalue)


def _share_beyond(
    numbers: Sequence[float], threshold: float, side: Literal["greater", "less"]
) -> float:
    """p of a one-sided binomial test that the share of ones is beyond the threshold."""
    return float(stats.binomtest(int(sum(numbers)), len(numbers), threshold, side).pvalue)


def p_values(claim: Claim, numbers: Sequence[float]) -> tuple[float, float]:
    """p for the claim and p for its opposite, from the numbers of two seeds or more."""
    of_mean = _share_beyond if claim.binary else _beyond
    if claim.at_least is not None:
        least = claim.at_least
        return of_mean(numbers, least, "greater"), of_mean(numbers, least, "less")
    if claim.at_most is not None:
        most = claim.at_most
        return of_mean(numbers, most, "less"), of_mean(numbers, most, "greater")
    width = claim.within or 0.0
    inside = max(_beyond(numbers, -width, "greater"), _beyond(numbers, width, "less"))
    outside = min(_beyond(numbers, -width, "less"), _beyond(numbers, width, "greater"))
    return inside, min(1.0, 2 * outside)


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for one family (Holm 1979)."""
    order = np.argsort(p)
    scaled = np.asarray(p)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return [float(x) for x in adjusted]


def conjunction(p: Sequence[float], needed: int) -> float:
    """p for "it is so of `needed` or more of these", which may depend on each other.

    Of all of them it is the greatest p (Berger 1982), of fewer that of the partial conjunction
    (Benjamini & Heller, Biometrics 64, 2008, eq. 5): no correction over networks beside it.
    """
    return min(1.0, (len(p) - needed + 1) * sorted(p)[needed - 1])


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim: "stands", "falls", "open" or "not measured".

    numbers: network -> the number of each seed.  p: for the claim; p_against: for that the opposite
    holds of so many networks that the rest are not enough; both corrected in the family (Holm).
    """

    claim: Claim
    numbers: Numbers
    p: float
    p_against: float

    @property
    def outcome(self) -> str:
        """One word or two."""
        if not any(self.numbers.values()):
            return "not measured"
        if self.p < LEVEL:
            return "stands"
        return "falls" if self.p_against < LEVEL else "open"


def judge(found: Mapping[str, Numbers], path: Path = FILE) -> list[Verdict]:
    """A verdict a claim, in the file's order; found: claim -> network -> a number a seed.

    A network counts once all seeds of the claim are there.
    """
    claims = load(path)
    p_of = {name: _of_claim(claim, found.get(name, {})) for name, claim in claims.items()}
    corrected: dict[str, tuple[float, float]] = {}
    for family in {claim.family for claim in claims.values()}:
        names = [name for name, claim in claims.items() if claim.family == family]
        both = (holm([p_of[name][side] for name in names]) for side in (0, 1))
        corrected |= dict(zip(names, zip(*both, strict=True), strict=True))
    return [
        Verdict(
            claim=claim,
            numbers=found.get(name, {}),
            p=corrected[name][0],
            p_against=corrected[name][1],
        )
        for name, claim in claims.items()
    ]


def _of_claim(claim: Claim, numbers: Numbers) -> tuple[float, float]:
    """p for a claim and against it, over its networks; one without all its seeds counts as 1."""
    least = max(2, len(claim.seeds))
    of_networks = [
        p_values(claim, x) if len(x) >= least else (1.0, 1.0)
        for x in (numbers.get(network, ()) for network in claim.networks)
    ]
    for_it, against = zip(*of_networks, strict=True)
    spare = len(claim.networks) - claim.needed
    return conjunction(for_it, claim.needed), conjunction(against, spare + 1)
