"""Shares are Wilson's, and several seeds are their mean and deviation."""

import math

import pytest

from halftone_utils.results import intervals

Z = 1.959963984540054  # the normal quantile of 0.975


@pytest.mark.parametrize(
    ("n_correct", "n"), [(0, 10), (10, 10), (1, 1), (3, 7), (8146, 10_000), (9889, 10_000)]
)
def test_the_interval_is_wilsons(n_correct, n):
    share = n_correct / n
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)  # Wilson 1927, as Agresti & Coull give it
    half = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    expected = (centre - half, centre + half)
    assert intervals.wilson(n_correct, n) == pytest.approx(expected, abs=1e-7)


def test_an_interval_of_impossible_counts_is_refused():
    for n_correct, n, named in ((0, 0, "n is 0"), (-1, 5, "n_correct is -1"), (6, 5, "0 to 5")):
        with pytest.raises(ValueError, match=named):
            intervals.wilson(n_correct, n)


def test_a_percentage_is_written_with_its_interval():
    assert intervals.percent(1, 1) == "100.0 [20.7, 100.0]"
    assert intervals.percent(9889, 10_000, 2, "{} ({}-{})") == "98.89 (98.67-99.08)"


def test_seeds_are_a_mean_and_a_deviation_and_one_seed_has_wilsons_interval():
    three = intervals.summary([(100, 200), (110, 200), (120, 200)], [0, 1, 2], 300)
    assert three.mean == pytest.approx(55)
    assert three.sd == pytest.approx(math.sqrt((5**2 + 0 + 5**2) / 2))
    assert (three.low, three.high) == tuple(100 * x for x in intervals.wilson(100, 200))
    assert (three.seeds, three.n, three.n_train) == ((0, 1, 2), 200, 300)
    assert str(three) == "55.00 ± 5.00"
    assert three.interval == (three.mean - three.sd, three.mean + three.sd)
    one = intervals.summary([(100, 200)])
    assert (one.mean, one.sd) == (50, None)
    assert str(one) == "50.00 [43.14, 56.86]"
    assert one.interval == (one.low, one.high)


def test_the_interval_of_a_mean_is_students():
    assert intervals.of_mean([1.0, 2.0, 3.0]) == pytest.approx((-0.484, 4.484), abs=1e-3)
    assert intervals.of_mean([2.0, 2.0]) == (2.0, 2.0)
