"""Figures of predictions show every redrawing, seed and recipe that they are given."""

import matplotlib.pyplot as plt
import pytest

from halftone_utils.figures import prediction
from halftone_utils.results import store
from halftone_utils.studies import channel, factors


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def read():
    return channel.readings(store.load("channel"))


def test_readings_are_one_a_redrawing_and_control_of_each_network(read):
    (lenet,) = (r for r in store.load("channel") if r.stem == "channel-lenet-32-original-s0")
    own = read[(read["architecture"] == "lenet") & (read["seed"] == 0)]
    redrawn = [r for r in lenet.where(shown="redrawing") if "sigma" not in r]
    assert len(own) == len(redrawn)
    assert set(own["control"]) == {"", *channel.CONTROLS}
    tested = own[own["test"] & (own["control"] == "")]
    assert len(tested) == len(channel.test_screens())


def test_every_redrawing_is_a_mark_of_its_group(read):
    own = read[(read["architecture"] == "lenet") & (read["seed"] == 0)]
    place = prediction.prediction({"lenet": own}).axes[0]
    marks = {line.get_label(): len(line.get_xdata()) for line in place.lines}
    assert marks["screens kept for the test"] == len(channel.test_screens())
    assert marks["style transfer"] == len(channel.ITERATIONS)
    assert marks["its change, random phases"] == len(channel.ITERATIONS)


def test_the_excess_has_a_line_a_control_over_all_iterations(read):
    transfer = read[(read["kind"] == "style transfer") & (read["architecture"] == "lenet")]
    place = prediction.excess({"lenet": transfer}).axes[0]
    lines = {line.get_label(): line for line in place.lines}
    for label, *_ in prediction.CONTROLS.values():
        assert [*lines[label].get_xdata()] == [*channel.ITERATIONS]


def test_every_recipe_has_a_row_and_every_seed_a_dot():
    table = factors.readings(store.load("factors"))
    table = table[table["shown"] != "original"]
    figure = prediction.recipes(table)
    rows = table.groupby(["architecture", "change"]).ngroups
    assert len(figure.axes[0].get_yticklabels()) == rows
    dots = sum(len(line.get_xdata()) for place in figure.axes for line in place.lines)
    means_and_chance = 2 * rows + 2 * 2
    assert dots == len(table) + means_and_chance
