"""Tables say what the result files say, and nothing where there is none."""

from dataclasses import replace

import pandas as pd
import pytest
from invented import NOTHING, adapted, made_up

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import DataError
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.report import attack_tables, tables
from halftone_utils.results import claims, intervals, people, store, table, talk
from halftone_utils.studies import attacks, sanity, undoing


@pytest.fixture(scope="module")
def every():
    return table.experiments()


@pytest.fixture(scope="module")
def read(every):
    return table.of_most_digits(every)


@pytest.fixture
def seventh(monkeypatch):
    """An architecture more, of which nothing is measured."""
    row = replace(ARCHITECTURES["lenet"], name="seventh", printed="Seventh")
    monkeypatch.setitem(ARCHITECTURES, "seventh", row)
    return "seventh"


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


# --- the talk's table -------------------------------------------------------------------------


def test_a_cell_that_was_not_measured_says_so():
    rows = tables.talk_table(NOTHING).splitlines()[2:]
    assert len(rows) == 2 * len(tables.ASKED)
    for row in rows:
        networks = cells(row)[3:]
        assert len(networks) == 6
        assert all(cell.startswith(tables.NOT_MEASURED) for cell in networks)
        assert all(cell.endswith(("measured", ")")) for cell in networks)


def test_the_talks_rows_are_told_from_those_that_it_did_not_ask(read):
    rows = [cells(row) for row in tables.talk_table(read).splitlines()[2:]]
    bold = [name.strip("*") for _, name, *_ in rows if name.startswith("**")]
    assert bold == 2 * ["original / original", "original / talk", "talk / talk"]


def test_the_screen_stands_beside_style_transfer_for_every_training_set(read):
    rows = {tuple(cells(row)[:2]): cells(row)[2:] for row in tables.talk_table(read).splitlines()}
    for size in ("32×32", "256×256"):
        for train_on in ("original", "strong", "talk", "both"):
            _, *networks = rows[size, f"{train_on} / strong"]
            measured = size == "32×32" or train_on != "strong"
            assert all((cell == tables.NOT_MEASURED) != measured for cell in networks)


def test_a_row_says_what_made_its_halftones(read):
    rows = {tuple(cells(row)[:2]): cells(row)[2] for row in tables.talk_table(read).splitlines()}
    assert rows["32×32", "**original / original**"] == "–"
    assert rows["32×32", "**original / talk**"] == "optimisation"
    assert rows["256×256", "**original / talk**"] == "feed-forward network"
    assert rows["256×256", "talk / strong"] == "feed-forward network, screen"
    assert rows["32×32", "strong / strong"] == "screen"
    assert "the sizes are not comparable" in tables.caption(read)


def test_a_measured_cell_stands_under_its_architecture_with_the_talks_figure(read):
    head, _, row, *_ = tables.talk_table(read).splitlines()
    lenet = cells(row)[cells(head).index("LeNet")]
    mean = table.summarise(read, "lenet", "original", "original").mean
    assert lenet.startswith(f"**{mean:.2f} ±")
    assert lenet.endswith("(talk: 98.89)")


def test_an_architecture_more_has_a_column_where_it_is_measured_and_none_before(read, seventh):
    assert "Seventh" not in tables.talk_table(read)
    measured = pd.concat([read, made_up(architecture=seventh, original=9_000)])
    head, _, *rows = tables.talk_table(measured).splitlines()
    assert cells(head)[-1] == "Seventh"
    filled = [cells(row)[-1] for row in rows if cells(row)[-1] != tables.NOT_MEASURED]
    assert filled == ["**90.00 [89.40, 90.57]**"]
    ours, said = tables.protocols(measured)
    of_size = {title.split("×")[0]: rows for title, rows in ours.items()}
    assert of_size["256"]["original / original"][seventh].mean == 90
    assert of_size["32"]["original / original"][seventh] is None
    (of_talk,) = said.values()
    assert all(seventh not in of_row for of_row in of_talk.values())


def test_a_mean_over_fewer_seeds_than_the_grid_has_says_over_which():
    runs = [made_up(seed=k, original=9_900 + k) for k in (0, 1, 2)]
    two, three = (
        table.summarise(pd.concat(some), "lenet", "original", "original", 256)
        for some in (runs[1:], runs)
    )
    assert tables.with_numbers(two).endswith("**<br>seeds 1, 2")
    assert tables.with_numbers(three) == "**99.01 ± 0.01**"
    few = table.summarise(
        made_up(n_train=500, n=200, original=100), "lenet", *2 * ("original",), 256
    )
    assert tables.with_numbers(few).endswith("**<br>n_train 500, n 200")


def test_the_caption_says_how_much_was_read_and_trained_on(read):
    said = tables.caption(read)
    assert "over seeds 0, 1 and 2" in said
    assert f"all {datasets.count('train'):,} digits and tested on all 10,000" in said
    assert ("n_train: " in said) == (read["n_train"] < datasets.count("train")).any()


# --- controls ---------------------------------------------------------------------------------


def test_controls_that_were_not_measured_are_left_out(read):
    assert len(tables.controls_table(NOTHING).splitlines()) == 2
    assert "random dots" in tables.controls_table(read)


def test_a_set_stands_beside_itself_from_afar():
    both = made_up(original=9_900, halftone_strong=1_000, halftone_strong_integrated=9_000)
    _, _, originals, strong = tables.controls_table(both, 256).splitlines()
    assert cells(originals)[1] == "**99.00 [98.79, 99.18]**"
    near, afar = cells(strong)[1].split("<br>from afar ")
    assert near.startswith("**10.00 [")
    assert afar.startswith("**90.00 [")


def test_what_standardising_makes_the_original_itself_is_no_control(read):
    assert "no dots" not in tables.controls_table(read)
    for name in tables.IDENTITIES:
        assert name in sets.TEST_SETS
        for architecture in ARCHITECTURES:
            same = [
                table.summarise(read, architecture, "original", shown).mean
                for shown in ("original", name)
            ]
            assert same == pytest.approx(2 * [same[0]], abs=0.03)


def test_a_control_more_is_a_row_more_once_it_is_measured(read, monkeypatch):
    before = tables.controls_table(read, 256)
    row = sets.TestSet("mirrored", "strong", lambda point, x, _: x.flip(3))
    monkeypatch.setitem(sets.TEST_SETS, "mirrored", row)
    assert tables.controls_table(read, 256) == before
    measured = pd.concat([read, made_up(mirrored=5_000)])
    rows = tables.controls_table(measured, 256).splitlines()
    assert rows[:-1] == before.splitlines()
    assert cells(rows[-1]) == ["mirrored", "**50.00 [49.02, 50.98]**", *5 * [""]]


def test_people_stand_beside_the_networks_as_measured_or_not_at_all(read):
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
    small = replace(asked, afar=True, answer="1")
    rows = tables.controls_table(read, 32, [asked, small]).splitlines()
    assert rows[0].endswith("| people (from afar: at a quarter of the side) |")
    assert len({row.count("|") for row in rows}) == 1
    (random_dots,) = [row for row in rows if "random dots" in row]
    (originals,) = [row for row in rows if row.startswith("| originals")]
    assert "100.0 [20.7, 100.0]; n 1, 1 person, 2.0 s<br>from afar 0.0 [" in random_dots
    assert originals.endswith("| not measured |")


def test_people_who_err_where_a_network_errs_agree_with_it(read):
    labels, lenet = datasets.load("test", 28)[1], table.misread(read, "lenet", "halftone-strong")
    asked = [
        people.Reading(
            quiz=people.DIGITS,
            participant="ab",
            condition="halftone-strong",
            item=i,
            truth=str(int(labels[i])),
            answer="" if lenet[i] else str(int(labels[i])),
            seconds=2.0,
            at="",
            shown=i,
        )
        for i in range(200)
    ]
    head, _, *rows = (cells(row) for row in tables.agreement_table(read, asked).splitlines())
    (strong,) = [row for row in rows if row[0] == "halftones at strong"]
    agree = dict(zip(head, strong, strict=True))
    assert agree["LeNet"] == "1.00; n 200"
    assert -1 <= float(agree["VGG16"].removesuffix("; n 200")) < 1
    nobody = [
        cell for row in tables.agreement_table(read, []).splitlines()[2:] for cell in cells(row)[1:]
    ]
    assert {*nobody} == {"not measured", ""}  # a network was not shown every control


# --- single models ----------------------------------------------------------------------------


def test_one_models_row_gives_its_own_interval(read):
    head, _, row, *_ = tables.single_models(read).splitlines()
    first = read.iloc[0]
    share = intervals.percent(int(first["n_correct"]), 10_000, 2, "{} ({}-{})")
    assert first["shown"] == "original"
    name = f"{ARCHITECTURES[first['architecture']].printed}, {first['size']} px, seed 0"
    trained_on = f"{first['train_on']} ({first['n_train']:,})"
    assert cells(row)[:3] == [name, trained_on, share]
    assert len(cells(head)) == len(cells(row))


def test_a_model_that_was_shown_fewer_sets_has_empty_cells():
    (row,) = tables.single_models(made_up(n=200, original=100)).splitlines()[2:]
    assert cells(row)[2:] == ["50.00 (43.14-56.86), n 200", "", ""]


def test_networks_stand_beside_what_fewer_digits_gave(every, read):
    found = tables.beside_fewer(every)
    assert not found.empty
    numbers = found.groupby([*table.NETWORK, "seed"])["n_train"].unique()
    assert all([*n] == sorted(n) and len(n) > 1 for n in numbers)
    order = [*dict.fromkeys(found["architecture"])]
    assert order == [a for a in ARCHITECTURES if a in order]
    assert tables.beside_fewer(read).empty


def test_every_architecture_has_its_cost(seventh):
    rows = tables.cost_table().splitlines()[2:]
    assert [cells(row)[0] for row in rows] == [row.printed for row in ARCHITECTURES.values()]
    assert cells(rows[-1])[1:] == cells(rows[0])[1:]


# --- batch statistics -------------------------------------------------------------------------


def test_networks_that_differ_in_their_seed_are_one_row():
    (row,) = tables.batch_statistics_table([adapted(0, 90), adapted(2, 94)]).splitlines()[2:]
    assert row.startswith("| ResNet18, 32 px | originals | 10.00 ± 0.00<br>→ **92.00 ± 2.83** |")
    assert row.endswith("| 50 | 100 each of seeds 0, 2 |")
    (row,) = tables.batch_statistics_table([adapted(0, 90)]).splitlines()[2:]
    assert "10.00 [5.52, 17.44]<br>→ **90.00 [82.56, 94.48]** |" in row
    assert row.endswith("| 50 | 100 |")


def test_a_network_of_fewer_training_digits_is_a_row_of_its_own():
    results = [adapted(0, 90), adapted(0, 70, n_train=20_000)]
    rows = tables.batch_statistics_table(results).splitlines()[2:]
    assert sorted(cells(row)[1] for row in rows) == ["originals", "originals (20,000 digits)"]


def test_what_was_not_shown_is_an_empty_cell():
    (row,) = tables.batch_statistics_table([adapted(0, 90, shown=("original",))]).splitlines()[2:]
    assert cells(row)[3:6] == ["", "", ""]
    assert tables.batch_statistics_table([]).count("\n") == 1


def test_seeds_that_read_different_numbers_have_no_mean():
    with pytest.raises(DataError, match=r"read \[100, 200\] of original"):
        tables.batch_statistics_table([adapted(0, 90), adapted(2, 94, n=200)])


def test_the_talk_has_its_cells():
    assert len(talk.ARCHITECTURES) * len(talk.SIZES) * len(talk.PROTOCOLS) == 36


def test_the_table_of_claims_prints_a_fallen_one_as_large_as_the_others():
    (claim, other, *_) = claims.load().values()
    verdicts = claims.judge({claim.name: {"lenet": (1.0, 1.25, 1.5, 1.25) * 2}})
    rows = tables.claims_table(verdicts).splitlines()[2:]
    assert len(rows) == len(claims.load())
    assert rows[0].startswith(
        f"| **falls** | {claim.sentence} | {claim.measured} ≥ 5 | LeNet 1.25 [1.09, 1.41] (8 seeds)"
    )
    assert rows[1].startswith(f"| **not measured** | {other.sentence} |")
    assert "LeNet, AlexNet" in tables.claims_table(
        claims.judge({"order-survives-recipes": {"lenet, alexnet": (1.0, 2.0)}})
    )


def test_a_claim_in_short_has_its_interval_or_the_range_of_its_networks():
    (claim, *_) = claims.load().values()
    numbers = {"lenet": (1.0, 2.0, 3.0), "alexnet": (4.0,), "resnet18": (-1.0, 0.0)}
    verdicts = claims.judge(
        {claim.name: {"lenet": (1.25,) * 7 + (1.3,)}, "screens-are-noise": numbers}
    )
    rows = {
        line.split(" | ")[1]: line for line in tables.claims_in_short(verdicts).splitlines()[2:]
    }
    assert len(rows) == len(claims.load())
    assert rows[claim.sentence].endswith("| ≥ 5: 1.26 [1.24, 1.27] |")
    of_three = claims.load()["screens-are-noise"].sentence
    assert rows[of_three].endswith("| ± 5: -0.5 to 4, 3 networks |")
    of_a_pair = claims.judge({"order-survives-recipes": {"lenet, alexnet": (1.0, 2.0)}})
    assert "| ≥ 0: 1, 2 |" in tables.claims_in_short(of_a_pair)
    unmeasured = claims.load()["order-survives-recipes"].sentence
    assert rows[unmeasured] == f"| **not measured** | {unmeasured} | ≥ 0: not measured |"


def test_the_table_of_filters_has_a_number_a_network():
    (lenet, resnet) = (
        store.read(store.path_of(f"undoing-{a}-32-original-s0")) for a in ("lenet", "resnet18")
    )
    head, _, first, *rest = tables.undoing_table([resnet, lenet]).splitlines()
    assert head == "| through (LeNet/ResNet18) | original | talk | strong | blue-noise |"
    assert len(rest) + 1 == len(undoing.FILTERS)
    read = [
        f"{100 * x.row(shown='original', kind='none')['n_correct'] / 1000:.0f}"
        for x in (lenet, resnet)
    ]
    assert first.startswith(f"| none | {read[0]}/{read[1]} |")
    assert tables.undoing_table([resnet, lenet], ["none"]).splitlines()[2:] == [first]


def test_the_worst_case_stands_beside_the_known_halftone_a_row_a_training():
    def result(seed, more):
        screen = {"shown": "screen", "kind": "bayer", "n": 100}
        rows = [
            {"shown": "original", "n": 100, "n_correct": 90},
            {"shown": "halftone-strong", "n": 100, "n_correct": 97},
            {**screen, "parameters": {"size": 2}, "n_correct": 10},
            {**screen, "parameters": {"size": 4}, "n_correct": 40 + more, "legible": True},
            {**screen, "parameters": {"size": 8}, "n_correct": 60 + more, "legible": True},
            {"shown": "every screen", "n": 100, "n_correct": 3},
            {"shown": "every legible screen", "n": 100, "n_correct": 30 + more},
        ]
        rows = [{"trained_on": x, **row} for x in ("original", "halftone-strong") for row in rows]
        config = {"architecture": "lenet", "seed": seed}
        return store.Result(study="worst case", stem=f"s{seed}", config=config, rows=rows)

    head, _, *rows = attack_tables.worst_case_table(
        [result(0, 0), result(1, 10)], True
    ).splitlines()
    assert head.startswith(
        "| network | trained on | originals | known halftone | mean over screens"
    )
    numbers = "55.0 (50.0-60.0) | 45.0 (40.0-50.0) | 35.0 (30.0-40.0) |"
    assert rows[0] == f"| LeNet | originals | 90.0 (90.0-90.0) | – | {numbers}"
    assert rows[1].startswith(
        "| LeNet | halftones at `strong` | 90.0 (90.0-90.0) | 97.0 (97.0-97.0) |"
    )
    (_, of_all) = attack_tables.worst_case_table([result(0, 0)]).splitlines()[2:]
    assert of_all.endswith("| 90.0 | 97.0 | 36.7 | 10.0 | 3.0 |")


# --- attacks ------------------------------------------------------------------------------------


@pytest.fixture
def attacked():
    """Of two networks what PGD leaves, on each and on the other, and a frozen point."""
    pgd = {"attack": "pgd", "norm": "Linf", "epsilon": 0.2, "steps": 20, "restarts": 1, "n": 10}
    sizes = {"linf": 0.2, "l2": 4.0, "ssim": 0.5}
    of_talk = {"attack": "halftone", "point": "talk", "n": 10, "linf": 0.4, "l2": 6.0, "ssim": 0.4}
    return [
        store.Result(
            study="attacks",
            stem=name,
            config={"network": {"architecture": name, "seed": 0}},
            rows=[
                of_talk | {"n_correct": talk},
                pgd | sizes | {"n_correct": own},
                pgd | sizes | {"n_correct": of_other, "target": other},
            ],
        )
        for name, other, talk, own, of_other in (
            ("lenet", "alexnet", 8, 5, 3),
            ("alexnet", "lenet", 6, 0, 4),
        )
    ]


def test_attacks_stand_under_the_network_they_were_made_on(attacked):
    head, _, *rows = attack_tables.attacks_table(attacks.readings(attacked)).splitlines()
    assert cells(head) == ["attack", "LeNet", "AlexNet", "L∞ / L2 / SSIM"]
    assert [cells(row)[1:] for row in rows] == [
        ["80", "60", "0.40 / 6.0 / 0.40"],
        ["50", "0", "0.20 / 4.0 / 0.50"],
    ]
    assert cells(rows[1])[0] == "PGD, ε = 0.2, 20 steps, 1 restart"


def test_transfer_has_the_network_itself_in_bold(attacked):
    found = attack_tables.transfer_table(attacks.readings(attacked), attack="pgd", epsilon=0.2)
    assert [cells(row) for row in found.splitlines()[2:]] == [
        ["LeNet", "**50**", "30"],
        ["AlexNet", "40", "**0**"],
    ]


def test_sanity_names_what_breaks_a_rule(attacked):
    (row,) = attack_tables.sanity_table(sanity.sanity(attacked)).splitlines()[2:]
    rule, share, broken = cells(row)
    assert (rule, share) == ("white box beats transfer", "1 of 2")
    assert broken.startswith("LeNet: PGD, ε = 0.2, 20 steps, 1 restart, made on AlexNet leaves 40")
    assert broken.endswith(" 50")
