"""A training's state on disk: safetensors, whole or not at all, resumed to the same bits."""

import json
import sys
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from halftone_utils.files import write_atomically


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: dict,
    epoch: int,
    seconds: float,
) -> None:
    """Write weights, optimizer state, config, finished epochs and their seconds, atomically."""
    tensors = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    for i, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{i}.{k}": v.contiguous() for k, v in state.items()}
    note = {
        "epoch": str(epoch), "seconds": str(seconds), "config": json.dumps(config, sort_keys=True)
    }  # fmt: skip
    write_atomically(path, save(tensors, metadata=note))


def load_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict
) -> tuple[int, float]:
    """Restore what `save_checkpoint` wrote; returns the finished epochs and their seconds.

    A checkpoint that is absent counts as 0 epochs; so does one that is damaged or belongs to
    another config, which one sentence on stderr says.  Safetensors: no pickle is loaded.
    """
    if not path.exists():
        return 0, 0.0
    try:
        with safe_open(path, "pt") as stream:
            note = stream.metadata() or {}
            tensors = {k: stream.get_tensor(k) for k in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        print(f"Checkpoint {path} is damaged ({error}); training starts anew.", file=sys.stderr)
        return 0, 0.0
    if note.get("config") != json.dumps(config, sort_keys=True):
        print(f"Checkpoint {path} is of another config; training starts anew.", file=sys.stderr)
        return 0, 0.0
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    model.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, i, name = key.split(".", 2)
            state.setdefault(int(i), {})[name] = value
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    for parameter, moments in optimizer.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:  # the fused step pairs them in memory order
                moments[name] = torch.empty_like(parameter).copy_(value)
    return int(note["epoch"]), float(note["seconds"])
