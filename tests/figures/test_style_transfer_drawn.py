"""The way from three pictures to two losses, as Gatys et al. have it."""

import matplotlib.pyplot as plt
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from halftone_utils.figures import style_transfer
from halftone_utils.style.vgg import LAYERS


def test_the_flow_shows_three_pictures_every_layer_and_which_give_a_loss():
    a, x, p = torch.rand(3, 1, 32, 32)
    figure = style_transfer.data_flow(a, x, p, ("conv1_1", "conv3_1"), "conv2_2")
    (axes,) = figure.axes
    drawn = [image.get_array().tolist() for image in axes.images]
    assert drawn == [image[0].tolist() for image in (a, x, p)]
    said = [text.get_text() for text in axes.texts]
    assert [text for text in said if text in LAYERS] == [*LAYERS]
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    orange = [to_hex(box.get_facecolor()) == style_transfer.STYLE_COLOUR for box in boxes]
    of_style = [layer for layer, marked in zip(LAYERS, orange, strict=True) if marked]
    assert of_style == ["conv1_1", "conv3_1"]
    (frame,) = (x for x in axes.patches if isinstance(x, Rectangle) and not x.get_fill())
    inside = boxes[LAYERS.index("conv2_2")]
    assert frame.get_x() < inside.get_x()
    assert frame.get_x() + frame.get_width() > inside.get_x() + inside.get_width()
    assert "256 × 8²" in said
    plt.close(figure)
