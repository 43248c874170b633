"""The precision that is used is the one in which this machine is the faster."""

import pytest
import torch

from halftone_utils.engine import hardware

INTEL, AMD = "Intel Xeon", "AMD EPYC"


@pytest.mark.parametrize(
    ("has", "precision"),
    [
        ({"cpu_name": INTEL, "avx512_bf16": True, "amx_bf16": True}, torch.bfloat16),
        ({"cpu_name": INTEL, "avx512_bf16": True, "amx_bf16": False}, torch.float32),
        ({"cpu_name": INTEL, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"cpu_name": AMD, "avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"cpu_name": AMD, "avx512_bf16": False}, torch.float32),
        ({"architecture": "aarch64"}, torch.float32),
    ],
)
def test_bfloat16_is_used_where_a_processor_multiplies_it_faster(monkeypatch, has, precision):
    monkeypatch.setattr(hardware, "fastest_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    assert hardware.fastest_precision() == precision
