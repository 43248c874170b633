"""Does the stylizer do what the optimisation does?  Loss, time and one classifier's readings.

Both halftone the same validation digits at 256 pixels; a classifier trained on originals reads
both.  It resumes after a kill, a few pictures back.
"""

import time

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, points, stylizer
from halftone_utils.digits.datasets import as_float
from halftone_utils.digits.points import StylePoint
from halftone_utils.engine.files import CACHE, hash_of, read_json, write_json
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.style import gatys

CHUNK = 20  # pictures: what a kill can lose
KINDS = ("optimised", "stylized")
CLASSIFIER = training.Recipe(epochs=3, learning_rate=3e-4, batch=64, shift=8)


def classifier(n_train: int) -> nn.Module:
    """AlexNet at 256 pixels, trained on the first n_train originals, or what its checkpoint has."""
    model = architectures.build("alexnet", stylizer.SIZE)
    images, labels = datasets.load("train", stylizer.SIZE, n_train)
    path = CACHE / "checkpoints" / f"reader-{stylizer.SIZE}-{n_train}-s0.safetensors"
    training.fit(model, images, labels, CLASSIFIER, seed=0, checkpoint=path)
    return model


def total_loss(point: StylePoint, p: Tensor, x: Tensor) -> Tensor:
    """L_total of each halftone x of the pictures p, both (N, 1, H, W): (N,)."""
    network, targets = points.network_for(point)
    objective = gatys.Objective(network, p, targets, point.settings)
    with torch.no_grad():
        return gatys.total_loss(*objective.losses(x), point.alpha, point.beta)


def halftone_both(
    point: StylePoint, model: stylizer.Stylizer, p: Tensor
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """The same pictures (N, 1, 256, 256) by both ways, and the seconds that each took."""
    started = time.perf_counter()
    optimised = point.halftone(p)
    between = time.perf_counter()
    stylized = stylizer.stylize(model, p)
    seconds = {"optimised": between - started, "stylized": time.perf_counter() - between}
    return {"optimised": optimised, "stylized": stylized}, seconds


def _measure(point: StylePoint, model: stylizer.Stylizer, reads: nn.Module, p: Tensor) -> dict:
    halftones, seconds = halftone_both(point, model, p)
    seen = {f"{kind}, integrated": point.from_afar(x) for kind, x in halftones.items()}
    shown = {"original": p, **halftones, **seen}
    read = {kind: training.predict(reads, x).tolist() for kind, x in shown.items()}
    total = {kind: total_loss(point, p, x).tolist() for kind, x in halftones.items()}
    return {"predictions": read, "total": total, "seconds": seconds}


def fidelity(point: str, *, n: int = 1000, n_train: int = 5000, replace: bool = False) -> Result:
    """Halftone validation digits by optimisation and by the stylizer, and compare the two.

    Writes data/results/stylizer-POINT-256.json: what AlexNet reads of either, total losses and
    seconds a picture.  n: validation digits.  n_train: originals that the classifier learns from.
    replace: the result of a stylizer that was trained before, if there is one.
    """
    frozen = points.load_style(point, stylizer.SIZE)
    sha256 = stylizer.weights_sha256(point)
    asked = {"architecture": "alexnet", "size": stylizer.SIZE, "n_train": n_train, "seed": 0}
    config = {
        "point": {"name": point, "size": stylizer.SIZE, "hash": frozen.hash},
        "stylizer_sha256": sha256,
        "classifier": asked,
        "split": "validation",
    }
    stem = f"stylizer-{point}-{stylizer.SIZE}"
    path = store.path_of(stem)
    if replace and path.exists() and store.read(path).config["stylizer_sha256"] != sha256:
        path.unlink()
    store.check(stem, config, [{"shown": "original", "n": n}])
    model, reads = stylizer.load(point), classifier(n_train)
    images, labels = datasets.load("validation", 28, n)
    folder = CACHE / "fidelity" / hash_of([frozen.hash, sha256, n_train, CHUNK])
    parts = []
    for i, digits in enumerate(tqdm(images.split(CHUNK), desc="two ways", unit=f"{CHUNK} digits")):
        path = folder / f"{i}-{len(digits)}.json"
        if not path.exists():
            p = as_float(datasets.resize(digits, stylizer.SIZE))
            write_json(path, _measure(frozen, model, reads, p))
        parts.append(read_json(path))
    rows = []
    for kind in parts[0]["predictions"]:
        found = torch.tensor([k for part in parts for k in part["predictions"][kind]])
        rows.append({"shown": kind, "n": n, "n_correct": int((found == labels).sum())})
    return store.record("fidelity", stem, config, rows, measured=_ratios(parts, n))


def _ratios(parts: list[dict], n: int) -> dict[str, dict[str, float]]:
    """Mean total loss and seconds a picture of either way, and their ratios."""
    total = {k: sum(sum(part["total"][k]) for part in parts) / n for k in KINDS}
    # the median chunk: a first one also warms up
    took = {k: torch.tensor([part["seconds"][k] for part in parts]).median() for k in KINDS}
    seconds = {k: float(median) / CHUNK for k, median in took.items()}
    faster = seconds["optimised"] / seconds["stylized"]
    return {
        "total_loss": {**total, "stylized / optimised": total["stylized"] / total["optimised"]},
        "seconds_per_picture": {**seconds, "optimised / stylized": faster},
    }
