"""Why shifts in training cost a network noise: must it pay for not knowing where a stroke lies?

An observer who does not know the place of a signal listens to noise at all places (Pelli 1985,
Uncertainty explains many aspects of visual contrast detection and discrimination, J. Opt. Soc.
Am. A 2).  A network trained without shifts is made such an observer, and no weight is changed: it
adds up, over all places, the likelihoods that it gives to each digit.
"""

import torch
from torch import Tensor, nn

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import channel, factors

MOST = 2  # px each way, as LeNet's recipe shifts


class Uncertain(nn.Module):
    """A classifier's likelihoods added up over all places of a picture, `most` px each way."""

    def __init__(self, model: nn.Module, most: int) -> None:
        """model: logits of images (N, 1, H, W)."""
        super().__init__()
        self.model = model
        self.places = [(y, x) for y in range(-most, most + 1) for x in range(-most, most + 1)]

    def forward(self, images: Tensor) -> Tensor:
        """Log of the summed likelihoods (N, classes); what leaves on one side comes in again."""
        read = [self.model(images.roll(place, (2, 3))).log_softmax(1) for place in self.places]
        return torch.stack(read).logsumexp(0)


def uncertainty(*, seed: int = 0, n: int = 500) -> Result:
    """The channel of a LeNet trained without shifts, with its place of a digit known and not.

    Writes data/results/uncertainty-lenet-sSEED.json.  n: validation digits.
    """
    stem, config = f"uncertainty-lenet-s{seed}", {"seed": seed, "split": "validation", "n": n}
    store.check(stem, config, [])
    model = factors.train("lenet", {"shift": 0}, seed)
    pictures, labels = datasets.load("validation", 32, n)
    images, rows = as_float(pictures), []
    for most in (0, MOST):
        of = Uncertain(model, most).eval()
        right = training.count_right(of, images, labels)
        read = [{"shown": "original", "n": n, "n_correct": right}]
        read += [{"shown": "noise", **row} for row in channel.noise_rows(of, images, labels)]
        rows += [{"uncertain": most, **row} for row in read]
    return store.record("uncertainty", stem, config, rows)
