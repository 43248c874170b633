"""What this machine has, and how to use all of it."""

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def fastest_device() -> torch.device:
    """A CUDA device where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fastest_precision() -> torch.dtype:
    """bfloat16 where the fastest device multiplies it in hardware faster, else float32.

    An Intel processor needs its matrix units (AMX) for that: with AVX512-BF16 alone, or with
    AVX2 only, it trains faster in float32 (`convolutions`).
    """
    if fastest_device().type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has = torch.cpu.get_capabilities()
        vectors = has.get("avx512_bf16", False) and "Intel" not in has.get("cpu_name", "")
        native = vectors or has.get("amx_bf16", False)
    return torch.bfloat16 if native else torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """Computes in bfloat16 what may be, where `fastest_precision` says so; weights stay float32."""
    fast = fastest_precision() == torch.bfloat16
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast)


def can_compile() -> bool:
    """Whether torch.compile finds a C++ compiler on this machine."""
    return any(shutil.which(name) for name in ("g++", "clang++", "c++"))


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:  # threads do not outlive a fork
    return ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))


def on_each_core(function: Callable[[T], R], arguments: Iterable[T]) -> list[R]:
    """The function of each argument, in order, as many at a time as PyTorch has threads.

    Each runs on one thread, inside PyTorch too, and so may call this function again.
    """
    known, threads = [*arguments], torch.get_num_threads()
    torch.set_num_threads(1)  # the BLAS has one number for all threads
    try:
        if min(threads, len(known)) < 2:
            return [*map(function, known)]
        return [*_pool(os.getpid(), threads).map(function, known)]
    finally:
        torch.set_num_threads(threads)
