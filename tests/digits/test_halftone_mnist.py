"""Halftone-MNIST as torchvision's users know a data set holds the report's pictures, or refuses."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from halftone_utils.digits import HalftoneMNIST, datasets, halftone_sets, points, sets
from halftone_utils.engine.files import DataError

N = 20
SETS = {"strong": "halftone-strong", "talk": "halftone-talk", "original": "original"}


@pytest.fixture(autouse=True)
def small_chunks(tmp_path, monkeypatch):
    """Chunks that are built in no time, and a cache that must stay as it is: there is none."""
    monkeypatch.setattr(halftone_sets, "CHUNK", 8)
    for module in (halftone_sets, datasets, points):
        monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    yield
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "a" / "root"


def digits(root, split="test", point="strong", size=32, n=N, **arguments):
    return HalftoneMNIST(root, split, point, size, n=n, progress=False, **arguments)


def files(root, kind):
    return sorted(root.rglob(f"*.{kind}"))


@pytest.mark.parametrize("size", [32, 256])
@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("point", ["strong", "original"])
def test_it_holds_the_pictures_and_labels_of_the_report_bit_for_bit(root, point, split, size):
    found = digits(root, split, point, size)
    pictures, labels = sets.load(SETS[point], split, size, N)
    assert torch.equal(found.data, pictures[:, 0])
    assert torch.equal(found.targets, labels)
    assert len(found) == N
    for i in (0, N - 1, -1):
        picture, label = found[i]
        assert (picture.mode, picture.size, type(label)) == ("L", (size, size), int)
        assert np.array_equal(np.array(picture), pictures[i, 0].numpy())
        assert label == labels[i]


@pytest.mark.parametrize("size", [32, 256])
def test_talk_is_drawn_by_style_transfer(root, monkeypatch, size):
    monkeypatch.setattr(halftone_sets, "CHUNK", 2)
    found = digits(root, "validation", "talk", size, n=2)
    expected = sets.redrawn("halftone-talk", datasets.load("validation", size, 2)[0])
    assert (found.data.int() - expected[:, 0].int()).abs().max() <= 1


def test_all_of_a_split_is_there_unless_n_is_given(root, monkeypatch):
    monkeypatch.setattr(halftone_sets, "CHUNK", 512)
    assert [len(digits(root, split, n=None)) for split in ("validation", "test")] == [5000, 10_000]


def test_a_second_construction_finds_what_the_first_one_built(root):
    first = digits(root)
    written = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert torch.equal(digits(str(root)).data, first.data)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == written
    digits(root, n=N + 8)
    assert torch.equal(digits(root).data, first.data)


def test_a_complete_set_is_read_where_nothing_can_be_written(root, monkeypatch):
    first = digits(root)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert torch.equal(digits(root).data, first.data)


def test_the_cache_of_the_project_is_a_root(root, tmp_path, monkeypatch):
    monkeypatch.setattr(halftone_sets, "CACHE", root)
    monkeypatch.setattr(halftone_sets, "CHUNK", 2)
    pictures, _ = sets.load("halftone-talk", "test", 32, 2)
    (manifest,) = files(root, "json")
    before = manifest.stat().st_mtime_ns
    assert torch.equal(digits(root, point="talk", n=2).data, pictures[:, 0])
    assert manifest.stat().st_mtime_ns == before


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-1 if path.suffix == ".json" else 32 * 32 * 10] ^= 1
    path.write_bytes(content)


def cut_short(path):
    path.write_bytes(path.read_bytes()[: 32 * 32 * 9 if path.suffix == ".u8" else 40])


@pytest.mark.parametrize("harm", [flip_a_bit, cut_short, Path.unlink])
def test_damaged_pictures_are_refused_in_one_sentence_until_they_are_built_anew(root, harm):
    whole = digits(root).data.clone()
    (pictures,), (manifest,) = files(root, "u8"), files(root, "json")
    harm(pictures)
    for _ in range(2):
        with pytest.raises(DataError, match=re.escape(f"{pictures}: chunks [")) as caught:
            digits(root)
        assert len(str(caught.value).splitlines()) == 1
        assert str(caught.value).endswith(f"delete {manifest}, and test is built anew.")
    manifest.unlink()
    assert torch.equal(digits(root).data, whole)


@pytest.mark.parametrize("harm", [flip_a_bit, cut_short])
def test_a_damaged_manifest_is_refused_in_one_sentence(root, harm):
    digits(root)
    (manifest,) = files(root, "json")
    harm(manifest)
    with pytest.raises(DataError, match=re.escape(f"Manifest {manifest} is damaged")) as caught:
        digits(root)
    assert len(str(caught.value).splitlines()) == 1


def test_transforms_are_of_the_picture_and_of_its_label(root):
    bare = digits(root)
    seen = digits(root, transform=v2.ToImage(), target_transform=lambda label: -label)
    assert [label for _, label in seen] == [-label for _, label in bare]
    assert torch.equal(seen[3][0], bare.data[3][None])
    assert "ToImage" in repr(seen)
    assert "Point: strong" in repr(seen)


def test_what_is_done_to_a_picture_does_not_reach_the_set(root):
    found = digits(root)
    picture, _ = found[0]
    picture.paste(128, (0, 0, 32, 32))
    assert (found.data[0] != 128).any()
    found.data.zero_()
    assert digits(root).data.max() == 255


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_reads_it(root, workers):
    into = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    found = digits(root, transform=into)
    batches = [*DataLoader(found, batch_size=8, num_workers=workers)]
    pictures = torch.cat([x for x, _ in batches])
    assert torch.equal(pictures, datasets.as_float(found.data[:, None]))
    assert torch.equal(torch.cat([y for _, y in batches]), found.targets)


def test_a_label_is_the_place_of_its_class(root):
    found = digits(root)
    assert [int(found.classes[label][0]) for _, label in found] == found.targets.tolist()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"split": "exam"}, "split is 'exam'; it is one of train, validation, test."),
        ({"point": "weak"}, "point is 'weak'; it is one of talk, strong, original."),
        ({"size": 28}, "size is 28; it is one of 32, 256."),
        ({"n": 0}, "n is 0; it is a whole number from 1 to 10000."),
        ({"n": 10_001}, "n is 10001; it is a whole number from 1 to 10000."),
        ({"root": None}, "root is None; it is a folder, or can be made one (TypeError)."),
        ({"root": __file__}, f"root is {__file__!r}; it is a folder, or can be made one"),
    ],
)
def test_what_is_not_there_is_named_in_one_sentence(root, arguments, sentence, unchecked):
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        digits(**{"root": root, **arguments})
    assert len(str(caught.value).splitlines()) == 1
    assert not files(root, "u8")
