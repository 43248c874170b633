"""A network whose answers are known, so that counts can be checked."""

import torch
from torch import Tensor


class Constant(torch.nn.Module):
    """Answers the same digit, whatever it is shown."""

    def __init__(self, digit: int) -> None:
        super().__init__()
        self.answer = torch.nn.Parameter(torch.eye(10)[digit])

    def forward(self, images: Tensor) -> Tensor:
        return self.answer.expand(len(images), 10)
