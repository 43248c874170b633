"""An observer that does not know the place of a digit."""

import torch
from torch import nn

from halftone_utils.studies import uncertainty
from halftone_utils.studies.uncertainty import Uncertain


class Template(nn.Module):
    """Whether one pixel, or one far from it, is lit."""

    def forward(self, images):
        """Logits of two classes."""
        return 20 * images[:, 0, 8, [8, 12]]


def test_with_no_place_but_one_it_is_the_network_itself():
    images = torch.rand(5, 1, 16, 16)
    found = Uncertain(Template(), 0)(images)
    assert torch.allclose(found, Template()(images).log_softmax(1))


def test_what_is_moved_is_read_alike_and_noise_elsewhere_disturbs():
    lit = torch.zeros(1, 1, 16, 16)
    lit[..., 8, 8] = 1
    unsure = Uncertain(Template(), 1)
    assert torch.allclose(unsure(lit), unsure(lit.roll((1, 0), (2, 3))), atol=1e-5)
    beside = lit.clone()
    beside[..., 7, 11] = 1  # the network as it is never looks there
    assert torch.equal(Template()(lit), Template()(beside))
    assert not torch.allclose(unsure(lit), unsure(beside), atol=1e-2)


def test_a_result_has_both_channels(results, monkeypatch):
    monkeypatch.setattr(uncertainty.channel, "RMS", (0.5,))
    found = uncertainty.uncertainty(n=20)
    for most in (0, uncertainty.MOST):
        assert len(found.where(uncertain=most, shown="noise")) == len(uncertainty.channel.BANDS)
