"""The comparison of redrawings counts what it says, and finds the frontier."""

import json

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets, points
from halftone_utils.engine.files import hash_of
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens.ways import Way
from halftone_utils.studies import frontier
from halftone_utils.studies.experiments import Experiment

ORIGINAL = Way("original", torch.clone)
FROZEN_WITH = {  # the networks trained by then
    32: ("lenet", "alexnet", "vgg16", "resnet18"),
    256: ("resnet18",),
}


def committed(size):
    return store.read(store.path_of(f"frontier-{size}"))


# --- what is compared -------------------------------------------------------------------------


@pytest.mark.parametrize("size", frontier.COMPARED)
def test_every_redrawing_is_named_by_its_parameters_and_draws_pictures(size):
    ways = frontier.redrawings(size)
    assert len({way.name for way in ways}) == len(ways)
    images = datasets.as_float(datasets.load("validation", size, 2)[0])
    for way in ways:
        if way.kind == "style transfer":
            continue  # seconds each; what it does is tested elsewhere
        drawn = way(images)
        assert drawn.shape == images.shape
        assert 0 <= drawn.min() <= drawn.max() <= 1
        assert torch.equal(way(images), drawn)
        assert torch.equal(drawn, images) == (
            way.kind == "original"
            or (way.kind, way.parameters.get("tone_range")) == ("no dots", (0.0, 1.0))
        )


@pytest.mark.parametrize("size", frontier.COMPARED)
def test_the_committed_comparison_is_of_the_redrawings_of_today(size):
    found = committed(size)
    measured = {json.dumps([row["kind"], row["parameters"]]) for row in found.rows}
    assert measured == {json.dumps([*way.config.values()]) for way in frontier.redrawings(size)}
    assert found.config["split"] == "validation"
    assert (found.config["n"], found.config["legible"]) == (frontier.COMPARED[size]["digits"], 95.0)


def test_right_answers_are_counted_for_each_network_and_the_best_blur_is_the_observers():
    pictures, labels = datasets.load("validation", 32, 200)
    images, digits = datasets.as_float(pictures), torch.bincount(labels, minlength=10).tolist()
    observers = {0.8: Constant(0), 1.4: Constant(3), 2.0: Constant(5)}
    networks = {Experiment(architecture=a): Constant(k) for a, k in (("lenet", 1), ("vgg16", 7))}
    rows = frontier.observe(ORIGINAL, images, labels, observers)
    assert [(row["sigma"], row["n_correct"]) for row in rows] == [
        (0.8, digits[0]),
        (1.4, digits[3]),
        (2.0, digits[5]),
    ]
    rows += frontier.measure(ORIGINAL, images, labels, networks, 1.4)
    found = Result(study="frontier", stem="", config={}, rows=rows)
    for name, right in (("lenet", digits[1]), ("vgg16", digits[7])):
        (line,) = frontier.shares(found, name).to_dict("records")
        assert line["accuracy"] == line["integrated"] == 100 * right / 200
        assert (line["n"], line["sigma"]) == (200, 1.4)
        assert line["legibility"] == 100 * max(digits[k] for k in (0, 3, 5)) / 200
    assert frontier.shares(found, "alexnet").empty


def test_the_observer_sees_a_large_picture_as_small_as_a_small_one():
    images = torch.rand(2, 1, 256, 256)
    assert frontier.as_seen(images, 8.0).shape == (2, 1, 32, 32)
    flat = frontier.as_seen(torch.full((1, 1, 256, 256), 0.5), 8.0)
    assert flat.std() == 0


@pytest.fixture
def small(results, monkeypatch):
    """A comparison of two redrawings by constant networks; what was drawn, what was trained."""
    drawn, trained = [], []

    def darker(images, by):
        drawn.append(by)
        return images * (1 - by)

    def train(experiment, progress=True):
        trained.append(experiment.architecture)
        return Constant(len(experiment.architecture)), 1.0

    ways = [Way("darker", darker, {"by": by}) for by in (0.1, 0.2)]
    monkeypatch.setattr(frontier, "redrawings", lambda size: ways)
    monkeypatch.setattr(frontier, "observer", lambda size, sigma: Constant(1))
    monkeypatch.setattr(frontier, "trained", train)
    return drawn, trained


def test_what_is_measured_already_stays_and_is_not_measured_again(small, results):
    first = frontier.frontier(32, networks=("lenet",), n=20)
    assert len(first.rows) == 2 * (len(frontier.COMPARED[32]["blurs"]) + 2)
    path = results / "frontier-32.json"
    before = path.read_bytes()
    assert frontier.frontier(32, networks=("lenet",), n=20) == first
    assert path.read_bytes() == before
    grown = frontier.frontier(32, networks=("lenet", "vgg16"), n=20)
    assert grown.rows[: len(first.rows)] == first.rows
    assert {row["architecture"] for row in grown.rows[len(first.rows) :]} == {"vgg16"}
    assert len(grown.rows) == len(first.rows) + 4


def test_a_run_that_was_killed_goes_on_with_what_is_missing(small, results):
    drawn, _ = small
    whole = frontier.frontier(32, networks=("lenet",), n=20)
    path = results / "frontier-32.json"
    content = json.loads(path.read_text())
    content["rows"] = content["rows"][: len(content["rows"]) // 2]  # of the first redrawing
    path.write_text(json.dumps(content))
    drawn.clear()
    assert frontier.frontier(32, networks=("lenet",), n=20).rows == whole.rows
    assert drawn.count(0.2) == 2  # for the observer, and for the network


def test_another_number_of_digits_is_refused_before_anything_is_trained(small):
    _, trained = small
    frontier.frontier(32, networks=("lenet",), n=20)
    trained.clear()
    with pytest.raises(ValueError, match=r"of another configuration: n \(20, not 30\)"):
        frontier.frontier(32, n=30)
    for wrong, named in (({"size": 64}, "size is 64"), ({"networks": ("a",)}, "architecture is")):
        with pytest.raises(ValueError, match=named):
            frontier.frontier(**wrong)
    assert trained == []


# --- what is chosen ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", FROZEN_WITH)
def test_strong_is_what_was_measured_to_be_strongest_and_legible(size):
    found, point = committed(size), points.load("strong", size)
    line = frontier.choose(found, FROZEN_WITH[size])
    assert line["kind"] == "am"
    assert line["parameters"] == {
        "ruling": point.ruling,
        "angle": point.angle,
        "dot": point.dot,
        "tone_range": [*point.tone_range],
    }
    assert frontier.least_blur(found, line.to_dict()) == point.sigma
    assert line["legibility"] >= frontier.LEGIBLE == found.config["legible"]


def test_the_network_that_strong_was_frozen_by_can_be_trained_again():
    frozen = hash_of(frontier.FROZEN_BY["resnet18", 256].config)
    named = {row["experiment"] for row in committed(256).where(architecture="resnet18")}
    assert named == {frozen}


def rows_of(kind, lo, accuracy, legibility):
    """A redrawing with a tone range from lo on, as LeNet and the observer read it, of 100."""
    way = {"kind": kind, "parameters": {"tone_range": [lo, 0.9], "legible": legibility}, "n": 100}
    return [
        {**way, "observer": True, "sigma": 1.0, "n_correct": legibility},
        {**way, "observer": True, "sigma": 2.0, "n_correct": 50},
        {**way, "architecture": "lenet", "n_correct": accuracy},
    ]


def test_what_is_illegible_or_harms_without_a_dot_is_not_chosen():
    measured = [
        ("no dots", 0.1, 99, 99),
        ("no dots", 0.2, 96, 99),
        ("no dots", 0.4, 80, 99),
        ("am", 0.1, 60, 99),
        ("am", 0.2, 30, 96),
        ("am", 0.2, 10, 94),
        ("am", 0.4, 5, 97),
        ("random dots", 0.2, 5, 97),
    ]
    rows = [row for way in measured for row in rows_of(*way)]
    found = Result(study="frontier", stem="", config={}, rows=rows)
    chosen = frontier.choose(found, ["lenet"])
    assert (chosen["kind"], chosen["accuracy"], chosen["legibility"]) == ("am", 30, 96)
    assert chosen["parameters"]["tone_range"] == [0.2, 0.9]
    equals = [("am", 0.1, 30, 99), ("am", 0.2, 30, 98)]  # as strong: more dots, then more legible
    rows += [row for way in equals for row in rows_of(*way)]
    chosen = frontier.choose(Result(study="frontier", stem="", config={}, rows=rows), ["lenet"])
    assert (chosen["parameters"]["tone_range"], chosen["legibility"]) == ([0.2, 0.9], 98)


def test_of_blurs_that_read_alike_the_least_is_taken():
    for read, n, least in (
        ({2.0: 144, 4.0: 147, 8.0: 147, 11.3: 148}, 150, 4.0),
        ({1.0: 90, 2.0: 98, 3.0: 60}, 100, 2.0),
    ):
        way = {"kind": "am", "parameters": {}}
        rows = [
            {**way, "observer": True, "sigma": sigma, "n": n, "n_correct": k}
            for sigma, k in read.items()
        ]
        found = Result(study="frontier", stem="", config={}, rows=rows)
        assert frontier.least_blur(found, way) == least


def test_the_least_accuracy_is_of_those_that_are_legible_enough():
    measured = [("am", 0.2, 20, 96), ("am", 0.1, 10, 90), ("noise", 0.0, 5, 99)]
    rows = [row for way in measured for row in rows_of(*way)]
    shares = frontier.shares(Result(study="frontier", stem="", config={}, rows=rows), "lenet")
    assert frontier.least_accuracy(shares, ["am"], 95) == 20
    assert frontier.least_accuracy(shares, ["am", "noise"], 80) == 5
    assert frontier.least_accuracy(shares, ["am"], 97) is None


def test_the_digits_share_of_the_variance_shrinks_with_the_tone_range():
    images = datasets.as_float(datasets.load("validation", 32, 10)[0])
    wide, narrow = (
        frontier.digits_share(images, 2 * 2**0.5, tones) for tones in ((0.1, 0.9), (0.4, 0.8))
    )
    assert 0 < narrow < wide < 100
