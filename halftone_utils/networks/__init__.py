"""The classifiers, how they are trained, and FGSM."""
