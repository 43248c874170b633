"""Divisions tile the spectrum, and what is said of Bayer's matrix is of its place alone."""

import pytest
import torch
from constant import Constant

from halftone_utils import screens
from halftone_utils.engine.files import DataError
from halftone_utils.results import store
from halftone_utils.screens import spectra
from halftone_utils.studies import channel, divisions


def wave(down, across):
    x = torch.arange(32.0)
    return torch.cos(2 * torch.pi * (down * x[:, None] + across * x) + 1)[None, None]


@pytest.mark.parametrize("division", divisions.DIVISIONS)
def test_the_cells_of_a_division_tile_the_spectrum(division):
    cells = divisions.DIVISIONS[division](32)
    times = torch.stack([kept for _, kept in cells]).sum(0)
    assert times[0, 0] == 0  # the mean
    assert (times.flatten()[1:] == 1).all()
    assert len({divisions.cell_of(name) for name, _ in cells}) == len(cells)


@pytest.mark.parametrize(
    ("down", "across", "four", "two"),
    [(0, 0.25, 0, 0), (0.25, 0, 90, 0), (0.25, 0.25, 45, 45), (0.25, -0.25, 135, 45)],
)
def test_a_wave_lies_where_it_runs(down, across, four, two):
    for period, orientation in ((180, four), (90, two)):
        cells = divisions.sectors(32, period)
        power = spectra.power_in(wave(down, across), torch.stack([kept for _, kept in cells]))
        name, _ = cells[int(power.argmax())]
        assert name["orientation"] == orientation
        assert float(power.max() / power.sum()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size", divisions.SPACINGS)
def test_bayers_flat_tones_are_waves_of_a_lattice(size):
    drawn = screens.bayer(torch.full((1, 1, 32, 32), 0.3), size)
    kept = spectra.on_lattice(32, size)[None]
    power = float(spectra.power_in(drawn, kept))
    assert power == pytest.approx(float(drawn.var(correction=0)), rel=1e-4)


def test_the_channel_of_other_cells_is_found():
    cells = divisions.sectors(32, 180)[-6:]
    true = channel.Channel(
        bands=tuple(divisions.cell_of(name) for name, _ in cells),
        thresholds=(0.3, 0.5, 0.7, 0.4, 0.6, 1.0),
        slope=1.4,
        top=0.99,
    )
    rows = [
        {**name, "rms": rms, "n": 4000, "n_correct": round(4000 * float(read))}
        for i, (name, _) in enumerate(cells)
        for rms in channel.RMS
        for read in true.accuracy(torch.eye(6)[i : i + 1] * rms**2)
    ]
    found = channel.fit(rows, true.top, divisions.cell_of)
    assert found.bands == true.bands
    assert found.thresholds == pytest.approx(true.thresholds, rel=0.02)


def test_agreement_counts_a_bias_as_error():
    rows = [{"kind": kind, "n": 10, "n_correct": k} for kind, k in (("bayer", 2), ("am", 8))]
    assert divisions.agreement([0.2, 0.8], rows) == {"median_error": 0, "r2": 1, "bayer": 0}
    off = divisions.agreement([0.1, 0.7], rows)
    assert off["median_error"] == pytest.approx(10)
    assert off["bayer"] == pytest.approx(-10)
    assert off["r2"] == pytest.approx(1 - 0.01 / 0.09, abs=1e-3)


def test_at_an_offset_the_matrix_moves_and_the_picture_stays():
    (way, *_) = [way for way in channel.test_screens() if way.kind == "bayer"]
    tone = torch.full((1, 1, 32, 32), 0.4)
    tone[..., 8:20, 8:20] = 0.7
    drawn = divisions.at_offsets(way, tone)
    assert len(drawn) == way.parameters["size"] ** 2
    assert torch.equal(drawn[0, 0], way(tone))
    assert not torch.equal(drawn[0, 1], drawn[0, 0])
    assert torch.equal(drawn[0, 1].roll(-1, 3), way(tone.roll(-1, 3)))
    for x in drawn.values():
        assert x[..., 8:20, 8:20].mean() > x.mean()


def channel_there(kinds=None):
    """Put LeNet's channel among the results; kinds: of the screens it has, if not all."""
    ways = [way for way in channel.test_screens() if kinds is None or way.kind in kinds]
    rows = [{"shown": "original", "n": 20, "n_correct": 19}]
    rows += [
        {"shown": "noise", "band": [*band], "rms": rms, "n": 20, "n_correct": 10}
        for band in spectra.BANDS
        for rms in channel.RMS
    ]
    rows += [
        {"shown": "redrawing", **way.config, "test": True, "n": 20, "n_correct": i % 20}
        | {"predicted": 0.5}
        for i, way in enumerate(ways)
    ]
    network = {"architecture": "lenet", "seed": 0}
    config = {"network": network, "split": "validation", "n": 20}
    store.record("channel", "channel-lenet-32-original-s0", config, rows)


def test_an_unfinished_channel_is_refused_in_one_sentence(results):
    with pytest.raises(DataError, match="channel-lenet-32-original-s0"):
        divisions.divisions("lenet")
    channel_there(kinds={"am"})
    with pytest.raises(DataError, match="run `halftone channel lenet --seed 0`"):
        divisions.divisions("lenet")


def test_what_is_measured_is_not_measured_again(results, monkeypatch):
    monkeypatch.setattr(channel, "RMS", (0.5,))
    monkeypatch.setattr(divisions.experiments, "ready", lambda experiment: Constant(7))
    channel_there()
    both = {name: divisions.DIVISIONS[name] for name in ("axes and diagonals", "lattices")}
    monkeypatch.setattr(divisions, "DIVISIONS", {"lattices": both["lattices"]})
    first = divisions.divisions("lenet")
    assert {*first.measured} == {"half octaves", "lattices"}
    assert len(first.where(shown="noise")) == len(divisions.lattices(32))
    assert len(first.where(shown="redrawing")) == 3 * (2**2 + 1) + 3 * (4**2 + 1)
    monkeypatch.setattr(divisions, "offset_rows", None)
    monkeypatch.setattr(divisions, "DIVISIONS", both)
    again = divisions.divisions("lenet")
    assert again.rows[: len(first.rows)] == first.rows
    assert again.where(division="axes and diagonals")


def test_committed_results_are_of_the_committed_channels():
    for found in store.load("divisions"):
        of = store.read(store.path_of(found.stem.replace("divisions", "channel")))
        rows = divisions.read_behind(of)
        by_bands = divisions.agreement([row["predicted"] for row in rows], rows)
        assert found.measured["half octaves"] == by_bands
        assert {*found.measured} == {"half octaves", *divisions.DIVISIONS}
