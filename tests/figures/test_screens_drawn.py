"""The sheet of screens shows each as it prints: two tones, no dot resampled."""

import matplotlib.pyplot as plt

from halftone_utils.figures import screens


def test_each_screen_of_the_gallery_is_drawn_in_ink_and_paper_alone():
    some = {
        name: screens.GALLERY[name] for name in ("AM line", "Bayer 4×4", "Stucki", "blue noise")
    }
    figure = screens.gallery(some)
    assert [axes.get_title() for axes in figure.axes] == [*some]
    for axes in figure.axes:
        (shown,) = axes.images
        assert {*shown.get_array().ravel().tolist()} == {0.0, 1.0}
        digit = shown.get_array()[-64:, -64:]
        assert digit[:8].any()  # above the digit, where its ground alone would have no dot
        wide = axes.get_window_extent().width / shown.get_array().shape[1]
        assert abs(wide - 2) < 1e-6
    plt.close(figure)


def test_no_screen_stands_in_two_families():
    assert len(screens.GALLERY) == sum(map(len, screens.FAMILIES.values())) == 18
