"""A claim stands, falls or stays open by its seeds, corrected in its family."""

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
        ("at_least = 0.9", (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), "stands"),  # seeds that agree
        ("at_least = 5", (), (), "not measured"),
    ],
)
def test_outcomes(tmp_path, threshold, a, b, expected):
    assert outcome(tmp_path, threshold, a, b) == expected


def test_holm_multiplies_by_how_many_are_left_and_never_falls():
    assert claims.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert claims.holm([0.9, 0.6]) == [1.0, 1.0]
    assert claims.holm([]) == []


@pytest.mark.parametrize("threshold", ["", "at_least = 1\nat_most = 2", "enough = 3\nwithin = 1"])
def test_a_row_with_no_one_threshold_is_refused(tmp_path, threshold):
    path = tmp_path / "claims.toml"
    path.write_text(ROW.format(name="it-is", threshold=threshold))
    with pytest.raises(DataError, match=r"claims\.toml: "):
        claims.load(path)
