"""What an evaluation of attacks must show, held to the results of the study of attacks.

Carlini et al. 2019, On evaluating adversarial robustness, arXiv 1902.06705, sec. 3 and 4.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies.attacks import (
    EPSILONS,
    MORE_STEPS,
    PARTLY,
    POINTS,
    QUERIES,
    RANGES,
    RESTARTS,
    SCREENS,
    SHARES,
    STEPS,
)


def sanity(found: Sequence[Result]) -> pd.DataFrame:
    """What an evaluation of attacks must show, a row a comparison (Carlini et al. 2019).

    Columns: rule; architecture, seed; than, the weaker attack, and attack, the stronger, as rows
    say them; left_by_weaker, left_by_stronger [% of digits]; holds, whether the stronger leaves no
    more.  Beside an unlimited budget stands 0.
    Comparisons of which a row is not there are left out.
    """
    lines = []
    for result in found:
        own = {store.key_of(row): 100 * row["n_correct"] / row["n"] for row in result.rows}
        of = {key: result.config["network"][key] for key in ("architecture", "seed")}
        own[store.key_of({})] = 0.0  # what nothing is left by
        for rule, weaker, stronger in _rules():
            less, more = (own.get(store.key_of(of_way)) for of_way in (weaker, stronger))
            if less is not None and more is not None:
                lines.append(_line(rule, of, weaker, stronger, less, more))
        if of["seed"] == 0:
            lines += _beside_transfer(result, found)
    return pd.DataFrame(lines)


def _line(
    rule: str, of: Mapping, than: Mapping, attack: Mapping, weaker: float, stronger: float
) -> dict[str, Any]:
    read = {"left_by_weaker": weaker, "left_by_stronger": stronger, "holds": stronger <= weaker}
    return {"rule": rule, **of, "than": {**than}, "attack": {**attack}, **read}


def _beside_transfer(result: Result, found: Sequence[Result]) -> Iterator[dict[str, Any]]:
    """What a network reads of examples made on it, beside those made on others of seed 0."""
    of = {key: result.config["network"][key] for key in ("architecture", "seed")}
    own = {store.key_of(row): 100 * row["n_correct"] / row["n"] for row in result.rows}
    for source in found:
        if source.config["network"]["seed"] == 0:
            for row in source.where(target=of["architecture"]):
                of_way = {k: v for k, v in row.items() if k not in (*store.MEASURED, "target")}
                than = {**of_way, "source": source.config["network"]["architecture"]}
                stronger = own.get(store.key_of(of_way))
                if stronger is not None:
                    read = (100 * row["n_correct"] / row["n"], stronger)
                    yield _line("white box beats transfer", of, than, of_way, *read)


def _rules() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every rule with a weaker attack and a stronger one, as rows say them."""
    pgd: dict[str, Any] = {"attack": "pgd", "norm": "Linf", "steps": STEPS, "restarts": 1}
    one_step, signs = ({"attack": kind, "norm": "Linf"} for kind in ("fgsm", "random signs"))
    for epsilon in EPSILONS:
        e = {"epsilon": epsilon}
        yield "iterated beats single step", one_step | e, pgd | e
        yield "an attack beats chance", signs | e, one_step | e
        yield "an attack beats chance", signs | e, pgd | e
    at: dict[str, Any]
    hops, screen = {"attack": "hopskipjump"}, {"attack": "chosen screen"}
    for point in POINTS:
        at = {"norm": "L2", "point": point}
        near = {"attack": "pgd", "steps": STEPS, "restarts": 1, "share": 1.0, **at}
        yield "white box beats black box", {**hops, "queries": QUERIES[-1], **at}, near
        yield "an attack beats chance", {"attack": "noise", **at}, near
        yield from _more({**hops, **at}, "queries", QUERIES)
    for tones in RANGES:
        at = {**screen, "tone_range": [*tones]}
        for queries in SCREENS[1:]:
            black, white = ({**at, "queries": queries, "white_box": x} for x in (False, True))
            yield "white box beats black box", black, white
        for white_box in (False, True):
            yield from _more({**at, "white_box": white_box}, "queries", SCREENS[white_box:])
    yield "unlimited budget leaves none", {}, {**pgd, "epsilon": EPSILONS[-1]}
    yield from _more(pgd, "epsilon", EPSILONS)
    partly = {**pgd, "epsilon": PARTLY}
    yield from _more(partly, "steps", sorted((STEPS, *MORE_STEPS)))
    yield from _more(partly, "restarts", (1, RESTARTS))
    l2_at_talk = {**pgd, "norm": "L2", "point": "talk"}
    yield from _more(l2_at_talk, "share", SHARES)


def _more(
    of_way: Mapping[str, Any], budget: str, values: Sequence[float]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for less, more in pairwise(values):
        yield "more budget never less", {**of_way, budget: less}, {**of_way, budget: more}
