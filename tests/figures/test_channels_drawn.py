"""The figures of channels show every network and screen that they are given."""

import matplotlib.pyplot as plt
import pytest

from halftone_utils.figures import channels
from halftone_utils.results import store
from halftone_utils.screens.spectra import BANDS


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_spectra_of_screens_stand_over_the_channels_they_meet():
    flat = {"one screen": [1e-3] * len(BANDS), "another": [1e-2] * len(BANDS)}
    thresholds = {"alexnet": [0.4] * len(BANDS), "lenet": [0.2] * (len(BANDS) - 1) + [0.4]}
    figure = channels.noise_spectra(flat, BANDS, thresholds, BANDS, sigma=1.4)
    above, below = figure.axes
    assert [line.get_label() for line in above.lines] == [*flat]
    named = {line.get_label(): line for line in below.lines}
    assert named["LeNet"].get_ydata().tolist() == pytest.approx([1.0] * (len(BANDS) - 1) + [0.25])
    assert set(named["AlexNet"].get_ydata()) == {1.0}


def test_each_network_has_a_column_of_what_it_reads_from_afar():
    found = store.load("distance")
    networks = {result.config["network"]["architecture"] for result in found}
    figure = channels.distances(found)
    assert len(figure.axes) == 2 * len(networks)
    accuracy = figure.axes[0].lines[0].get_ydata()
    assert accuracy[0] > 95  # originals near, which are drawn first
    assert max(figure.axes[-1].lines[0].get_ydata(), default=0) <= 100


def test_each_network_has_a_column_of_tones_by_layer():
    found = store.load("tones")
    networks = {result.config["network"]["architecture"] for result in found}
    figure = channels.tones(found)
    assert len(figure.axes) == 2 * len(networks)
    continuous = figure.axes[0].lines[0].get_ydata()
    assert max(continuous) < 0.1
