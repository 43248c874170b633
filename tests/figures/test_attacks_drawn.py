"""The figure of attacks names what it draws."""

import matplotlib.pyplot as plt
import pandas as pd

from halftone_utils.figures import attacks

SAID = ("target", "norm", "point", "share", "queries")


def test_halftones_stand_at_their_distance_and_attacks_at_what_they_were_allowed():
    rows = [
        {"attack": "halftone", "point": "talk", "l2": 6.0, "accuracy": 80},
        {"attack": "halftone", "point": "strong", "l2": 19.0, "accuracy": 20},
        {"attack": "pgd", "norm": "L2", "point": "talk", "share": 0.5, "l2": 2.9, "accuracy": 1},
        {"attack": "noise", "norm": "L2", "point": "talk", "l2": 6.0, "accuracy": 85},
        {"attack": "noise", "norm": "SSIM", "point": "talk", "l2": 7.0, "accuracy": 83},
        {"attack": "hopskipjump", "norm": "L2", "point": "talk", "queries": 50, "accuracy": 90},
        {"attack": "hopskipjump", "norm": "L2", "point": "talk", "queries": 200, "accuracy": 50},
    ]
    rows = [{**dict.fromkeys(SAID), "architecture": "lenet", **row} for row in rows]
    rows.append({**rows[0], "target": "alexnet", "accuracy": 33})
    figure = attacks.by_distance(pd.DataFrame(rows), {"lenet": "LeNet"})
    (place,) = figure.axes
    drawn = {tuple(xy) for line in place.lines for xy in line.get_xydata()}
    assert drawn == {(6, 80), (19, 20), (3, 1), (6, 85), (6, 50)}
    assert {text.get_text() for text in place.texts} == {
        "talk",
        "strong",
        "PGD",
        "noise",
        "HopSkipJump",
    }
    plt.close(figure)
