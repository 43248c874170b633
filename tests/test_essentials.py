"""The claims that the report rests on, each checked against an oracle."""

import gzip
import math

import foolbox
import pytest
import torch

from halftone_utils import attacks, classifiers, experiments, mnist, screens, training, vgg
from halftone_utils import halftone_mnist as sets
from halftone_utils import style_transfer as st
from halftone_utils.files import RESULTS, DataError
from halftone_utils.operating_points import OperatingPoint

torch.manual_seed(0)
RESULT_STEMS = [path.stem for path in sorted(RESULTS.glob("*-s[0-9]*.json"))]


@pytest.fixture(scope="module")
def network():
    return vgg.load_vgg16()


@pytest.fixture(scope="module")
def digits():
    return mnist.as_float(mnist.load("validation", n=6)[0])


def literal_gram(F):
    n = F.shape[0]
    G = torch.zeros(n, n, dtype=F.dtype)
    for i in range(n):
        for j in range(n):
            for k in range(F.shape[1]):
                G[i, j] += F[i, k] * F[j, k]
    return G


# --- data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", mnist.MD5)
def test_mnist_is_the_canonical_file(name):
    assert len(mnist.read_idx(name)) in (10_000, 60_000)


@pytest.mark.parametrize("damage", ["missing", "cut", "altered"])
def test_a_damaged_mnist_file_is_named_in_one_sentence(damage, tmp_path, monkeypatch):
    name = "t10k-labels-idx1-ubyte"
    whole = (mnist.DATA / "mnist" / f"{name}.gz").read_bytes()
    path = tmp_path / "mnist" / f"{name}.gz"
    path.parent.mkdir()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    if damage == "altered":
        raw = bytearray(gzip.decompress(whole))
        raw[100] ^= 1
        path.write_bytes(gzip.compress(bytes(raw)))
    monkeypatch.setattr(mnist, "DATA", tmp_path)
    with pytest.raises(DataError, match=name):
        mnist.read_idx(name)


def test_the_splits_are_disjoint_and_stratified():
    labels = mnist.read_idx("train-labels-idx1-ubyte").long()
    split = mnist.split_indices(labels)
    assert {k: len(v) for k, v in split.items()} == {"train": 55_000, "validation": 5_000}
    assert len(torch.cat([*split.values()]).unique()) == 60_000
    share = torch.bincount(labels[split["validation"]]) - torch.bincount(labels) / 12
    assert share.abs().max() < 1


# --- losses and gradients ---------------------------------------------------------------------


def test_the_losses_are_the_papers_formulas_written_as_loops():
    F, P = torch.rand(3, 6), torch.rand(3, 6)
    as_maps = [t.reshape(1, 3, 2, 3) for t in (F, P)]
    content = sum(0.5 * (F[i, j] - P[i, j]) ** 2 for i in range(3) for j in range(6))
    assert torch.allclose(st.content_loss(*as_maps), content)
    G, A = literal_gram(F), literal_gram(P)
    assert torch.allclose(st.gram_matrix(as_maps[0])[0], G)
    E = sum((G[i, j] - A[i, j]) ** 2 for i in range(3) for j in range(3)) / (4 * 3**2 * 6**2)
    assert torch.allclose(st.layer_style_loss(G[None], A[None], 6), E)
    features, targets = {"a": as_maps[0], "b": as_maps[0]}, {"a": A[None], "b": A[None]}
    style = st.style_loss(features, targets, {"a": 0.2, "b": 0.5})
    assert torch.allclose(style, 0.7 * E)
    assert st.total_loss(content, E, 2.0, 3.0) == 2.0 * content + 3.0 * E


def test_the_papers_gradients_are_autograds():
    pre = torch.randn(2, 5, 4, 4, requires_grad=True)  # what enters the ReLU
    P, A = torch.rand(2, 5, 4, 4), st.gram_matrix(torch.rand(1, 5, 4, 4))  # A is symmetric
    F = pre.relu()
    (content,) = torch.autograd.grad(st.content_loss(F, P).sum(), pre, retain_graph=True)
    E = st.layer_style_loss(st.gram_matrix(F), A, 16)
    (style,) = torch.autograd.grad(E.sum(), pre)
    assert torch.allclose(content, st.content_loss_gradient(F, P), atol=1e-6)
    assert torch.allclose(style, st.layer_style_loss_gradient(F, A), atol=1e-6)


@pytest.mark.parametrize(
    ("style", "content", "pooling", "channels"),
    [
        (("conv1_1", "conv1_2"), "conv1_2", "average", 1),
        (("conv1_1", "conv2_1"), "conv3_1", "average", 1),
        (("conv2_2",), "conv1_1", "average", 1),
        (("conv1_2", "conv2_1"), "conv2_1", "max", 1),
        (("conv1_2",), "conv2_1", "average", 3),
    ],
)
def test_the_gradient_at_the_pixels_is_autograds(style, content, pooling, channels):
    network = vgg.load_vgg16(pooling=pooling)
    p, x = torch.rand(2, 2, channels, 16, 16)
    settings = st.Settings(style_weights=dict.fromkeys(style, 0.5), content_layer=content, beta=9.0)
    targets = st.style_targets(network, torch.rand(1, channels, 16, 16), style, 16)
    objective = st.Objective(network, p, targets, settings)
    gradient, content_loss, style_loss = objective.gradient(x)
    free = x.clone().requires_grad_()
    losses = objective.losses(free)
    (oracle,) = torch.autograd.grad(st.total_loss(*losses, 1.0, 9.0).sum(), free)
    assert (gradient - oracle).abs().max() < 1e-5 * oracle.abs().max()
    assert torch.allclose(content_loss, losses[0], rtol=1e-4)
    assert torch.allclose(style_loss, losses[1], rtol=1e-4)


def test_one_grey_channel_gives_the_features_of_three(network, digits):
    layers = ("conv1_1", "conv2_2", "conv3_1")
    grey, colour = network(digits, layers), network(digits.repeat(1, 3, 1, 1), layers)
    for layer in layers:
        assert torch.allclose(grey[layer], colour[layer], rtol=1e-4, atol=1e-2)


# --- the iteration ----------------------------------------------------------------------------


def test_iteration_0_is_the_content_image_and_the_loss_falls(network, digits):
    steps = {"gradient descent": 1e-8, "adam": 0.05, "lbfgs": 0.05}
    targets = st.style_targets(network, screens.style_image(64, 2.5), ("conv1_1", "conv1_2"), 32)
    for optimizer in st.OPTIMIZERS:
        settings = st.Settings(optimizer=optimizer, step=steps[optimizer], iterations=4)
        run = st.transfer(network, digits[:2], targets, settings, keep=(0, 4))
        assert torch.equal(run.images[0], digits[:2])
        assert torch.equal(run.images[4], run.image)
        assert run.total.shape == (5, 2)
        assert (run.total[-1] < run.total[0]).all()
        assert run.image.min() >= 0
        assert run.image.max() <= 1


def test_a_digits_halftone_does_not_depend_on_its_batch(network, digits):
    targets = st.style_targets(network, screens.style_image(64, 2.5), ("conv1_1", "conv1_2"), 32)
    settings = st.Settings(iterations=5)
    together = st.transfer(network, digits, targets, settings).image
    for i in (0, 3, 5):
        alone = st.transfer(network, digits[i : i + 1], targets, settings).image
        assert (alone[0] - together[i]).abs().mean() < 1e-4  # float32's rounding, no more


@pytest.mark.parametrize(
    "wrong",
    [{"optimizer": "sgd"}, {"alpha": -1.0}, {"iterations": -1}, {"step": 0.0}, {"start": "a"}],
)
def test_a_setting_that_is_not_allowed_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        st.Settings(**wrong)


# --- screens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9)])
@pytest.mark.parametrize(
    "screen",
    [
        lambda x, t: screens.am_screen(x, 2.5, 45, "round", tone_range=t),
        lambda x, t: screens.am_screen(x, 4, 0, "round", tone_range=t),
        lambda x, t: screens.am_screen(x, 7.3, 15, "line", tone_range=t),
        lambda x, t: screens.floyd_steinberg(x, t),
        lambda x, t: screens.random_dots(x, 0, t),
    ],
)
def test_a_screen_is_bilevel_and_keeps_the_mean_tone_of_a_ramp(screen, tone_range):
    ramp = screens.ramp(256)
    printed = screen(ramp, tone_range)
    assert set(printed.unique().tolist()) == {0.0, 1.0}
    assert abs(printed.mean() - screens.map_tone(ramp, tone_range).mean()) < 0.01


def test_floyd_steinberg_is_the_textbooks_double_loop():
    images = torch.rand(2, 1, 9, 13)
    ours = screens.floyd_steinberg(images)
    for image, result in zip(images, ours, strict=True):
        work = image[0].double().clone()
        for y in range(9):
            for x in range(13):
                new = float(work[y, x] >= 0.5)
                error, work[y, x] = work[y, x] - new, new
                for dy, dx, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
                    if y + dy < 9 and 0 <= x + dx < 13:
                        work[y + dy, x + dx] += error * share / 16
        assert torch.equal(result[0].double(), work)


def test_a_screen_has_its_peak_at_the_ruling_and_angle_asked_for():
    flat = screens.am_screen(torch.full((1, 1, 256, 256), 0.5), 8.0, 30.0, "line")
    power = torch.fft.fft2(flat[0, 0] - flat.mean()).abs()
    fy, fx = divmod(int(power[:128].argmax()), 256)
    fx = fx - 256 if fx > 128 else fx
    assert math.isclose(math.hypot(fy, fx) / 256, 1 / 8, rel_tol=0.05)
    assert abs(math.degrees(math.atan2(fx, fy)) % 180 - 150) < 3 or (
        abs(math.degrees(math.atan2(fx, fy)) % 180 - 30) < 3
    )


# --- FGSM -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick_lenet():
    images, labels = mnist.load("train", n=3000)
    model = classifiers.build("lenet")
    recipe = training.Recipe(epochs=2, learning_rate=4e-3)
    training.fit(model, images, labels, recipe, seed=0, progress=False)
    return model


def test_fgsm_moves_each_pixel_by_epsilon_or_to_the_border(quick_lenet):
    x, y = mnist.load("validation", n=50)
    x = mnist.as_float(x)
    sign = attacks.signed_gradient(quick_lenet, x, y)
    moved = attacks.fgsm(quick_lenet, x, y, 0.1) - x
    at_border = ((x + moved) == 0) | ((x + moved) == 1)
    full = torch.isclose(moved.abs(), torch.tensor(0.1), atol=1e-6)
    assert (full | at_border | (sign == 0)).all()


def test_fgsm_fools_more_the_larger_its_step_and_is_foolboxs(quick_lenet):
    x, y = mnist.load("validation", n=300)
    x = mnist.as_float(x)
    right = [
        int((training.predict(quick_lenet, attacks.fgsm(quick_lenet, x, y, e)) == y).sum())
        for e in (0.0, 0.1, 0.3)
    ]
    assert right[0] > right[1] > right[2]
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    theirs, *_ = attack(foolbox.PyTorchModel(quick_lenet, (0, 1), "cpu"), x, y, epsilons=0.1)
    different = (attacks.fgsm(quick_lenet, x, y, 0.1) - theirs).abs() > 1e-6
    assert different.float().mean() < 1e-3  # a gradient of 1e-12 may round to the other sign


# --- training and sets ------------------------------------------------------------------------


def test_a_killed_and_resumed_training_ends_in_the_same_weights(tmp_path):
    images, labels = mnist.load("train", n=300)
    recipe = training.Recipe(epochs=3, learning_rate=1e-3)

    def run(path, after_epoch=None):
        model = classifiers.build("lenet", seed=1)
        training.fit(model, images, labels, recipe, seed=1, checkpoint=path, progress=False,
                     after_epoch=after_epoch)  # fmt: skip
        return model.state_dict()

    def kill(epoch):
        if epoch == 2:
            raise KeyboardInterrupt

    whole = run(tmp_path / "a.safetensors")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b.safetensors", kill)
    resumed = run(tmp_path / "b.safetensors")
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)


def test_a_checkpoint_cut_short_is_named_and_training_starts_anew(tmp_path, capsys):
    images, labels = mnist.load("train", n=200)
    path = tmp_path / "c.safetensors"
    recipe = training.Recipe(epochs=1, learning_rate=1e-3)
    for _ in range(2):
        model = classifiers.build("lenet", seed=1)
        training.fit(model, images, labels, recipe, seed=1, checkpoint=path, progress=False)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    assert str(path) in capsys.readouterr().err


@pytest.fixture
def point(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "CACHE", tmp_path)
    monkeypatch.setattr(sets, "CHUNK", 32)
    return OperatingPoint(
        name="quick", size=32, ruling=2.5, angle=45.0, dot="round", style_side=64,
        content_layer="conv1_2", style_weights={"conv1_1": 1.0}, alpha=1.0, beta=100.0,
        iterations=1, optimizer="adam", step=0.05,
    )  # fmt: skip


def test_a_set_resumes_and_a_damaged_chunk_is_built_again(point, capsys):
    path = sets.directory(point) / "validation.u8"
    assert sets.build(point, "validation", 32, progress=False) == [0]
    assert sets.build(point, "validation", 90, progress=False) == [1, 2]  # goes on
    assert sets.build(point, "validation", 90, progress=False) == []
    whole = path.read_bytes()
    path.write_bytes(whole[:1500] + b"x" + whole[1501:])
    assert sets.build(point, "validation", 90, progress=False) == [0]
    assert "damaged" in capsys.readouterr().err
    assert path.read_bytes() == whole
    path.write_bytes(whole[:70_000])  # cut in the third chunk
    assert sets.build(point, "validation", 90, progress=False) == [2]
    assert path.read_bytes() == whole


# --- results ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", RESULT_STEMS)
def test_a_result_file_recomputes_from_its_predictions(stem):
    result = experiments.read_json(RESULTS / f"{stem}.json")
    wanted = "architecture size train_on seed n_train epochs seconds device versions config tests"
    assert set(wanted.split()) <= set(result)
    predictions = experiments.load_predictions(stem)
    assert set(predictions) == set(result["tests"]) == {"original", "halftone-talk"}
    labels = mnist.load("test", 28)[1].numpy()
    for name, count in result["tests"].items():
        assert predictions[name].dtype == "uint8"
        assert count == {"n": 10_000, "n_correct": int((predictions[name] == labels).sum())}


def test_a_result_file_that_overstates_is_refused(tmp_path):
    for suffix in ("json", "npz"):
        source = RESULTS / f"lenet-32-original-s0.{suffix}"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    path = tmp_path / "lenet-32-original-s0.json"
    right = experiments.read_json(path)["tests"]["original"]["n_correct"]
    path.write_text(path.read_text().replace(str(right), str(right + 1)))
    with pytest.raises(DataError, match=r"lenet-32-original-s0\.json"):
        experiments.load_results(tmp_path)
