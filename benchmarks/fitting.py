"""Training steps of one network: our convolutions against PyTorch's own."""

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.timing import Record, race
from halftone_utils.digits import datasets
from halftone_utils.engine import hardware
from halftone_utils.networks import architectures


def vs_pytorch(architecture: str, size: int, images: int, repeats: int) -> Record:
    """A forward and a backward pass, and AdamW's step, on a batch; channels_last both ways."""
    pixels, labels = datasets.load("train", size, images)
    x = datasets.as_float(pixels)

    def steps(plain: bool) -> object:
        network = architectures.build(architecture, size)
        if plain:
            for module in network.modules():
                if isinstance(module, nn.Conv2d):
                    module.__class__ = nn.Conv2d
        network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)

        def step() -> None:
            with hardware.autocast(x.device):
                loss = F.cross_entropy(network(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return step

    ways = {"ours": steps(plain=False), "PyTorch's convolutions": steps(plain=True)}
    return race("ours", ways, images=images, repeats=repeats)
