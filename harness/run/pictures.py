"""Pictures as a variant shows them: cropped and recompressed, or blank."""

from __future__ import annotations

import io

from harness.errors import HarnessError
from harness.records import Variant

CROP = 0.03  # of each side: a person does not notice, a lookup by hash does
QUALITY = 85  # of JPEG: the usual setting of web pages
GREY = (127, 127, 127)
CHANGED = {Variant.PERTURBED, Variant.BLANKED}  # the others show pictures as they are


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
            if variant is Variant.BLANKED:
                Image.new("RGB", opened.size, GREY).save(stream, "PNG")
            else:
                width, height = opened.size
                box = (int(width * CROP), int(height * CROP), width - int(width * CROP), height - int(height * CROP))
                opened.convert("RGB").crop(box).save(stream, "JPEG", quality=QUALITY)
    except (OSError, SyntaxError, ValueError) as error:
        raise HarnessError(f"a picture of the set does not decode ({error}); build the set again") from None
    return stream.getvalue()
