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


def test_on_each_core_gives_the_results_in_order_on_one_thread_each_also_within_itself():
    threads = torch.get_num_threads()

    def square(x):
        return x * x, torch.get_num_threads()

    def squares(n):
        return hardware.on_each_core(square, range(n))

    expected = [[(x * x, 1) for x in range(n)] for n in range(5)]
    assert hardware.on_each_core(squares, range(5)) == expected
    assert squares(1) == [(0, 1)]
    assert torch.get_num_threads() == threads


def test_an_error_on_a_core_arrives_and_leaves_the_number_of_threads_as_it_was():
    threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        hardware.on_each_core(lambda x: 1 / x, [1, 0, 2])
    assert torch.get_num_threads() == threads
