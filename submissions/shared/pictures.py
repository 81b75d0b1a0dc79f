"""Pictures as the encoders see them: decoded, resized and cropped as each checkpoint's own processor says.

What depends on the picture alone is done here, once, in 8 bits; scaling to the encoder's mean and spread is left to the
model, on its own device.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from submissions.shared.errors import RecipeError

Pixels = npt.NDArray[np.uint8]


def read_picture(path: Path | str, processor: Any) -> Pixels:
    """uint8 (3, H, W), RGB. processor: an image processor of transformers, which owns the size and the resampling."""
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise RecipeError(f"{path}: not a picture that can be read ({error})") from None
    batch = processor([picture], do_rescale=False, do_normalize=False, return_tensors="np")
    pixels: Pixels = batch["pixel_values"][0]
    return pixels


def read_pictures(paths: Sequence[tuple[str, str]], processor: Any) -> Pixels:
    """uint8 (pairs, 2, 3, H, W); axis 1 is first, second."""
    return np.stack([np.stack([read_picture(path, processor) for path in pair]) for pair in paths])
