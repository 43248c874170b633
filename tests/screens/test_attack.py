"""An attack by halftones keeps the tone, is called as foolbox's are, and leaves models alone."""

import inspect
import re
import textwrap

import eagerpy
import foolbox
import pytest
import torch
from scipy import ndimage
from skimage import data
from torch import nn

from halftone_utils.digits import datasets
from halftone_utils.digits.photographs import labelled
from halftone_utils.engine.files import ROOT
from halftone_utils.networks import imagenet
from halftone_utils.screens import HalftoneAttack, attack, map_tone
from halftone_utils.studies import experiments

both_modes = pytest.mark.parametrize("white_box", [False, True], ids=["black box", "white box"])
N = 20  # validation digits


@pytest.fixture(scope="module")
def lenet():
    return experiments.published("lenet")


@pytest.fixture(scope="module")
def fmodel(lenet):
    return foolbox.PyTorchModel(lenet, bounds=(0, 1), device="cpu")


@pytest.fixture(scope="module")
def read():
    """The digits, and what they are."""
    images, labels = datasets.load("validation", 32, N)
    return datasets.as_float(images), labels


class Counting(nn.Module):
    """A model that keeps every picture that it is shown."""

    def __init__(self, model):
        super().__init__()
        self.model, self.seen, self.calls = model, [], 0

    def forward(self, images):
        self.seen += [*images.detach().clone()]
        self.calls += 1
        return self.model(images)


def colour_network(**arguments):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.Flatten()]
    return nn.Sequential(*layers, nn.LazyLinear(4), **arguments)


def photographs(side=24):
    """Two crops of a photograph, in colour: (2, 3, side, side)."""
    whole = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
    return torch.stack([whole[:, 100 : 100 + side, 200 : 200 + side], whole[:, :side, :side]])


def local_tone(images, sigma):
    """Blurred by SciPy, borders reflected."""
    blurred = ndimage.gaussian_filter(
        images.numpy(), (0, 0, sigma, sigma), mode="mirror", radius=(0, 0, *2 * [round(3 * sigma)])
    )
    return torch.from_numpy(blurred)


@both_modes
def test_epsilon_0_changes_nothing_and_costs_one_query(white_box, fmodel, read):
    images, labels = read
    halftones = HalftoneAttack(white_box, queries=4)
    raw, clipped, is_adv = halftones(fmodel, images, labels, epsilons=0)
    assert torch.equal(raw, images)
    assert torch.equal(clipped, images)
    assert torch.equal(is_adv, fmodel(images).argmax(1) != labels)
    assert halftones.queries_used.tolist() == N * [1]


@both_modes
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.4, 0.8)])
@pytest.mark.parametrize("kinds", [HalftoneAttack().kinds, ("am",)])
def test_the_tone_is_kept_and_epsilon_1_has_two_tones_only(
    white_box, tone_range, kinds, fmodel, read
):
    images, labels = read[0][:8], read[1][:8]
    bound, sigma = 0.1, 2.0
    halftones = HalftoneAttack(white_box, 4, tone_range=tone_range, tone_error=bound, kinds=kinds)
    strengths = [0.1, 0.5, 1.0]
    _, clipped, _ = halftones(fmodel, images, labels, epsilons=strengths)
    assert set(clipped[-1].unique().tolist()) == {0, 1}
    for epsilon, found in zip(strengths, clipped, strict=True):
        tone = (1 - epsilon) * images + epsilon * map_tone(images, tone_range)
        error = (local_tone(found, sigma) - local_tone(tone, sigma)).abs().max()
        assert 0.01 * epsilon < error < epsilon * bound + 1e-6
        assert (found - images).abs().max() < epsilon + 1e-6


@both_modes
def test_in_colour_and_other_bounds_each_channel_keeps_its_tone(white_box):
    images = 5 * photographs() - 2
    fmodel = foolbox.PyTorchModel(colour_network().eval(), bounds=(-2, 3), device="cpu")
    target = foolbox.TargetedMisclassification(torch.tensor([3, 2]))
    _, found, _ = HalftoneAttack(white_box, 5)(fmodel, images, target, epsilons=1)
    assert set(found.unique().tolist()) == {-2, 3}
    assert (local_tone(found, 2) - local_tone(images, 2)).abs().max() < 5 * 0.1 + 1e-5


@both_modes
def test_more_queries_begin_with_those_of_fewer_and_never_do_worse(white_box, lenet, read):
    images, labels = read

    def run(queries):
        model = Counting(lenet)
        halftones = HalftoneAttack(white_box, queries, tone_range=(0.2, 0.8))
        _, found, is_adv = halftones(model, images[:6], labels[:6], epsilons=0.3)
        margins = attack.margins(lenet(found), labels[:6], False).detach()
        assert len(model.seen) == model.calls == halftones.queries_used.sum()
        # each round of calls goes through the pictures that are not yet adversarial
        return torch.stack(model.seen), found, is_adv, margins, halftones.queries_used

    few = run(2)
    for more in (run(3), run(8)):
        assert torch.equal(more[0][: len(few[0])], few[0])
        assert (more[2] >= few[2]).all()
        assert torch.equal(more[1][few[2]], few[1][few[2]])
        assert (more[3] <= few[3]).all()
        assert (more[4] >= few[4]).all()
        few = more


@both_modes
def test_the_same_seed_gives_the_same_pictures_and_spares_the_callers_random_state(
    white_box, fmodel, read
):
    images, labels = read[0][:4], read[1][:4]
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, again, other = (
        HalftoneAttack(white_box, 3, seed=seed)(fmodel, images, labels, epsilons=1)[0]
        for seed in (5, 5, 6)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@both_modes
def test_a_picture_is_attacked_alone_as_in_company(white_box, fmodel, read):
    images, labels = read
    halftones = HalftoneAttack(white_box, queries=6)
    together = halftones(fmodel, images[:8], labels[:8], epsilons=1)[1:]
    calls = halftones.queries_used
    for i in range(8):
        of = slice(i, i + 1)
        alone = halftones(fmodel, images[of], labels[of], epsilons=1)[1:]
        assert torch.equal(alone[0], together[0][of])
        assert torch.equal(alone[1], together[1][of])
        assert halftones.queries_used == calls[i]


@both_modes
def test_several_pictures_a_call_cost_each_as_many_queries(white_box, lenet, read):
    images, labels = read
    model = Counting(lenet)
    halftones = HalftoneAttack(white_box, queries=3, batch=8)
    halftones(model, images, labels, epsilons=1)
    assert len(model.seen) == halftones.queries_used.sum()
    assert 3 <= model.calls <= 9


@both_modes
@pytest.mark.parametrize("wanted", ["labels", "Misclassification", "TargetedMisclassification"])
def test_is_adv_is_what_the_criterion_says_of_the_pictures(white_box, wanted, fmodel, read):
    images, labels = read
    criterion = {
        "labels": labels,
        "Misclassification": foolbox.Misclassification(labels),
        "TargetedMisclassification": foolbox.TargetedMisclassification((labels + 1) % 10),
    }[wanted]
    halftones = HalftoneAttack(white_box, queries=8, tone_range=(0.4, 0.8))
    _, found, is_adv = halftones(fmodel, images, criterion, epsilons=1.0)
    rule = foolbox.Misclassification(labels) if wanted == "labels" else criterion
    assert torch.equal(is_adv, rule(found, fmodel(found)))
    assert is_adv.any()
    assert (halftones.queries_used[~is_adv] == 8).all()


@pytest.mark.parametrize(
    ("tone_range", "epsilon", "targeted"),
    [((0.0, 1.0), 1.0, False), ((0.4, 0.8), 0.3, False), ((0.4, 0.8), 1.0, True)],
)
def test_the_white_box_misleads_lenet_on_no_fewer_of_20_digits_at_equal_calls(
    tone_range, epsilon, targeted, fmodel, read
):
    images, labels = read
    goal = foolbox.TargetedMisclassification((labels + 1) % 10) if targeted else labels
    budget, first = 16, {}
    for white_box in (False, True):
        halftones = HalftoneAttack(white_box, budget, tone_range=tone_range)
        _, _, is_adv = halftones(fmodel, images, goal, epsilons=epsilon)
        # a smaller budget would have found those that took no more of this one
        cost = halftones.queries_used.where(is_adv, budget + 1)
        first[white_box] = [int((cost <= calls).sum()) for calls in range(1, budget + 1)]
    assert all(w >= b for w, b in zip(first[True], first[False], strict=True))
    assert first[True][-1] >= first[False][-1] + N / 4
    assert first[True][-1] >= 0.8 * N


def test_the_white_box_descends_on_photographs_too():
    network = imagenet.load()
    pictures, classes = labelled(side=128)
    classes = classes.long()
    read = (network(pictures).argmax(1) == classes).nonzero()[:6, 0]
    black, white = (
        HalftoneAttack(box, 4)(network, pictures[read], classes[read], epsilons=0.05)[2].sum()
        for box in (False, True)
    )
    assert white >= black + 3


@pytest.mark.parametrize("epsilons", [0.3, [0.0, 0.3], (0.2,)])
def test_it_is_called_as_foolboxs_own_attacks_and_answers_in_their_types(epsilons, fmodel, read):
    images, labels = read[0][:3], read[1][:3]
    fast = foolbox.attacks.LinfFastGradientAttack()
    projected = foolbox.attacks.LinfPGD(steps=2)  # the fast one takes no targets
    for theirs, inputs, goal in (
        (fast, images, labels),
        (projected, images, foolbox.TargetedMisclassification(labels)),
        (fast, *eagerpy.astensors(images, labels)),
    ):
        ours = HalftoneAttack(queries=2)
        answers = [x(fmodel, inputs, goal, epsilons=epsilons) for x in (theirs, ours)]
        for expected, found in zip(*answers, strict=True):
            assert type(found) is type(expected)
            if isinstance(expected, list):
                assert [type(x) for x in found] == [type(x) for x in expected]
                assert [x.shape for x in found] == [x.shape for x in expected]
            else:
                assert (found.shape, found.dtype) == (expected.shape, expected.dtype)


def test_a_module_without_foolbox_is_attacked_as_with_it(lenet, fmodel, read):
    images, labels = read[0][:4], read[1][:4]
    bare, wrapped = (
        HalftoneAttack(True, 3)(model, images, labels, epsilons=0.5)[0] for model in (lenet, fmodel)
    )
    assert torch.equal(bare, wrapped)


@both_modes
@pytest.mark.parametrize("wraps", [False, True], ids=["module", "foolbox"])
def test_a_network_is_attacked_in_evaluation_mode_and_left_as_it_was(white_box, wraps):
    network, images = colour_network(), photographs()
    network(images)  # its last layer takes its size from them
    network[0].eval()
    network[0].bias.requires_grad_(False)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    flags = [parameter.requires_grad for parameter in network.parameters()]
    kept, labels = images.clone(), torch.tensor([0, 1])
    model = network
    if wraps:
        with pytest.warns(UserWarning, match="training mode"):
            model = foolbox.PyTorchModel(network, (0, 1), "cpu")
    found = HalftoneAttack(white_box, 4)(model, images, labels, epsilons=0.7)[0]
    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == flags
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    assert torch.equal(images, kept)
    assert not found.requires_grad
    network.eval()
    assert torch.equal(found, HalftoneAttack(white_box, 4)(model, images, labels, epsilons=0.7)[0])


def test_a_network_gets_its_mode_back_when_the_attack_fails():
    class Failing(nn.Module):
        def forward(self, images):
            assert not self.training
            raise RuntimeError("out of memory")

    model = Failing()
    with pytest.raises(RuntimeError, match="out of memory"):
        HalftoneAttack()(model, photographs(), torch.tensor([0, 1]), epsilons=1)
    assert model.training
    with pytest.raises(AssertionError):  # and no hook is left
        model(photographs())


def test_where_the_gradient_is_0_the_white_box_asks_what_the_black_box_asks():
    class Steps(nn.Module):
        def forward(self, images):
            return nn.functional.avg_pool2d(images, 8).flatten(1).mul(20).ceil()

    black, white = (
        HalftoneAttack(box, 5)(Steps(), PICTURES, torch.tensor([0, 1]), epsilons=0.2)
        for box in (False, True)
    )
    assert torch.equal(black[0], white[0])
    assert torch.equal(black[2], white[2])


def test_straight_through_is_the_threshold_with_the_slope_of_a_sigmoid():
    tone = torch.linspace(0, 1, 7).requires_grad_()
    thresholds = torch.full((7,), 0.4, requires_grad=True)
    printed = attack.straight_through(tone, thresholds)
    assert printed.tolist() == [0, 0, 0, 1, 1, 1, 1]
    slopes = torch.autograd.grad(printed.sum(), (tone, thresholds))
    step = 1e-3
    soft = [torch.sigmoid((tone.detach() - 0.4 + s) / attack.TEMPERATURE) for s in (-step, step)]
    expected = (soft[1] - soft[0]) / (2 * step)
    torch.testing.assert_close(slopes[0], expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(slopes[1], -expected, atol=1e-3, rtol=1e-3)


def test_margins_are_to_the_best_other_class_and_turn_with_the_goal():
    logits = torch.tensor([[3.0, 1.0, -2.0], [0.0, 4.0, 5.0]])
    classes = torch.tensor([0, 1])
    assert attack.margins(logits, classes, False).tolist() == [2, -1]
    assert attack.margins(logits, classes, True).tolist() == [-2, 1]


def test_black_and_white_pictures_are_their_own_halftones(lenet):
    images = torch.zeros(2, 1, 32, 32)
    images[1] = 1
    found = HalftoneAttack(True, 3)(lenet, images, torch.tensor([0, 1]), epsilons=1)[0]
    assert torch.equal(found, images)


def test_the_example_of_the_docstring_is_the_one_that_readme_runs():
    (example,) = re.findall(r"(?<=\n\n)(?:    .+\n|\n)+", inspect.getdoc(HalftoneAttack))
    example = textwrap.dedent(example).strip()
    assert f"```python\n{example}\n```" in (ROOT / "README.md").read_text()


def nothing(images):
    return torch.zeros(len(images), 10)


PICTURES = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1])


def attacked(model=nothing, inputs=PICTURES, goal=LABELS, epsilons=1.0, **settings):
    return HalftoneAttack(**settings)(model, inputs, goal, epsilons=epsilons)


REFUSED = [
    ({"white_box": "yes"}, "white_box is 'yes'; it is one of False, True."),
    ({"queries": 0}, "queries is 0; it is a whole number from 1"),
    ({"queries": 2.0}, "queries is 2.0; it is a whole number from 1"),
    ({"seed": -1}, "seed is -1; it is a whole number from 0"),
    ({"batch": 0}, "batch is 0; it is a whole number from 1"),
    ({"kinds": ()}, "kinds is empty; it needs one or more."),
    ({"kinds": ("am", "stipple")}, "kinds is 'stipple'; it is one of am, bayer,"),
    ({"rulings": 4.0}, "rulings is 4.0; it is (finest, coarsest)."),
    ({"rulings": (1.0, 4.0)}, "rulings is 1.0; it is 2 or more pixels a cell."),
    ({"rulings": (4.0, 3.0)}, "rulings is 3.0; it is 4 or more pixels a cell."),
    ({"rulings": (2.0, 11.0)}, "each side 18 px or more for rulings up to 11 px."),
    ({"tone_range": (0.8, 0.4)}, "tone_range is (0.8, 0.4); it needs 0 <= lo < hi <= 1."),
    ({"tone_error": 0.0}, "tone_error is 0.0; it is above 0, up to 1."),
    ({"tone_error": 1e-4}, "tone_error is 0.0001; none of 100 screens keeps the tone of a"),
    ({"epsilons": 1.5}, "epsilons is 1.5; it is 0 to 1."),
    ({"epsilons": None}, "epsilons is None; it is 0 to 1."),
    ({"epsilons": [0.5, -1]}, "epsilons is -1; it is 0 to 1."),
    ({"epsilons": []}, "epsilons is empty; it needs one or more."),
    ({"model": 5}, "model is int; it is a foolbox model or a module."),
    ({"inputs": PICTURES.numpy()}, "inputs are float32 (2, 1, 16, 16); they are floating"),
    ({"inputs": PICTURES[0]}, "inputs are torch.float32 (1, 16, 16); they are floating (N, C, H,"),
    ({"inputs": (255 * PICTURES).byte()}, "inputs are torch.uint8 (2, 1, 16, 16); they are floa"),
    ({"inputs": PICTURES[:0]}, "inputs are (0, 1, 16, 16); they are one picture or more"),
    ({"inputs": PICTURES + 1}, "the model's bounds are 0 to 1."),
    ({"inputs": PICTURES * torch.nan}, "inputs lie in nan to nan; the model's bounds are 0 to 1."),
    ({"goal": "cat"}, "criterion is str; it is labels, Misclassification or TargetedMiscl"),
    ({"goal": foolbox.criteria._And(None, None)}, "criterion is _And; it is labels, Miscl"),
    ({"goal": LABELS[:1]}, "criterion's classes are torch.int64 (1,); they are whole numbers"),
    ({"goal": LABELS.float()}, "criterion's classes are torch.float32 (2,); they are whole"),
    ({"goal": LABELS - 1}, "criterion's classes are torch.int64 (2,); they are whole numbers"),
    ({"goal": LABELS + 9}, "the model gives (1, 10); it is (N, classes), with more classes than"),
    ({"model": lambda images: images}, "the model gives (1, 1, 16, 16); it is (N, classes)"),
    ({"white_box": True}, "the model has no gradient; white_box is False for such a model."),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_what_is_not_allowed_is_refused_in_one_sentence(arguments, sentence, unchecked):
    with pytest.raises((ValueError, TypeError), match=re.escape(sentence)) as caught:
        attacked(**arguments)
    assert len(str(caught.value).splitlines()) == 1
