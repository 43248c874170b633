"""Page 10's tables say what the files say, also where there is nothing to say."""

import math
from dataclasses import replace

import pytest

from halftone_utils import figures
from halftone_utils.captcha import challenge, selection, splits
from halftone_utils.report import captcha_tables
from halftone_utils.results import people
from halftone_utils.results.intervals import wilson
from halftone_utils.results.store import Result


def row(n_correct, treatment="as it is", n=500):
    return {
        "n": n,
        "n_correct": n_correct,
        "character_accuracy": 0.5,
        "treatment": treatment,
        "ms": 12.3,
    }


def result(stock, undone, texture, parity=0):
    """Of two solvers, the second of which is always the worse one."""
    rows = [
        {"split": "test", "rung": rung, "solver": solver, **found}
        for rung, k in zip(captcha_tables.RUNGS, (stock, undone, texture, parity), strict=True)
        for solver, found in (("ddddocr", row(k, "a filter")), ("tesseract", row(k // 2)))
    ]
    return Result(study="ladder", stem="", config={}, rows=rows)


def trained(n_train, **read):
    config = {"scheme": "lines", "n_train": n_train}
    rows = [{"shown": scheme, **row(k)} for scheme, k in read.items()]
    return Result(study="crnn", stem="", config=config, rows=rows, runs=[{"seconds": 120.0}])


RESULTS = {
    "plain": result(490, 495, 480),
    "lines": result(0, 400, 450),
    "iso-tone-angle": result(0, 3, 470),
    "iso-tone-mixed": result(1, 2, 4),
}
TRAINED = [trained(100, lines=10, plain=0), trained(1_000, lines=400, plain=5)]
TRANSCRIBED = {"iso-tone-angle": {"n": 50, "n_correct": 11}}


def test_a_share_has_its_interval():
    low, high = wilson(3, 500)
    assert captcha_tables.share(row(3)) == pytest.approx((0.6, 100 * low, 100 * high))
    assert all(map(math.isnan, captcha_tables.share(None)))


def test_the_best_solver_and_the_most_samples_count():
    found = captcha_tables.strongest(RESULTS["lines"], "stock", "descreening")
    assert (found["solver"], found["n_correct"]) == ("ddddocr", 400)
    assert captcha_tables.strongest(None, "stock") is None
    assert captcha_tables.by_crnn(TRAINED, "lines")["n_correct"] == 400
    assert captcha_tables.by_crnn(TRAINED, "plain") is None


def test_the_ladders_table_has_every_scheme_and_names_what_is_not_measured():
    table = captcha_tables.ladder_table(RESULTS, TRAINED, [], TRANSCRIBED).splitlines()
    assert len(table) == 2 + len(challenge.SCHEMES)
    rows = {line.split("`")[1]: line for line in table[2:]}
    assert "80.0 [76.3, 83.3]<br>ddddocr, a filter" in rows["lines"]
    assert rows["stylizer"].count("not measured") == 7
    assert "22.0 [12.8, 35.2]" in rows["iso-tone-angle"]
    assert len({line.count("|") for line in table}) == 1


def test_every_solver_stands_by_itself_with_letters_and_time():
    table = captcha_tables.solver_table(RESULTS).splitlines()
    assert len(table) == 2 + len(RESULTS)
    assert len({line.count("|") for line in table}) == 1
    cells = ["0.0 (50), 12 ms", "80.0 (50), 12 ms", "90.0 (50), 12 ms", "0.0 (50), 12 ms"]
    assert f"| {'<br>'.join(cells)} | 0.0 (50), 12" in table[3]
    partly = {"plain": replace(RESULTS["plain"], rows=RESULTS["plain"].rows[:1])}
    assert captcha_tables.solver_table(partly).count("not measured") == 3


def test_what_holds_is_told_by_machines_alone():
    """To machines at most 1 % is left; lines fall to a filter, and plain letters are a corner."""
    assert captcha_tables.holding(RESULTS) == ["iso-tone-angle", "iso-tone-mixed"]
    assert captcha_tables.holding({"plain": result(0, 0, 0)}) == []
    older = replace(RESULTS["lines"], rows=RESULTS["lines"].where(rung="stock"))
    assert captcha_tables.holding({"lines": older}) == []  # no filter was tried


def test_the_talks_three_rows_with_numbers_or_without():
    reading = people.Reading(
        quiz=people.CAPTCHAS,
        participant="ab",
        condition="plain",
        item=0,
        truth="HALF7",
        answer="half7",
        seconds=3,
        at="2026-01-01",
    )
    rows = captcha_tables.three_rows(RESULTS, [reading], TRANSCRIBED).splitlines()
    assert len(rows) == 6  # two schemes hold
    assert "99.0" in rows[2]
    assert "100.0 [20.7, 100.0]; n 1, 1 person, 3.0 s" in rows[2]
    assert rows[3].count("not measured") == 4
    assert "`iso-tone-angle`" in rows[4]
    assert "`iso-tone-mixed`" in rows[5]
    assert captcha_tables.three_rows({}, [], {}).count("not measured") == 13
    fallen = {name: RESULTS[name] for name in ("plain", "lines")}
    assert "| hard / easy | none |" in captcha_tables.three_rows(fallen, [], {})


def test_people_who_err_where_a_machine_errs_agree_with_it():
    texts = challenge.random_texts(4, splits.FIRST_SEED["test"])
    answers = splits.joined([texts[0], texts[1], "", "WRONG"])
    (stock, *rest) = result(2, 2, 2).where(solver="ddddocr")
    climbed = {
        "lines": replace(RESULTS["lines"], rows=[{**stock, "n": 4, "answers": answers}, *rest])
    }
    asked = [
        people.Reading(
            quiz=people.CAPTCHAS,
            participant="ab",
            condition="lines",
            item=i,
            truth=text,
            answer=text if i < 2 else "",
            seconds=3,
            at="",
            shown=i,
        )
        for i, text in enumerate(texts)
    ]
    (lines,) = [
        row
        for row in captcha_tables.agreement_table(climbed, [], asked).splitlines()
        if "`lines`" in row
    ]
    assert lines == "| `lines` | 1.00; n 4 |  |  |  |  |"  # of the others no answers are kept
    assert "| not measured |" in captcha_tables.agreement_table(climbed, [], [])


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((490, 490, 490), "It holds on no rung."),
        ((5, 100, 100), "It holds on the first rung only."),
        ((0, 5, 6), "It holds on the first two rungs only."),
        ((0, 5, 5), "It holds on the first two rungs and the third."),
        ((0, 5, 5, 300), "It holds on the first two rungs only."),
    ],
)
def test_a_sentence_says_on_which_rung_a_scheme_holds(counts, verdict):
    (sentence,) = captcha_tables.conclusions({"lines": result(*counts)}, [])
    assert sentence.endswith(verdict)
    assert f"{counts[1] / 5:.1f} % once the screen is undone" in sentence
    assert "% through one of parity" in sentence
    older = replace(result(*counts), rows=result(*counts).where(rung="stock"))
    assert captcha_tables.conclusions({"lines": older}, []) == []
    (trained,) = captcha_tables.conclusions({"lines": result(*counts)}, TRAINED)
    assert "80.0 % when trained on it" in trained


def test_every_attack_has_its_price():
    climbed = {"lines": result(0, 400, 450)}
    swept = {"split": "validation", "rung": "descreening", "solver": "ddddocr", **row(9, n=20)}
    climbed["lines"].rows.append(swept)
    lines = captcha_tables.price_table("lines", climbed, TRAINED).splitlines()
    assert len(lines) == 2 + 4 + 2  # rungs, and a CRNN each of 100 and 1,000 CAPTCHAs
    assert "| stock solver | nothing | 0 | 0.01 s a picture | 0.0 [" in lines[2]
    assert "| screen undone first | that it is printed in dots | 20 | 0.01 s" in lines[3]
    assert "| CRNN trained on it | nothing | 1,000 | 2 min once | 80.0 [" in lines[-1]
    assert captcha_tables.price_table("lines", {}, []).endswith("| not measured | - | - | - | - |")


def test_transfer_stands_in_a_table():
    rows = captcha_tables.transfer_table(TRAINED).splitlines()
    assert rows[2] == "| `lines` | 100 | 2.0 | - | 1 |"
    assert rows[3] == "| `lines` | 1,000 | 80.0 | `plain` 1.0 | 0 |"


def test_a_price_is_the_cheapest_attack_that_reads_so_much():
    read = captcha_tables.ladder_read(RESULTS, TRAINED)
    attacks = [*read.columns]
    assert [*read.index] == [*challenge.SCHEMES]
    assert read.loc["lines"].dropna().tolist() == [0, 80, 90, 0, 2, 80]
    assert read.loc["stylizer"].isna().all()
    found = captcha_tables.prices(RESULTS, TRAINED, [], TRANSCRIBED)
    assert {*found.index} == {*RESULTS}  # what was not measured has no price
    assert attacks[found["broken"]["lines"]] == "a filter"
    assert attacks[found["broken"]["iso-tone-angle"]] == "a map of energy"
    assert found["broken"]["iso-tone-mixed"] == len(attacks)  # nothing read half of it
    assert captcha_tables.price(read.loc["lines"], 85) == attacks.index("a map of energy")
    assert found["reader"]["iso-tone-angle"] == 22
    assert found["people"].isna().all()
    slight = {"lines": result(10, 400, 450)}
    begun = captcha_tables.prices(slight, [], [], {})["begun"]
    assert attacks[begun["lines"]] == "nothing"


def test_of_samples_the_solver_of_that_many_counts():
    found = captcha_tables.attacks("lines", {}, TRAINED)
    assert found["100 labelled samples"]["n_correct"] == 10
    assert found["1,000 labelled samples"]["n_correct"] == 400
    assert found["10,000 labelled samples"] is None
    assert found["a filter"] is None


def test_an_answer_is_a_range_over_schemes_once_all_of_them_are_measured():
    every = {name: result(5 * i, 0, 100, 250) for i, name in enumerate(challenge.SCHEMES)}
    read = {name: {"n": 50, "n_correct": i} for i, name in enumerate(challenge.SCHEMES)}
    tone, texture, dipole = captcha_tables.answers(every, read)
    names = [*challenge.SCHEMES]
    kinds = [challenge.SCHEMES[name].kind for name in names]
    first, last = kinds.index("iso-tone"), len(kinds) - 1 - kinds[::-1].index("iso-tone")
    assert f"with at most a filter: {first:.1f} to {last:.1f} %;" in texture
    assert f"the one reader: {2 * first:.1f} to {2 * last:.1f} %." in texture
    assert "with a map of energy: 20.0 %" in texture
    assert "with a map of parity: 50.0 %" in dipole
    assert "map of" not in tone
    partly = captcha_tables.answers({**every, "iso-dipole": RESULTS["plain"]}, {})[1:]
    assert all(said.endswith("the one reader: not measured.") for said in partly)
    unmeasured = captcha_tables.answers({}, {})
    assert all("at most a filter: not measured" in said for said in unmeasured)


def test_the_settings_that_were_tried_stand_in_a_table():
    of_one = {"cell": 2.0, "flipped": 0.01, "rotate": 0.0}
    rows = [{**of_one, "rung": "texture", "n_correct": k} for k in (1, 3)]
    settings = Result(study="dipole", stem="", config={}, rows=rows)
    lines = captcha_tables.settings_table(settings).splitlines()
    assert len(lines) == 2 + len(selection.SETTINGS)
    assert "| **2** | **0.01** | **0** | **not measured** | **3** |" in lines
    assert captcha_tables.settings_table(None).count("not measured") == 2 * (len(lines) - 2)


def test_curves_of_learning_are_drawn():
    figure = figures.results.learning_curves(TRAINED)
    assert figure.axes[0].get_xscale() == "log"
