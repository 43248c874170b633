"""A training depends on its seed, recipe and data alone, however often it was interrupted."""

from dataclasses import asdict, dataclass, replace

import pytest
import torch
from killing import kill_when_written
from safetensors import safe_open
from safetensors.torch import save

from halftone_utils.digits import datasets
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import architectures, training

RECIPE = training.Recipe(epochs=3, learning_rate=2e-3)
N = 300


@pytest.fixture(scope="module")
def digits():
    return datasets.load("train", 32, N)


@pytest.fixture
def saved(monkeypatch):
    """Epoch and batch of each checkpoint that is written; after `saved.killed_after` it is over."""

    class Saved(list):
        killed_after = None

    saved, save = Saved(), training.save_checkpoint

    def save_and_die(*arguments):
        save(*arguments)
        saved.append((arguments[-1].epoch, arguments[-1].batch))
        if saved[-1] == saved.killed_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "save_checkpoint", save_and_die)
    return saved


def train(digits, checkpoint=None, recipe=RECIPE, seed=1, **other):
    model = architectures.build("lenet", seed=seed)
    training.fit(model, *digits, recipe, seed=seed, checkpoint=checkpoint, progress=False, **other)
    return model.state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def epochs_in(checkpoint):
    with safe_open(checkpoint, "pt") as stream:
        return int(stream.metadata()["epoch"])


@pytest.fixture(scope="module")
def undisturbed(digits):
    return train(digits)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(digits, undisturbed):
    assert same(train(digits), undisturbed)
    assert not same(train(digits, seed=2), undisturbed)


def test_writing_checkpoints_does_not_change_what_is_learnt(digits, undisturbed, tmp_path):
    assert same(train(digits, tmp_path / "c.safetensors"), undisturbed)


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_run_killed_after_an_epoch_and_resumed_ends_in_the_same_weights(
    killed_after, digits, undisturbed, tmp_path, capsys, saved
):
    path = tmp_path / "c.safetensors"
    saved.killed_after = killed_after, 0
    with pytest.raises(KeyboardInterrupt):
        train(digits, path)
    assert epochs_in(path) == killed_after
    saved.clear()
    resumed = train(digits, path)
    assert saved == [(epoch, 0) for epoch in range(killed_after + 1, RECIPE.epochs + 1)]
    assert same(resumed, undisturbed)
    assert capsys.readouterr().err == ""


def test_a_process_killed_by_sigkill_and_resumed_ends_in_the_same_weights(digits, tmp_path):
    path, recipe = tmp_path / "c.safetensors", replace(RECIPE, epochs=12)
    script = f"""if True:
        from pathlib import Path
        from halftone_utils.digits import datasets
        from halftone_utils.networks import architectures, training
        digits = datasets.load("train", 32, {N})
        training.fit(
            architectures.build("lenet", seed=1), *digits, training.Recipe(**{asdict(recipe)}),
            seed=1, checkpoint=Path({str(path)!r}), progress=False,
        )
    """
    kill_when_written(script, path)
    assert 1 <= epochs_in(path) < 12
    assert same(train(digits, path, recipe), train(digits, recipe=recipe))
    assert epochs_in(path) == 12


def fit_with_dropout(digits, checkpoint=None, recipe=RECIPE, **other):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.AdaptiveAvgPool2d(32),
        torch.nn.Flatten(),
        torch.nn.Linear(1024, 32),
        torch.nn.BatchNorm1d(32),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(32, 10),
    )
    training.fit(model, *digits, recipe, seed=0, checkpoint=checkpoint, progress=False, **other)
    return model.state_dict()


def test_a_network_with_dropout_resumes_to_the_same_weights_too(digits, tmp_path, saved):
    path = tmp_path / "c.safetensors"
    saved.killed_after = 1, 0
    with pytest.raises(KeyboardInterrupt):
        fit_with_dropout(digits, path)
    assert same(fit_with_dropout(digits, path), fit_with_dropout(digits))


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        replace(RECIPE, epochs=2, small=((16, 290), (8, 280))),
        replace(RECIPE, momentum=0.9, constant=True),
    ],
    ids=["one size", "progressive resizing", "gradient descent"],
)
def test_a_run_killed_inside_an_epoch_resumes_to_the_same_weights(
    recipe, digits, tmp_path, monkeypatch, saved
):
    alone = fit_with_dropout(digits, None, recipe)
    last = recipe.epochs + len(recipe.small) - 1
    for epoch, batch in ((0, 1), (1, 2), (last, 1)):
        path, saved.killed_after = tmp_path / f"{epoch}.safetensors", (epoch, batch)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(training, "EVERY", 0.0)
            fit_with_dropout(digits, path, recipe)
        assert epochs_in(path) == epoch
        assert same(fit_with_dropout(digits, path, recipe), alone)


def test_progressive_resizing_shows_small_pictures_first_and_the_first_digits_at_full_size(digits):
    seen = []

    class Spy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(10))

        def forward(self, x):
            seen.append((len(x), x.shape[-1], x.amax((1, 2, 3))))
            return self.weight.expand(len(x), 10)

    images, labels = digits[0].clone(), digits[1]
    images[100:] = 0  # blank, from the 101st on
    recipe = replace(RECIPE, epochs=1, small=((8, 250),), shift=0)
    training.fit(Spy(), images, labels, recipe, seed=0, n=100, progress=False)
    assert [(n, side) for n, side, _ in seen] == [(128, 8), (122, 8), (100, 32)]
    assert sum(int((most > 0).sum()) for _, side, most in seen if side == 8) == 100
    assert (seen[-1][2] > 0).all()
    seen.clear()
    recipe = replace(recipe, small_batch=200)
    training.fit(Spy(), images, labels, recipe, seed=0, n=100, progress=False)
    assert [(n, side) for n, side, _ in seen] == [(200, 8), (50, 8), (100, 32)]


def test_pictures_at_full_size_have_a_cycle_of_the_learning_rate_of_their_own(digits, monkeypatch):
    asked, factor = [], training.learning_rate_factor
    monkeypatch.setattr(
        training, "learning_rate_factor", lambda p, w: asked.append(p) or factor(p, w)
    )
    recipe = replace(RECIPE, epochs=2, small=((16, 256), (8, 256)))  # 2 + 2, then 3 + 3 batches
    fit_with_dropout(digits, recipe=recipe)
    assert asked == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])


def test_gradient_descent_at_a_constant_rate_is_its_update_rule(digits):
    recipe = replace(RECIPE, epochs=1, batch=N, shift=0, weight_decay=0.0, constant=True)
    model = architectures.build("lenet", seed=1)
    loss = torch.nn.functional.cross_entropy(model(datasets.as_float(digits[0])), digits[1])
    gradient = torch.autograd.grad(loss, model[1].weight)[0]
    found = train(digits, recipe=replace(recipe, momentum=0.0))["1.weight"]
    step = recipe.learning_rate * gradient
    off = (model[1].weight - found - step).norm() / step.norm()
    assert off < 0.03  # of bfloat16, where it is trained in that


def test_the_finished_checkpoint_holds_the_weights_alone(digits, tmp_path):
    train(digits, tmp_path / "c.safetensors")
    with safe_open(tmp_path / "c.safetensors", "pt") as stream:
        assert all(key.startswith("model.") for key in stream.keys())  # noqa: SIM118


def test_what_is_no_checkpoint_is_named_in_one_sentence_and_training_starts_anew(
    digits, undisturbed, tmp_path, capsys, saved
):
    path = tmp_path / "c.safetensors"
    train(digits, path)
    content = path.read_bytes()
    damaged = f"Checkpoint {path} is damaged"
    contents = [(content[: int(left * len(content))], damaged) for left in (0.0, 0.5, 0.99)]
    contents.append((save({"model.1.weight": torch.zeros(3)}), f"Checkpoint {path} is"))
    for wrong, sentence in contents:
        path.write_bytes(wrong)
        saved.clear()
        assert same(train(digits, path), undisturbed)
        assert saved == [(1, 0), (2, 0), (3, 0)]
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert said.startswith(sentence)
        assert epochs_in(path) == 3


OTHERS = {
    "seed": {"seed": 2},
    "epochs": {"recipe": replace(RECIPE, epochs=2)},
    "learning rate": {"recipe": replace(RECIPE, learning_rate=1e-3)},
    "data": {"config": {"train_on": "halftone"}},
}


def test_a_checkpoint_of_another_config_is_not_used(digits, undisturbed, tmp_path, capsys):
    for name, other in OTHERS.items():
        path = tmp_path / f"{name}.safetensors"
        train(digits, path, **other)
        assert same(train(digits, path), undisturbed), name
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert f"{path} is of another config" in said
    path = tmp_path / "fewer digits.safetensors"
    train([part[:200] for part in digits], path)
    assert same(train(digits, path), undisturbed)


def test_a_field_more_with_a_default_changes_no_config_and_resumes_every_checkpoint(
    digits, undisturbed, tmp_path, capsys, saved
):
    @dataclass(frozen=True, kw_only=True)
    class Longer(training.Recipe):
        momentum: float = 0.9

    path = tmp_path / "c.safetensors"
    train(digits, path)
    longer = Longer(epochs=3, learning_rate=2e-3)
    assert config_of(longer) == config_of(RECIPE)
    saved.clear()
    assert same(train(digits, path, recipe=longer), undisturbed)
    assert saved == []
    assert capsys.readouterr().err == ""
    assert config_of(replace(longer, momentum=0.5)) == {**config_of(RECIPE), "momentum": 0.5}


def test_seconds_of_an_interrupted_run_are_counted_too(digits, tmp_path):
    path = tmp_path / "c.safetensors"
    model = architectures.build("lenet", seed=1)
    first = training.fit(model, *digits, RECIPE, seed=1, checkpoint=path, progress=False)
    with safe_open(path, "pt") as stream:
        saved = float(stream.metadata()["seconds"])
    again = training.fit(model, *digits, RECIPE, seed=1, checkpoint=path, progress=False)
    assert 0 < saved <= first
    assert again >= saved


def test_the_callers_random_state_is_untouched(digits):
    torch.manual_seed(7)
    expected = torch.rand(4)
    torch.manual_seed(7)
    train(digits, recipe=replace(RECIPE, epochs=1))
    assert torch.equal(torch.rand(4), expected)


def test_what_is_learnt_does_not_depend_on_the_callers_random_state(digits, undisturbed):
    torch.manual_seed(1234)
    assert same(train(digits), undisturbed)


def test_a_network_learns_to_read_the_digits_it_is_shown(digits):
    images, labels = digits
    model = architectures.build("lenet", seed=1)
    before = (training.predict(model, images) == labels).float().mean()
    recipe = replace(RECIPE, epochs=25, shift=0)
    training.fit(model, images, labels, recipe, seed=1, progress=False)
    assert not model.training
    assert before < 0.3
    assert (training.predict(model, images) == labels).float().mean() > 0.95


# --- the shift --------------------------------------------------------------------------------


def test_a_shifted_image_keeps_its_pixels_and_their_neighbours():
    images = torch.rand(40, 1, 9, 11, generator=torch.Generator().manual_seed(0))
    moved = training.shift_randomly(images, 2, torch.Generator().manual_seed(1))
    found = set()
    for image, result in zip(images[:, 0], moved[:, 0], strict=True):
        assert torch.equal(result.flatten().sort().values, image.flatten().sort().values)
        shifts = [
            (dy, dx)
            for dy in range(-2, 3)
            for dx in range(-2, 3)
            if torch.equal(image.roll((dy, dx), (0, 1)), result)
        ]
        assert len(shifts) == 1
        found.update(shifts)
    assert len(found) > 10  # of 25: each image by its own shift
    assert {dy for dy, _ in found} == {dx for _, dx in found} == {-2, -1, 0, 1, 2}


def test_a_shift_by_nothing_is_the_image_itself():
    images = torch.rand(3, 1, 5, 5)
    assert torch.equal(training.shift_randomly(images, 0, torch.Generator()), images)


# --- the learning rate and what is read -------------------------------------------------------


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    steps = torch.linspace(0, 1, 201).tolist()
    rate = torch.tensor([training.learning_rate_factor(s, 0.15) for s in steps])
    peak = int(rate.argmax())
    assert steps[peak] == pytest.approx(0.15, abs=0.006)
    assert rate[peak] == pytest.approx(1)
    assert rate[0] == 0
    assert rate[-1] == pytest.approx(0, abs=1e-6)
    assert (rate[: peak + 1].diff() > 0).all()
    assert (rate[peak:].diff() <= 0).all()


def test_probabilities_sum_to_one_and_do_not_depend_on_the_batch(digits, monkeypatch):
    model, images = architectures.build("lenet"), digits[0][:50]
    rows = training.probabilities(model, images)
    assert rows.shape == (50, 10)
    assert torch.allclose(rows.sum(1), torch.ones(50))
    assert torch.equal(rows, training.probabilities(model, datasets.as_float(images)))
    assert torch.equal(training.predict(model, images), rows.argmax(1).byte())
    monkeypatch.setattr(training, "AT_A_TIME", 7 * 32 * 32)
    assert torch.allclose(rows, training.probabilities(model, images), atol=1e-6)


def test_right_answers_are_counted(digits):
    model, (images, labels) = architectures.build("lenet"), digits
    read = training.predict(model, images[:50])
    assert training.count_right(model, images[:50], labels[:50]) == (read == labels[:50]).sum()
    assert training.count_right(model, images[:50], read.long()) == 50


def test_a_recipe_that_cannot_be_followed_is_refused_in_one_sentence():
    for wrong, named in (
        ({"epochs": 0}, "epochs is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": 1.5}, "learning_rate is 1.5"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"shift": -1}, "shift is -1"),
        ({"small": ((0, 100),)}, "side of small is 0"),
        ({"small": ((64, 0),)}, "number of small is 0"),
        ({"small_batch": -1}, "small_batch is -1"),
    ):
        with pytest.raises(ValueError, match=f"^{named}; it is ") as caught:
            replace(RECIPE, **wrong)
        assert len(str(caught.value).splitlines()) == 1


def test_what_is_shifted_in_is_black_where_it_does_not_wrap():
    white = torch.ones(50, 1, 8, 8)
    moved = training.shift_randomly(white, 2, torch.Generator().manual_seed(0), wrap=False)
    assert torch.equal(training.shift_randomly(white, 2, torch.Generator().manual_seed(0)), white)
    assert moved.shape == white.shape
    assert set(moved.sum((1, 2, 3)).tolist()) <= {h * w for h in (6, 7, 8) for w in (6, 7, 8)}
    assert len(moved.sum((1, 2, 3)).unique()) > 3
