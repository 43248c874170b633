"""The distance at which a halftone turns into its digit: accuracy against blur, and an illusion.

A halftone is an illusion to a network that reads it wrong near and right from afar.  Blur costs
originals, too: only digits whose original is read right through the same blur are counted.
Everything is measured on validation digits at 32 pixels.
"""

import torch
from torch import Tensor

from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import perception
from halftone_utils.studies import experiments, grid, undoing

SIGMAS = (0.0, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # px
SHOWN = (*undoing.SHOWN, "random-dots")


def seen(images: Tensor, sigma: float) -> Tensor:
    """Pictures from the distance at which the eye's blur is sigma [px]; near, as they are."""
    return perception.integrate(images, sigma, restore_contrast=True) if sigma else images


def rows_of(shown: str, right: Tensor, originals: Tensor) -> list[dict]:
    """A row of accuracy and one of illusions for each of SIGMAS.

    right, originals: which pictures, and which of their originals, are read right through each
    blur: bool (sigmas, n), the first blur none.
    """
    rows: list[dict] = []
    for k, sigma in enumerate(SIGMAS):
        of, (read, counted) = {"shown": shown, "sigma": sigma}, (right[k], originals[k])
        rows.append({**of, "n": len(read), "n_correct": int(read.sum())})
        if shown != "original" and counted.any():
            illusions = int((~right[0] & read & counted).sum())
            rows.append({**of, "illusion": True, "n": int(counted.sum()), "n_correct": illusions})
    return rows


def distance(architecture: str, *, seed: int = 0, n: int = 1000) -> Result:
    """How many digits behind halftones a network reads through each blur of SIGMAS.

    Writes data/results/distance-NETWORK-32-original-sSEED.json.
    architecture: trained on originals.  n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"distance-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    there = store.check(stem, config, [])
    if there and {row["shown"] for row in there.rows} == {*SHOWN}:
        return there
    model, right, rows = experiments.ready(x), {}, []
    for shown in SHOWN:
        images, labels = undoing.pictures(shown, n)
        read = [training.predict(model, seen(images, sigma)) == labels for sigma in SIGMAS]
        right[shown] = torch.stack(read)
        rows += rows_of(shown, right[shown], right["original"])
    return store.record("distance", stem, config, rows)
