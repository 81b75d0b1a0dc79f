"""The remedy for what survives stripping: every picture coded anew, all in the same way.

A camera or an editor that changed between two steps shows in a file's quantisation and size though its pixels tell
nothing. Afterwards both depend on the pixels alone. It costs a generation of JPEG, so it is off unless a spec asks.
Not covered: a first coding so coarse that it smoothed the pixels; those files stay smaller, and the audit says so.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

QUALITY = 90
SUFFIX = ".jpg"


def recode(image: Image.Image) -> bytes:
    """The picture as an RGB JPEG; what is transparent becomes white."""
    from PIL import Image

    if image.mode in ("P", "PA", "LA", "RGBA"):
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image.convert("RGBA"))
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=QUALITY, subsampling="4:2:0")
    return stream.getvalue()
