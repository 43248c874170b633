"""foolbox's attacks, each picture by itself: Madry et al. 2018; Chen, Jordan & Wainwright 2020."""

import foolbox
import pytest
import torch
from torch import nn

from halftone_utils.digits import datasets
from halftone_utils.networks import training
from halftone_utils.studies import per_picture
from halftone_utils.studies.experiments import published


@pytest.fixture(scope="module")
def lenet():
    return published("lenet").requires_grad_(False)


@pytest.fixture(scope="module")
def digits():
    images, labels = datasets.load("validation", 32, 8)
    return datasets.as_float(images), labels


class Half(nn.Module):
    """Class 1 where the mean of a picture is above a half: its boundary is a plane."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images):
        above = self.scale * (images.mean((1, 2, 3)) - 0.5)
        return torch.stack([-above, above], 1) * 1000


def norms(moved, images, norm):
    return (moved - images).flatten(1).norm(dim=1, p=2 if norm == "L2" else torch.inf)


@pytest.mark.parametrize("norm", per_picture.NORMS)
def test_every_picture_keeps_to_its_own_size_and_uses_it(norm, lenet, digits):
    sizes = torch.linspace(0.02, 0.3, 8) * (8 if norm == "L2" else 1)
    moved = per_picture.pgd(lenet, *digits, sizes, norm=norm, steps=10)
    assert moved.min() >= 0
    assert moved.max() <= 1
    lengths = norms(moved, digits[0], norm)
    assert (lengths <= sizes + 1e-5).all()
    assert (lengths >= 0.8 * sizes).all()


@pytest.mark.parametrize("norm", per_picture.NORMS)
def test_a_picture_does_not_depend_on_those_beside_it(norm, lenet, digits):
    images, labels = digits
    sizes = torch.full((8,), 0.05 if norm == "Linf" else 1.0)
    of = {"norm": norm, "steps": 5, "restarts": 2, "seed": 3}
    many = per_picture.pgd(lenet, images, labels, sizes, **of)
    few = per_picture.pgd(lenet, images[:2], labels[:2], sizes[:2], **of)
    assert torch.allclose(many[:2], few, atol=1e-5)
    queries = {"queries": (40,), "seed": 3}
    many, few = (
        per_picture.hop_skip_jump(lenet, images[:n], labels[:n], **queries)[40] for n in (3, 1)
    )
    assert torch.allclose(many[:1], few, atol=1e-5)


def test_one_size_for_all_is_foolboxs_own_attack(lenet, digits):
    images, labels = (x[:1] for x in digits)
    moved = per_picture.pgd(lenet, images, labels, torch.tensor([0.1]), steps=5)
    theirs = foolbox.attacks.LinfPGD(steps=5, rel_stepsize=per_picture.REACH / 5)
    with torch.random.fork_rng():
        torch.manual_seed(per_picture._seed(0, 0, 0))
        _, clipped, _ = theirs(foolbox.PyTorchModel(lenet, (0, 1)), images, labels, epsilons=0.1)
    assert torch.allclose(moved, clipped, atol=1e-6)


def test_a_restart_is_for_those_still_read_right_and_never_spares_one(lenet, digits):
    sizes = torch.full((8,), 0.05)
    once, more = (
        per_picture.pgd(lenet, *digits, sizes, steps=5, restarts=restarts) for restarts in (1, 3)
    )
    fooled = training.predict(lenet, once) != digits[1]
    assert fooled.any()
    assert not fooled.all()
    assert torch.equal(once[fooled], more[fooled])
    assert not torch.equal(once[~fooled], more[~fooled])


def test_decisions_alone_lead_to_the_boundary_and_more_of_them_nearer():
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.5
    labels = torch.tensor([0, 0, 1])  # the last one is misread as it is
    model = Half()
    found = per_picture.hop_skip_jump(model, images, labels, queries=(40, 800))
    plane = (0.5 - images.mean((1, 2, 3))) * 8  # the L2 to the nearest misread picture
    near, far = (norms(found[queries], images, "L2") for queries in (800, 40))
    assert (near[:2] >= plane[:2]).all()
    assert (near[:2] < 1.25 * plane[:2]).all()
    assert (near[:2] < far[:2]).all()
    assert near[2] == far[2] == 0
    for pictures in found.values():
        assert (model(pictures).argmax(1) != labels).all()


def test_no_more_is_asked_than_queries_allow(lenet, digits):
    asked = []
    hook = lenet.register_forward_hook(lambda _, given, __: asked.append(len(given[0])))
    images, labels = (x[:1] for x in digits)
    found = per_picture.hop_skip_jump(lenet, images, labels, queries=(1, 60))
    assert found[1].shape == images.shape
    # one to know whether it is read at all; the last estimate of a gradient may be cut
    assert 60 < sum(asked) < 1 + 60 + 2 * per_picture.FIRST_QUERIES
    hook.remove()


@pytest.mark.parametrize(
    ("setting", "said"),
    [({"norm": "L1"}, "norm"), ({"steps": 0}, "steps"), ({"restarts": 0}, "re")],
)
def test_what_cannot_be_is_refused(setting, said, lenet, digits):
    with pytest.raises(ValueError, match=said):
        per_picture.pgd(lenet, *digits, torch.ones(8), **setting)
    with pytest.raises(ValueError, match="queries"):
        per_picture.hop_skip_jump(lenet, *digits, queries=(0,))
