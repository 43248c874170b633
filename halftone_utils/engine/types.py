"""Shapes and dtypes of the tensors that functions take and give; the tests check them.

A letter that stands twice in one signature is one number: as many labels as images.
"""

from jaxtyping import Bool, Float, Float32, Int64, UInt8
from torch import Tensor

Images = Float[Tensor, "n 1 h w"]  # tones in [0, 1], 0 is black
Bytes = UInt8[Tensor, "n 1 h w"]  # the same in 256 levels, as they are stored
Pictures = Images | Bytes | UInt8[Tensor, "n h w"]  # what a screen takes
Halftones = Images | Bool[Tensor, "n *one h w"]  # 1 is white
ToneRange = tuple[float, float]  # lo, hi: tones are mapped into it first; 0 <= lo < hi <= 1
Labels = Int64[Tensor, "n"]
Thresholds = Float32[Tensor, "1 1 h w"]  # in [0, 1]: white where the tone is above
FeatureMaps = Float[Tensor, "n c h w"]
Convolved = Float[Tensor, "n _ _ _"]  # feature maps of other channels and sides than what came in
Losses = Float[Tensor, "n"]  # each image's own
GramMatrices = Float[Tensor, "#n c c"]  # of each image, or one style for all of them
