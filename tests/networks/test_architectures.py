"""The classifiers: ten classes from one channel, and normalization that lives inside."""

import subprocess
import sys
from dataclasses import fields, replace

import pytest
import torch
from torch import nn
from torchvision import models

from halftone_utils.engine.files import ROOT, DataError, read_rows
from halftone_utils.networks import architectures, builders
from halftone_utils.networks.architectures import ARCHITECTURES

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)
# convolutions and linear layers; VGGs and AlexNet at 32 end in one linear layer instead of three
LAYERS = {"lenet": 5, "alexnet": 8, "vgg16": 16, "vgg19": 19, "resnet18": 18, "resnet50": 50}


def on_paper(architecture, size):
    """The network without memory for its weights: shapes alone."""
    with torch.device("meta"):
        return architectures.build(architecture, size)


@pytest.mark.parametrize("architecture", ["alexnet", "vgg16", "vgg19", "resnet18", "resnet50"])
def test_at_256_a_network_is_torchvisions_but_for_its_channel_and_its_classes(architecture):
    with torch.device("meta"):
        theirs = getattr(models, architecture)(weights=None, num_classes=10)
    theirs = [tuple(p.shape) for p in theirs.parameters()]
    ours = [tuple(p.shape) for p in on_paper(architecture, 256).parameters()]
    assert ours[0] == (theirs[0][0], 1, *theirs[0][2:])
    assert theirs[1:] == ours[1:]


@pytest.mark.parametrize("architecture", LAYERS)
def test_a_network_has_as_many_layers_as_its_name_says(architecture):
    for size in architectures.SIZES:
        layers = [
            m
            for name, m in on_paper(architecture, size).named_modules()
            if isinstance(m, nn.Conv2d | nn.Linear) and "downsample" not in name
        ]
        fewer = 2 if size == 32 and architecture in ("alexnet", "vgg16", "vgg19") else 0
        assert len(layers) == LAYERS[architecture] - fewer


def test_to_count_first_leaves_every_network_able_to_read():
    script = """if True:
        import torch
        from halftone_utils.networks import architectures
        architectures.cost("vgg16", 32)
        print(architectures.build("vgg16").eval()(torch.rand(3, 1, 32, 32)).shape)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "torch.Size([3, 10])\n", done.stderr


def test_cost_counts_parameters_and_multiplications():
    parameters, operations = architectures.cost("lenet", 32)
    assert parameters == 156 + 2416 + 48120 + 10164 + 850  # LeCun et al. 1998, C3 in full
    assert operations == 28**2 * 150 + 10**2 * 2400 + 48000 + 10080 + 840
    assert architectures.cost("vgg16", 256)[0] > 130e6
    assert architectures.cost("resnet50", 256)[1] > architectures.cost("resnet18", 256)[1]


@every_architecture
def test_a_classifier_reads_its_two_sizes_and_each_picture_by_itself(architecture):
    with torch.device("meta"):
        pictures = torch.empty(2, 1, 256, 256)
        assert on_paper(architecture, 256).eval()(pictures).shape == (2, 10)
        assert architectures.build(architecture, 32, classes=3)(
            torch.empty(2, 1, 32, 32)
        ).shape == (
            2,
            3,
        )
    model, images = architectures.build(architecture).eval(), torch.rand(3, 1, 32, 32)
    with torch.inference_mode():
        logits = model(images)
        assert logits.shape == (3, 10)
        assert torch.allclose(logits[1:2], model(images[1:2]), atol=1e-3)
        # brightness and contrast do not change what is read
        assert torch.allclose(logits, model(0.2 + 0.5 * images), rtol=1e-3, atol=1e-3)


@every_architecture
def test_weights_depend_on_the_seed_alone(architecture):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = architectures.build(architecture, seed=5).state_dict()
    assert torch.equal(torch.rand(2), expected)
    second = architectures.build(architecture, seed=5).state_dict()
    other = architectures.build(architecture, seed=6).state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_an_even_picture_has_finite_logits():
    assert architectures.build("lenet")(torch.full((1, 1, 32, 32), 0.5)).isfinite().all()


def test_an_unknown_architecture_or_size_is_named():
    with pytest.raises(ValueError, match="architecture is 'resnet'; it is one of lenet, alexnet"):
        architectures.build("resnet")
    with pytest.raises(ValueError, match="size is 64; it is one of 32, 256"):
        architectures.build("lenet", 64)


# --- the rows ---------------------------------------------------------------------------------


def test_every_row_has_a_name_a_look_and_a_recipe_for_each_size_of_its_own():
    rows = ARCHITECTURES.values()
    for look in ("printed", "colour", "marker"):
        assert len({getattr(row, look) for row in rows}) == len(rows)
    for name, row in ARCHITECTURES.items():
        assert row.name == name
        assert {*row.recipes} == {*architectures.SIZES}
        assert callable(getattr(builders, row.builder))


@pytest.fixture
def file(tmp_path):
    """A copy of the rows."""
    path = tmp_path / "architectures.toml"
    path.write_text(architectures.FILE.read_text())
    return path


def test_a_row_more_is_an_architecture_more(file, monkeypatch):
    row = file.read_text().partition("[lenet]")[2].partition("[alexnet]")[0]
    row = row.replace("[lenet.recipes]", "[seventh.recipes]").replace("LeNet", "Seventh")
    file.write_text(f"{file.read_text()}\n[seventh]{row}")
    rows = read_rows(file, architectures._row)
    assert [*rows] == [*ARCHITECTURES, "seventh"]
    for field in fields(architectures.Architecture):
        same = field.name not in ("name", "printed")
        assert (getattr(rows["seventh"], field.name) == getattr(rows["lenet"], field.name)) == same
    monkeypatch.setitem(architectures.ARCHITECTURES, "seventh", rows["seventh"])
    weights = (architectures.build(name, seed=1).state_dict() for name in ("lenet", "seventh"))
    assert all(map(torch.equal, *(of_one.values() for of_one in weights)))


@pytest.mark.parametrize(
    ("line", "instead", "named"),
    [
        ('printed = "LeNet"', 'spelled = "LeNet"', "spelled|printed"),
        ('marker = "o"', "", "marker"),
        ("epochs = 12", "epochs = 0", "epochs is 0"),
        ("learning_rate = 4e-3", "rate = 4e-3", "rate"),
        ("[lenet.recipes]", "[lenet.recipe]", "recipes"),
        ("[lenet]", "[lenet", "not valid TOML"),
    ],
)
def test_a_row_that_cannot_be_is_named_in_one_sentence(line, instead, named, file):
    assert line in file.read_text()
    file.write_text(file.read_text().replace(line, instead, 1))
    with pytest.raises(DataError, match=named) as caught:
        read_rows(file, architectures._row)
    assert str(caught.value).startswith(str(file))
    assert len(str(caught.value).splitlines()) == 1


def test_a_builder_that_is_not_there_is_named(monkeypatch):
    row = replace(ARCHITECTURES["lenet"], builder="lenet6")
    monkeypatch.setitem(architectures.ARCHITECTURES, "lenet", row)
    with pytest.raises(DataError, match=r"\[lenet\]: .*builders.py has no function 'lenet6'"):
        architectures.build("lenet")
