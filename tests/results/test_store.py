"""A result only grows; what is no result, or another's, is named and left as it is."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from halftone_utils.engine.files import DataError
from halftone_utils.results import store
from halftone_utils.results.store import Result

CONFIG = {"architecture": "lenet", "recipe": {"epochs": 2, "batch": 64}}
MONDAY, TUESDAY = ({**store.provenance(seconds), "commit": str(seconds)} for seconds in (1.0, 2.0))


def result(run=MONDAY, n=100, config=CONFIG, **right):
    """A result of one row a test set: right answers by its name."""
    rows = [{"shown": name, "n": n, "n_correct": k} for name, k in right.items()]
    return Result(study="experiment", stem="made-up", config=config, rows=rows, runs=[run])


def test_what_is_written_is_read_back(tmp_path):
    written = store.grow(replace(result(original=90), measured={"loss": 0.5}), tmp_path)
    assert store.read(tmp_path / "made-up.json") == written
    assert store.load("experiment", tmp_path) == [written]
    assert store.load("frontier", tmp_path) == []
    (tmp_path / "schema.json").write_text("{}")  # lies beside the results and is none
    assert store.load("experiment", tmp_path) == [written]


def test_rows_are_added_and_those_that_are_there_stay(tmp_path):
    store.grow(replace(result(original=90), measured={"a": 1, "b": 1}), tmp_path)
    before = (tmp_path / "made-up.json").read_text().splitlines()
    grown = store.grow(replace(result(TUESDAY, dots=10), measured={"b": 2}), tmp_path)
    assert grown == store.read(tmp_path / "made-up.json")
    assert grown.rows == [
        {"shown": "original", "n": 100, "n_correct": 90},
        {"shown": "dots", "n": 100, "n_correct": 10, "run": 1},
    ]
    assert grown.runs == [MONDAY, TUESDAY]
    assert grown.measured == {"a": 1, "b": 2}
    after = (tmp_path / "made-up.json").read_text().splitlines()
    assert len(after) == len(before) + 2  # a line a row and a run: a diff shows what came


def test_a_row_that_is_measured_again_is_of_the_new_run(tmp_path):
    store.grow(result(original=90, dots=10), tmp_path)
    grown = store.grow(result(TUESDAY, n=200, dots=30), tmp_path)
    assert grown.row(shown="original") == {"shown": "original", "n": 100, "n_correct": 90}
    assert grown.where(shown="dots") == [{"shown": "dots", "n": 200, "n_correct": 30, "run": 1}]


def test_a_run_that_writes_its_rows_as_they_come_is_one_run(tmp_path):
    store.grow(result(original=90), tmp_path)
    for name in ("dots", "talk", "strong"):
        grown = store.grow(result(TUESDAY, **{name: 10}), tmp_path)
    assert grown.runs == [MONDAY, TUESDAY]
    assert [row.get("run", 0) for row in grown.rows] == [0, 1, 1, 1]


def test_a_row_is_known_by_all_that_is_not_measured(tmp_path):
    def observation(**fields):
        return replace(result(), rows=[{"n": 10, "n_correct": 5, **fields}])

    different = [{"sigma": 1.0}, {"sigma": 1.4}, {"sigma": 1.4, "architecture": "lenet"}]
    for key in different:
        store.grow(observation(**key), tmp_path)
    measured = {"ms": 3.0, "answers": "7", "character_accuracy": 0.5, "experiment": "0" * 16}
    grown = store.grow(observation(**different[0], **measured), tmp_path)
    assert len(grown.rows) == len(different)
    assert grown.row(sigma=1.0)["ms"] == 3.0


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"architecture": "alexnet"}, r"architecture \('lenet', not 'alexnet'\)"),
        ({"recipe": {"epochs": 3, "batch": 64}}, r"recipe\.epochs \(2, not 3\)"),
        ({"subset": "balanced"}, r"subset \(None, not 'balanced'\)"),
    ],
)
def test_another_configuration_is_refused_with_what_differs(other, named, tmp_path):
    store.grow(result(original=90), tmp_path)
    path = tmp_path / "made-up.json"
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"of another configuration: {named}") as caught:
        store.grow(result(config={**CONFIG, **other}, dots=10), tmp_path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_bytes() == before


def test_fewer_pictures_do_not_overwrite_more(tmp_path):
    store.grow(result(original=90), tmp_path)
    before = (tmp_path / "made-up.json").read_bytes()
    with pytest.raises(ValueError, match=r"made-up.json holds 100 pictures where 99 would"):
        store.grow(result(n=99, dots=10, original=90), tmp_path)
    assert (tmp_path / "made-up.json").read_bytes() == before
    assert store.grow(result(n=99, dots=10), tmp_path).row(shown="dots")["n"] == 99


def test_what_would_be_refused_is_known_before_anything_is_measured(tmp_path):
    assert store.check("made-up", CONFIG, [], tmp_path) is None
    there = store.grow(result(original=90), tmp_path)
    assert store.check("made-up", CONFIG, [{"shown": "original", "n": 100}], tmp_path) == there
    for config, n in ((CONFIG, 99), ({"architecture": "vgg16"}, 100)):
        with pytest.raises(ValueError, match=r"made-up.json"):
            store.check("made-up", config, [{"shown": "original", "n": n}], tmp_path)


def test_a_row_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"^made-up holds no row with {'shown': 'dots'}\.$"):
        result(original=90).row(shown="dots")


def test_a_file_that_is_no_result_is_named_in_one_sentence(tmp_path):
    store.grow(result(original=90), tmp_path)
    path = tmp_path / "made-up.json"
    whole = json.loads(path.read_text())
    others = [{**whole, "schema": 1}, {**whole, "tests": {}}, [whole], 7]
    others += [{k: v for k, v in whole.items() if k != missing} for missing in store.KEYS]
    contents = [json.dumps(other).encode() for other in others]
    for content in (*contents, b"", b"{", b"\xff\xfe", b"{}"):
        path.write_bytes(content)
        for read in (lambda: store.read(path), lambda: store.load("experiment", tmp_path)):
            with pytest.raises(DataError) as caught:
                read()
            assert str(caught.value).startswith(str(path))
            assert len(str(caught.value).splitlines()) == 1
    path.unlink()
    with pytest.raises(DataError, match=f"{path} is missing"):
        store.read(path)


def test_predictions_are_read_without_a_pickle_and_damage_is_named_in_one_sentence(tmp_path):
    path = tmp_path / "made-up.npz"
    given = {"original": np.arange(10, dtype=np.uint8), "dots": np.zeros(3, np.uint8)}
    store.write_predictions(path, given)
    found = store.predictions("made-up", tmp_path)
    assert {name: read.tolist() for name, read in found.items()} == {
        name: read.tolist() for name, read in given.items()
    }
    content, pickled = path.read_bytes(), io.BytesIO()
    np.savez(pickled, original=np.array([{}], dtype=object))
    one_bit = content[:100] + bytes([content[100] ^ 1]) + content[101:]
    for damaged in (None, content[: len(content) // 2], b"", one_bit, pickled.getvalue()):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
        with pytest.raises(DataError) as caught:
            store.predictions("made-up", tmp_path)
        assert str(caught.value).startswith(str(path))
        assert len(str(caught.value).splitlines()) == 1
        path.touch()
