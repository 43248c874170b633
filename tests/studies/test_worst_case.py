"""The worst case is the least over screens, and less where the screen is picked for each digit."""

import json

import pytest
import torch
from constant import Constant
from jsonschema import Draft202012Validator

from halftone_utils import screens
from halftone_utils.digits import datasets, points
from halftone_utils.engine.files import RESULTS
from halftone_utils.results import store
from halftone_utils.screens.ways import Way
from halftone_utils.studies import grid, worst_case


class Tone(torch.nn.Module):
    """Answers 1 where more than so much of a picture is white, else 0."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = torch.nn.Parameter(torch.tensor(most))

    def forward(self, images):
        return torch.eye(10)[(images.mean((1, 2, 3)) > self.most).long()]


@pytest.fixture
def few(monkeypatch):
    """Three screens of the many, the second of which alone is legible."""
    chosen = tuple(way for way in worst_case.ways() if way.kind == "bayer")[:3]
    monkeypatch.setattr(worst_case, "ways", lambda: chosen)
    pictures = datasets.as_float(datasets.load("validation", 32, 20)[0])
    seen = [
        (datasets.as_bytes(way(pictures)), {"legible": True} if k == 1 else {})
        for k, way in enumerate(chosen)
    ]
    monkeypatch.setattr(worst_case, "_observed", lambda n: seen)
    return chosen


def test_every_kind_is_there_at_the_tones_of_strong_and_strong_itself_is():
    found, strong = worst_case.ways(), points.load("strong", 32)
    assert len({way.name for way in found}) == len(found)
    tones = {way.parameters["tone_range"] for way in found}
    assert strong.tone_range in tones and len(tones) == 2
    for of_range in tones:
        here = [way for way in found if way.parameters["tone_range"] == of_range]
        assert {way.kind for way in here} == {*screens.KINDS}
        assert {way.parameters["dot"] for way in here if way.kind == "am"} == {*screens.SPOTS}
    pictures = datasets.as_float(datasets.load("validation", 32, 2)[0])
    near = [way for way in found if way.parameters.get("ruling") == strong.ruling]
    assert any(strong.halftone(pictures).equal(way(pictures)) for way in near)


def test_what_every_screen_leaves_is_counted_digit_by_digit(few):
    labels = datasets.load("validation", 32, 20)[1]
    model = Tone(0.5)
    rows = worst_case.rows_of(model, 20)
    read = [model(x.float() / 255).argmax(1) == labels for x, _ in worst_case._observed(20)]
    by_name = {row["shown"]: row for row in rows}
    assert by_name[worst_case.EVERY]["n_correct"] == int(torch.stack(read).all(0).sum())
    assert by_name[worst_case.LEGIBLE]["n_correct"] == int(read[1].sum())
    screened = [row for row in rows if row["shown"] == "screen"]
    assert [row["n_correct"] for row in screened] == [int(x.sum()) for x in read]
    assert [row.get("legible", False) for row in screened] == [False, True, False]


def test_a_network_of_each_training_is_read_with_and_its_file_is_of_the_schema(
    few, results, monkeypatch
):
    monkeypatch.setattr(grid, "ready", lambda experiment: Constant(7))
    found = worst_case.worst_case("lenet", n=20)
    sevens = 5.0 * int((datasets.load("validation", 32, 20)[1] == 7).sum())
    for legible in (False, True):
        table = worst_case.readings([found], legible)
        assert len(table) == 4
        for column in ("original", "mean", "worst", "every"):
            assert {*table[column]} == {sevens}
        known = table.set_index("trained_on")["known"]
        assert known.isna().sum() == 1 and known.isna()["original"]
    schema = json.loads((RESULTS / "schema.json").read_text())
    written = json.loads(store.path_of(found.stem).read_text())
    assert not [*Draft202012Validator(schema).iter_errors(written)]
    monkeypatch.setattr(worst_case, "ways", lambda: few[:2])
    with pytest.raises(ValueError, match="screens"):  # other screens, another "every"
        worst_case.worst_case("lenet", n=20)


def test_the_worst_screen_is_named_and_a_legible_one_is_looked_for_among_the_legible(few):
    def row(shown, right, **more):
        return {
            "trained_on": "halftone-strong",
            "shown": shown,
            "n": 100,
            "n_correct": right,
        } | more

    rows = [row("original", 99), row("halftone-strong", 98), row("halftone-talk", 60)]
    read = (10, 70, 90)
    for k, (way, right) in enumerate(zip(few, read, strict=True)):
        rows.append(row("screen", right, **way.config, **({"legible": True} if k else {})))
    rows += [row(worst_case.EVERY, 5), row(worst_case.LEGIBLE, 65)]
    config = {"architecture": "lenet", "seed": 1}
    found = store.Result(study="worst case", stem="worst-case-lenet-s1", config=config, rows=rows)
    (of_all,) = worst_case.readings([found]).to_dict("records")
    assert (of_all["known"], of_all["worst"], of_all["every"]) == (98, 10, 5)
    assert of_all["name"] == Way("bayer", few[0].function, few[0].parameters).name
    assert of_all["mean"] == pytest.approx(170 / 3)
    (legible,) = worst_case.readings([found], legible=True).to_dict("records")
    assert (legible["mean"], legible["worst"], legible["every"]) == (80, 70, 65)
