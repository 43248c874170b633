"""The digits are MNIST's, byte for byte, and are always divided in the same way."""

import gzip
import hashlib
import shutil

import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.engine.files import DATA, DataError

NAMES = tuple(datasets.MD5)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of data/mnist that a test may harm; the digits are read from there."""
    shutil.copytree(DATA / "mnist", tmp_path / "mnist")
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    return tmp_path / "mnist"


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def alter_a_pixel(path):
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(raw), 1))


def alter_a_zipped_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_the_checksum_that_its_publishers_give(name):
    # as in torchvision.datasets.MNIST's own mirrors, for the unzipped files
    published = {
        "train-images-idx3-ubyte": (47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        "train-labels-idx1-ubyte": (60_008, "a25bea736e30d166cdddb491f175f624"),
        "t10k-images-idx3-ubyte": (7_840_016, "2646ac647ad5339dbf082846283269ea"),
        "t10k-labels-idx1-ubyte": (10_008, "27ae3e4e09519cfbb04c329615203637"),
    }
    raw = gzip.decompress((DATA / "mnist" / f"{name}.gz").read_bytes())
    assert (len(raw), hashlib.md5(raw, usedforsecurity=False).hexdigest()) == published[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "damage",
    [lambda path: path.unlink(), cut_short, empty, alter_a_pixel, alter_a_zipped_byte],
    ids=["missing", "cut short", "empty", "one pixel altered", "one zipped byte altered"],
)
def test_a_harmed_file_is_named_in_one_sentence_with_its_remedy(name, damage, copied):
    path = copied / f"{name}.gz"
    damage(path)
    with pytest.raises(DataError) as caught:
        datasets.read_idx(name)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "git checkout data/mnist" in sentence
    assert len(sentence.splitlines()) == 1


def test_the_splits_are_disjoint_and_hold_every_training_digit():
    labels = datasets.read_idx("train-labels-idx1-ubyte")
    split = datasets.split_indices(labels)
    assert {name: len(index) for name, index in split.items()} == {
        "train": 55_000,
        "validation": 5_000,
    }
    together = torch.cat(list(split.values()))
    assert torch.equal(together.sort().values, torch.arange(60_000))


def test_each_class_has_its_share_of_the_validation_split_within_one_digit():
    labels = datasets.read_idx("train-labels-idx1-ubyte").long()
    chosen = torch.bincount(labels[datasets.split_indices(labels)["validation"]], minlength=10)
    proportional = torch.bincount(labels, minlength=10) * 5_000 / 60_000
    assert (chosen - proportional).abs().max() < 1


def test_the_splits_are_the_same_on_every_day_and_machine():
    split = datasets.split_indices(datasets.read_idx("train-labels-idx1-ubyte"))
    found = {k: hashlib.sha256(v.numpy().tobytes()).hexdigest()[:16] for k, v in split.items()}
    assert found == {"train": "a505b37fac645ae0", "validation": "08fcbe0571f9bf51"}


@pytest.mark.parametrize(("split", "n"), [("train", 55_000), ("validation", 5_000), ("test", None)])
def test_a_split_gives_its_digits_in_the_files_own_order(split, n):
    part = "t10k" if split == "test" else "train"
    images, labels = datasets.load(split, 28, n)
    all_images = datasets.read_idx(f"{part}-images-idx3-ubyte")
    all_labels = datasets.read_idx(f"{part}-labels-idx1-ubyte").long()
    rows = torch.arange(10_000) if split == "test" else datasets.split_indices(all_labels)[split]
    assert (rows.diff() > 0).all()
    assert torch.equal(images[:, 0], all_images[rows])
    assert torch.equal(labels, all_labels[rows])


def test_labels_that_a_caller_spoils_are_whole_for_the_next():
    first = datasets.load("test", 28, 5)[1]
    kept = first.clone()
    first.zero_()
    assert torch.equal(datasets.load("test", 28, 5)[1], kept)


def test_32_pixels_are_the_28_with_a_black_border_of_two():
    small, large = datasets.load("test", 28, 50)[0], datasets.load("test", 32, 50)[0]
    assert large.shape == (50, 1, 32, 32)
    assert torch.equal(large[..., 2:30, 2:30], small)
    assert large.sum() == small.sum()


def test_256_pixels_show_the_same_digit_with_the_same_ink():
    small = datasets.as_float(datasets.load("test", 28, 20)[0])
    large = datasets.load("test", 256, 20)[0]
    assert large.shape == (20, 1, 256, 256)
    assert large.dtype == torch.uint8
    large = datasets.as_float(large)
    back = torch.nn.functional.interpolate(large, size=28, mode="area")
    off = (back - small).abs().mean()
    assert off < 0.03
    for shift in (-1, 1):  # one pixel too far left, right, up or down is far worse
        assert (back - small.roll(shift, 2)).abs().mean() > 3 * off
        assert (back - small.roll(shift, 3)).abs().mean() > 3 * off
    assert (large.mean((1, 2, 3)) - small.mean((1, 2, 3))).abs().max() < 0.01


def test_as_float_spans_0_to_1():
    assert datasets.as_float(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("training",), "split is 'training'"),
        (("test", 64), "size is 64"),
        (("test", 28, 0), "n is 0"),
        (("test", 28, -1), "n is -1"),
        (("validation", 28, 5_001), "n is 5001"),
    ],
)
def test_what_is_not_offered_is_named_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named) as caught:
        datasets.load(*arguments)
    assert len(str(caught.value).splitlines()) == 1


def test_the_first_of_a_balanced_order_hold_each_class_equally_often():
    _, labels = datasets.load("train", 28, 3_000)
    order = datasets.balanced_order(labels)
    assert torch.equal(order.sort().values, torch.arange(3_000))
    for n in (10, 25, 1_000, 2_500):
        counts = torch.bincount(labels[order[:n]], minlength=10)
        assert counts.max() - counts.min() <= 1
    first_of_a_class = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    assert sorted(order[:10].tolist()) == sorted(first_of_a_class)


def test_many_large_digits_lie_on_disk_and_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "CACHE", tmp_path)
    monkeypatch.setattr(datasets, "MAPPED", 3)
    monkeypatch.setattr(
        datasets, "_raw", lambda split, raw=datasets._raw: [x[:40] for x in raw(split)]
    )
    few, _ = datasets.load("test", 256, 3)
    assert not (tmp_path / "mnist-256").exists()
    many, labels = datasets.load("test", 256, 12)
    assert many.shape == (12, 1, 256, 256)
    assert len(labels) == 12
    assert torch.equal(many, datasets.resize(datasets.load("test", 28, 12)[0], 256))
    assert torch.equal(many[:3], few)
    path = tmp_path / "mnist-256" / "test.u8"
    assert path.stat().st_size == 40 * 256 * 256

    written = path.stat().st_mtime_ns
    datasets.load("test", 256, 40)
    assert path.stat().st_mtime_ns == written  # read again, not written again
    many[:] = 0  # what a caller does to its copy stays with it
    assert torch.equal(datasets.load("test", 256, 12)[0][:3], few)

    for damage in (
        lambda: path.write_bytes(path.read_bytes()[:-1]),
        lambda: path.write_bytes(bytes(path.stat().st_size)),
    ):
        damage()
        assert torch.equal(datasets.load("test", 256, 40)[0][:3], few)
    assert [found.name for found in path.parent.iterdir()] == ["test.u8"]
