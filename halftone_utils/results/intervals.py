"""Shares with their intervals: the one place where a percentage is computed and written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.stats import binomtest

from halftone_utils.engine import checks


def wilson(n_correct: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927), as two shares in [0, 1].

    Raises ValueError unless 0 <= n_correct <= n, and n > 0.
    """
    checks.whole("n", int(n), 1)
    checks.whole("n_correct", int(n_correct), 0, int(n))
    found = binomtest(int(n_correct), int(n)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def of_mean(numbers: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of the mean of two numbers or more, one a seed."""
    x = np.asarray(numbers, float)
    reach = stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean() - reach), float(x.mean() + reach)


def percent(n_correct: int, n: int, digits: int = 1, form: str = "{} [{}, {}]") -> str:
    """A share in percent with Wilson's 95 % interval, such as "97.5 [96.3, 98.3]".

    digits: after the decimal point.  form: where share, low and high stand.
    """
    parts = (n_correct / n, *wilson(n_correct, n))
    return form.format(*(f"{100 * part:.{digits}f}" for part in parts))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One accuracy over the networks that differ in their seed, in percent.

    mean, sd: over the networks (sd None for one).  low, high: Wilson's 95 % interval of the first.
    n: pictures that each read.  seeds, n_train: as run.
    """

    mean: float
    sd: float | None
    low: float
    high: float
    n: int
    seeds: tuple[int, ...]
    n_train: int

    @property
    def interval(self) -> tuple[float, float]:
        """One standard deviation over seeds each way; Wilson's interval of a single model."""
        if self.sd is None:
            return self.low, self.high
        return self.mean - self.sd, self.mean + self.sd

    def __str__(self) -> str:
        """Mean ± sd over seeds, or Wilson's interval for one model."""
        if self.sd is None:
            return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.mean:.2f} ± {self.sd:.2f}"


def summary(
    counts: Sequence[tuple[int, int]], seeds: Sequence[int] = (), n_train: int = 0
) -> Summary:
    """Networks that differ in their seed, each by (right answers, pictures read), as one."""
    shares = np.array([100 * n_correct / n for n_correct, n in counts])
    low, high = wilson(*counts[0])
    return Summary(
        mean=float(shares.mean()),
        sd=float(shares.std(ddof=1)) if len(shares) > 1 else None,
        low=100 * low,
        high=100 * high,
        n=int(counts[0][1]),
        seeds=tuple(map(int, seeds)),
        n_train=int(n_train),
    )
