"""The numbers that data/claims.toml asks for, taken from data/results: a function a claim."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from halftone_utils.networks import imagenet
from halftone_utils.results import claims, store
from halftone_utils.results.claims import Verdict
from halftone_utils.studies import (
    channel,
    corruptions,
    factors,
    photographs,
    places,
    rivals,
    talk_pair,
    uncertainty,
    worst_case,
)

Numbers = dict[str, list[float]]
ITERATIONS = (8, 15, 30, 50)


def _frame(result: store.Result) -> pd.DataFrame:
    """Its rows with a column `accuracy` [%]; "" and NaN where a row says nothing."""
    frame = pd.DataFrame(result.rows)
    frame["accuracy"] = 100 * frame["n_correct"] / frame["n"]
    return frame


def _by_seed(study: str, of: Callable[[pd.DataFrame], float | None]) -> Numbers:
    """Network -> a number a seed, from the results of a study that is of one network a file."""
    numbers: Numbers = {}
    for result in store.load(study):
        network = result.config.get("network", result.config)
        value = of(_frame(result))
        if value is not None:
            numbers.setdefault(network["architecture"], []).append(float(value))
    return numbers


# --- the recipe ---


def _at(frame: pd.DataFrame, shown: str, **change: object) -> float | None:
    """Accuracy [%] of a set by the training with exactly this change; None before it is there."""
    rows = frame[(frame["shown"] == shown) & frame["change"].map(lambda made: made == change)]
    return None if rows.empty else float(rows["accuracy"].iloc[0])


def _gain_without_shifts(frame: pd.DataFrame, shown: str) -> float | None:
    without, own = _at(frame, shown, shift=0), _at(frame, shown)
    return None if without is None or own is None else without - own


def _dose(frame: pd.DataFrame) -> float | None:
    doses = {0: {"shift": 0}, 1: {"shift": 1}, 2: {}, 3: {"shift": 3}}
    read = [_at(frame, "halftone-talk", **change) for change in doses.values()]
    known = [x for x in read if x is not None]
    return float(spearmanr([*doses], known).statistic) if len(known) == len(doses) else None


def _edge(frame: pd.DataFrame) -> float | None:
    own, filled = _at(frame, "halftone-talk"), _at(frame, "halftone-talk", wrap=False)
    return None if own is None or filled is None else own - filled


def channel_of(frame: pd.DataFrame, **change: object) -> channel.Channel | None:
    """The channel of the network that was trained with this change."""
    top = _at(frame, "original", **change)
    noisy = (frame["shown"] == "noise") & frame["change"].map(lambda made: made == change)
    return (
        None
        if top is None
        else channel.fit([dict(row) for _, row in frame[noisy].iterrows()], top / 100)
    )


def _lower(frame: pd.DataFrame) -> float | None:
    without, own = channel_of(frame, shift=0), channel_of(frame)
    if without is None or own is None:
        return None
    return float(np.log2(np.divide(own.thresholds, without.thresholds)).mean())


def _uncertain() -> Numbers:
    """How many octaves the thresholds move once a network does not know the digit's place."""
    numbers: list[float] = []
    for result in store.load("uncertainty"):
        known, unsure = (_channel_where(result, uncertain=most) for most in (0, uncertainty.MOST))
        numbers.append(float(np.log2(np.divide(unsure.thresholds, known.thresholds)).mean()))
    return {"lenet": numbers}


def _channel_where(result: store.Result, **values: object) -> channel.Channel:
    top = result.row(shown="original", **values)
    return channel.fit(result.where(shown="noise", **values), top["n_correct"] / top["n"])


def _talk_by_change(*networks: str) -> Iterator[pd.DataFrame]:
    """A frame a seed: accuracy at `talk`, a row a change that all have, a column a network."""
    seeds: dict[int, dict[str, dict[str, float]]] = {}
    for result in store.load("factors"):
        rows = [row for row in result.rows if row["shown"] == "halftone-talk"]
        read = {str(row["change"]): 100 * row["n_correct"] / row["n"] for row in rows}
        network = result.config["architecture"]
        if {*map(str, factors.changes_of(network))} <= {*read}:  # else killed, and goes on later
            seeds.setdefault(result.config["seed"], {})[network] = read
    for by_network in seeds.values():
        if {*networks} <= {*by_network}:
            yield pd.DataFrame(by_network)[[*networks]].dropna()


def recipe_as_architecture() -> Numbers:
    """Spread over recipes, mean of the networks, minus spread over networks at their own."""
    networks = ("lenet", "alexnet", "resnet18")
    values = [
        float(np.std(x, axis=0, ddof=1).mean() - np.std(x.loc["{}"], ddof=1))
        for x in _talk_by_change(*networks)
    ]
    return {", ".join(networks): values}


def order_survives_recipes() -> Numbers:
    """The least that LeNet is ahead of AlexNet."""
    frames = _talk_by_change("lenet", "alexnet")
    return {"lenet, alexnet": [float((x["lenet"] - x["alexnet"]).min()) for x in frames]}


# --- controls and the channel ---


def _near(frame: pd.DataFrame, control: str = "") -> pd.DataFrame:
    """Rows of redrawings seen as they are, those of one control."""
    redrawn = (frame["shown"] == "redrawing") & frame["sigma"].isna()
    return frame[redrawn & (frame["control"].fillna("") == control)]


def _strong(frame: pd.DataFrame, control: str, afar: bool = False) -> float:
    """Accuracy at `strong` minus that of a control of it [points]."""
    rows = frame[(frame["kind"] == "strong") & (frame["sigma"].notna() == afar)]
    read = dict(zip(rows["control"].fillna(""), rows["accuracy"], strict=True))
    return float(read[""] - read[control])


def _of_test_screens(frame: pd.DataFrame, control: str = "") -> pd.DataFrame:
    rows = _near(frame, control)
    return rows[rows["test"].eq(True)] if "test" in rows else rows[:0]


def _agreement(frame: pd.DataFrame, of: str) -> float:
    rows = [{**row} for _, row in _of_test_screens(frame).iterrows()]
    return rivals.agreement(rows)[of]


def _explained_more(study: str, rival: str) -> Numbers:
    """R2 of the channel's prediction minus that of a rival's, from a study that measured both."""
    numbers: Numbers = {}
    for found in store.load(study):
        if "network" in found.config:
            own, other = (found.measured[name]["r2"] for name in ("channel", rival))
            of_network = numbers.setdefault(found.config["network"]["architecture"], [])
            of_network.append(round(own - other, 3))
    return numbers


def _moved(frame: pd.DataFrame) -> float:
    """Accuracy behind dithers by high noise minus by low noise [points], where there is most."""
    most = [*places.RANGES[-1]]
    rows = frame[frame["parameters"].map(lambda given: given["tone_range"] == most)]
    low, high = (rows["band"].map(lambda band, i=i: band[i]) for i in (0, 1))
    above, below = low >= 0.25, (low >= 0.06) & (high <= 0.26)
    return float(rows["accuracy"][above].mean() - rows["accuracy"][below].mean())


def _in_way(frame: pd.DataFrame, shown: str, **changed: object) -> pd.DataFrame:
    """Rows of LeNet trained as ever but for what is changed."""
    way: dict[str, object] = {"blurred": False, "scale": "per image", "noisy": False, **changed}
    rows = frame[frame["shown"] == shown]
    return rows[(rows[[*way]] == pd.Series(way)).all(axis=1)]


def _moved_in(frame: pd.DataFrame, **changed: object) -> float | None:
    """As `_moved`, of LeNet with a change; None before it is there."""
    rows = _in_way(frame, "dither", **changed)
    return None if rows.empty else _moved(rows)


def _of_strong_in(frame: pd.DataFrame, **changed: object) -> float | None:
    """Accuracy at `strong` [%] of LeNet with a change; None before it is there."""
    rows = _in_way(frame, "halftone-strong", **changed)
    return None if rows.empty else float(rows["accuracy"].iloc[0])


def _screens(frame: pd.DataFrame) -> float:
    as_they_are = _of_test_screens(frame)["accuracy"].to_numpy()
    return float((_of_test_screens(frame, "random phases")["accuracy"] - as_they_are).mean())


def _transfer(frame: pd.DataFrame, control: str) -> float:
    """Mean over iterations of accuracy behind a control of style transfer minus behind itself."""
    means = []
    for name in (control, ""):
        rows = _near(frame, name)
        rows = rows[rows["kind"] == "style transfer"]
        steps = rows["parameters"].map(lambda given: given["iterations"])
        means.append(rows[steps.isin(ITERATIONS)]["accuracy"].mean())
    return float(means[0] - means[1])


def _empty_window() -> Numbers:
    """Rank correlation, over redrawings, of the noise that passes the blur with what is read."""
    frames = [_frame(result) for result in store.load("legibility")]
    frames = [frame[frame["kind"] != "style transfer"] for frame in frames]
    found = [float(spearmanr(x["passed"], x["accuracy"]).statistic) for x in frames]
    return {"observer": found}


def _observer_spared() -> Numbers:
    """How much more the observer loses to style transfer than to its change with random phases."""
    frames = [_frame(result) for result in store.load("legibility")]
    frames = [x.assign(shown="redrawing", sigma=np.nan) for x in frames if "control" in x]
    return {"observer": [_transfer(frame, "random phases") for frame in frames]}


def _tone(frame: pd.DataFrame) -> float:
    """Error of the tone of flat halftones read out of a trained network's last convolution."""
    rows = frame[(frame["layer"] == frame["layer"].max()) & ~frame["untrained"].eq(True)]
    screens = rows[(rows["shown"] == "halftone") & (rows["kind"] != "random")]  # its control
    return float(screens["error"].mean())


def _afar(frame: pd.DataFrame) -> float | None:
    """Accuracy at `strong` from afar over that of originals from afar."""
    afar = frame[frame["sigma"].notna()]
    originals = afar[afar["shown"] == "original"]["accuracy"]
    strong = afar[(afar["kind"] == "strong") & afar["control"].isna()]["accuracy"]
    return None if originals.empty else float(strong.iloc[0] / originals.iloc[0])


def _undone(frame: pd.DataFrame, shown: str, kind: str) -> float:
    """Accuracy [%] behind a set through a filter."""
    (row,) = frame[(frame["shown"] == shown) & (frame["kind"] == kind)]["accuracy"]
    return float(row)


def _of_worst_case(of: Callable[[pd.Series], float]) -> Numbers:
    """A number a seed of the networks that were trained on `strong`, of legible screens."""
    numbers: Numbers = {}
    for result in store.load("worst case"):
        table = worst_case.readings([result], legible=True)
        for _, row in table[table["trained_on"] == "halftone-strong"].iterrows():
            numbers.setdefault(row["architecture"], []).append(float(of(row)))
    return numbers


def _beyond_corruptions(frame: pd.DataFrame) -> float:
    """Least accuracy behind a corruption minus that at `strong` [points], trained on originals."""
    read = frame[frame["trained_on"] == "original"].set_index("shown")["accuracy"]
    return float(read[[*corruptions.CORRUPTIONS]].min() - read["halftone-strong"])


def talk_pair_is_found() -> Numbers:
    """How far the nearest pair is from the talk's, on digits that it was not chosen on."""
    found = [talk_pair.confirmed(result) for result in store.load("talk pair")]
    return {"lenet, alexnet": [pair.off for pair in found if pair]}


# --- style transfer's teacher, and batch statistics ---


def _by_random_weights(frame: pd.DataFrame) -> float | None:
    """Accuracy behind the change with random phases minus behind the halftone, by a random VGG."""
    rows = frame[(frame["shown"] == "style transfer") & frame["filter"].isna()]
    if "random" not in {*rows.get("teacher", ())}:
        return None
    drawn = rows[rows["teacher"] == "random"]
    read = dict(zip(drawn["control"].fillna(""), drawn["accuracy"], strict=True))
    return float(read["random phases"] - read[""])


def _gained(frame: pd.DataFrame, **part: float | str) -> float | None:
    """Points at `strong` by new statistics of a part, of its own pictures alone; mean of draws."""
    strong = frame[frame["shown"] == "halftone-strong"]
    own = strong[strong["statistics"] == "of training"]["accuracy"]
    new = strong[(strong["statistics"] == "halftone-strong") & (strong["prior"] == 0)]
    for name in ("first", "only", "moments"):
        held = new[name].eq(part[name]) if name in part else new[name].isna()
        new = new[held]
    read = new[new["n_adapt"] == part["n_adapt"]]["accuracy"]
    return None if read.empty else float(read.mean() - own.iloc[0])


def _first_layers(frame: pd.DataFrame) -> float | None:
    first, every = (_gained(frame, n_adapt=200, **part) for part in ({"first": 2}, {}))
    return None if first is None or every is None else first / every


def _variances(frame: pd.DataFrame) -> float | None:
    variances, means = (
        _gained(frame, n_adapt=200, moments=moments) for moments in ("variances", "means")
    )
    return None if variances is None or means is None else variances - means


def _of_parts(of: Callable[[pd.DataFrame], float | None]) -> Callable[[], Numbers]:
    def once_finished(frame: pd.DataFrame) -> float | None:
        there = {*frame.get("moments", ()), *frame["statistics"]}
        return of(frame) if {"variances", "noise"} <= there else None

    return partial(_by_seed, "batch parts", once_finished)


def _with_small_pictures(frame: pd.DataFrame) -> float | None:
    """Accuracy behind both screens [points]: small pictures first minus as much compute without."""
    of = frame[frame["shown"] == "strong"].groupby("training")["accuracy"].mean()
    both = ("small pictures first", "full size, as much compute")
    return float(of[both[0]] - of[both[1]]) if {*both} <= {*of.index} else None


def _meshes(**of_way: object) -> Numbers:
    """1 for each photograph that is a mesh or a cloth to a network once it is drawn so."""
    both = frozenset().union(*imagenet.groups().values())
    near = {"side": photographs.SIDE, **of_way}
    return {
        result.config["network"]: [float(x in both) for x in photographs.answers(result, **near)]
        for result in store.load("photographs")
    }


def _photographs_afar(side: int = 128) -> Numbers:
    """Right answers [1 or 0] to each photograph, halftone minus grey, both reduced."""
    numbers: Numbers = {}
    for result in store.load("photographs"):
        right = [
            [x == y for x, y in zip(found, result.config["classes"], strict=False)]
            for way in (photographs.MAIN, photographs.GREY)
            for found in (photographs.answers(result, **way.config, side=side),)
        ]
        numbers[result.config["network"]] = [float(x - y) for x, y in zip(*right, strict=False)]
    return numbers


def _after(frame: pd.DataFrame, attack: str, **of_way: object) -> pd.Series:
    """Accuracy [%] of the attacked network itself, a number a row that says this of its attack."""
    rows = frame[(frame["attack"] == attack) & frame.reindex(columns=["target"])["target"].isna()]
    for key, value in of_way.items():
        rows = rows[rows[key].isin([value])] if key in rows else rows[:0]
    return rows["accuracy"]


def _less_left(frame: pd.DataFrame, weaker: dict, stronger: dict, n: int = 1) -> float | None:
    """Accuracy after one attack minus after another, mean of n rows each; None before all are."""
    both = [_after(frame, **of_way) for of_way in (weaker, stronger)]
    return float(both[0].mean() - both[1].mean()) if {*map(len, both)} == {n} else None


def _dipole(rung: str) -> Numbers:
    """1 for each CAPTCHA of `iso-dipole` that a solver reads on a rung, else 0."""
    return {
        row["solver"]: [1.0] * row["n_correct"] + [0.0] * (row["n"] - row["n_correct"])
        for result in store.load("ladder")
        if result.config["scheme"] == "iso-dipole"
        for row in result.where(split="test", rung=rung)
    }


def _of_recipe(of: Callable[[pd.DataFrame], float | None]) -> Callable[[], Numbers]:
    return partial(_by_seed, "factors", of)


def _of_attacks(weaker: dict, stronger: dict, n: int = 1) -> Callable[[], Numbers]:
    of = partial(_less_left, weaker=weaker, stronger=stronger, n=n)
    return partial(_by_seed, "attacks", of)


def _of_channel(of: Callable[[pd.DataFrame], float | None]) -> Callable[[], Numbers]:
    def once_finished(frame: pd.DataFrame) -> float | None:
        return of(frame) if _is_finished(frame) else None

    return partial(_by_seed, "channel", once_finished)


def _is_finished(frame: pd.DataFrame) -> bool:
    """Whether a channel's redrawings are all there: a study that was killed goes on later."""
    kinds = {"style transfer", "strong"}
    return kinds <= {*frame.get("kind", ())} and len(_of_test_screens(frame)) == len(
        channel.test_screens()
    )


NUMBERS: dict[str, Callable[[], Numbers]] = {
    "shifts-cost-talk": _of_recipe(partial(_gain_without_shifts, shown="halftone-talk")),
    "shifts-cost-strong": _of_recipe(partial(_gain_without_shifts, shown="halftone-strong")),
    "shifts-by-dose": _of_recipe(_dose),
    "shift-not-its-edge": _of_recipe(_edge),
    "shifts-lower-the-channel": _of_recipe(_lower),
    "uncertainty-lowers-the-channel": _uncertain,
    "recipe-as-architecture": recipe_as_architecture,
    "order-survives-recipes": order_survives_recipes,
    "spectrum-not-dots": _of_channel(partial(_strong, control="random phases")),
    "spectrum-leaves-the-digit": _of_channel(partial(_strong, control="random phases", afar=True)),
    "place-in-frequency-decides": _of_channel(
        partial(_strong, control="pixels shuffled", afar=True)
    ),
    "channel-predicts-error": _of_channel(partial(_agreement, of="median_error")),
    "channel-predicts-order": _of_channel(partial(_agreement, of="r2")),
    "place-tells-not-power": partial(_explained_more, "rivals", rivals.TOTAL),
    "place-moves-the-observer": partial(_by_seed, "places", _moved),
    "place-moves-networks-less": partial(_by_seed, "places", _moved),
    "noise-opens-the-window": partial(_by_seed, "window", partial(_moved_in, noisy=True)),
    "noise-opens-to-halftones": partial(_by_seed, "window", partial(_of_strong_in, noisy=True)),
    "blur-opens-the-window": partial(_by_seed, "window", partial(_moved_in, blurred=True)),
    "standardizing-hides-no-window": partial(_by_seed, "window", partial(_moved_in, scale="fixed")),
    "channel-tells-place": partial(_explained_more, "places", rivals.ALIKE),
    "screens-are-noise": _of_channel(_screens),
    "style-transfer-is-more": _of_channel(partial(_transfer, control="random phases")),
    "fitted-to-the-digit": _of_channel(partial(_transfer, control="of another digit")),
    "spares-the-observer": _observer_spared,
    "legible-is-empty-window": _empty_window,
    "sees-the-tone": partial(_by_seed, "tones", _tone),
    "reads-from-afar": _of_channel(_afar),
    "threshold-undoes-talk": partial(
        _by_seed, "undoing", partial(_undone, shown="halftone-talk", kind="threshold")
    ),
    "median-undoes-strong": partial(
        _by_seed, "undoing", partial(_undone, shown="halftone-strong", kind="median 3x3")
    ),
    "another-screen-costs": partial(_of_worst_case, lambda row: row["known"] - row["worst"]),
    "a-screen-for-each-digit": partial(_of_worst_case, lambda row: row["every"]),
    "worse-than-corruptions": partial(_by_seed, "corruptions", _beyond_corruptions),
    "talk-pair-is-found": talk_pair_is_found,
    "curriculum-opens-the-window": partial(_by_seed, "curriculum", _with_small_pictures),
    "not-the-strokes": _of_channel(partial(_transfer, control="random phases in windows")),
    "not-the-teacher": partial(_by_seed, "teacher", _by_random_weights),
    "few-pictures-suffice": _of_parts(partial(_gained, n_adapt=50)),
    "first-layers-do-it": _of_parts(_first_layers),
    "variances-not-means": _of_parts(_variances),
    "names-the-mesh": partial(_meshes, **photographs.MAIN.config),
    "spectrum-is-named": partial(_meshes, **photographs.MAIN.config, control="random phases"),
    "names-the-style": partial(
        _meshes,
        kind="style transfer",
        parameters={"iterations": 10},
        drawn=photographs.STYLED,
        side=photographs.STYLED,
    ),
    "gradient-needs-less": _of_attacks(
        {"attack": "halftone", "point": "talk"},
        {"attack": "pgd", "norm": "L2", "point": "talk", "share": 0.25},
    ),
    "answers-need-queries": _of_attacks(
        {"attack": "hopskipjump", "norm": "L2", "point": "talk", "queries": 50},
        {"attack": "halftone", "point": "talk"},
    ),
    "chosen-screen-is-worse": _of_attacks(
        {"attack": "screen"}, {"attack": "chosen screen", "white_box": False, "queries": 30}, 2
    ),
    "reads-photographs-from-afar": _photographs_afar,
    "dipole-stops-stock": partial(_dipole, "stock"),
    "dipole-stops-filters": partial(_dipole, "descreening"),
    "dipole-stops-energies": partial(_dipole, "texture"),
    "dipole-falls-to-parity": partial(_dipole, "parity"),
}


def verdicts() -> list[Verdict]:
    """What became of every claim, by the results that are committed."""
    found = {}
    for name, numbers in NUMBERS.items():
        wanted = claims.load()[name].networks
        found[name] = {k: v for k, v in numbers().items() if k in wanted}
    return claims.judge(found)
