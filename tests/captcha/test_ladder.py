"""The ladder counts what solvers answer, keeps every finished part, and refuses what is not so."""

import pytest

from halftone_utils.captcha import ladder, solvers, splits
from halftone_utils.engine.files import DataError
from halftone_utils.results import store

SMALL = {"n": 3, "n_validation": 2, "progress": False}
ONE = ("ddddocr",)


@pytest.fixture(autouse=True)
def few_treatments(monkeypatch, tmp_path):
    monkeypatch.setattr(splits, "CACHE", tmp_path / "cache")
    few = {rung: dict([*found.items()][:2]) for rung, found in ladder.RUNGS.items()}
    monkeypatch.setattr(ladder, "RUNGS", few)


def test_plain_letters_are_read_on_the_first_rung_and_the_file_says_so(tmp_path):
    result = ladder.climb("plain", ONE, directory=tmp_path, **SMALL)
    assert ladder.load(tmp_path) == {"plain": result}
    stock = result.row(split="test", rung="stock", solver="ddddocr")
    assert (stock["n"], stock["n_correct"], stock["treatment"]) == (3, 3, "as it is")
    assert stock["character_accuracy"] == 1
    assert stock["answers"].split() == splits.load("plain", "test", 3)[1]
    swept = result.where(split="validation", rung="descreening")
    assert [row["treatment"] for row in swept] == [*ladder.RUNGS["descreening"]]
    assert result.runs[0]["versions"]["ddddocr"] == solvers.version("ddddocr")


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path, monkeypatch):
    whole = ladder.climb("lines", ONE, directory=tmp_path / "whole", **SMALL)
    asked, solve = [], solvers.solve

    def die_at_fourth(images, solver):
        asked.append(solver)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return solve(images, solver)

    monkeypatch.setattr(ladder.stock, "version", lambda solver: "1")
    monkeypatch.setattr(ladder.stock, "solve", die_at_fourth)
    with pytest.raises(KeyboardInterrupt):
        ladder.climb("lines", ONE, directory=tmp_path, **SMALL)
    again = ladder.climb("lines", ONE, directory=tmp_path, **SMALL)
    times = 7  # 1 stock, 2 filters and the best, 2 maps and the best
    assert len(asked) == times + 1

    def without_times(result):
        return [{k: v for k, v in row.items() if k != "ms"} for row in result.rows]

    assert without_times(again) == without_times(whole)


def test_what_was_measured_on_other_pictures_is_kept(tmp_path):
    ladder.climb("plain", ONE, directory=tmp_path, rungs=["stock"], **SMALL)
    with pytest.raises(
        ValueError, match=r"captcha-plain\.json is of another conf.* n \(3, not 4\)"
    ):
        ladder.climb("plain", ONE, directory=tmp_path, rungs=["stock"], **{**SMALL, "n": 4})


def test_pictures_are_the_same_when_they_come_from_the_cache():
    first, _ = splits.load("iso-tone-ruling", "validation", 2)
    assert (splits.load("iso-tone-ruling", "validation", 2)[0] == first).all()
    (path,) = (splits.CACHE / "captchas").iterdir()
    path.write_bytes(path.read_bytes()[:100])  # cut short: drawn again
    assert (splits.load("iso-tone-ruling", "validation", 2)[0] == first).all()
    assert (splits.load("iso-tone-ruling", "validation", 1)[0] == first[:1]).all()


def test_counts_that_the_answers_do_not_give_are_refused(tmp_path):
    ladder.climb("plain", ONE, directory=tmp_path, rungs=["stock"], **SMALL)
    path = store.path_of("captcha-plain", tmp_path)
    path.write_text(path.read_text().replace('"n_correct": 3', '"n_correct": 2'))
    with pytest.raises(DataError, match=r"captcha-plain\.json: the answers of .*ddddocr"):
        ladder.load(tmp_path)


def test_the_best_treatment_reads_most_texts_then_most_letters():
    counts = {"a": (1, 0.9), "b": (2, 0.5), "c": (2, 0.6)}
    rows = [
        {"treatment": name, "n_correct": n_correct, "character_accuracy": letters}
        for name, (n_correct, letters) in counts.items()
    ]
    assert ladder.best(rows) == "c"


def test_a_score_counts_texts_and_the_letters_that_were_read():
    found = splits.score(["KITTEN", "", "ABCDE"], ["SITTING", "ABC", "ABCDE"])
    assert found == {"n": 3, "n_correct": 1, "character_accuracy": round((4 / 7 + 0 + 1) / 3, 4)}
    assert splits.separated(splits.joined(["A", "", "B"])) == ["A", "", "B"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("cursive", "test"), "scheme is 'cursive'; it is one of plain"),
        (("plain", "train"), "split is 'train'; it is one of test, validation"),
        (("plain", "test", 501), "n is 501; it is a whole number from 0 to 500"),
    ],
)
def test_what_is_not_known_is_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        splits.load(*arguments)
    with pytest.raises(ValueError, match="scheme is 'cursive'"):
        ladder.ladder(("plain", "cursive"))
    with pytest.raises(ValueError, match="solver is 'abbyy'"):
        ladder.climb("plain", ("abbyy",), **SMALL)
