"""A claim stands, falls or stays open by its seeds, corrected in its family."""

import numpy as np
import pytest

from halftone_utils.engine.files import DataError
from halftone_utils.results import claims

ROW = """
[{name}]
sentence = "So it is."
measured = "points"
networks = ["a", "b"]
seeds = [0, 1, 2]
family = "one"
{threshold}
"""


def outcome(tmp_path, threshold, a, b):
    path = tmp_path / f"{abs(hash((threshold, a, b)))}.toml"
    path.write_text(ROW.format(name="it-is", threshold=threshold))
    (verdict,) = claims.judge({"it-is": {"a": a, "b": b}}, path)
    return verdict.outcome


def test_every_claim_of_the_repository_can_be_judged():
    rows = claims.load()
    assert len(rows) > 10
    for claim in rows.values():
        assert claim.sentence.endswith(".")
        assert claim.threshold[0] in "≥≤±"
        assert "|" not in claim.sentence + claim.measured  # it stands in a table
    assert {verdict.outcome for verdict in claims.judge({})} == {"not measured"}


@pytest.mark.parametrize(
    ("threshold", "a", "b", "expected"),
    [
        ("at_least = 5", (9.0, 9.1, 9.2), (8.0, 8.1, 8.2), "stands"),
        ("at_least = 5", (9.0, 9.1, 9.2), (1.0, 1.1, 1.2), "falls"),
        ("at_least = 5", (9.0, 9.1, 9.2), (1.0, 5.0, 12.0), "open"),
        ("at_least = 5\nenough = 1", (9.0, 9.1, 9.2), (1.0, 1.1, 1.2), "stands"),
        ("at_least = 5\nenough = 1", (0.0, 0.1, 0.2), (1.0, 1.1, 1.2), "falls"),
        ("at_most = 5", (1.0, 1.1, 1.2), (2.0, 2.1, 2.2), "stands"),
        ("at_most = 5", (9.0, 9.1, 9.2), (2.0, 2.1, 2.2), "falls"),
        ("within = 5", (1.0, 1.1, 1.2), (-2.0, -2.1, -2.2), "stands"),
        ("within = 5", (1.0, 1.1, 1.2), (-9.0, -9.1, -9.2), "falls"),
        ("within = 5", (-4.0, 1.1, 9.2), (-2.0, -2.1, -2.2), "open"),
        ("at_least = 5", (9.0,), (8.0,), "open"),  # one seed decides nothing
        ("at_least = 5", (9.0, 9.1), (8.0, 8.1), "open"),  # nor do fewer than were claimed
        ("at_least = 0.9", (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), "stands"),  # seeds that agree
        ("at_least = 5", (), (), "not measured"),
        ("at_least = 0.5\nbinary = true", (1.0,) * 20, (1.0,) * 19 + (0.0,), "stands"),
        ("at_least = 0.5\nbinary = true", (1.0,) * 20, (0.0,) * 20, "falls"),
        ("at_least = 0.5\nbinary = true", (1.0,) * 3, (1.0,) * 3, "open"),  # three tell little
        ("at_most = 0.01\nbinary = true", (0.0,) * 500, (0.0,) * 500, "stands"),
        ("at_most = 0.01\nbinary = true", (0.0,) * 200, (0.0,) * 200, "open"),  # no more do 200
        ("at_most = 0.1\nbinary = true", (0.0,) * 70 + (1.0,) * 30, (0.0,) * 100, "falls"),
    ],
)
def test_outcomes(tmp_path, threshold, a, b, expected):
    assert outcome(tmp_path, threshold, a, b) == expected


def test_holm_multiplies_by_how_many_are_left_and_never_falls():
    assert claims.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert claims.holm([0.9, 0.6]) == [1.0, 1.0]
    assert claims.holm([]) == []


def test_a_conjunction_takes_the_greatest_p_of_all_and_bonferroni_of_one():
    p = [0.01, 0.04, 0.03, 0.2]
    assert claims.conjunction(p, 4) == 0.2
    assert claims.conjunction(p, 3) == pytest.approx(2 * 0.04)
    assert claims.conjunction(p, 1) == pytest.approx(4 * 0.01)
    assert claims.conjunction([0.9, 0.8], 1) == 1


def test_a_claim_of_all_networks_is_wrongly_made_as_seldom_as_the_level_says():
    dice = np.random.default_rng(0)
    claim = claims.Claim(
        name="it-is",
        sentence="So it is.",
        measured="points",
        networks=("a", "b"),
        seeds=(0, 1, 2),
        family="one",
        at_least=0,
    )
    # one network is far on the claim's side, the other on the threshold: it must not stand
    wrong = sum(
        claims.conjunction(
            [claims.p_values(claim, dice.normal(mean, 1, 3).tolist())[0] for mean in (20, 0)], 2
        )
        < claims.LEVEL
        for _ in range(2000)
    )
    assert 0.03 < wrong / 2000 < 0.07


def test_claims_of_one_family_are_corrected_together(tmp_path):
    path = tmp_path / "claims.toml"
    rows = [ROW.format(name=f"it-is-{k}", threshold="at_least = 5") for k in range(3)]
    numbers = {"a": (7.0, 7.5, 8.0), "b": (7.0, 7.5, 8.0)}  # p = 0.013 each
    for several, outcome in ((rows[:1], "stands"), (rows, "stands")):
        path.write_text("".join(several))
        claims.load.cache_clear()
        found = {f"it-is-{k}": numbers for k in range(len(several))}
        assert {verdict.outcome for verdict in claims.judge(found, path)} == {outcome}
    alone = claims.judge({"it-is-0": numbers}, path)[0]  # the other two are not measured
    assert alone.p == pytest.approx(3 * claims.p_values(alone.claim, numbers["a"])[0])


@pytest.mark.parametrize(
    "threshold",
    ["", "at_least = 1\nat_most = 2", "enough = 3\nwithin = 1", "binary = true\nwithin = 1"],
)
def test_a_row_with_no_one_threshold_is_refused(tmp_path, threshold):
    path = tmp_path / "claims.toml"
    path.write_text(ROW.format(name="it-is", threshold=threshold))
    with pytest.raises(DataError, match=r"claims\.toml: "):
        claims.load(path)
