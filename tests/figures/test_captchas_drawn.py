"""The figures of CAPTCHAs show the numbers that they are given, where those belong."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from halftone_utils.figures import captchas

ATTACKS = ["nothing", "a filter", "a map of energy"]


def test_the_ladder_prints_every_number_and_a_dash_where_there_is_none():
    read = pd.DataFrame([[0.0, 97.8, math.nan]], index=["lines"], columns=ATTACKS)
    figure = captchas.ladder(read)
    (place,) = figure.axes
    assert {(text.get_position(), text.get_text()) for text in place.texts} == {
        ((0, 0), "0.0"),
        ((1, 0), "97.8"),
        ((2, 0), "–"),
    }
    plt.close(figure)


def scheme(kind, broken, begun, reader):
    around = {"low": reader - 5, "high": reader + 5, "people": math.nan}
    return {"kind": kind, "broken": broken, "begun": begun, "reader": reader, **around}


def test_a_scheme_stands_in_the_band_of_its_price_under_its_name():
    found = pd.DataFrame.from_dict(
        {
            "plain": scheme("corner", 0, 0, 90),
            "lines": scheme("screen", 1, 0, 80),
            "distorted": scheme("corner", 3, 3, 10),
        },
        orient="index",
    )
    figure = captchas.prices(found, ATTACKS)
    (place,) = figure.axes
    labels = [label.get_text() for label in place.get_yticklabels()]
    ticks = dict(zip(place.get_yticks(), labels, strict=True))
    steps = {}
    for text in place.texts:
        y = text.get_position()[1]
        steps[text.get_text()] = ticks[min(ticks, key=lambda tick: abs(tick - y))]
    assert steps == {
        "plain": "nothing",
        "lines": "a filter",
        "distorted": "nothing tried\nwas enough",
    }
    dotted = [line for line in place.lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == pytest.approx([80])  # of lines alone
    plt.close(figure)
