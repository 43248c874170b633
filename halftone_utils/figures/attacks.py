"""The picture of attacks: what is left, by how far pictures may be moved; halftones among them."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from halftone_utils.figures.basic import WIDTH

LOOKS: dict[str, dict[str, Any]] = {  # of attacks; a halftone alone is filled
    "pgd": {"marker": "o", "ls": "-", "color": "#0072b2"},
    "hopskipjump": {"marker": "^", "ls": "", "color": "#d55e00"},
    "noise": {"marker": "x", "ls": "", "color": "#333333"},
    "halftone": {"marker": "s", "ls": "", "color": "black"},
}
CALLED = {"pgd": "PGD", "hopskipjump": "HopSkipJump", "noise": "noise"}


def by_distance(table: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """What each network reads against the L2 that an attack was allowed, a panel a network.

    table: of `studies.attacks.readings`, a seed of each architecture.  names: architecture ->
    title, a panel each.  The L2 is the mean over pictures of what their halftones have, or a share
    of it.
    """
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure, places = plt.subplots(
        lines, columns, figsize=(WIDTH, 2.6 * lines), sharex=True, sharey=True, squeeze=False
    )
    for place, (architecture, title) in zip(places.flat, names.items(), strict=False):
        own = table[(table["architecture"] == architecture) & table["target"].isna()]
        frozen = own[own["attack"] == "halftone"].set_index("point")["l2"]
        for attack, look in LOOKS.items():
            rows = own[own["attack"] == attack]
            if attack != "halftone":
                rows = rows[rows["norm"] == "L2"]
            most = rows["queries"].astype(float).max()
            rows = rows[rows["queries"].isna() | (rows["queries"] == most)]
            allowed = rows["share"].fillna(1).astype(float) * rows["point"].map(frozen)
            rows = rows.assign(allowed=allowed).sort_values("allowed")
            place.plot(rows["allowed"], rows["accuracy"], ms=6, mew=1.4, **look)
            for i, (_, row) in enumerate(rows.iterrows()):
                if attack == "halftone" or i == 0:  # a name an attack, and one a halftone
                    left = attack == "noise"  # which often lies on the halftone
                    place.annotate(
                        CALLED.get(attack, row["point"]),
                        (row["allowed"], row["accuracy"]),
                        xytext=(-6, 4) if left else (6, 4),
                        ha="right" if left else "left",
                        textcoords="offset points",
                        fontsize=8,
                        color=look["color"],
                    )
        place.set(title=title, xscale="log", ylim=(-3, 108), xlim=(None, 40))
        place.set_xticks((1, 3, 10, 30), ("1", "3", "10", "30"))
        place.minorticks_off()
    for place in places[-1]:
        place.set_xlabel("L2 from the original")
    for place in places[:, 0]:
        place.set_ylabel("read right, %")
    return figure
