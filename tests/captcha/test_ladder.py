"""The ladder counts what solvers answer, keeps every finished part, and refuses what is not so."""

import pytest

from halftone_utils.captcha import ladder, solvers, splits
from halftone_utils.engine.files import DataError
from halftone_utils.results import store

SMALL = {"n": 3, "n_validation": 2}
ONE = ("ddddocr",)


@pytest.fixture(autouse=True, scope="module")
def few_treatments(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "CACHE", tmp_path_factory.mktemp("cache"))
        few = {rung: dict([*found.items()][:2]) for rung, found in ladder.RUNGS.items()}
        patch.setattr(ladder, "RUNGS", few)
        yield


@pytest.fixture(scope="module")
def climbed(few_treatments, tmp_path_factory):
    """A folder with what ddddocr reads of plain CAPTCHAs, and of lines."""
    folder = tmp_path_factory.mktemp("results")
    for scheme in ("plain", "lines"):
        ladder.climb(scheme, ONE, directory=folder, **SMALL)
    return folder


def test_plain_letters_are_read_on_the_first_rung_and_the_file_says_so(climbed):
    result = ladder.load(climbed)["plain"]
    stock = result.row(split="test", rung="stock", solver="ddddocr")
    assert (stock["n"], stock["n_correct"], stock["treatment"]) == (3, 3, "as it is")
    assert stock["character_accuracy"] == 1
    assert stock["answers"].split() == splits.load("plain", "test", 3)[1]
    swept = result.where(split="validation", rung="descreening")
    assert [row["treatment"] for row in swept] == [*ladder.RUNGS["descreening"]]
    assert result.runs[0]["versions"]["ddddocr"] == solvers.version("ddddocr")


def test_a_killed_run_goes_on_and_asks_nothing_twice(climbed, tmp_path, monkeypatch):
    whole = ladder.load(climbed)["lines"]
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
    times = 10  # 1 stock, 2 filters and the best, 2 maps of energy and 2 of parity and the best
    assert len(asked) == times + 1

    def without_times(result):
        return [{k: v for k, v in row.items() if k != "ms"} for row in result.rows]

    assert without_times(again) == without_times(whole)


def test_what_was_measured_on_other_pictures_is_kept(climbed):
    with pytest.raises(
        ValueError, match=r"captcha-plain\.json is of another conf.* n \(3, not 4\)"
    ):
        ladder.climb("plain", ONE, directory=climbed, **{**SMALL, "n": 4})


def test_a_rung_that_came_later_is_added_to_a_file_that_knew_three(climbed, tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as before:
        before.delitem(ladder.RUNGS, "parity")
        older = ladder.climb("plain", ONE, directory=tmp_path, **SMALL)
    assert not older.where(rung="parity")
    grown = ladder.climb("plain", ONE, directory=tmp_path, **SMALL)
    assert grown.config == older.config
    assert grown.rows[: len(older.rows)] == older.rows
    assert len(grown.where(rung="parity")) == 3  # two maps on validation, the best on the test
    monkeypatch.setitem(ladder.RUNGS, "parity", {"as it is": ladder.AS_IT_IS})
    with pytest.raises(
        ValueError, match=r"captcha-plain holds other treatments of the rung parity"
    ):
        ladder.climb("plain", ONE, directory=tmp_path, **SMALL)


def test_pictures_are_the_same_when_they_come_from_the_cache():
    first, _ = splits.load("iso-tone-angle", "validation", 2)
    assert (splits.load("iso-tone-angle", "validation", 2)[0] == first).all()
    (path,) = (splits.CACHE / "captchas").glob("iso-tone-angle-*")
    path.write_bytes(path.read_bytes()[:100])  # cut short: drawn again
    assert (splits.load("iso-tone-angle", "validation", 2)[0] == first).all()
    assert (splits.load("iso-tone-angle", "validation", 1)[0] == first[:1]).all()


def test_counts_that_the_answers_do_not_give_are_refused(climbed, tmp_path):
    text = store.path_of("captcha-plain", climbed).read_text()
    store.path_of("captcha-plain", tmp_path).write_text(
        text.replace('"n_correct": 3', '"n_correct": 2')
    )
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
        (("cursive", "test", 1), "scheme is 'cursive'; it is one of plain"),
        (("plain", "train", 1), "split is 'train'; it is one of test, validation"),
        (("plain", "test", 501), "n is 501; it is a whole number from 1 to 500"),
    ],
)
def test_what_is_not_known_is_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        splits.load(*arguments)
    with pytest.raises(ValueError, match="scheme is 'cursive'"):
        ladder.ladder(("plain", "cursive"))
    with pytest.raises(ValueError, match="solver is 'abbyy'"):
        ladder.climb("plain", ("abbyy",), **SMALL)
