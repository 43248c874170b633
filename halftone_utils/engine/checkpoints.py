"""A training's state on disk: safetensors, whole or not at all, resumed to the same bits."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from halftone_utils.engine.files import DataError, write_atomically


@dataclass(kw_only=True)
class Progress:
    """How far a training is: whole epochs, batches of the next one, and seconds in all.

    random: the states of its random generators, by name; empty between two epochs.
    """

    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    random: dict[str, Tensor] = field(default_factory=dict)


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    config: dict,
    at: Progress,
) -> None:
    """Write weights, optimizer state, config and progress, atomically.

    optimizer: None once the training is finished, when only the weights are needed.
    """
    tensors = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    for i, state in (optimizer.state_dict()["state"] if optimizer else {}).items():
        tensors |= {f"optimizer.{i}.{k}": v.contiguous() for k, v in state.items()}
    tensors |= {f"random.{name}": state for name, state in at.random.items()}
    note = {
        "epoch": str(at.epoch),
        "batch": str(at.batch),
        "seconds": str(at.seconds),
        "config": json.dumps(config, sort_keys=True),
    }
    write_atomically(path, save(tensors, metadata=note))


def load_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, config: dict
) -> Progress:
    """Restore what `save_checkpoint` wrote; returns how far it is.

    A checkpoint that is absent counts as none; so does one that is damaged or belongs to
    another config, which one sentence on stderr says.  Safetensors: no pickle is loaded.
    """
    if not path.exists():
        return Progress()
    try:
        with safe_open(path, "pt") as stream:
            note = stream.metadata() or {}
            tensors = {k: stream.get_tensor(k) for k in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        print(f"Checkpoint {path} is damaged ({error}); training starts anew.", file=sys.stderr)
        return Progress()
    if note.get("config") != json.dumps(config, sort_keys=True):
        print(f"Checkpoint {path} is of another config; training starts anew.", file=sys.stderr)
        return Progress()
    model.load_state_dict(_under("model.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _under("optimizer.", tensors).items():
        i, name = key.split(".", 1)
        state.setdefault(int(i), {})[name] = value
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    for parameter, moments in optimizer.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:  # the fused step pairs them in memory order
                moments[name] = torch.empty_like(parameter).copy_(value)
    return Progress(
        epoch=int(note["epoch"]),
        batch=int(note.get("batch", 0)),
        seconds=float(note["seconds"]),
        random=_under("random.", tensors),
    )


def load_weights(path: Path, model: nn.Module, remedy: str) -> dict[str, str]:
    """Load the weights that a file holds and nothing else; returns what is noted beside them.

    Raises DataError, with the remedy, for a file that is missing, damaged or of another network.
    """
    try:
        with safe_open(path, "pt") as stream:
            model.load_state_dict({k: stream.get_tensor(k) for k in stream.keys()})  # noqa: SIM118
            return stream.metadata() or {}
    except FileNotFoundError:
        raise DataError(f"{path} is missing: {remedy}.") from None
    except (SafetensorError, OSError, RuntimeError) as error:
        raise DataError(f"{path} is damaged ({' '.join(str(error).split())}): {remedy}.") from None


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
