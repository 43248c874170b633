"""Data: digits, the frozen points, halftone sets on disk, photographs."""

import lazy_loader

# here, a module is imported when it is first used: who reads results waits for no compiler
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["datasets", "halftone_sets", "handwriting", "photographs", "points", "sets", "stylizer"],
    {"halftone_mnist": ["HalftoneMNIST"]},
)
