"""A solver that is trained: CTC as it is defined, the same bits after a kill, the same samples."""

import pytest
import torch
import torch.nn.functional as F

from halftone_utils.captcha import challenge, crnn, solvers, splits
from halftone_utils.captcha.challenge import ALPHABET
from halftone_utils.engine.files import DataError
from halftone_utils.networks import training
from halftone_utils.results import store


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Few samples in a cache of their own, and a network that learns them in seconds."""
    monkeypatch.setattr(splits, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(crnn, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(crnn, "CHUNK", 4)
    monkeypatch.setattr(crnn, "SEEN", {1: 12})


def test_decoding_joins_repeats_and_drops_blanks():
    a, c = (ALPHABET.index(letter) + 1 for letter in "AC")
    places = torch.tensor([[0, a, a, 0, a, c, c, 0], [0] * 8])
    assert crnn.decode(F.one_hot(places, len(ALPHABET) + 1).float()) == ["AAC", ""]
    assert crnn.encode(["AC"]).tolist() == [[a, c]]


def test_the_loss_is_minus_the_log_of_all_ways_to_write_a_text():
    """Graves et al. 2006, eq. 8, by hand: two places, one letter."""
    p = torch.rand(1, 2, 3, generator=torch.Generator().manual_seed(0)).softmax(2)
    ways = p[0, 0, 1] * p[0, 1, 0] + p[0, 0, 0] * p[0, 1, 1] + p[0, 0, 1] * p[0, 1, 1]
    found = crnn.ctc_loss(p.log(), torch.tensor([[1]]))
    assert float(found) == pytest.approx(float(-ways.log()), rel=1e-5)


def test_shapes_and_no_dependence_on_the_rest_of_the_batch():
    model = crnn.CRNN(16).eval()
    images, _ = crnn.samples("lines", 3)
    with torch.inference_mode():
        together, alone = model(images / 255), model(images[1:2] / 255)
    assert together.shape == (3, 34, len(ALPHABET) + 1)
    assert torch.allclose(together.exp().sum(2), torch.ones(3, 34), atol=1e-5)
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_it_learns_a_few_captchas_by_heart():
    texts = ["AC", "K7"]
    drawn = solvers.as_tensor([challenge.make_captcha(text, "plain", 1) for text in texts])
    images = (255 * drawn).round().byte()
    torch.manual_seed(0)
    model, losses = crnn.CRNN(32), []
    recipe = training.Recipe(epochs=40, learning_rate=1e-2, batch=2, shift=0)

    def note(output, labels):
        loss = crnn.ctc_loss(output, labels)
        losses.append(loss.item())
        return loss

    training.fit(model, images, crnn.encode(texts), recipe, seed=0, loss_of=note, progress=False)
    assert losses[-1] < 0.2 * losses[0]
    assert crnn.read(model, images) == texts


def test_a_killed_training_ends_in_the_same_bits(monkeypatch):
    attack = ("plain", 4, 0)
    whole, _ = crnn.trained(*attack)
    (crnn.CACHE / "checkpoints").rename(crnn.CACHE / "elsewhere")
    seen, loss = [], crnn.ctc_loss

    def die(output, labels):
        seen.append(labels)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return loss(output, labels)

    monkeypatch.setattr(crnn, "ctc_loss", die)
    with pytest.raises(KeyboardInterrupt):
        crnn.trained(*attack)
    again, _ = crnn.trained(*attack)
    assert len(seen) == 2 + crnn.recipe_of(4).epochs - 1  # one batch an epoch, the first one kept
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_samples_are_kept_and_none_is_a_tests():
    images, texts = crnn.samples("lines", 6)
    more, _ = crnn.samples("lines", 8)
    assert torch.equal(more[:6], images)
    assert len(texts) == 6
    (first, second) = sorted((crnn.CACHE / "captchas").iterdir())
    first.write_bytes(first.read_bytes()[:99])  # as a full disk leaves it
    kept = second.stat().st_mtime_ns
    assert torch.equal(crnn.samples("lines", 6)[0], images)
    assert second.stat().st_mtime_ns == kept
    assert not set(texts) & set(challenge.random_texts(500, splits.FIRST_SEED["test"]))


def test_pictures_of_a_scheme_that_was_changed_are_drawn_anew(monkeypatch):
    images, texts = crnn.samples("lines", 4)
    (path,) = (crnn.CACHE / "captchas").iterdir()
    older = 255 - images
    path.write_bytes(older.numpy().tobytes())  # as another drawing function left them
    assert torch.equal(crnn.samples("lines", 4)[0], images)
    fitted = []
    monkeypatch.setattr(crnn.training, "fit", lambda *_, **given: fitted.append(given) or 0.0)
    crnn.trained("lines", 4, 0)
    monkeypatch.setattr(crnn, "samples", lambda scheme, n: (older, texts))
    crnn.trained("lines", 4, 0)
    # nor is a checkpoint of these resumed
    assert fitted[0]["config"] != fitted[1]["config"]
    assert fitted[0]["checkpoint"] != fitted[1]["checkpoint"]


def test_a_result_keeps_what_it_has_and_its_answers_give_its_counts(results, monkeypatch):
    monkeypatch.setitem(splits.SPLITS, "test", 2)
    crnn.run("plain", 4)
    result = crnn.run("plain", 4, tests=["lines"])
    assert crnn.load(results) == [result]
    assert [row["shown"] for row in result.rows] == ["plain", "lines"]
    path = store.path_of(result.stem)
    path.write_text(path.read_text().replace('"n_correct": 0', '"n_correct": 1'))
    with pytest.raises(DataError, match=r"crnn-plain-n4-seed0.*the answers of .* do not give"):
        crnn.load(results)
    monkeypatch.setitem(splits.SPLITS, "test", 1)
    with pytest.raises(ValueError, match="holds 2 pictures where 1 would overwrite"):
        crnn.run("plain", 4)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"n_train": (10, 0)}, "n_train is 0; it is a whole number from 1 to 100000"),
        ({"n_train": (2.5,)}, "n_train is 2.5"),
        ({"seed": -1}, "seed is -1; it is a whole number from 0"),
        ({"scheme": "cursive"}, "scheme is 'cursive'; it is one of plain"),
        ({"tests": ("cursive",)}, "scheme is 'cursive'; it is one of plain"),
    ],
)
def test_what_is_not_allowed_is_named(fields, sentence, unchecked):
    with pytest.raises(ValueError, match=sentence):
        crnn.crnn(**{"scheme": "plain", "n_train": (10,), **fields})


def test_the_more_samples_the_fewer_epochs(monkeypatch):
    monkeypatch.undo()
    epochs = [crnn.recipe_of(n).epochs for n in (100, 1_000, 10_000)]
    assert epochs == sorted(epochs, reverse=True)
    assert set(crnn.EACH) < set(challenge.SCHEMES)
