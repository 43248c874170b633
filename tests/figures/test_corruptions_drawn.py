"""The figure of corruptions orders them by harm, and writes every number beside its mark."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from halftone_utils.figures.corruptions import corruptions


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def table(**read):
    """Two seeds of two networks, the second seed 4 points worse, trained on originals."""
    rows = [
        {"architecture": name, "seed": seed, "shown": shown, "accuracy": accuracy - 4 * seed}
        for name, of_network in read.items()
        for shown, accuracy in of_network.items()
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows).assign(trained_on="original", n=1000)


def test_the_worst_is_on_top_and_halftones_alone_are_filled_and_bold():
    read = {"halftone-strong": 12, "fog": 32, "halftone-talk": 80, "shear": 98}
    found = table(alexnet=read, lenet={**read, "halftone-talk": 90})
    other = found.assign(trained_on="both-talk", accuracy=1.0)
    left, right = corruptions(pd.concat([found, other])).axes
    assert (left.get_title(), right.get_title()) == ("LeNet", "AlexNet")
    labels = left.get_yticklabels()
    assert [x.get_text() for x in labels] == ["strong", "fog", "talk", "shear"]
    assert [x.get_fontweight() for x in labels] == ["bold", "normal", "bold", "normal"]
    assert left.yaxis_inverted()
    assert [x.get_text() for x in left.texts] == ["10", "30", "88", "96"]
    assert [x.get_text() for x in right.texts] == ["10", "30", "78", "96"]
    marks = [line for line in left.lines if line.get_marker() == "o"]
    hollow = [line.get_markerfacecolor() == "white" for line in marks]
    assert hollow == [False, True, False, True]
