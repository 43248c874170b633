"""A halftone set on disk is what was built: any harm is found, named and undone."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from killing import kill_when_written

from halftone_utils.digits import datasets, halftone_sets, points
from halftone_utils.digits.halftone_sets import HalftoneSet
from halftone_utils.digits.points import StylePoint

CHEAP = StylePoint(
    name="cheap",
    size=32,
    sigma=1.25,
    ruling=2.5,
    angle=45.0,
    dot="round",
    style_side=64,
    content_layer="conv1_1",
    style_weights={"conv1_1": 1.0},
    alpha=1.0,
    beta=100.0,
    iterations=1,
    optimizer="adam",
    step=0.05,
)
SPLIT, N, LAST = "validation", 90, 2  # three chunks of 32; the last is not asked for whole
SET = HalftoneSet(CHEAP, SPLIT)
TALK = HalftoneSet(points.load("talk"), SPLIT)
PICTURE = 32 * 32  # bytes


@pytest.fixture(autouse=True)
def small_chunks(tmp_path, monkeypatch):
    """An empty cache of its own for each test, and chunks that are built in no time."""
    monkeypatch.setattr(halftone_sets, "CACHE", tmp_path)
    monkeypatch.setattr(halftone_sets, "CHUNK", 32)


@pytest.fixture
def built():
    """A set of which the first three chunks are there: its file."""
    assert build() == [0, 1, LAST]
    return SET.path


def build(n=N):
    return SET.build(n, progress=False)


def change(path, position, value=None):
    content = bytearray(path.read_bytes())
    content[position] = content[position] ^ 1 if value is None else value
    path.write_bytes(content)


def test_a_second_build_builds_nothing(built, capsys):
    content = built.read_bytes()
    manifest = SET.manifest_path.read_bytes()
    assert build() == []
    assert SET.manifest_path.read_bytes() == manifest
    assert built.read_bytes() == content
    assert capsys.readouterr().err == ""


def test_a_longer_set_keeps_what_is_there_and_adds_what_is_not(built):
    before = built.read_bytes()
    assert build(97) == [3]
    assert built.read_bytes()[: 96 * PICTURE] == before[: 96 * PICTURE]


def test_digits_have_the_same_bytes_whichever_chunks_were_built_first(built, tmp_path, monkeypatch):
    whole = built.read_bytes()
    monkeypatch.setattr(halftone_sets, "CACHE", tmp_path / "other")
    assert [build(n) for n in (1, 33, N)] == [[0], [1], [LAST]]
    assert SET.path.read_bytes() == whole


def test_the_bytes_are_the_halftones_rounded_to_eight_bits(built):
    images = datasets.as_float(datasets.load(SPLIT, 32, 32)[0])
    precision = halftone_sets.fastest_precision()
    halftone = points.transfer(CHEAP, images, precision=precision).image
    stored = np.fromfile(built, np.uint8, 32 * PICTURE).reshape(32, 1, 32, 32)
    assert np.array_equal(stored, (halftone * 255).round().byte().numpy())
    assert (halftone - images).abs().max() > 0.04


def test_a_tampered_byte_is_found_and_just_its_chunk_is_built_again(built, capsys):
    whole = built.read_bytes()
    for chunk in (0, 1, LAST):
        change(built, chunk * 32 * PICTURE + 17)
        assert build() == [chunk]
        assert built.read_bytes() == whole
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert f"{built}: chunks [{chunk}] are damaged" in said


def test_a_tampered_byte_beyond_what_is_asked_for_is_left_for_later(built):
    change(built, LAST * 32 * PICTURE + 17)
    assert build(64) == []
    assert build(65) == [LAST]


def test_a_file_of_another_length_or_none_is_repaired(built):
    whole = built.read_bytes()
    for length, lost in ((0, [0, 1, 2]), (40_000, [1, 2]), (2 * 32 * PICTURE, [LAST])):
        built.write_bytes(whole[:length])
        assert build() == lost
        assert built.read_bytes() == whole
    built.write_bytes(whole + b"more")
    assert build() == []
    assert built.read_bytes() == whole
    built.unlink()
    assert build() == [0, 1, LAST]
    assert built.read_bytes() == whole


def of_another_config(content):
    return json.dumps({**json.loads(content), "config_hash": "0" * 16}).encode()


def of_other_weights(content):
    return json.dumps({**json.loads(content), "weights_sha256": "0" * 64}).encode()


def without_chunks(content):
    return json.dumps({k: v for k, v in json.loads(content).items() if k != "chunks"}).encode()


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "not text": lambda content: b"\xff\xfe\x00",
    "a list": lambda content: b"[]",
    "of another config": of_another_config,
    "of other weights": of_other_weights,
    "without chunks": without_chunks,
    "chunks in a list": lambda c: json.dumps({**json.loads(c), "chunks": ["0"]}).encode(),
}


def test_a_damaged_manifest_is_reported_and_built_again(built, capsys):
    whole, path = built.read_bytes(), SET.manifest_path
    manifest = path.read_bytes()
    for name, damage in DAMAGES.items():
        path.write_bytes(damage(manifest))
        assert build() == [0, 1, LAST], name
        assert built.read_bytes() == whole
        assert path.read_bytes() == manifest
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert said.startswith(f"Manifest {path} is damaged or of another config")
        assert build() == []
    path.unlink()  # without one, nothing is trusted
    assert build() == [0, 1, LAST]
    assert built.read_bytes() == whole


def test_another_halftone_lies_elsewhere_and_harms_nothing(built):
    whole, other = built.read_bytes(), HalftoneSet(replace(CHEAP, ruling=4.0), SPLIT)
    assert other.directory != SET.directory
    assert other.build(32, progress=False) == [0]
    assert built.read_bytes() == whole
    assert other.path.read_bytes()[:PICTURE] != whole[:PICTURE]


def test_a_build_killed_by_sigkill_goes_on_to_the_bytes_of_one_left_alone(
    tmp_path, monkeypatch, capsys
):
    killed, alone, n = tmp_path / "killed", tmp_path / "alone", 320
    script = f"""if True:
        from halftone_utils.digits import halftone_sets, points
        halftone_sets.CHUNK = 32
        point = points.StylePoint(**{asdict(CHEAP)})
        halftone_sets.HalftoneSet(point, {SPLIT!r}).build({n}, progress=False)
    """
    monkeypatch.setattr(halftone_sets, "CACHE", killed)
    manifest = SET.manifest_path
    kill_when_written(script, manifest, HALFTONE_CACHE=str(killed))
    done = len(json.loads(manifest.read_text())["chunks"])
    assert 1 <= done < 10
    assert build(n) == list(range(done, 10))  # what was finished is kept
    assert capsys.readouterr().err == ""  # and being killed is no damage
    resumed = SET.path.read_bytes()
    monkeypatch.setattr(halftone_sets, "CACHE", alone)
    assert build(n) == list(range(10))
    assert SET.path.read_bytes() == resumed


def test_a_set_that_no_iteration_has_touched_is_mnist_to_its_last_digit(monkeypatch):
    monkeypatch.setattr(halftone_sets, "CHUNK", 512)  # 5,000 digits: the tenth chunk is a short one
    untouched = HalftoneSet(replace(CHEAP, iterations=0), SPLIT)
    assert untouched.build(progress=False) == list(range(10))
    stored = np.fromfile(untouched.path, np.uint8)
    assert np.array_equal(stored, datasets.load(SPLIT, 32)[0].flatten().numpy())


def test_a_set_is_opened_in_the_order_of_mnist_itself():
    images, labels = TALK.load(10, progress=False)
    originals, expected = datasets.load(SPLIT, 32, 10)
    assert images.shape == (10, 1, 32, 32)
    assert images.dtype == torch.uint8
    assert torch.equal(labels, expected)
    pairs = torch.cdist(
        datasets.as_float(images).flatten(1), datasets.as_float(originals).flatten(1)
    )
    assert torch.equal(pairs.argmin(1), torch.arange(10))  # each is most like its own original
    assert (pairs.diagonal() > 1).all()


def test_writing_into_an_opened_set_does_not_harm_the_file():
    TALK.load(5, progress=False)[0].zero_()
    assert TALK.load(5, progress=False)[0].float().std() > 0
    assert TALK.build(5, progress=False) == []


def test_what_is_not_there_is_named_in_one_sentence():
    with pytest.raises(ValueError, match=r"^split is 'exam'; it is one of train"):
        HalftoneSet(CHEAP, "exam").load()
    with pytest.raises(ValueError, match=r"^n is 5001; it is a whole number from 1 to 5000\.$"):
        SET.load(5_001)
