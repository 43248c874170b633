"""Networks trained on ImageNet: the committed one, and files that a person has."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from halftone_utils.engine.files import DataError
from halftone_utils.networks import imagenet


def test_the_committed_network_is_the_one_of_the_provenance():
    assert hashlib.sha256(imagenet.FILE.read_bytes()).hexdigest() == imagenet.SHA256


def test_grey_is_three_equal_channels_and_nothing_depends_on_the_batch():
    model, images = imagenet.load(), torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        scores = model(images)
        assert scores.shape == (2, len(imagenet.classes())) == (2, 1000)
        assert scores.allclose(model(images.repeat(1, 3, 1, 1)), atol=1e-4)
        assert scores[1:].allclose(model(images[1:]), atol=1e-3)
    assert not model.training


def test_an_answer_is_the_name_of_the_greatest_share():
    images = torch.rand(2, 1, 64, 64)
    found = imagenet.answers(imagenet.load(), images)
    with torch.inference_mode():
        shares = imagenet.load()(images).softmax(1)
    for (name, share), of in zip(found, shares, strict=True):
        assert name == imagenet.classes()[int(of.argmax())]
        assert share == pytest.approx(float(of.max()), abs=1e-4)


def test_the_classes_stand_in_the_usual_order():
    names = imagenet.classes()
    assert (names[0], names[904], names[999]) == ("tench", "window screen", "toilet tissue")


def test_the_groups_are_apart_and_each_number_has_its_name(tmp_path, monkeypatch):
    meshes, cloths = imagenet.groups().values()
    assert not meshes & cloths
    assert 904 in meshes
    wrong = tmp_path / "groups.toml"
    wrong.write_text('[meshes]\n904 = "window shade"\n')
    monkeypatch.setattr(imagenet, "GROUPS", wrong)
    imagenet.groups.cache_clear()
    with pytest.raises(DataError, match="class 904 is not 'window shade'"):
        imagenet.groups()
    monkeypatch.undo()
    imagenet.groups.cache_clear()


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_a_network_of_a_library_is_loaded_from_a_file(tmp_path, ending):
    from torchvision.models import resnet18

    theirs, file = resnet18().eval(), tmp_path / f"mine.{ending}"
    state = theirs.state_dict()
    (save_file if ending == "safetensors" else torch.save)(state, file)
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        ours = imagenet.load("torchvision/resnet18", file)(images)
        mean, deviation = (
            torch.tensor(x).view(3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        )
        assert ours.allclose(theirs((images - mean) / deviation), atol=1e-4)


def test_a_network_of_timm_is_loaded_from_a_file(tmp_path):
    import timm

    theirs, file = timm.create_model("resnet10t").eval(), tmp_path / "mine.safetensors"
    save_file(theirs.state_dict(), file)
    model = imagenet.load("timm/resnet10t", file)
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert model(images).allclose(theirs(model[1](images)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine", "network is 'mine'; it is efficientnet_lite0, or timm/NAME or torchvision/NAME"),
        ("timm/", "network is 'timm/'"),
        ("timm/none", "timm .* has none of that name"),
        ("torchvision/none", "torchvision/ is 'none'; it is one of alexnet"),
    ],
)
def test_another_name_is_refused(name, said):
    with pytest.raises(ValueError, match=said):
        imagenet.load(name)


@pytest.mark.parametrize("name", ["torchvision/resnet18", "timm/resnet10t"])
def test_weights_that_are_nowhere_are_one_sentence_and_nothing_is_fetched(
    name, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(DataError, match=r"has no weights on this machine.*: give their file\.$"):
        imagenet.load(name)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x04N."])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_a_file_that_holds_no_weights_is_named(tmp_path, content, ending):
    file = tmp_path / f"mine.{ending}"
    with pytest.raises(DataError, match="is missing"):
        imagenet.load("torchvision/resnet18", file)
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"mine\..* holds no weights of this network \(.*\)\.$"):
        imagenet.load("torchvision/resnet18", file)


def test_weights_of_another_network_are_refused():
    with pytest.raises(DataError, match="holds no weights of this network"):
        imagenet.load("torchvision/resnet18", imagenet.FILE)
