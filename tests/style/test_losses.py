"""The losses are the paper's formulas, and their gradient is exact.

The paper: Gatys, Ecker & Bethge, CVPR 2016; its equations are written out below as loops.
"""

import pytest
import torch

from halftone_utils import screens
from halftone_utils.engine import hardware
from halftone_utils.style import Settings, gatys, vgg

# --- the paper, literally: F, P, A are lists of rows, one a channel ----------------------------


def literal_content_loss(F, P):  # eq. 1
    loss = 0.0
    for i in range(len(F)):
        for j in range(len(F[0])):
            loss += 0.5 * (F[i][j] - P[i][j]) ** 2
    return loss


def literal_gram(F):  # eq. 3
    G = [[0.0] * len(F) for _ in F]
    for i in range(len(F)):
        for j in range(len(F)):
            for k in range(len(F[0])):
                G[i][j] += F[i][k] * F[j][k]
    return G


def literal_layer_style_loss(F, A):  # eq. 4; A: features of the style image
    N, M = len(F), len(F[0])
    G, A = literal_gram(F), literal_gram(A)
    loss = 0.0
    for i in range(N):
        for j in range(N):
            loss += (G[i][j] - A[i][j]) ** 2
    return loss / (4 * N**2 * M**2)


def literal_style_loss(features, styles, weights):  # eq. 5
    loss = 0.0
    for layer in weights:
        loss += weights[layer] * literal_layer_style_loss(features[layer], styles[layer])
    return loss


def literal_total_loss(content, style, alpha, beta):  # eq. 7
    return alpha * content + beta * style


SHAPES = {"shallow": (3, 4, 6), "deep": (5, 2, 3)}  # N_l, H_l, W_l
WEIGHTS = {"shallow": 0.3, "deep": 1.7}


@pytest.fixture
def maps():
    """Random features of 3 images, P of the same, and those of one style image, in float64."""
    generator = torch.Generator().manual_seed(0)

    def draw(n):
        return {
            layer: torch.rand(n, *shape, generator=generator, dtype=torch.float64)
            for layer, shape in SHAPES.items()
        }

    return draw(3), draw(3), draw(1)


def rows(F):
    """(N_l, H, W) -> the paper's N_l rows of M_l features."""
    return F.flatten(1).tolist()


def nearly(values):
    return pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize("layer", SHAPES)
def test_the_content_loss_is_equation_1(layer, maps):
    F, P = maps[0][layer], maps[1][layer]
    expected = [literal_content_loss(rows(f), rows(p)) for f, p in zip(F, P, strict=True)]
    assert gatys.content_loss(F, P).tolist() == nearly(expected)


@pytest.mark.parametrize("layer", SHAPES)
def test_the_gram_matrix_is_equation_3(layer, maps):
    expected = torch.tensor([literal_gram(rows(F)) for F in maps[0][layer]])
    assert torch.allclose(gatys.gram_matrix(maps[0][layer]), expected, rtol=1e-5)


@pytest.mark.parametrize("layer", SHAPES)
def test_the_style_loss_of_a_layer_is_equation_4(layer, maps):
    F, A = maps[0][layer], maps[2][layer]
    positions = F.shape[2] * F.shape[3]
    loss = gatys.layer_style_loss(gatys.gram_matrix(F), gatys.gram_matrix(A), positions)
    assert loss.tolist() == nearly([literal_layer_style_loss(rows(f), rows(A[0])) for f in F])


def literal_losses(maps, alpha=1.0, beta=1.0):
    """Content (of "deep"), style and total loss of each of the three images."""
    content, style, total = [], [], []
    for i in range(3):
        features = {layer: rows(F[i]) for layer, F in maps[0].items()}
        styles = {layer: rows(A[0]) for layer, A in maps[2].items()}
        content.append(literal_content_loss(features["deep"], rows(maps[1]["deep"][i])))
        style.append(literal_style_loss(features, styles, WEIGHTS))
        total.append(literal_total_loss(content[-1], style[-1], alpha, beta))
    return content, style, total


def test_the_style_loss_is_equation_5(maps):
    targets = {layer: gatys.gram_matrix(A) for layer, A in maps[2].items()}
    assert gatys.style_loss(maps[0], targets, WEIGHTS).tolist() == nearly(literal_losses(maps)[1])


def test_the_total_loss_is_equation_7(maps):
    targets = {layer: gatys.gram_matrix(A) for layer, A in maps[2].items()}
    content = gatys.content_loss(maps[0]["deep"], maps[1]["deep"])
    style = gatys.style_loss(maps[0], targets, WEIGHTS)
    total = gatys.total_loss(content, style, 0.7, 30.0)
    assert total.tolist() == nearly(literal_losses(maps, 0.7, 30.0)[2])


# --- gradients --------------------------------------------------------------------------------


def test_equations_2_and_6_are_the_gradients_at_what_enters_the_relu():
    generator = torch.Generator().manual_seed(1)
    entering = torch.randn(2, 5, 4, 4, generator=generator).requires_grad_()
    P, a = torch.rand(2, 2, 5, 4, 4, generator=generator)
    F, A = entering.relu(), gatys.gram_matrix(a[:1])
    content = gatys.content_loss(F, P).sum()
    style = gatys.layer_style_loss(gatys.gram_matrix(F), A, 16).sum()
    (by_content,) = torch.autograd.grad(content, entering, retain_graph=True)
    (by_style,) = torch.autograd.grad(style, entering)
    assert torch.allclose(gatys.content_loss_gradient(F, P), by_content, atol=1e-6)
    assert torch.allclose(gatys.layer_style_loss_gradient(F, A), by_style, rtol=1e-4, atol=1e-8)


MIXES = {  # style weights, content layer
    "style above and below content": ({"conv1_1": 0.2, "conv2_1": 0.8}, "conv1_2"),
    "content deepest": ({"conv1_1": 0.5, "conv2_1": 2.0}, "conv3_1"),
    "both in one layer": ({"conv1_2": 1.0}, "conv1_2"),
    "the first layer alone": ({"conv1_1": 1.0}, "conv1_1"),
    "a layer without weight": ({"conv1_1": 0.0, "conv2_2": 1.0}, "conv2_1"),
    "the deepest of all": ({"conv2_1": 1.0, "conv5_1": 0.5}, "conv4_2"),
}


def random_objective(network, style_weights, content_layer, shape=(2, 1, 16, 16), beta=5.0):
    """An objective and a point x at which to look at it, all pixels random."""
    generator = torch.Generator().manual_seed(2)
    p, x = torch.rand(2, *shape, generator=generator)
    style = torch.rand(1, *shape[1:], generator=generator)
    settings = Settings(
        style_weights=style_weights, content_layer=content_layer, alpha=0.7, beta=beta
    )
    targets = gatys.style_targets(network, style, style_weights, 16)
    return gatys.Objective(network, p, targets, settings), x


def total_of(objective, x):
    return gatys.total_loss(*objective.losses(x), objective.settings.alpha, objective.settings.beta)


@pytest.mark.parametrize(("style_weights", "content_layer"), MIXES.values(), ids=MIXES)
def test_the_gradient_written_out_is_autograds(style_weights, content_layer, vgg16):
    objective, x = random_objective(vgg16, style_weights, content_layer)
    gradient, content, style = objective.gradient(x)
    free = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(total_of(objective, free).sum(), free)
    assert (gradient - expected).abs().max() < 1e-5 * expected.abs().max()
    losses = objective.losses(x)
    assert torch.allclose(content, losses[0], rtol=1e-5)
    assert torch.allclose(style, losses[1], rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 1, 16, 16), (1, 1, 16, 24)], ids=["square", "not square"])
def test_along_the_gradient_the_loss_rises_as_the_gradient_says(shape, vgg16):
    objective, x = random_objective(vgg16, {"conv1_1": 1.0, "conv2_1": 1.0}, "conv2_2", shape)
    gradient, *_ = objective.gradient(x)
    steepness = gradient.square().sum((1, 2, 3)).sqrt().view(-1, 1, 1, 1)
    h = 0.02 * gradient / steepness  # 0.02 in all, over all pixels
    with torch.no_grad():
        rise = (total_of(objective, x + h) - total_of(objective, x - h)) / 0.04
    assert torch.allclose(rise, steepness.flatten(), rtol=0.01)


def test_sides_that_pooling_does_not_halve_evenly_are_refused(vgg16):
    random_objective(vgg16, {"conv1_1": 1.0}, "conv1_2", (1, 1, 15, 17))  # none is pooled
    with pytest.raises(ValueError, match="images are 16x18; sides are multiples of 4 pixels"):
        random_objective(vgg16, {"conv1_1": 1.0}, "conv3_1", (1, 1, 16, 18))


def test_the_gradient_at_p_is_the_same_from_the_features_that_are_known(vgg16, digits):
    settings = Settings(style_weights={"conv1_1": 1.0, "conv2_1": 1.0})
    targets = gatys.style_targets(
        vgg16, screens.am_screen(screens.ramp(32), 2.5), settings.style_weights, 16
    )
    objective = gatys.Objective(vgg16, digits, targets, settings)
    for ours, theirs in zip(objective.gradient(digits), objective.gradient(digits), strict=True):
        assert (ours - theirs).abs().max() <= 1e-6 * theirs.abs().max()


def test_the_gradient_in_bfloat16_points_the_same_way(vgg16):
    mix = {"conv1_1": 0.5, "conv1_2": 0.5}, "conv1_2"
    exact, x = random_objective(vgg16, *mix)
    rough, _ = random_objective(vgg.load_vgg16().to(torch.bfloat16), *mix)
    ours, theirs = rough.gradient(x)[0].flatten(1), exact.gradient(x)[0].flatten(1)
    assert ours.dtype == torch.float32
    assert (torch.cosine_similarity(ours, theirs) > 0.98).all()


@pytest.mark.skipif(not hardware.can_compile(), reason="no C++ compiler on this machine")
def test_the_compiled_gradient_is_the_eager_one_within_rounding(vgg16, unchecked):
    objective, x = random_objective(vgg16, {"conv1_1": 0.5, "conv1_2": 0.5}, "conv1_2")
    for ours, theirs in zip(objective.gradient(x, True), objective.gradient(x), strict=True):
        assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


def test_without_a_compiler_the_gradient_is_the_eager_one(vgg16, monkeypatch, tmp_path):
    objective, x = random_objective(vgg16, {"conv1_1": 0.5, "conv1_2": 0.5}, "conv1_2")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not hardware.can_compile()
    for ours, theirs in zip(objective.gradient(x, True), objective.gradient(x), strict=True):
        assert torch.equal(ours, theirs)


# --- the style image --------------------------------------------------------------------------


def test_a_picture_has_no_style_loss_against_itself(vgg16):
    picture, weights = screens.am_screen(screens.ramp(32), 4.0), {"conv1_1": 1.0, "conv2_1": 1.0}
    targets = gatys.style_targets(vgg16, picture, weights, 32)
    own = gatys.style_loss(vgg16(picture, tuple(weights)), targets, weights)
    other = gatys.style_loss(vgg16(screens.ramp(32), tuple(weights)), targets, weights)
    assert own < 1e-6 * other


def test_the_style_does_not_depend_on_the_size_of_its_picture(vgg16):
    small, large = (
        gatys.style_targets(vgg16, screens.am_screen(screens.ramp(side), 2.5), ("conv1_2",), 32)[
            "conv1_2"
        ]
        for side in (64, 128)
    )
    assert (small - large).norm() < 0.1 * large.norm()
