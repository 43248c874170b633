"""What is shown of photographs, and what is kept of the answers."""

import pytest
import torch
from torch import nn

from halftone_utils.digits.photographs import labelled
from halftone_utils.networks import imagenet
from halftone_utils.results import store
from halftone_utils.screens import spectra
from halftone_utils.screens.transforms import luminance
from halftone_utils.studies import claims, photographs


class Loudest(nn.Module):
    """Answers by how bright a picture is: dark is class 0, bright is 904, else 5."""

    def forward(self, images):
        scores = torch.zeros(len(images), 1000)
        mean = images.mean((1, 2, 3))
        scores[mean < 0.3, 0] = 1
        scores[mean > 0.7, 904] = 1
        scores[:, 5] = 0.5
        return scores


@pytest.fixture
def small(monkeypatch):
    """Photographs of 64 pixels, three of them, and few ways to show them."""
    monkeypatch.setattr(photographs, "SIDE", 64)
    monkeypatch.setattr(photographs, "SIDES", (64, 32))
    monkeypatch.setattr(photographs, "OWN_SIDE", 32)
    monkeypatch.setattr(photographs, "WAYS", photographs.WAYS[:2])
    monkeypatch.setattr(photographs, "RMS", (0.2,))
    monkeypatch.setattr(photographs, "ITERATIONS", (1,))
    tones = torch.tensor([0.1, 0.5, 0.9]).view(3, 1, 1, 1)
    images = (tones + 0.05 * torch.randn(3, 3, 64, 64)).clamp(0, 1)
    found = images, torch.tensor([0, 5, 904])
    monkeypatch.setattr(photographs, "labelled", lambda *_: found)
    monkeypatch.setattr(photographs.imagenet, "load", lambda *_: Loudest())
    monkeypatch.setattr(photographs, "attacked", lambda *_: ())
    return images


def test_controls_have_the_tones_and_the_power_of_the_halftone(small):
    images = luminance(small)
    drawn = photographs.MAIN(images)
    fit, rest = spectra.residual(drawn, images)
    found = photographs.controls(drawn, images)
    for name, picture in found.items():
        power = spectra.rms(picture - fit) / spectra.rms(rest)
        wanted = 0.25 if "quarter" in name else 1
        # the mean of the residual is none: its phases' power is all of it
        assert power.flatten().tolist() == pytest.approx([wanted] * 3, rel=0.02), name
    low = spectra.power_in_bands(found["high noise"] - fit, ((0.0, 0.08),))
    assert float(low.max()) < 1e-4


def test_every_row_is_something_else_and_pictures_are_of_the_side_it_says(small):
    keys = set()
    for of_way, pictures in photographs.shown(small):
        assert pictures.shape[-1] == of_way["side"]
        assert len(pictures) == 3
        keys.add(store.key_of(of_way))
    assert len(keys) == sum(1 for _ in photographs.shown(small))


def test_fgsm_moves_pixels_by_epsilon_and_as_much_as_random_signs():
    colour = torch.full((2, 3, 64, 64), 0.5)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 1000))
    colour = torch.nn.functional.interpolate(colour, 448)
    for of_way, pictures in photographs.attacked(model, colour, torch.tensor([1, 2])):
        moved = (pictures - 0.5).abs()
        assert moved.min() == pytest.approx(of_way["epsilon"], abs=1e-6)
        assert moved.max() == pytest.approx(of_way["epsilon"], abs=1e-6)


def test_answers_are_kept_and_a_second_run_asks_nothing(small, results, monkeypatch):
    found = photographs.photographs()
    assert found.stem == "photographs-efficientnet_lite0"
    row = found.row(kind="colour", side=64)
    assert row["classes"] == [0, 5, 904]
    assert (row["n"], row["n_correct"], row["n_top5"]) == (3, 3, 3)
    monkeypatch.setattr(photographs, "read", None)
    assert photographs.photographs().rows == found.rows


def test_claims_are_of_each_photograph(small, results, monkeypatch):
    photographs.photographs()
    monkeypatch.setattr(
        store, "load", lambda name: [store.read(results / f"photographs-{imagenet.OWN}.json")]
    )
    assert claims.NUMBERS["names-the-mesh"]() == {imagenet.OWN: [0, 0, 1]}
    assert claims.NUMBERS["spectrum-is-named"]() == {imagenet.OWN: [0, 0, 1]}
    assert claims._photographs_afar(32) == {imagenet.OWN: [0, 0, 0]}


def test_readings_count_illusions_of_what_grey_leaves(small, results):
    found = photographs.photographs()
    table = photographs.readings(found)
    assert len(table) == len(found.rows)
    assert table["n_correct"].tolist() == [row["n_correct"] for row in found.rows]
    near = table[(table["side"] == 64) & table["sigma"].isna() & table["band"].isna()]
    plain = near[near["filter"] == ""].set_index("name")
    assert plain.loc["grey", "counted"] == plain.loc["grey", "n_correct"] == 3
    assert plain.loc["grey", "illusions"] == 0
    assert (table["illusions"].dropna() <= table["counted"].dropna()).all()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"kind": "am", "parameters": {"ruling": 5.65685, "dot": "round"}}, "dots, 5.66 px"),
        ({"kind": "am", "parameters": {"ruling": 6.0, "dot": "line"}}, "lines, 6 px"),
        ({"kind": "blue-noise"}, "blue noise"),
        ({"kind": "fgsm"}, "FGSM"),
    ],
)
def test_a_way_is_called_by_its_own_name(row, words):
    assert photographs.in_words(row) == words


def test_the_committed_answers_are_of_the_committed_photographs():
    (found,) = (r for r in store.load("photographs") if r.config["network"] == imagenet.OWN)
    labels = labelled(16)[1].tolist()
    assert found.config["classes"] == labels
    for row in found.rows:
        assert row["n_correct"] == sum(a == b for a, b in zip(row["classes"], labels, strict=True))
