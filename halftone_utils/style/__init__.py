"""Halftoning by style transfer: VGG features, the losses of Gatys et al., the iteration."""
