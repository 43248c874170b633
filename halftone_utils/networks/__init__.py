"""The classifiers, how they are trained, and FGSM."""

import lazy_loader

# here, a module is imported when it is first used: who reads results waits for no compiler
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["architectures", "attacks", "builders", "imagenet", "per_picture", "training"]
)
