"""The digits are MNIST's, byte for byte, and are always divided in the same way."""

import gzip
import hashlib
import shutil

import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.engine.files import DATA, DataError

LABELS = "train-labels-idx1-ubyte"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copies of MNIST's files and rows that a test may harm; they are read instead."""
    shutil.copytree(DATA / "mnist", tmp_path / "data" / "mnist")
    shutil.copy(DATA / "datasets.toml", tmp_path / "data")
    monkeypatch.setattr(datasets, "DATA", tmp_path / "data")
    datasets.rows.cache_clear()
    yield tmp_path / "data" / "mnist"
    datasets.rows.cache_clear()


def test_a_file_has_the_checksum_that_its_publishers_give():
    # as in torchvision.datasets.MNIST's own mirrors, for the unzipped files
    published = {
        "train-images-idx3-ubyte": (47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        "train-labels-idx1-ubyte": (60_008, "a25bea736e30d166cdddb491f175f624"),
        "t10k-images-idx3-ubyte": (7_840_016, "2646ac647ad5339dbf082846283269ea"),
        "t10k-labels-idx1-ubyte": (10_008, "27ae3e4e09519cfbb04c329615203637"),
    }
    found = {}
    for name in datasets.get("mnist").files:
        raw = gzip.decompress((DATA / "mnist" / f"{name}.gz").read_bytes())
        found[name] = len(raw), hashlib.md5(raw, usedforsecurity=False).hexdigest()
    assert found == published


def cut_short(content):
    return content[: len(content) // 2]


def with_another_pixel(content):
    raw = bytearray(gzip.decompress(content))
    raw[-1] ^= 1
    return gzip.compress(bytes(raw), 1)


def with_another_zipped_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def empty(content):
    return b""


def test_a_harmed_file_is_named_in_one_sentence_with_its_remedy(copied):
    for name in datasets.get("mnist").files:
        path = copied / f"{name}.gz"
        content = path.read_bytes()
        path.unlink()
        for damage in (None, cut_short, empty, with_another_pixel, with_another_zipped_byte):
            if damage:
                path.write_bytes(damage(content))
            with pytest.raises(DataError) as caught:
                datasets.read_idx(name)
            sentence = str(caught.value)
            assert sentence.startswith(str(path)), (name, damage)
            assert "git checkout data/mnist" in sentence
            assert len(sentence.splitlines()) == 1


# --- the splits -------------------------------------------------------------------------------


def test_the_splits_hold_every_training_digit_once_and_are_the_same_on_every_machine():
    labels = datasets.read_idx(LABELS)
    split = datasets.split_indices(labels)
    assert {name: len(index) for name, index in split.items()} == {
        "train": 55_000,
        "validation": 5_000,
    }
    together = torch.cat(list(split.values()))
    assert torch.equal(together.sort().values, torch.arange(60_000))
    found = {k: hashlib.sha256(v.numpy().tobytes()).hexdigest()[:16] for k, v in split.items()}
    assert found == {"train": "a505b37fac645ae0", "validation": "08fcbe0571f9bf51"}
    # each class has its share of the validation split, within one digit
    chosen = torch.bincount(labels[split["validation"]].long(), minlength=10)
    proportional = torch.bincount(labels.long(), minlength=10) * 5_000 / 60_000
    assert (chosen - proportional).abs().max() < 1


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
    assert len(labels) == datasets.count(split)


def test_labels_that_a_caller_spoils_are_whole_for_the_next():
    first = datasets.load("test", 28, 5)[1]
    kept = first.clone()
    first.zero_()
    assert torch.equal(datasets.load("test", 28, 5)[1], kept)


def test_the_first_of_a_balanced_order_hold_each_class_equally_often():
    _, labels = datasets.load("train", 28, 3_000)
    order = datasets.balanced_order(labels)
    assert torch.equal(order.sort().values, torch.arange(3_000))
    for n in (10, 25, 1_000, 2_500):
        counts = torch.bincount(labels[order[:n]], minlength=10)
        assert counts.max() - counts.min() <= 1
    first_of_a_class = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    assert sorted(order[:10].tolist()) == sorted(first_of_a_class)


# --- the sizes --------------------------------------------------------------------------------


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


def test_floats_span_0_to_1_and_every_level_comes_back():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    floats = datasets.as_float(levels)
    assert (floats.min(), floats.max()) == (0, 1)
    assert torch.equal(datasets.as_bytes(floats), levels)
    assert torch.equal(datasets.as_bytes((floats + 0.4 / 255).clamp(max=1)), levels)


def test_many_large_digits_lie_on_disk_and_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "CACHE", tmp_path)
    monkeypatch.setattr(datasets, "MAPPED", 3)
    raw = datasets._raw
    monkeypatch.setattr(datasets, "_raw", lambda *of: tuple(x[:40] for x in raw(*of)))
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


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("training",), "split is 'training'; it is one of train, validation, test"),
        (("test", 64), "size is 64; it is one of 28, 32, 256"),
        (("test", 28, 0), "n is 0"),
        (("test", 28, -1), "n is -1"),
        (("validation", 28, 5_001), "n is 5001; it is a whole number from 1 to 5000"),
        (("test", 28, None, "letters"), "dataset is 'letters'; it is one of mnist"),
    ],
)
def test_what_is_not_offered_is_named_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named) as caught:
        datasets.load(*arguments)
    assert len(str(caught.value).splitlines()) == 1


# --- another data set -------------------------------------------------------------------------


def test_a_row_and_its_files_are_another_data_set(bars):
    sizes = {split: len(datasets.load(split, 32, dataset="bars")[1]) for split in ("train", "test")}
    assert sizes == {"train": 70, "test": 30}
    assert datasets.count("validation", "bars") == 20
    images, labels = datasets.load("validation", 28, dataset="bars")
    brightest = images[:, 0].float().mean(2).argmax(1)
    assert torch.equal(brightest, 7 + 7 * labels)
    assert torch.bincount(labels).tolist() == [7, 7, 6]  # 20 over three classes
    assert len(datasets.load("test", 28)[1]) == 10_000  # MNIST is still there


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("train = 70", "training = 70"), r"splits \['training', 'validation', 'test'\]"),
        (("classes = 3\n", ""), "classes"),
        (("test = 30", "test = 31"), "asks for 31 of 28x28"),
    ],
)
def test_a_row_that_does_not_fit_its_files_is_named_in_one_sentence(change, named, bars):
    path = bars.parent / "datasets.toml"
    before, _, row = path.read_text().partition("[bars]")
    assert change[0] in row
    path.write_text(f"{before}[bars]{row.replace(*change)}")
    datasets.rows.cache_clear()
    with pytest.raises(DataError, match=named) as caught:
        datasets.load("test", 28, dataset="bars")
    assert len(str(caught.value).splitlines()) == 1
