"""Page 10's and appendix E's tables and sentences: what machines read, and what people do.

Everywhere `climbed` is `ladder.load()`, `trained` is `crnn.load()`, `transcribed` is
`transcription.load()`, and a row is one of theirs, or None for what was not measured.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from halftone_utils.captcha import crnn, selection, splits
from halftone_utils.captcha.challenge import random_texts
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.captcha.solvers import SOLVERS
from halftone_utils.report.tables import markdown
from halftone_utils.results import people
from halftone_utils.results.intervals import percent, summary
from halftone_utils.results.store import Result

RUNGS = {
    "stock": "stock solver",
    "descreening": "screen undone first",
    "texture": "texture mapped first",
    "parity": "parity mapped first",
}
KNOWN = {  # what an attacker must know of a scheme, by the rung
    "stock": "nothing",
    "descreening": "that it is printed in dots",
    "texture": "that letters differ by angle, ruling or kind of dots",
    "parity": "that letters differ by the parity of blocks of cells",
}
MUST_HAVE = {  # the same on an axis, cheapest first; then come labelled CAPTCHAs
    "stock": "nothing",
    "descreening": "a filter",
    "texture": "a map of energy",
    "parity": "a map of parity",
}
UNMEASURED = people.NOT_MEASURED
READER = "one reader, a vision-language model (Claude), of 50"
LITTLE = 1.0  # percent read: what a scheme may leave a machine
HALF = 50.0  # percent read: from here on a scheme is called broken
FAMILIES = {  # kinds of schemes -> what their letters are, and the rungs that tell of them
    ("screen", "style"): ("Letters in another tone than their ground", 2),
    ("iso-tone",): ("In its tone, but another texture", 3),
    ("iso-dipole",): ("In its tone and power spectrum", 4),
}

Climbed = Mapping[str, Result]
Trained = Sequence[Result]
Transcribed = Mapping[str, dict]
Readings = Sequence[people.Reading]


def share(row: Mapping | None) -> tuple[float, float, float]:
    """Percent read whole, with Wilson's interval; NaN for what was not measured."""
    if row is None:
        return (math.nan,) * 3
    found = summary([(row["n_correct"], row["n"])])
    return found.mean, found.low, found.high


def strongest(result: Result | None, *rungs: str) -> dict | None:
    """The row of the solver that read most test CAPTCHAs on any of some rungs."""
    rows = [row for rung in rungs if result for row in result.where(split="test", rung=rung)]
    return max(rows, key=lambda row: row["n_correct"], default=None)


def _by_tone_and_texture(result: Result | None) -> list[dict | None]:
    """The strongest rows of the first two rungs, and of the third in both its parts."""
    return [strongest(result, "stock", "descreening"), strongest(result, "texture", "parity")]


def by_crnn(trained: Trained, scheme: str) -> dict | None:
    """What the solver that was trained on most CAPTCHAs of a scheme read of it."""
    own = [result for result in trained if result.config["scheme"] == scheme]
    most = max(own, key=lambda result: result.config["n_train"], default=None)
    return most.row(shown=scheme) if most else None


def attacks(scheme: str, climbed: Climbed, trained: Trained) -> dict[str, dict | None]:
    """What an attacker must have, cheapest first -> the row of the machine that reads most."""
    found = {name: strongest(climbed.get(scheme), rung) for rung, name in MUST_HAVE.items()}
    for n in crnn.SEEN:
        key = {"scheme": scheme, "n_train": n}
        own = [x.row(shown=scheme) for x in trained if key.items() <= x.config.items()]
        most = max((row for row in own if row), key=lambda row: row["n_correct"], default=None)
        found[f"{n:,} labelled samples"] = most
    return found


def ladder_read(climbed: Climbed, trained: Trained) -> pd.DataFrame:
    """Percent that the best machine reads whole: a row a scheme, a column an attack.

    NaN where nothing was measured.
    """
    return pd.DataFrame(
        {
            scheme: {name: share(row)[0] for name, row in attacks(scheme, climbed, trained).items()}
            for scheme in SCHEMES
        }
    ).T


def price(read: pd.Series, least: float) -> int:
    """The first attack, by its place in a row of `ladder_read`, that reads so many percent or more.

    One past the last where none does.
    """
    return int(np.argmax([*(read >= least), True]))


def prices(
    climbed: Climbed, trained: Trained, readings: Readings, transcribed: Transcribed
) -> pd.DataFrame:
    """The price of breaking each scheme, and how easily it is read: a row a measured scheme.

    kind: of the scheme.  broken, begun: `price` of HALF and of LITTLE.  reader, low, high: percent
    that the one reader read whole, with Wilson's interval.  people: theirs; NaN if none were asked.
    """
    read, rows = ladder_read(climbed, trained).dropna(how="all"), {}
    for scheme, of_scheme in read.iterrows():
        name = str(scheme)
        reader, low, high = share(transcribed.get(name))
        rows[name] = {
            "kind": SCHEMES[name].kind,
            "broken": price(of_scheme, HALF),
            "begun": price(of_scheme, LITTLE),
            "reader": reader,
            "low": low,
            "high": high,
            "people": share(people.summarise(readings, people.CAPTCHAS, name))[0],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _range(rows: Sequence[Mapping | None]) -> str:
    """The least and the greatest percentage of some rows; "not measured" if one is missing."""
    shares = [share(row)[0] for row in rows]
    if None in rows:
        return UNMEASURED
    low, high = min(shares), max(shares)
    return f"{low:.1f} %" if low == high else f"{low:.1f} to {high:.1f} %"


def answers(climbed: Climbed, transcribed: Transcribed) -> list[str]:
    """What the page answers, a sentence each of FAMILIES: what machines read, and the reader."""
    lines = []
    for kinds, (letters, rungs) in FAMILIES.items():
        names = [name for name, scheme in SCHEMES.items() if scheme.kind in kinds]
        found = [climbed.get(name) for name in names]
        filtered = _range([strongest(x, "stock", "descreening") for x in found])
        said = [f"machines with at most a filter: {filtered}"]
        for rung in [*RUNGS][2:rungs]:
            said.append(f"with {MUST_HAVE[rung]}: {_range([strongest(x, rung) for x in found])}")
        said.append(f"the one reader: {_range([transcribed.get(name) for name in names])}")
        schemes = f"{len(names)} schemes" if len(names) > 1 else f"`{names[0]}`"
        lines.append(f"{letters} ({schemes}); {'; '.join(said)}.")
    return lines


def _text(row: Mapping | None) -> str:
    return UNMEASURED if row is None else percent(row["n_correct"], row["n"])


def _how(row: Mapping | None) -> str:
    return f"<br>{row['solver']}, {row['treatment']}" if row and "solver" in row else ""


def _human(readings: Readings, scheme: str) -> str:
    return people.sentence(people.summarise(readings, people.CAPTCHAS, scheme))


def ladder_table(
    climbed: Climbed, trained: Trained, readings: Readings, transcribed: Transcribed
) -> str:
    """Every scheme and rung in Markdown: the best solver with its treatment, and who else read."""
    rows = []
    for scheme in SCHEMES:
        read = [strongest(climbed.get(scheme), rung) for rung in RUNGS]
        read += [by_crnn(trained, scheme), transcribed.get(scheme)]
        cells = [_text(row) + _how(row) for row in read]
        rows.append([f"`{scheme}`", *cells, _human(readings, scheme)])
    return markdown(["scheme", *RUNGS.values(), "CRNN trained on it", READER, "people"], rows)


def agreement_table(climbed: Climbed, trained: Trained, readings: Readings) -> str:
    """Whether people and machines err on the same CAPTCHAs, in Markdown: kappa, best of each rung.

    See `people.agreement`; people are asked CAPTCHAs of the test, which machines read too.
    """
    rows = []
    for scheme in SCHEMES:
        read = [strongest(climbed.get(scheme), rung) for rung in RUNGS]
        cells = [_agreement(row, readings, scheme) for row in (*read, by_crnn(trained, scheme))]
        rows.append([f"`{scheme}`", *cells])
    return markdown(["scheme", *RUNGS.values(), "CRNN trained on it"], rows)


def _agreement(row: Mapping | None, readings: Readings, scheme: str) -> str:
    """A cell of `agreement_table`; empty where no answers of the machine are kept."""
    if row is None or "answers" not in row:
        return ""
    texts = random_texts(row["n"], splits.FIRST_SEED["test"])
    right = np.array(splits.separated(row["answers"])) == np.array(texts)
    return people.agreement_sentence(people.agreement(readings, people.CAPTCHAS, scheme, right))


def solver_table(climbed: Climbed) -> str:
    """Every solver by itself, in Markdown: percent read whole and of letters, ms; a line a rung."""
    tests = {scheme: result.where(split="test") for scheme, result in climbed.items()}
    names = [*dict.fromkeys(row["solver"] for found in tests.values() for row in found)]
    rows = []
    for scheme, found in tests.items():
        by_part = {(row["solver"], row["rung"]): row for row in found}
        cells = [[_solved(by_part.get((name, rung))) for rung in RUNGS] for name in names]
        rows.append([f"`{scheme}`", *map("<br>".join, [RUNGS, *cells])])
    return markdown(["scheme", "rung", *names], rows)


def _solved(row: Mapping | None) -> str:
    if row is None:
        return UNMEASURED
    return f"{share(row)[0]:.1f} ({100 * row['character_accuracy']:.0f}), {row['ms']:.0f} ms"


def price_table(scheme: str, climbed: Climbed, trained: Trained) -> str:
    """What each attack on a scheme costs and reads, in Markdown: a line a rung, a line a CRNN.

    What must be known; labelled CAPTCHAs, to choose the treatment by or to train on; seconds of
    the strongest solver a picture with its treatment, or of a training once; percent read whole.
    """
    rows, result = [], climbed.get(scheme)
    for rung, name in RUNGS.items():
        row = strongest(result, rung)
        if result and row:
            swept = result.where(split="validation", rung=rung)
            labelled = str(swept[0]["n"]) if swept else "0"
            cost = f"{row['ms'] / 1000:.2f} s a picture"
            rows.append([name, KNOWN[rung], labelled, cost, _text(row) + _how(row)])
    for own in trained:
        if own.config["scheme"] == scheme:
            row = own.row(shown=scheme)
            seconds = own.runs[row.get("run", 0)]["seconds"]
            cost = UNMEASURED if seconds is None else f"{seconds / 60:.0f} min once"
            rows.append(
                ["CRNN trained on it", "nothing", f"{own.config['n_train']:,}", cost, _text(row)]
            )
    head = ["attack", "what must be known", "labelled CAPTCHAs", "time", "reads whole, %"]
    return markdown(head, rows or [[UNMEASURED, *"----"]])


def settings_table(result: Result | None) -> str:
    """The settings of iso-dipole that were tried, in Markdown; in bold the one that was chosen."""
    rows = []
    for setting in selection.SETTINGS:
        found = [
            [row["n_correct"] for row in (result.where(**setting, rung=rung) if result else ())]
            for rung in selection.SWEPT
        ]
        read = [str(max(counts, default=UNMEASURED)) for counts in found]
        own = setting.items() <= SCHEMES[selection.SCHEME].parameters.items()
        mark = "**" * own
        rows.append([f"{mark}{x}{mark}" for x in (*map("{:g}".format, setting.values()), *read)])
    head = [
        "cell, px",
        "share flipped",
        "turned, degrees",
        "read by a filter",
        "by a map of energy",
    ]
    return markdown(head, rows)


def holding(climbed: Climbed) -> list[str]:
    """The schemes that leave machines at most LITTLE percent on the first two rungs.

    They alone can be hard for machines and easy for people; what reads them there has no say.
    None that is a corner of the talk's table.
    """
    tried = [scheme for scheme in climbed if strongest(climbed[scheme], "descreening")]
    known = [scheme for scheme in tried if SCHEMES[scheme].kind != "corner"]
    return [s for s in known if share(_by_tone_and_texture(climbed[s])[0])[0] <= LITTLE]


def three_rows(climbed: Climbed, readings: Readings, transcribed: Transcribed) -> str:
    """The talk's last table with measured numbers in it, in Markdown.

    In its third row stand all that `holding` names.
    """
    asked = [("easy / easy", "plain"), ("hard / hard", "distorted")]
    asked += [("hard / easy", scheme) for scheme in holding(climbed) or [""]]
    head = ["machine / person, says the talk", "scheme", "stock or descreened", "texture mapped"]
    rows = []
    for label, scheme in asked:
        cells = [*_by_tone_and_texture(climbed.get(scheme)), transcribed.get(scheme)]
        name = f"`{scheme}`" if scheme else ("none" if climbed else UNMEASURED)
        rows.append([label, name, *map(_text, cells), _human(readings, scheme)])
    return markdown([*head, READER, "people"], rows)


def conclusions(climbed: Climbed, trained: Trained) -> list[str]:
    """What the files say of each scheme, a sentence each, whatever it is."""
    lines = []
    for scheme, result in climbed.items():
        best = [strongest(result, rung) for rung in RUNGS]
        *others, by_parity = best
        if None in others:
            continue
        stock, undone, texture = (share(row)[0] for row in others)
        mapped = f", {share(by_parity)[0]:.1f} % through one of parity" if by_parity else ""
        own = by_crnn(trained, scheme)
        trained_on = f", {share(own)[0]:.1f} % when trained on it" if own else ""
        lines.append(
            f"{scheme}: the best machine reads {stock:.1f} % as it is, {undone:.1f} % once the "
            f"screen is undone, {texture:.1f} % through a map of texture{mapped}{trained_on}. "
            f"{_verdict(stock, undone, max(share(row)[0] for row in best[2:] if row))}"
        )
    return lines


def _verdict(stock: float, undone: float, texture: float) -> str:
    """On which rung a scheme still holds, if on any."""
    if stock > LITTLE:
        return "It holds on no rung."
    if undone > LITTLE:
        return "It holds on the first rung only."
    return "It holds on the first two rungs" + (" only." if texture > LITTLE else " and the third.")


def transfer_table(trained: Trained) -> str:
    """Solvers trained on one scheme and tested on others, in Markdown; percent read whole."""
    head = ["trained on", "n", "reads of it, %", "of other schemes, %", "others it reads none of"]
    rows = []
    for result in trained:
        own = result.config["scheme"]
        read = {row["shown"]: share(row)[0] for row in result.rows}
        of_own, n_train = read.pop(own), result.config["n_train"]
        some = ", ".join(f"`{name}` {part:.1f}" for name, part in read.items() if part)
        none = sum(not part for part in read.values())
        rows.append([f"`{own}`", f"{n_train:,}", f"{of_own:.1f}", some or "-", str(none)])
    return markdown(head, rows)


def versions(climbed: Climbed) -> str:
    """Which solvers answered, as the files say."""
    runs = [run["versions"] for result in climbed.values() for run in result.runs]
    found = {name: run[name] for run in runs for name in run if name in SOLVERS}
    return "; ".join(f"{n} {version} ({SOLVERS[n].description})" for n, version in found.items())
