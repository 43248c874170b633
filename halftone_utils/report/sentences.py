"""Results in sentences; every number comes from the tidy table of results."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from halftone_utils.digits import datasets, sets
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.report import tables
from halftone_utils.results import talk
from halftone_utils.results.claims import Verdict
from halftone_utils.results.intervals import Summary, percent
from halftone_utils.results.store import Result, predictions
from halftone_utils.results.table import confusion_matrix, runs_of, stems, summarise
from halftone_utils.studies import batch_statistics

UNITS = ("points", "octaves of rms", "percent")  # that a claim's `measured` ends in


def claims(verdicts: Iterable[Verdict], *names: str) -> str:
    """Claims of these names as a list in Markdown: what became of each, and by which numbers.

    Of more than three networks the least and the greatest mean.
    """
    named = {verdict.claim.name: verdict for verdict in verdicts}
    lines = []
    for verdict in (named[name] for name in names):
        unit = next((f" {x}" for x in UNITS if verdict.claim.measured.endswith(x)), "")
        many = len(verdict.numbers) > 3
        found = tables.spread_of(verdict) if many else tables.numbers_of(verdict, each=False)
        measured = found or "no number yet"
        asked = f"{verdict.claim.threshold}{unit}: {measured}"
        lines.append(f"- **{verdict.outcome.capitalize()}:** {verdict.claim.sentence} *({asked})*")
    return "\n".join(lines)


SHOWN = ("original", "halftone-talk", "halftone-strong", "halftone-strong-integrated")


def ranges(table: pd.DataFrame, train_on: str, size: int) -> str:
    """What networks of one training set and size read of SHOWN: the least and greatest means.

    They are named where they are not all that the table has.
    """
    names, said = tables.columns(table), []
    found = table[(table["train_on"] == train_on) & (table["size"] == size)]
    those = {a: name for a, name in names.items() if a in {*found["architecture"]}}
    for shown in (shown for shown in SHOWN if shown in {*found["shown"]}):
        cells = [summarise(table, a, train_on, shown, size) for a in those]
        means = [cell.mean for cell in cells if cell]
        of_set = f"% of {sets.TEST_SETS[shown].description}"
        said.append(f"{min(means):.1f} to {max(means):.1f} {of_set}")
    who = "they" if those == names else ", ".join(those.values()) or "none"
    read = f"read {', '.join(said)}" if said else "was measured"
    return f"At {size} px, trained on {sets.TRAIN_SETS[train_on]}, {who} {read}."


def apart(table: pd.DataFrame, shown: str, size: int = 32) -> str:
    """How far the seeds of each network trained on originals lie apart on a test set, in points."""
    said = []
    for a, name in tables.columns(table).items():
        rows = runs_of(table, a, "original", size)
        rows = rows[rows["shown"] == shown]
        shares = (100 * rows["n_correct"] / rows["n"]).tolist()
        if len(shares) > 1:
            said.append(f"{name} {max(shares) - min(shares):.1f}")
    return f"{sets.TEST_SETS[shown].description}, {size} px: {', '.join(said)} points"


def trainings(table: pd.DataFrame) -> list[str]:
    """How each network was trained on originals (first seeds), a sentence each."""
    first = table[(table["train_on"] == "original") & (table["seed"] == 0)].drop_duplicates("stem")
    said = []
    for _, r in first.iterrows():
        recipe, run = r["recipe"], r["run"]
        small = "".join(f"{n:,} digits at {side} px, then " for side, n in recipe.get("small", []))
        epochs = f"{recipe['epochs']} epoch" + "s" * (recipe["epochs"] > 1)
        said.append(
            f"{ARCHITECTURES[r['architecture']].printed}, {r['size']} px: {small}{epochs} of "
            f"{r['n_train']:,}; {run['seconds'] / 60:.0f} min on {run['device']}"
        )
    return said


def _of_how_many(found: Summary) -> str:
    """In brackets, of which seeds and how many digits a number is, where not of all."""
    notes = tables.some_seeds(found)
    if found.n_train < datasets.count("train") or found.n < datasets.count("test"):
        notes.append(f"{found.n_train:,} training, {found.n:,} test digits")
    return f" ({'; '.join(notes)})" * bool(notes)


def _conclusions_of(table: pd.DataFrame, a: str, size: int) -> list[str]:
    """What has been measured of one architecture at one size; of how many digits, if not all."""
    sentences, name = [], f"{ARCHITECTURES[a].printed} at {size} px"
    pictures = ("original", "halftone-talk")
    clean, fooled = (summarise(table, a, "original", shown, size) for shown in pictures)
    back, retrained = (summarise(table, a, "halftone-talk", shown, size) for shown in pictures)
    if clean and fooled:
        said = talk.TALK.get((a, "original", "halftone-talk")) if size == 32 else None
        versus = f"; the talk's read {said:.2f} %" if said else ""
        sentences.append(
            f"{name}{_of_how_many(clean)}, trained on originals, reads {clean} % of them and "
            f"{fooled} % of their halftones{versus}."
        )
    if retrained and back:
        sentences.append(
            f"{name}{_of_how_many(retrained)}, trained on halftones, reads {retrained} % of "
            f"halftones and {back} % of originals."
        )
    screened = ("halftone-strong", "halftone-strong-integrated")
    strong, afar = (summarise(table, a, "original", shown, size) for shown in screened)
    if strong and afar:
        sentences.append(
            f"Behind the screen `strong` {name}{_of_how_many(strong)} reads {strong} %; "
            f"{afar} % once the dots are blurred away."
        )
    return sentences


def conclusions(table: pd.DataFrame) -> list[str]:
    """What has been measured, in sentences: one a question, only for what has results."""
    networks = [(a, size) for size in talk.SIZES for a in tables.columns(table)]
    sentences = [said for network in networks for said in _conclusions_of(table, *network)]
    networks = [(a, size) for a in talk.ARCHITECTURES for size in talk.SIZES]
    asked = [(a, *protocol, size) for a, size in networks for protocol in talk.PROTOCOLS]
    n, measured = len(asked), sum(summarise(table, *cell) is not None for cell in asked)
    total = f"Of the talk's {n} cells {measured} are measured here, {n - measured} are not."
    return [*sentences, total]


def retraining(table: pd.DataFrame) -> list[str]:
    """What a halftone costs, and what training on halftones, or on both, wins and costs.

    Networks of the same seeds are compared, and of no others.
    """
    found = [
        _retraining_of(table, a, size, train_on, label)
        for size in talk.SIZES
        for a in tables.columns(table)
        for train_on, label in (("halftone-talk", "halftones"), ("both-talk", "both"))
    ]
    return [sentence for sentence in found if sentence]


def _retraining_of(table: pd.DataFrame, a: str, size: int, train_on: str, label: str) -> str:
    one, other = (runs_of(table, a, name, size) for name in ("original", train_on))
    runs = pd.concat([one, other])
    runs = runs[runs["seed"].isin({*one["seed"]} & {*other["seed"]})]
    pictures = ("original", "halftone-talk")
    clean, fooled = (summarise(runs, a, "original", shown, size) for shown in pictures)
    back, there = (summarise(runs, a, train_on, shown, size) for shown in pictures)
    if not (clean and fooled and there and back):
        return ""
    change = back.mean - clean.mean
    unlike = []
    if clean.n_train != there.n_train:
        unlike.append(f"trained on {clean.n_train:,} originals, but on {there.n_train:,} of these")
    if clean.n != there.n:
        unlike.append(f"read on {clean.n:,} test digits, but then on {there.n:,}")
    but = f" ({'; '.join(unlike)}: no fair comparison)" * bool(unlike)
    return (
        f"{ARCHITECTURES[a].printed}, {size} px, {tables.of_seeds(clean)}: "
        f"the halftone costs {clean.mean - fooled.mean:.1f} points; training on "
        f"{label} wins back {there.mean - fooled.mean:.1f}, and on originals "
        f"{'costs' if change < 0 else 'gains'} {abs(change):.1f}{but}."
    )


def favourites(table: pd.DataFrame, architecture: str, shown: str) -> str:
    """What a 1 becomes, the worst digit, the favourite answer; of those trained on originals."""
    counts = confusion_matrix(table, architecture, "original", shown)
    ones, recall = 100 * counts[1] / counts[1].sum(), 100 * counts.diagonal() / counts.sum(1)
    becomes = ", ".join(f"{digit} ({ones[digit]:.0f} %)" for digit in np.argsort(-ones)[:3])
    answer = counts.sum(0).argmax()
    return (
        f"{ARCHITECTURES[architecture].printed}: a 1 becomes {becomes}; worst digit "
        f"{recall.argmin()} ({recall.min():.0f} %); favourite answer {answer} "
        f"({100 * counts[:, answer].sum() / counts.sum():.0f} % of all)"
    )


def fallbacks(table: pd.DataFrame, shown: str, size: int) -> list[str]:
    """The answer that each network trained on originals gives most often, and how often.

    Counted over all its seeds; where these do not have the same, with each seed's own.
    """
    sentences = []
    for a, name in tables.columns(table).items():
        given = [predictions(stem)[shown] for stem in stems(table, a, shown=shown, size=size)]
        counts = [np.bincount(g, minlength=10) for g in given]
        if counts:
            total, own = np.sum(counts, 0), [int(of_seed.argmax()) for of_seed in counts]
            each = f" (seed by seed {', '.join(map(str, own))})" * (len(set(own)) > 1)
            share = f"{100 * total.max() / total.sum():.1f} % of {total.sum():,} pictures{each}"
            sentences.append(f"{name}, {size} px: {total.argmax()} is its answer to {share}")
    return sentences


def batch_statistics_sentences(
    results: Sequence[Result], shown: Sequence[str] = batch_statistics.SHOWN
) -> list[str]:
    """What new batch statistics do, a sentence a network and test set."""
    lines = []
    for (name, trained_on), found in tables.networks_of(results).items():
        for test_set in (t for t in shown if t in {*found["shown"]}):
            own, new = tables.readings(found, test_set)
            lines.append(
                f"{name.replace(', ', ' at ')}, trained on {trained_on}, "
                f"{sets.TEST_SETS[test_set].description}: {own} % as it is, {new} % with "
                f"statistics of {found['n_adapt'].iloc[0]:,} such training pictures "
                f"(n = {tables.pictures_read(found)})"
            )
    return lines


def recipes(result: Result) -> list[str]:
    """The trials of recipes, a line each."""

    def order(row: dict) -> tuple:
        recipe = row["recipe"]
        by = ("learning_rate", "epochs", "shift")
        return row["architecture"], row["size"], *(recipe[name] for name in by)

    return [_recipe(row) for row in sorted(result.rows, key=order)]


def _recipe(row: dict) -> str:
    recipe, train_on = row["recipe"], row.get("train_on", "original")
    architecture = ARCHITECTURES[row["architecture"]]
    first = "".join(f"{many:,} at {side} px, then " for side, many in recipe.get("small", []))
    epochs = "one epoch" if recipe["epochs"] == 1 else f"{recipe['epochs']} epochs"
    usual = architecture.recipes[row["size"]].shift
    shift = "" if recipe["shift"] == usual else f", shifted by up to {recipe['shift']} px"
    read = "" if train_on == "original" else f"{sets.TEST_SETS[train_on].description}, "
    share = percent(row["n_correct"], row["n"], form="{} % [{}, {}]")
    return (
        f"{architecture.printed}, {row['size']} px, rate {recipe['learning_rate']:g}, "
        f"{first}{epochs} of {row['n_train']:,} in batches of {recipe['batch']}{shift}: "
        f"{share} of {row['n']:,} {read}validation digits"
    )
