"""What is measured of digits: each module is one study."""

import lazy_loader

# here, a module is imported when it is first used: who reads results waits for no compiler
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "attacks",
        "batch_statistics",
        "channel",
        "claims",
        "corruptions",
        "distance",
        "experiments",
        "factors",
        "fidelity",
        "frontier",
        "grid",
        "index",
        "legibility",
        "photographs",
        "places",
        "recipes",
        "rivals",
        "sanity",
        "strength",
        "tones",
        "undoing",
        "window",
        "worst_case",
    ],
)
