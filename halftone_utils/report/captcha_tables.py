"""Page 7's tables and sentences: what machines read of each scheme, and what people do."""

import math
from collections.abc import Mapping, Sequence

from halftone_utils.captcha import challenge, ladder, solvers
from halftone_utils.results import people
from halftone_utils.results.accuracies import wilson

RUNGS = {
    "stock": "stock solver",
    "descreening": "screen undone first",
    "texture": "texture mapped first",
}
UNMEASURED = "not measured"
READER = "one reader, a vision-language model, of 50"
NOWHERE = (math.nan,) * 3
LITTLE = 1.0  # percent read: what a scheme may leave a machine


def share(cell: Mapping | None) -> tuple[float, float, float]:
    """Percent read whole, with Wilson's interval; NaN for what was not measured."""
    if cell is None:
        return NOWHERE
    low, high = wilson(cell["n_correct"], cell["n"])
    return 100 * cell["n_correct"] / cell["n"], 100 * low, 100 * high


def strongest(result: Mapping | None, rungs: Sequence[str]) -> tuple[str, Mapping] | None:
    """The solver that read most on any of some rungs, and its cell; None if none was climbed."""
    cells = [
        (solver, cell)
        for rung in rungs
        for solver, cell in (result or {"rungs": {}})["rungs"].get(rung, {}).items()
    ]
    return max(cells, key=lambda pair: pair[1]["n_correct"], default=None)


def by_crnn(trained: Sequence[Mapping], scheme: str) -> Mapping | None:
    """What the solver that was trained on most samples of a scheme read of it."""
    own = [result for result in trained if result["scheme"] == scheme]
    return max(own, key=lambda result: result["n"])["tests"][scheme] if own else None


def series(
    results: Mapping[str, Mapping], trained: Sequence[Mapping]
) -> dict[str, list[tuple[float, float, float]]]:
    """The ladder for `figures.dots_with_intervals`: a rung -> a share and interval a scheme."""
    found = {}
    for rung, name in RUNGS.items():
        best = [strongest(results.get(scheme), [rung]) for scheme in challenge.SCHEMES]
        found[name] = [share(pair and pair[1]) for pair in best]
    found["trained on it (CRNN)"] = [share(by_crnn(trained, s)) for s in challenge.SCHEMES]
    return found


def _text(cell: Mapping | None) -> str:
    return UNMEASURED if cell is None else ladder.sentence(cell)


def ladder_table(
    results: Mapping[str, Mapping],
    trained: Sequence[Mapping],
    readings: Sequence[people.Reading],
    transcribed: Mapping[str, Mapping],
) -> str:
    """Every scheme and rung in Markdown: the best solver with its treatment, and who else read.

    transcribed: `transcription.load()`.
    """
    head = ("scheme", *RUNGS.values(), "CRNN trained on it", READER, "people")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for scheme in challenge.SCHEMES:
        cells = []
        for rung in RUNGS:
            found = strongest(results.get(scheme), [rung])
            how = f"<br>{found[0]}, {found[1]['treatment']}" if found else ""
            cells.append(_text(found and found[1]) + how)
        cells.append(_text(by_crnn(trained, scheme)))
        cells.append(_text(transcribed.get(scheme)))
        cells.append(people.sentence(people.summarise(readings, people.CAPTCHAS, scheme)))
        lines.append(f"| `{scheme}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def solver_table(results: Mapping[str, Mapping]) -> str:
    """Every solver by itself, in Markdown: percent read whole and of letters, ms; a line a rung."""
    names = list(
        dict.fromkeys(
            name for result in results.values() for row in result["rungs"].values() for name in row
        )
    )
    lines = ["| scheme | rung | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for scheme, result in results.items():
        rows = [
            [_solved(result["rungs"].get(rung, {}).get(name)) for rung in RUNGS] for name in names
        ]
        cells = ["<br>".join(row) for row in ([*RUNGS], *rows)]
        lines.append(f"| `{scheme}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _solved(cell: Mapping | None) -> str:
    if cell is None:
        return UNMEASURED
    return f"{share(cell)[0]:.1f} ({100 * cell['character_accuracy']:.0f}), {cell['ms']:.0f} ms"


def wanted(results: Mapping[str, Mapping], transcribed: Mapping[str, Mapping]) -> str | None:
    """The scheme that comes nearest to hard for machines and easy for people.

    Of the schemes that are no corner and leave machines at most LITTLE percent on the first two
    rungs, the one that the one reader transcribed best; among equals, or where none leaves so
    little, the one that machines read least, by those rungs, then by a map of texture.
    None if none was measured.
    """

    def left(scheme: str) -> tuple[bool, int, int, int]:
        first = strongest(results[scheme], ["stock", "descreening"])[1]
        last = strongest(results[scheme], ["texture"])
        holds = share(first)[0] <= LITTLE
        legible = transcribed.get(scheme, {"n_correct": 0})["n_correct"] if holds else 0
        return not holds, -legible, first["n_correct"], last[1]["n_correct"] if last else 0

    known = [
        s
        for s in results
        if challenge.SCHEMES[s].group != "corner" and results[s]["rungs"].get("descreening")
    ]
    return min(known, key=left, default=None)


def three_rows(
    results: Mapping[str, Mapping],
    readings: Sequence[people.Reading],
    transcribed: Mapping[str, Mapping],
) -> str:
    """The talk's last table with measured numbers in it, in Markdown."""
    asked = {
        "easy / easy": "plain",
        "hard / hard": "distorted",
        "hard / easy": wanted(results, transcribed),
    }
    head = (
        "machine / person, says the talk",
        "scheme",
        "stock or descreened",
        "texture mapped",
        READER,
        "people",
    )
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for label, scheme in asked.items():
        result = results.get(scheme) if scheme else None
        cells = [f"`{scheme}`" if scheme else UNMEASURED]
        for rungs in (["stock", "descreening"], ["texture"]):
            found = strongest(result, rungs)
            cells.append(_text(found and found[1]))
        cells.append(_text(transcribed.get(scheme or "")))
        cells.append(people.sentence(people.summarise(readings, people.CAPTCHAS, scheme or "")))
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def conclusions(results: Mapping[str, Mapping], trained: Sequence[Mapping]) -> list[str]:
    """What the files say of each scheme, a sentence each, whatever it is."""
    lines = []
    for scheme, result in results.items():
        if not {*RUNGS} <= {*result["rungs"]}:
            continue
        stock, undone, texture = (share(strongest(result, [rung])[1])[0] for rung in RUNGS)
        parts = [
            f"{stock:.1f} % as it is, {undone:.1f} % once the screen is undone, "
            f"{texture:.1f} % through a map of texture"
        ]
        own = by_crnn(trained, scheme)
        if own:
            parts.append(f"{share(own)[0]:.1f} % when trained on it")
        verdict = _verdict(stock, undone, texture)
        lines.append(f"{scheme}: the best machine reads {', '.join(parts)}. {verdict}")
    return lines


def _verdict(stock: float, undone: float, texture: float) -> str:
    """On which rung a scheme still holds, if on any."""
    if stock > LITTLE:
        return "It holds on no rung."
    if undone > LITTLE:
        return "It holds on the first rung only."
    return "It holds on the first two rungs" + (" only." if texture > LITTLE else " and the third.")


def transfer_table(trained: Sequence[Mapping]) -> str:
    """Solvers trained on one scheme and tested on others, in Markdown; percent read whole."""
    lines = [
        "| trained on | n | reads of it, % | of other schemes, % | others it reads none of |",
        "|---" * 5 + "|",
    ]
    for result in trained:
        own = result["scheme"]
        others = {name: share(cell)[0] for name, cell in result["tests"].items() if name != own}
        some = ", ".join(f"`{name}` {read:.1f}" for name, read in others.items() if read)
        none = sum(not read for read in others.values())
        lines.append(
            f"| `{own}` | {result['n']:,} | {share(result['tests'][own])[0]:.1f} "
            f"| {some or '-'} | {none} |"
        )
    return "\n".join(lines)


def versions(results: Mapping[str, Mapping]) -> str:
    """Which solvers answered, as the files say."""
    found = dict(pair for result in results.values() for pair in result["versions"].items())
    return "; ".join(
        f"{name} {version} ({solvers.SOLVERS[name]})" for name, version in found.items()
    )
