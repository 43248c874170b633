"""The ladder counts what solvers answer, keeps every finished part, and refuses what is not so."""

import json

import pytest

from halftone_utils.captcha import ladder, solvers
from halftone_utils.engine.files import DataError

SMALL = {"n": 3, "n_validation": 2, "progress": False}
ONE = ("ddddocr",)


@pytest.fixture(autouse=True)
def few_treatments(monkeypatch, tmp_path):
    monkeypatch.setattr(ladder, "CACHE", tmp_path / "cache")
    few = {rung: dict([*found.items()][:2]) for rung, found in ladder.RUNGS.items()}
    monkeypatch.setattr(ladder, "RUNGS", few)


def test_plain_letters_are_read_on_the_first_rung_and_the_file_says_so(tmp_path):
    result = ladder.climb("plain", ONE, directory=tmp_path, **SMALL)
    assert result == json.loads((tmp_path / "captcha-plain.json").read_text())
    stock = result["rungs"]["stock"]["ddddocr"]
    assert (stock["n"], stock["treatment"]) == (3, "as it is")
    assert stock["answers"].split() == ladder.truths("test")[:3]
    assert stock["n_correct"] == 3
    assert stock["character_accuracy"] == 1
    assert set(result["swept"]["descreening"]) == set(ladder.RUNGS["descreening"])


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path, monkeypatch):
    whole = ladder.climb("lines", ONE, directory=tmp_path / "whole", **SMALL)
    asked, solve = [], solvers.solve

    def die_at_fourth(images, solver):
        asked.append(solver)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return solve(images, solver)

    monkeypatch.setattr(ladder.solvers, "solve", die_at_fourth)
    with pytest.raises(KeyboardInterrupt):
        ladder.climb("lines", ONE, directory=tmp_path, **SMALL)
    again = ladder.climb("lines", ONE, directory=tmp_path, **SMALL)
    times = 7  # 1 stock, 2 filters and the best, 2 maps and the best
    assert len(asked) == times + 1

    def without_times(result):
        rows = [cell for row in result["rungs"].values() for cell in row.values()]
        return result["swept"], [{k: v for k, v in cell.items() if k != "ms"} for cell in rows]

    assert without_times(again) == without_times(whole)


def test_another_set_of_pictures_starts_anew(tmp_path):
    ladder.climb("plain", ONE, directory=tmp_path, rungs=["stock"], **SMALL)
    more = ladder.climb(
        "plain", ONE, directory=tmp_path, rungs=["stock"], n=4, n_validation=2, progress=False
    )
    assert more["rungs"]["stock"]["ddddocr"]["n"] == 4


def test_pictures_are_the_same_when_they_come_from_the_cache():
    first = ladder.pictures("iso-tone-ruling", "validation", 2)
    assert (ladder.pictures("iso-tone-ruling", "validation", 2) == first).all()
    (path,) = (ladder.CACHE / "captchas").iterdir()
    path.write_bytes(path.read_bytes()[:100])  # cut short: drawn again
    assert (ladder.pictures("iso-tone-ruling", "validation", 2) == first).all()
    assert (ladder.pictures("iso-tone-ruling", "validation", 1) == first[:1]).all()


def test_counts_that_the_answers_do_not_bear_out_are_refused(tmp_path):
    ladder.climb("plain", ONE, directory=tmp_path, rungs=["stock"], **SMALL)
    path = tmp_path / "captcha-plain.json"
    assert ladder.load(tmp_path)["plain"]["rungs"]["stock"]["ddddocr"]["n_correct"] == 3
    path.write_text(path.read_text().replace('"n_correct": 3', '"n_correct": 2'))
    with pytest.raises(DataError, match=r"captcha-plain\.json: the answers of ddddocr"):
        ladder.load(tmp_path)
    path.write_text("{}")
    with pytest.raises(DataError, match=r"captcha-plain\.json is not a result of the ladder"):
        ladder.climb("plain", ONE, directory=tmp_path, **SMALL)


def test_the_best_treatment_reads_most_texts_then_most_letters():
    def row(n_correct, letters):
        return {"ddddocr": {"n_correct": n_correct, "character_accuracy": letters}}

    swept = {"a": row(1, 0.9), "b": row(2, 0.5), "c": row(2, 0.6)}
    assert ladder.best(swept, "ddddocr") == "c"


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "ABC", 3),
        ("ABC", "ABC", 0),
        ("ABC", "AC", 1),
        ("KITTEN", "SITTING", 3),
        ("AB", "BA", 2),
    ],
)
def test_edit_distance(a, b, distance):
    assert ladder.edit_distance(a, b) == ladder.edit_distance(b, a) == distance


def test_what_is_not_known_is_named():
    with pytest.raises(ValueError, match="scheme is 'cursive'; it is one of plain"):
        ladder.pictures("cursive", "test")
    with pytest.raises(ValueError, match="split is 'train'; it is one of test, validation"):
        ladder.pictures("plain", "train")
    with pytest.raises(SystemExit, match="--n is 0; it is 1 to 500"):
        ladder.main(["--n", "0"])
