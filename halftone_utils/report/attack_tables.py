"""Tables of attacks: what they leave, from network to network, and of the worst of many screens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from halftone_utils.digits import sets
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.report.tables import NOT_MEASURED, markdown
from halftone_utils.results.store import Result
from halftone_utils.studies import worst_case


def worst_case_table(results: Sequence[Result], legible: bool = False) -> str:
    """A row a network and what it was trained on, in Markdown: known and unknown screens, percent.

    results: of the study "worst case".  legible: of those screens alone that the model observer
    reads.  Mean over seeds, with the range where they differ.
    """
    head = ["network", "trained on", "originals", "known halftone", "mean over screens"]
    head += ["worst screen", "worst for each digit"]
    columns = ("original", "known", "mean", "worst", "every")
    rows: list[list[str]] = []
    if not results:
        return markdown(head, rows)
    table = worst_case.readings(results, legible)
    for (name, trained_on), of_seeds in table.groupby(["architecture", "trained_on"], sort=False):
        cells = [_mean_and_range(of_seeds[column].dropna()) for column in columns]
        rows.append([ARCHITECTURES[str(name)].printed, sets.TRAIN_SETS[str(trained_on)], *cells])
    return markdown(head, rows)


def _mean_and_range(numbers: pd.Series) -> str:
    """Numbers of seeds as "66.0 (60.2-71.4)"; one alone as it is; a dash for none."""
    if numbers.empty:
        return "–"
    alone = f"{numbers.mean():.1f}"
    return alone if len(numbers) == 1 else f"{alone} ({numbers.min():.1f}-{numbers.max():.1f})"


def attacks_table(readings: pd.DataFrame) -> str:
    """What each attack leaves of each network, in percent, in Markdown: a row an attack.

    readings: of `studies.attacks.readings`, a seed of each architecture; sizes are means over all.
    """
    own = readings[readings["target"].isna()]
    own = own.assign(what=[*map(_attack, own.to_dict("records"))])
    printed = {a: row.printed for a, row in ARCHITECTURES.items() if a in {*own["architecture"]}}
    rows = []
    for what, of_attack in own.groupby("what", sort=False):
        left = of_attack.set_index("architecture")["accuracy"]
        cells = [f"{left[a]:.0f}" if a in left else NOT_MEASURED for a in printed]
        sizes = "{:.2f} / {:.1f} / {:.2f}".format(*of_attack[["linf", "l2", "ssim"]].mean())
        rows.append([str(what), *cells, sizes])
    return markdown(["attack", *printed.values(), "L∞ / L2 / SSIM"], rows)


def transfer_table(readings: pd.DataFrame, **of_way: Any) -> str:
    """What each network reads of the examples made on each, in percent: a row a source.

    of_way: what a row says of the attack.  The network itself stands in bold.
    """
    rows = readings
    for key, value in of_way.items():
        rows = rows[np.array([x == value for x in rows[key]], bool)]
    rows = rows.assign(target=rows["target"].fillna(rows["architecture"]))
    left = rows.set_index(["architecture", "target"])["accuracy"].to_dict()
    names = {a: row.printed for a, row in ARCHITECTURES.items() if a in {*rows["architecture"]}}
    targets = {a: row.printed for a, row in ARCHITECTURES.items() if a in {*rows["target"]}}
    lines = []
    for source, name in names.items():
        cells = [f"{left[source, a]:.0f}" if (source, a) in left else NOT_MEASURED for a in targets]
        cells = [f"**{x}**" if a == source else x for a, x in zip(targets, cells, strict=True)]
        lines.append([name, *cells])
    return markdown(["made on / read by", *targets.values()], lines)


def sanity_table(found: pd.DataFrame) -> str:
    """Each rule of `studies.sanity.sanity`: how often it holds, and what breaks it."""
    rows = []
    for rule, of_rule in found.groupby("rule", sort=False):
        broken = [
            f"{ARCHITECTURES[row['architecture']].printed}: {_attack(row['than'])} leaves "
            f"{row['left_by_weaker']:.0f}, {_attack(row['attack'])} {row['left_by_stronger']:.0f}"
            for row in of_rule[~of_rule["holds"]].to_dict("records")
        ]
        share = f"{of_rule['holds'].sum()} of {len(of_rule)}"
        rows.append([str(rule), share, "<br>".join(broken) or "–"])
    return markdown(["rule", "holds in", "exceptions, % left"], rows)


def _attack(of_way: Mapping) -> str:
    """An attack as a table names it, of what a row says."""
    said = {key: value for key, value in of_way.items() if value is not None}
    names = {"fgsm": "FGSM", "pgd": "PGD", "hopskipjump": "HopSkipJump", "none": "original"}
    words = [names.get(said.get("attack", ""), said.get("attack", "nothing"))]
    if "epsilon" in said:
        words.append(f"ε = {said['epsilon']:g}")
    if "point" in said:
        share = f"{said['share']:g} of the " if said.get("share", 1) < 1 else ""
        norm = f"{said['norm']} of " if "norm" in said else ""
        words.append(f"{share}{norm}`{said['point']}`")
    if "tone_range" in said:
        words.append("tones {:g} to {:g}".format(*said["tone_range"]))
    if "white_box" in said:
        words.append("white box" if said["white_box"] else "black box")
    counted = {"steps": "step", "restarts": "restart", "queries": "query"}
    words += [
        f"{said[key]:g} {one if said[key] == 1 else key}"
        for key, one in counted.items()
        if key in said
    ]
    words += [f"made on {ARCHITECTURES[said['source']].printed}"] if "source" in said else []
    return ", ".join(words)
