"""Markdown tables of the experiments; every number comes from the tidy table of results."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from halftone_utils.digits import datasets, halftone_sets, points, sets
from halftone_utils.digits.points import ScreenPoint, StylePoint
from halftone_utils.engine.files import DataError
from halftone_utils.networks import architectures
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results import people, talk
from halftone_utils.results.claims import Verdict
from halftone_utils.results.intervals import Summary, of_mean, percent, summary, wilson
from halftone_utils.results.store import Result
from halftone_utils.results.table import NETWORK, misread, stems, summarise, tidy
from halftone_utils.studies import batch_statistics

STRONG_ON_STRONG = ("halftone-strong", "halftone-strong")
PROTOCOLS = (  # (train_on, shown)
    *talk.PROTOCOLS,
    # the talk did not ask these, or left them to the future
    ("original", "halftone-strong"),
    STRONG_ON_STRONG,
    ("halftone-talk", "original"),
    ("halftone-talk", "halftone-strong"),
    ("halftone-strong", "original"),
    ("halftone-strong", "halftone-talk"),
    ("both-talk", "original"),
    ("both-talk", "halftone-talk"),
    ("both-talk", "halftone-strong"),
)
ASKED = (*talk.PROTOCOLS, STRONG_ON_STRONG)  # a row even where nothing is measured
NOT_MEASURED = people.NOT_MEASURED
PEOPLE = "people (from afar: at a quarter of the side)"
IDENTITIES = ("no-dots",)  # the original itself, to networks that standardise each picture


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: a line a row, a cell a string."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def claims_table(verdicts: Iterable[Verdict]) -> str:
    """Every claim with what became of it, its threshold, and the number of each seed."""
    lines = []
    for verdict in verdicts:
        claim = verdict.claim
        of = f" of {claim.needed} in {len(claim.networks)}" * bool(claim.enough)
        asked = f"{claim.measured} {claim.threshold}{of}"
        lines.append((f"**{verdict.outcome}**", claim.sentence, asked, numbers_of(verdict)))
    return markdown(("outcome", "claim", "measured, and threshold", "a number a seed"), lines)


def claims_in_short(verdicts: Iterable[Verdict]) -> str:
    """Every claim with what became of it, its threshold, and the number of all networks."""
    lines = []
    for verdict in verdicts:
        found = spread_of(verdict) or numbers_of(verdict, each=False)
        if len(verdict.numbers) == 1:
            found = found.removeprefix(f"{_networks(next(iter(verdict.numbers)))} ")
        asked = f"{verdict.claim.threshold}: {found or NOT_MEASURED}"
        lines.append((f"**{verdict.outcome}**", verdict.claim.sentence, asked))
    return markdown(("outcome", "claim", "threshold: found"), lines)


def spread_of(verdict: Verdict) -> str:
    """The least and the greatest mean over networks; "" for fewer than two."""
    means = [float(np.mean(values)) for values in verdict.numbers.values() if values]
    return f"{min(means):.3g} to {max(means):.3g}, {len(means)} networks" if means[1:] else ""


def numbers_of(verdict: Verdict, each: bool = True) -> str:
    """What was measured for a claim: each network with the number of each seed.

    Of three seeds and more the mean with Student's 95 % interval; each: and of three every number,
    of more how many.
    """
    said = []
    for network, values in verdict.numbers.items():
        every = ", ".join(f"{x:.3g}" for x in values)
        if verdict.claim.binary and values:
            k, n = int(sum(values)), len(values)
            low, high = wilson(k, n)
            said.append(f"{_networks(network)} {k} of {n} [{low:.2f}, {high:.2f}]")
        elif len(values) > 2:
            low, high = of_mean(values)
            mean = f"{np.mean(values):.3g} [{low:.3g}, {high:.3g}]"
            beside = every if len(values) == 3 else f"{len(values)} seeds"
            said.append(f"{_networks(network)} {mean}" + f" ({beside})" * each)
        elif values:
            said.append(f"{_networks(network)} {every}")
    return "; ".join(said)


def _networks(names: str) -> str:
    """Architectures as printed, of a text with commas between them; the observer as it is."""
    rows = [ARCHITECTURES.get(name) for name in names.split(", ")]
    names = names.replace("efficientnet_lite0", "EfficientNet-Lite0")
    return ", ".join(row.printed if row else names for row in rows)


def columns(table: pd.DataFrame) -> dict[str, str]:
    """The architectures of a table, with their printed names: the talk's and measured ones."""
    measured = {*table["architecture"]} if len(table) else set()
    shown = (a for a in ARCHITECTURES if a in talk.ARCHITECTURES or a in measured)
    return {a: ARCHITECTURES[a].printed for a in shown}


def of_seeds(found: Summary) -> str:
    """From which seeds a number is, in words: "seed 0", "seeds 0, 1"."""
    return f"seed{'s' * (len(found.seeds) > 1)} {', '.join(map(str, found.seeds))}"


def some_seeds(found: Summary) -> list[str]:
    """The seeds of a mean, where it is of two or more but not of the grid's three; else none."""
    return [of_seeds(found)] if 1 < len(found.seeds) < 3 else []


def with_numbers(found: Summary | None) -> str:
    """The cell as text in bold; where not all digits or seeds were used, with how many or which."""
    if found is None:
        return ""
    notes = some_seeds(found)
    if found.n_train < datasets.count("train"):
        notes.append(f"n_train {found.n_train:,}")
    if found.n < datasets.count("test"):
        notes.append(f"n {found.n:,}")
    return f"**{found}**" + f"<br>{', '.join(notes)}" * bool(notes)


def talk_table(table: pd.DataFrame) -> str:
    """The talk's 36 cells and more, in Markdown: its rows in bold, its figures in brackets."""
    names, rows = columns(table), []
    for size in talk.SIZES:
        for train_on, shown in PROTOCOLS:
            found = [summarise(table, a, train_on, shown, size) for a in names]
            if not any(found) and (train_on, shown) not in ASKED:
                continue
            cells = []
            for architecture, ours in zip(names, found, strict=True):
                said = talk.TALK.get((architecture, train_on, shown)) if size == 32 else None
                cells.append((with_numbers(ours) or NOT_MEASURED) + f" (talk: {said})" * bool(said))
            mark = "**" * ((train_on, shown) in talk.PROTOCOLS)
            name = f"{mark}{_name_of(train_on, shown)}{mark}"
            rows.append([f"{size}×{size}", name, _drawn_by(train_on, shown, size), *cells])
    return markdown(["size", "trained / tested", "halftones by", *names.values()], rows)


def _name_of(train_on: str, shown: str) -> str:
    return " / ".join(
        name.removeprefix("halftone-").removesuffix("-talk") for name in (train_on, shown)
    )


def _drawn_by(train_on: str, shown: str, size: int) -> str:
    """What made the halftones of a row, in words; a dash for none."""
    frozen = dict.fromkeys(x.rpartition("-")[2] for x in (train_on, shown) if x != "original")
    return ", ".join(_generator(points.load(name, size)) for name in frozen) or "–"


def _generator(point: ScreenPoint | StylePoint) -> str:
    if isinstance(point, ScreenPoint):
        return "screen"
    return "feed-forward network" if halftone_sets.drawn_by_stylizer(point) else "optimisation"


def protocols(table: pd.DataFrame) -> tuple[dict, dict]:
    """The rows of the table for `figures.results.protocols`: ours and the talk's, by size."""
    found: dict[str, dict[str, dict]] = {}
    for size in talk.SIZES:
        title = f"{size}×{size}, talk by {_drawn_by('original', 'halftone-talk', size)}"
        found[title] = {
            _name_of(*key): {a: summarise(table, a, *key, size) for a in columns(table)}
            for key in PROTOCOLS
        }
    of_talk = {
        _name_of(*key): {a: talk.TALK.get((a, *key)) for a in talk.ARCHITECTURES}
        for key in talk.PROTOCOLS
    }
    return found, {next(iter(found)): of_talk}


def controls_table(
    table: pd.DataFrame, size: int = 32, readings: Sequence[people.Reading] | None = None
) -> str:
    """What networks trained on originals read of each test set, in Markdown, near and from afar.

    Unmeasured rows and networks are left out, and those of IDENTITIES.  A cell is as in the table;
    of one seed where `table` has one.
    readings: what people read in the digits' quiz; with them, a column of people is added.
    """
    measured = {a: name for a, name in columns(table).items() if a in {*table["architecture"]}}
    head, rows = ["shown, near and from afar", *measured.values()], []
    for name, of_set in sets.TEST_SETS.items():
        near, afar = (
            [summarise(table, a, "original", shown, size) for a in measured]
            for shown in (name, f"{name}-integrated")
        )
        if any(near) and name not in IDENTITIES and not of_set.seen_from_afar:
            cells = [
                with_numbers(x) + f"<br>from afar {with_numbers(y)}" * bool(y)
                for x, y in zip(near, afar, strict=True)
            ]
            human = [] if readings is None else [_people(readings, name)]
            rows.append([of_set.description, *cells, *human])
    return markdown(head if readings is None else [*head, PEOPLE], rows)


def _people(readings: Sequence[people.Reading], shown: str) -> str:
    """The human column's cell, near and from afar; empty where the quiz does not ask."""
    if shown not in people.CONDITIONS:
        return ""
    near, afar = (people.summarise(readings, people.DIGITS, shown, x) for x in (False, True))
    return people.sentence(near) + f"<br>from afar {people.sentence(afar)}" * bool(afar)


def agreement_table(table: pd.DataFrame, readings: Sequence[people.Reading]) -> str:
    """Whether people and networks err on the same digits, in Markdown: kappa, near and from afar.

    Networks, at 32 pixels: the first seed of each that was trained on originals.  From afar they
    read through a blur, people a smaller picture.  See `people.agreement`.
    """
    measured = {a: name for a, name in columns(table).items() if a in {*table["architecture"]}}
    rows = []
    for shown in people.CONDITIONS:
        for afar in (False, True):
            name = f"{shown}-integrated" if afar else shown
            cells = [_agreement(table, a, name, readings) for a in measured]
            rows.append([sets.TEST_SETS[shown].description + ", from afar" * afar, *cells])
    return markdown(["shown", *measured.values()], rows)


def _agreement(
    table: pd.DataFrame, architecture: str, name: str, readings: Sequence[people.Reading]
) -> str:
    """A cell of `agreement_table`; empty where the network was not shown that set."""
    if not stems(table, architecture, shown=name):
        return ""
    right = ~misread(table, architecture, name)
    shown = name.removesuffix("-integrated")
    found = people.agreement(readings, people.DIGITS, shown, right, afar=shown != name)
    return people.agreement_sentence(found)


def cost_table() -> str:
    """Parameters and multiply-accumulate operations of every network, in Markdown."""
    head = ["network", "parameters, 32 px", "MACs, 32 px", "parameters, 256 px", "MACs, 256 px"]
    rows = []
    for name, row in ARCHITECTURES.items():
        costs = [n for size in (32, 256) for n in architectures.cost(name, size)]
        rows.append([row.printed, *(f"{n / 1e6:,.2f} M" for n in costs)])
    return markdown(head, rows)


def caption(table: pd.DataFrame) -> str:
    """What stands behind the numbers of the table: n, training digits, seeds, the halftones."""
    partly = (table["n_train"] < datasets.count("train")).any()
    notes = " (n_train: at full size, balanced over the digits)" * bool(partly)
    seeds = ", ".join(map(str, sorted({*table["seed"]})))
    seeds = " and ".join(seeds.rsplit(", ", 1))
    return (
        f"Accuracy in percent: mean ± standard deviation over seeds {seeds}, or of one "
        f"model (seed 0) with Wilson's 95 % interval. Trained on all {datasets.count('train'):,} "
        f"digits and tested on all {datasets.count('test'):,} unless the cell says "
        f"otherwise{notes}. The talk's rows are in bold, its figures in brackets. Halftones at "
        "talk are by style transfer, at 32×32 by optimisation (Gatys et al. 2016), at 256×256 by "
        "a feed-forward network (Johnson et al. 2016); strong is a screen, of another ruling "
        "at each size: so the sizes are not comparable."
    )


def single_models(table: pd.DataFrame) -> str:
    """Every trained model by itself, in Markdown: what it reads, with Wilson 95 % intervals.

    n is said where it is not all test digits.
    """
    shown = {"original": "originals", "halftone-talk": "`talk`", "halftone-strong": "`strong`"}
    rows = []
    for _, of_model in table.groupby("stem", sort=False):
        first = of_model.iloc[0]
        read = of_model.set_index("shown")[["n_correct", "n"]].T.to_dict("list")
        cells = [_share(*read[name]) if name in read else "" for name in shown]
        name = ARCHITECTURES[first["architecture"]].printed
        trained_on = f"{first['train_on']} ({first['n_train']:,})"
        rows.append([f"{name}, {first['size']} px, seed {first['seed']}", trained_on, *cells])
    return markdown(["model", "trained on (n)", *shown.values()], rows)


def _share(n_correct: int, n: int) -> str:
    fewer = f", n {n:,}" * (n < datasets.count("test"))
    return percent(n_correct, n, 2, "{} ({}-{})") + fewer


def beside_fewer(table: pd.DataFrame) -> pd.DataFrame:
    """Networks that were trained on several numbers of digits, fewest first."""
    found = table[table.groupby([*NETWORK, "seed"])["n_train"].transform("nunique") > 1]
    place = found["architecture"].map([*ARCHITECTURES].index)
    found = found.assign(place=place, retrained=found["train_on"] != "original")
    return found.sort_values(["place", "retrained", "train_on", "seed", "n_train"], kind="stable")


def batch_statistics_table(results: Sequence[Result]) -> str:
    """A row a network, a column a test set, in Markdown: before → after in a cell."""
    shown = batch_statistics.SHOWN
    head = ["network", "trained on", *(sets.TEST_SETS[t].description for t in shown)]
    rows = []
    for (name, trained_on), found in networks_of(results).items():
        measured = {*found["shown"]}
        cells = [
            "{}<br>→ **{}**".format(*readings(found, t)) if t in measured else "" for t in shown
        ]
        n_adapt = f"{found['n_adapt'].iloc[0]:,}"
        rows.append([name, trained_on, *cells, n_adapt, pictures_read(found)])
    return markdown([*head, "statistics of", "n"], rows)


def networks_of(results: Sequence[Result]) -> dict[tuple[str, str], pd.DataFrame]:
    """Rows by network and what it was trained on, in words, those of originals first.

    The number of training digits is said where it is not all.
    """
    if not results:
        return {}
    table = tidy(results)
    table["retrained"] = table["train_on"] != "original"
    table["trained_on"] = [
        sets.TRAIN_SETS[name] + f" ({n:,} digits)" * (n < datasets.count("train"))
        for name, n in zip(table["train_on"], table["n_train"], strict=True)
    ]
    found = table.groupby(["architecture", "size", "retrained", "trained_on"])
    return {
        (f"{ARCHITECTURES[str(name)].printed}, {size} px", str(trained_on)): rows
        for (name, size, _, trained_on), rows in found
    }


def readings(rows: pd.DataFrame, shown: str) -> tuple[str, str]:
    """A test set as the network reads it, and with its statistics, in percent over seeds.

    Raises DataError for seeds that read different numbers of digits.
    """
    rows = rows[rows["shown"] == shown]
    if rows["n"].nunique() > 1:
        raise DataError(
            f"{', '.join(rows['stem'].unique())} read {rows['n'].unique().tolist()} of {shown}; "
            "seeds of one network read the same number."
        )
    parts = (rows[rows["statistics"] == name] for name in ("of training", "of what is shown"))
    own, new = (str(summary([*zip(x["n_correct"], x["n"], strict=True)])) for x in parts)
    return own, new


def pictures_read(rows: pd.DataFrame) -> str:
    """How many digits were read, and by which seeds where there are several."""
    n, seeds = f"{rows['n'].iloc[0]:,}", [*rows["seed"].unique()]
    return f"{n} each of seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else n


def undoing_table(results: Sequence[Result], kinds: Sequence[str] = ()) -> str:
    """A row a filter, a column a set, in Markdown: what each network reads through it, in percent.

    results: of the study "undoing", one a network.  kinds: the filters; none for all.
    """
    order = [*ARCHITECTURES]
    results = sorted(
        results, key=lambda found: order.index(found.config["network"]["architecture"])
    )
    read: dict[str, dict[str, list[str]]] = {}
    for row in (row for found in results for row in found.rows):
        if kinds and row["kind"] not in kinds:
            continue
        share = f"{100 * row['n_correct'] / row['n']:.0f}"
        read.setdefault(row["kind"], {}).setdefault(row["shown"], []).append(share)
    shown = [*next(iter(read.values()), {})]
    printed = [ARCHITECTURES[x.config["network"]["architecture"]].printed for x in results]
    head = [f"through ({'/'.join(printed)})", *(x.removeprefix("halftone-") for x in shown)]
    return markdown(head, [[kind, *("/".join(of[x]) for x in shown)] for kind, of in read.items()])
