"""Result files as tables, counts and sentences; every number comes from the files."""

from collections.abc import Sequence

import numpy as np

from halftone_utils.digits import datasets
from halftone_utils.networks import architectures
from halftone_utils.results import answers, people
from halftone_utils.results.accuracies import TALK, summarise, wilson
from halftone_utils.studies import grid

COLUMNS = architectures.NAMES  # of the talk's table
ROWS = {  # (train_on, tested on): the talk's
    ("original", "original"): "original / original",
    ("original", "halftone-talk"): "original / halftone",
    ("halftone-talk", "halftone-talk"): "halftone / halftone",
}
ALSO = {  # the talk did not ask these, or left them to the future
    ("halftone-talk", "original"): "halftone / original",
    ("both-talk", "original"): "both / original",
    ("both-talk", "halftone-talk"): "both / halftone",
}
CONTROLS = {  # of networks trained on originals, unless the label says otherwise
    ("original", "original"): "originals",
    ("original", "no-dots"): "same tone range, no dots",
    ("original", "halftone-strong"): "**halftone `strong`**",
    ("original", "halftone-strong-integrated"): "the same, from afar",
    ("original", "random-dots"): "random dots of the same tones",
    ("original", "random-dots-integrated"): "the same, from afar",
    ("original", "halftone-talk"): "halftone `talk`",
    ("original", "halftone-talk-integrated"): "the same, from afar",
    ("halftone-talk", "halftone-strong"): "trained on `talk`: `strong`",
    ("both-talk", "halftone-strong"): "trained on both: `strong`",
    ("halftone-strong", "halftone-talk"): "trained on `strong`: `talk`",
    ("halftone-strong", "halftone-strong"): "trained on `strong`: `strong`",
    ("halftone-strong", "original"): "trained on `strong`: originals",
}
ALL_TRAIN, ALL_TEST = datasets.count("train"), datasets.count("test")


def percent(summary: dict | None) -> str:
    """A cell as text: mean ± sd over seeds, or Wilson's interval for one model; empty if None."""
    if summary is None:
        return ""
    if summary["sd"] is None:
        return f"{summary['mean']:.2f} [{summary['low']:.2f}, {summary['high']:.2f}]"
    return f"{summary['mean']:.2f} ± {summary['sd']:.2f}"


def _seeds(summary: dict) -> str:
    """From which seeds a number is, in words: "seed 0", "seeds 0, 1"."""
    seeds = summary["seeds"]
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _some_seeds(summary: dict) -> list[str]:
    """The seeds of a mean, where it is not of all that the grid has; else none."""
    most = max(map(len, grid.SEEDS.values()))
    return [_seeds(summary)] if 1 < len(summary["seeds"]) < most else []


def with_numbers(summary: dict | None) -> str:
    """The cell as text in bold; where not all digits or seeds were used, with how many or which."""
    if summary is None:
        return ""
    fewer = _some_seeds(summary)
    if summary["n_train"] < ALL_TRAIN:
        fewer.append(f"n_train {summary['n_train']:,}")
    if summary["n"] < ALL_TEST:
        fewer.append(f"n {summary['n']:,}")
    return f"**{percent(summary)}**" + f"<br>{', '.join(fewer)}" * bool(fewer)


def talk_table(results: Sequence[dict]) -> str:
    """The talk's 36 cells and more, in Markdown: the talk's in brackets, gaps empty."""
    lines = [
        "| size | trained / tested | " + " | ".join(COLUMNS.values()) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for size in (32, 256):
        for (train_on, test_on), label in {**ROWS, **ALSO}.items():
            cells = []
            for architecture in COLUMNS:
                ours = with_numbers(summarise(results, architecture, train_on, test_on, size))
                talk = TALK.get(architecture, {}).get((train_on, test_on)) if size == 32 else None
                cells.append(ours + f" (talk: {talk})" * bool(talk))
            if any(cells) or (train_on, test_on) in ROWS:
                lines.append(f"| {size}×{size} | {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def protocols(results: Sequence[dict]) -> tuple[dict, dict]:
    """The rows of the table for `figures_results.protocols`: ours that are measured, the talk's."""
    ours, talk = {}, {}
    for key, label in {**ROWS, **ALSO}.items():
        for size in (32, 256):
            cells = {a: summarise(results, a, *key, size) for a in COLUMNS}
            if any(cells.values()):
                ours[f"{label}, {size} px"] = cells
        talk[f"{label}, 32 px"] = {a: known.get(key) for a, known in TALK.items()}
    return ours, talk


def trainings(results: Sequence[dict]) -> list[str]:
    """How each network was trained on originals (first seeds), a sentence each."""
    said = []
    for r in results:
        if (r["train_on"], r["seed"]) != ("original", 0):
            continue
        small = r["config"]["recipe"].get("small", [])
        first = "".join(f"{n:,} digits at {side} px, then " for side, n in small)
        epochs = f"{r['epochs']} epoch" + "s" * (r["epochs"] > 1)
        said.append(
            f"{COLUMNS[r['architecture']]}, {r['size']} px: {first}{epochs} of {r['n_train']:,}; "
            f"{r['seconds'] / 60:.0f} min on {r['device']}"
        )
    return said


def control_table(
    results: Sequence[dict], size: int, readings: Sequence[people.Reading] | None = None
) -> str:
    """Each test set beside its controls, in Markdown; unmeasured rows left out.

    readings: what people read in the digits' quiz; with them, a column "people" is added.
    """
    head = ("shown to networks trained on originals, unless said", *COLUMNS.values())
    head += ("people",) if readings is not None else ()
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for (train_on, test_on), label in CONTROLS.items():
        cells = [
            with_numbers(summarise(results, architecture, train_on, test_on, size))
            for architecture in COLUMNS
        ]
        if any(cells):
            cells += [_people(readings, train_on, test_on)] if readings is not None else []
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _people(readings: Sequence[people.Reading], train_on: str, test_on: str) -> str:
    """The human column's cell; empty where the quiz does not ask."""
    if train_on != "original" or test_on not in people.CONDITIONS:
        return ""
    return people.sentence(people.summarise(readings, people.DIGITS, test_on))


def cost_table() -> str:
    """Parameters and multiply-accumulate operations of every network, in Markdown."""
    lines = [
        "| network | parameters, 32 px | MACs, 32 px | parameters, 256 px | MACs, 256 px |",
        "|---|---|---|---|---|",
    ]
    for architecture, name in COLUMNS.items():
        cells = [
            f"{n / 1e6:,.2f} M"
            for size in (32, 256)
            for n in architectures.cost(architecture, size)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def caption(results: Sequence[dict]) -> str:
    """What stands behind the numbers of the table: n, training digits, seeds."""
    seeds = sorted({r["seed"] for r in results})
    partly = any(r["n_train"] < ALL_TRAIN for r in results)
    fewer = " (n_train: at full size, balanced over the digits)" * partly
    gaps = "; empty cells are not measured yet" * ("|  |" in talk_table(results))
    return (
        f"Accuracy in percent: mean ± standard deviation over seeds {_several(seeds)}, or of one "
        f"model (seed 0) with Wilson's 95 % interval. Trained on all {ALL_TRAIN:,} digits and "
        f"tested on all {ALL_TEST:,} unless the cell says otherwise{fewer}. "
        f"{_first_digits(results)}The talk's figures in brackets{gaps}."
    )


def _first_digits(results: Sequence[dict]) -> str:
    """What it does to an accuracy to read the first test digits alone; no word if none did."""
    least = min((c["n"] for r in results for c in r["tests"].values()), default=ALL_TEST)
    if least == ALL_TEST:
        return ""
    whole = [
        answers.right_answers(answers.stem_of(r), "original")
        for r in results
        if r["train_on"] == "original" and r["tests"]["original"]["n"] == ALL_TEST
    ]
    missed = [100 - 100 * np.mean([right[:n] for right in whole]) for n in (least, ALL_TEST)]
    return (
        f"Fewer test digits (n) are the first of the file: of the first {least:,} the {len(whole)} "
        f"networks that were trained on originals and read on all miss {missed[0]:.2f} % on "
        f"average, of all {missed[1]:.2f} %. "
    )


def _several(numbers: Sequence[int]) -> str:
    return (
        " or ".join(f"{n:,}" for n in numbers)
        if len(numbers) < 3
        else (", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}")
    )


def single_models(results: Sequence[dict]) -> str:
    """Every trained model by itself, in Markdown: what it reads, with Wilson 95 % intervals.

    n is said where it is not all test digits.
    """
    shown = {"original": "originals", "halftone-talk": "`talk`", "halftone-strong": "`strong`"}
    lines = [
        f"| model | trained on (n) | {' | '.join(shown.values())} |",
        "|---|---|" + "---|" * len(shown),
    ]
    for r in results:
        counts = [r["tests"][name] for name in shown]
        intervals = [wilson(c["n_correct"], c["n"]) for c in counts]
        cells = " | ".join(
            f"{100 * c['n_correct'] / c['n']:.2f} ({100 * low:.2f}-{100 * high:.2f})"
            + f", n {c['n']:,}" * (c["n"] < ALL_TEST)
            for c, (low, high) in zip(counts, intervals, strict=True)
        )
        lines.append(
            f"| {COLUMNS[r['architecture']]}, {r['size']} px, seed {r['seed']} "
            f"| {r['train_on']} ({r['n_train']:,}) | {cells} |"
        )
    return "\n".join(lines)


def beside_fewer(results: Sequence[dict], fewer: Sequence[dict]) -> list[dict]:
    """What `accuracies.load_fewer` has and, after each, the same network trained on all digits."""
    stems = {answers.stem_of(r) for r in fewer}
    both = [*fewer, *(r for r in results if answers.stem_of(r) in stems)]
    architectures = [*COLUMNS]
    return sorted(
        both,
        key=lambda r: (
            architectures.index(r["architecture"]),
            r["train_on"] != "original",
            r["train_on"],
            r["seed"],
            r["n_train"],
        ),
    )


def _fewer(summary: dict) -> str:
    """In brackets, of which seeds and how many digits a number is, where not of all."""
    fewer = _some_seeds(summary)
    if summary["n_train"] < ALL_TRAIN or summary["n"] < ALL_TEST:
        fewer.append(f"{summary['n_train']:,} training, {summary['n']:,} test digits")
    return f" ({'; '.join(fewer)})" * bool(fewer)


def _conclusions_of(results: Sequence[dict], a: str, name: str, size: int) -> list[str]:
    """What has been measured of one architecture at one size; of how many digits, if not all."""
    sentences = []
    clean = summarise(results, a, "original", "original", size)
    fooled = summarise(results, a, "original", "halftone-talk", size)
    retrained = summarise(results, a, "halftone-talk", "halftone-talk", size)
    back = summarise(results, a, "halftone-talk", "original", size)
    if clean and fooled:
        talk = TALK.get(a, {}).get(("original", "halftone-talk")) if size == 32 else None
        versus = f"; the talk's read {talk:.2f} %" if talk else ""
        sentences.append(
            f"{name}{_fewer(clean)}, trained on originals, reads {percent(clean)} % of them and "
            f"{percent(fooled)} % of their halftones{versus}."
        )
    if retrained and back:
        sentences.append(
            f"{name}{_fewer(retrained)}, trained on halftones, reads {percent(retrained)} % of "
            f"halftones and {percent(back)} % of originals."
        )
    strong = summarise(results, a, "original", "halftone-strong", size)
    flat = summarise(results, a, "original", "no-dots", size)
    afar = summarise(results, a, "original", "halftone-strong-integrated", size)
    if strong and flat and afar:
        sentences.append(
            f"Behind the screen `strong` {name}{_fewer(strong)} reads {percent(strong)} %; "
            f"{percent(flat)} % of the same tones without dots, {percent(afar)} % once the dots "
            "are blurred away."
        )
    return sentences


def _of_shared_seeds(results: Sequence[dict], a: str, size: int, train_on: str) -> list[dict]:
    """An architecture's results from those seeds that originals and the other set both have."""
    runs = [
        r
        for r in results
        if (r["architecture"], r["size"]) == (a, size) and r["train_on"] in ("original", train_on)
    ]
    seeds = [{r["seed"] for r in runs if r["train_on"] == s} for s in ("original", train_on)]
    return [r for r in runs if r["seed"] in seeds[0] & seeds[1]]


def retraining(results: Sequence[dict]) -> list[str]:
    """What a halftone costs, and what training on halftones, or on both, wins and costs.

    Networks of the same seeds are compared, and of no others.
    """
    sentences = []
    for size, a in [(size, a) for size in (32, 256) for a in COLUMNS]:
        for train_on, label in (("halftone-talk", "halftones"), ("both-talk", "both")):
            runs = _of_shared_seeds(results, a, size, train_on)
            clean = summarise(runs, a, "original", "original", size)
            fooled = summarise(runs, a, "original", "halftone-talk", size)
            there = summarise(runs, a, train_on, "halftone-talk", size)
            back = summarise(runs, a, train_on, "original", size)
            if not (clean and fooled and there and back):
                continue
            change = back["mean"] - clean["mean"]
            unlike = []
            if clean["n_train"] != there["n_train"]:
                unlike.append(
                    f"trained on {clean['n_train']:,} originals, but on "
                    f"{there['n_train']:,} of these"
                )
            if clean["n"] != there["n"]:
                unlike.append(f"read on {clean['n']:,} test digits, but then on {there['n']:,}")
            but = f" ({'; '.join(unlike)}: no fair comparison)" * bool(unlike)
            sentences.append(
                f"{COLUMNS[a]}, {size} px, {_seeds(clean)}: "
                f"the halftone costs {clean['mean'] - fooled['mean']:.1f} points; training on "
                f"{label} wins back {there['mean'] - fooled['mean']:.1f}, and on originals "
                f"{'costs' if change < 0 else 'gains'} {abs(change):.1f}{but}."
            )
    return sentences


def conclusions(results: Sequence[dict]) -> list[str]:
    """What has been measured, in sentences: one a question, only for what has results."""
    sentences = []
    for size in (32, 256):
        for a, name in COLUMNS.items():
            sentences += _conclusions_of(results, a, f"{name} at {size} px", size)
    missing = 36 - sum(
        summarise(results, a, train_on, test_on, size) is not None
        for a in COLUMNS
        for train_on, test_on in ROWS
        for size in (32, 256)
    )
    sentences.append(f"Of the talk's 36 cells {36 - missing} are measured here, {missing} are not.")
    return sentences
