"""Figures of photographs draw each pixel as one dot, and every way as a line."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from halftone_utils.figures import photographs


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_halftone_is_drawn_dot_by_dot():
    halftone = (torch.rand(1, 256, 256) > 0.5).float()
    figure = photographs.near_and_afar(
        torch.full((3, 112, 112), 0.5),
        halftone,
        halftone[:, ::4, ::4],
        ["one", "two\nlines", "three"],
    )
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[:256, :256, 0] > 127
    assert (drawn == (halftone[0] > 0.5).numpy()).all()
    assert [text.get_text() for text in figure.texts] == ["one", "three", "two\nlines"]


def test_the_wall_has_every_answer():
    figure = photographs.wall(
        torch.rand(4, 3, 20, 20), ["a", "b", "window screen", "d"], ["x", "y"], 2
    )
    titles = [place.get_title() for place in figure.axes]
    assert titles == ["a", "b", "window\nscreen", "d"]


def test_every_way_is_a_line_from_near_to_afar():
    rows = [
        {"name": name, "side": side, "n": 20, "n_correct": k, "accuracy": 5 * k}
        for name, counts in {"grey": (15, 9), "dots": (0, 8)}.items()
        for side, k in zip((512, 128), counts, strict=True)
    ]
    figure = photographs.from_afar({"screens": pd.DataFrame(rows)})
    (place,) = figure.axes
    lines = {line.get_label(): line.get_ydata().tolist() for line in place.lines}
    assert lines == {"grey": [45, 75], "dots": [40, 0]}
    assert place.xaxis_inverted()


def test_every_way_has_both_shares():
    rows = [
        {"name": "grey", "control": "", "n": 20, "n_named": 2, "n_correct": 15},
        {"name": "dots", "control": "white noise", "n": 20, "n_named": 0, "n_correct": 0},
    ]
    (place,) = photographs.named(pd.DataFrame(rows), chance=3.1).axes
    assert [label.get_text() for label in place.get_yticklabels()] == ["grey", "dots: white noise"]
    drawn = {c.get_label(): c.lines[0].get_xdata().tolist() for c in place.containers}
    assert drawn == {"a mesh or a cloth": [10, 0], "right": [75, 0]}
