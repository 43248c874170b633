"""Helpers of the report on halftone-based adversarial examples.

Images are float tensors (N, 1, H, W) in [0, 1] everywhere (uint8 only on disk and in
memory maps); every normalization lives inside a network.  Data flows one way:

    mnist, screens, vgg -> style_transfer -> operating_points -> halftone_mnist
    -> classifiers, training, attacks -> experiments -> figures -> notebooks
"""
