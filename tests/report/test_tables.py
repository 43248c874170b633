"""Tables and sentences say what the result files say, and nothing where there is none."""

from halftone_utils.report import tables
from halftone_utils.results import accuracies, answers, people

RESULTS = accuracies.load_results()


def test_a_cell_that_was_not_measured_is_empty():
    rows = tables.talk_table([]).splitlines()[2:]
    assert rows
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")[3:-1]]
        assert len(cells) == 6
        assert all(cell == "" or cell.startswith("(talk:") for cell in cells)


def test_a_measured_cell_stands_under_its_architecture_with_the_talks_figure():
    row = tables.talk_table(RESULTS).splitlines()[2]
    lenet = row.split("|")[3]
    mean = accuracies.summarise(RESULTS, "lenet", "original", "original")["mean"]
    assert f"{mean:.2f}" in lenet
    assert "98.89" in lenet


def test_the_conclusions_count_the_gaps():
    assert tables.conclusions([])[-1].startswith("Of the talk's 36 cells 0 are measured")
    measured = int(tables.conclusions(RESULTS)[-1].split("cells ")[1].split()[0])
    assert 1 <= measured <= 36


def test_one_models_row_gives_its_own_interval():
    low, high = accuracies.wilson(RESULTS[0]["tests"]["original"]["n_correct"], 10_000)
    row = tables.single_models(RESULTS).splitlines()[2]
    name = f"{tables.COLUMNS[RESULTS[0]['architecture']]}, {RESULTS[0]['size']} px, seed 0"
    assert f"| {name} | {RESULTS[0]['train_on']} (" in row
    assert f"({100 * low:.2f}-{100 * high:.2f})" in row.split("|")[3]


def test_controls_that_were_not_measured_are_left_out():
    assert len(tables.control_table([], 32).splitlines()) == 2
    assert "random dots" in tables.control_table(RESULTS, 32)


def test_people_stand_beside_the_networks_as_measured_or_not_at_all():
    asked = people.Reading(
        quiz=people.DIGITS,
        participant="ab",
        condition="random-dots",
        item=0,
        truth="7",
        answer="7",
        seconds=2.0,
        at="",
    )
    rows = tables.control_table(RESULTS, 32, [asked]).splitlines()
    assert rows[0].endswith("| people |")
    assert len({row.count("|") for row in rows}) == 1
    (random_dots,) = [row for row in rows if row.startswith("| random dots")]
    (originals,) = [row for row in rows if row.startswith("| originals")]
    assert "100.0 [20.7, 100.0]; n 1, 1 person" in random_dots
    assert originals.endswith("| not measured |")


def made_up(train_on, n_train, n, *, seed=0, **right):
    """A result of LeNet at 256 pixels: right answers by test set."""
    return {
        "architecture": "lenet",
        "size": 256,
        "train_on": train_on,
        "seed": seed,
        "n_train": n_train,
        "tests": {name.replace("_", "-"): {"n": n, "n_correct": k} for name, k in right.items()},
    }


def test_every_sentence_says_of_how_many_digits_its_own_numbers_are():
    results = [
        made_up("original", 1_500, 500, original=450, halftone_talk=50),
        made_up("halftone-talk", 4_000, 1_000, original=920, halftone_talk=950),
    ]
    first, second, _ = tables.conclusions(results)
    assert first.startswith("LeNet at 256 px (1,500 training, 500 test digits), trained on orig")
    assert second.startswith("LeNet at 256 px (4,000 training, 1,000 test digits), trained on half")
    (said,) = tables.retraining(results)
    assert "costs 80.0 points; training on halftones wins back 85.0, and" in said
    assert "on originals gains 2.0 (" in said
    assert said.endswith(
        "(trained on 1,500 originals, but on 4,000 of these; read on 500 test "
        "digits, but then on 1,000: no fair comparison)."
    )


def test_what_retraining_costs_is_said_without_reservation_where_it_is_fair():
    results = [
        made_up("original", 55_000, 10_000, original=9_900, halftone_talk=1_000),
        made_up("both-talk", 55_000, 10_000, original=9_800, halftone_talk=9_700),
    ]
    (said,) = tables.retraining(results)
    assert said.endswith("training on both wins back 87.0, and on originals costs 1.0.")
    assert tables.retraining([]) == []


def test_what_retraining_costs_is_measured_on_the_seeds_that_both_were_trained_from():
    originals = [
        made_up("original", 55_000, 10_000, seed=seed, original=9_900, halftone_talk=right)
        for seed, right in ((0, 1_000), (1, 3_000), (2, 8_000))
    ]
    halftones = [
        made_up("halftone-talk", 55_000, 10_000, seed=seed, original=9_800, halftone_talk=9_700)
        for seed in (0, 1)
    ]
    (said,) = tables.retraining(originals + halftones[:1])
    assert ", seed 0: the halftone costs 89.0 points; training on halftones wins back 87.0" in said
    (said,) = tables.retraining(originals + halftones)
    assert ", seeds 0, 1: the halftone costs 79.0 points; training on halftones wins back" in said
    assert tables.retraining(originals[1:] + halftones[:1]) == []


def test_a_mean_over_fewer_seeds_than_the_grid_has_says_over_which():
    runs = [
        made_up("original", 55_000, 10_000, seed=k, original=9_900 + k, halftone_talk=k)
        for k in (0, 1, 2)
    ]
    two, three = (
        accuracies.summarise(some, "lenet", "original", "original", 256)
        for some in (runs[1:], runs)
    )
    assert tables.with_numbers(two).endswith("**<br>seeds 1, 2")
    assert tables.with_numbers(three) == "**99.01 ± 0.01**"
    assert tables.conclusions(runs[1:])[0].startswith("LeNet at 256 px (seeds 1, 2), trained on")
    assert tables.conclusions(runs)[0].startswith("LeNet at 256 px, trained on")


def test_the_caption_speaks_of_empty_cells_where_there_are_some():
    rows = [
        [accuracies.summarise(RESULTS, a, *row, size) for a in tables.COLUMNS]
        for row in (*tables.ROWS, *tables.ALSO)
        for size in (32, 256)
    ]
    gaps = any(any(row) and not all(row) for row in rows)
    assert ("empty" in tables.caption(RESULTS)) == gaps
    no_gaps = [r for r in RESULTS if r["train_on"] in ("original", "halftone-talk")]
    assert "empty" not in tables.caption(no_gaps)
    without = [r for r in no_gaps if r["architecture"] != "vgg19"]
    assert tables.caption(without).endswith("; empty cells are not measured yet.")


def test_the_caption_says_what_the_first_test_digits_alone_are_worth():
    read_all = [r for r in RESULTS if {c["n"] for c in r["tests"].values()} == {10_000}]
    assert "first of the file" not in tables.caption(read_all)
    lenet = [r for r in read_all if (r["architecture"], r["size"]) == ("lenet", 32)]
    fewer = {**lenet[0], "tests": {"original": {"n": 500, "n_correct": 490}}}
    wrong = [~answers.right_answers(f"lenet-32-original-s{seed}", "original") for seed in range(3)]
    first, every = (100 * sum(w[:n].sum() for w in wrong) / (3 * n) for n in (500, 10_000))
    assert (
        f"of the first 500 the 3 networks that were trained on originals and read on all miss "
        f"{first:.2f} % on average, of all {every:.2f} %."
    ) in tables.caption([*lenet, fewer])
