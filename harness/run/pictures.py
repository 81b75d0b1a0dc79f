"""Pictures as the variant `perturbed` shows them: slightly cropped and compressed again, in their own format.

The format stays, so that a file alone does not tell a perturbed picture from an original one.
"""

from __future__ import annotations

import io

from harness.errors import HarnessError
from harness.records import Variant

CROP = 0.03  # of each side: a person does not notice, a lookup by hash does
QUALITY = 85  # of JPEG: the usual setting of web pages
CHANGED = {Variant.PERTURBED}  # the others show pictures as they are


def render(picture: bytes, variant: Variant) -> bytes:
    """Return the bytes of a picture as the variant shows it; most variants leave pictures unchanged.

    Raises:
        HarnessError: the picture cannot be decoded.
    """
    if variant not in CHANGED:
        return picture
    from PIL import Image

    stream = io.BytesIO()
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            width, height = opened.size
            box = (int(width * CROP), int(height * CROP), width - int(width * CROP), height - int(height * CROP))
            if opened.format == "PNG":
                opened.crop(box).save(stream, "PNG")
            else:
                opened.convert("RGB").crop(box).save(stream, opened.format, quality=QUALITY)
    except (OSError, SyntaxError, ValueError, KeyError) as error:
        raise HarnessError(f"a picture of the set does not decode ({error}); build the set again") from None
    return stream.getvalue()
