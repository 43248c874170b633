"""Helpers of the report on halftone-based adversarial examples.

Images are float tensors (N, 1, H, W) in [0, 1] everywhere (uint8 only on disk and in
memory maps); every normalization lives inside a network.  Data flows one way:

    tone -> thresholds, error_diffusion, direct_binary_search -> screens
    winograd -> vgg
    mnist, photographs, screens; vgg -> gatys -> style_transfer -> operating_points -> stylizer
    -> halftone_mnist -> classifiers, training, attacks -> experiments, strength, fidelity
    -> grid, accuracies, figures, tables, web -> report, notebooks
"""
