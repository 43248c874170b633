"""The figures of channels show every network and screen that they are given."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.offsetbox import AnnotationBbox

from halftone_utils.digits import datasets
from halftone_utils.figures import channels
from halftone_utils.results import store
from halftone_utils.screens.spectra import BANDS
from halftone_utils.studies import legibility, places


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


def test_every_reader_has_a_line_over_the_bands_and_every_band_a_picture():
    table = places.readings(store.load("places"))
    table = table[table["tones"] == places.RANGES[-1]]
    images = datasets.as_float(datasets.load("validation", 32, 1)[0])
    drawn = torch.cat([x for _, x in places.dithers(images)][: len(BANDS)])
    observed = legibility.readings(store.load("legibility"))
    figure = channels.places(table, drawn, observed, BANDS)
    left, right = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in left.lines}
    observer = table[table["reader"] == "observer"]
    assert lines["model observer"] == pytest.approx(
        observer.groupby("band")["accuracy"].mean().to_numpy()
    )
    readers = {*table["reader"]}
    assert len(left.lines) == len(readers) + 1  # and chance
    assert sum(isinstance(x, AnnotationBbox) for x in left.artists) == len(BANDS)
    marks = sorted(x for line in right.lines[:-1] for x in line.get_xdata())
    assert marks == sorted(observed["passed"])


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
