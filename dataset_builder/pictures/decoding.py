"""Pictures decoded whole: every code of the file is read, so that what is damaged is refused and not filled with grey.

JPEGs go through simplejpeg. libjpeg only warns of a scan that ends too early or holds nonsense; simplejpeg makes that
an error, where Pillow says nothing. It computes the same pixels, of the whole picture or of a copy some times smaller.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from dataset_builder.pictures.stripping import Format, UnusablePictureError

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 64 * 10**6  # a decompression bomb holds more; 64 megapixels are 192 MB decoded
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # what becomes RGB without guessing; CMYK and 16 bits do not
JPEG_MODES = {"Gray": "L", "RGB": "RGB", "YCbCr": "RGB"}
DRAFT = 32  # pixels a side that a reduced JPEG keeps at least: the perceptual hash looks at no more
REDUCTIONS = (8, 4, 2)

Size = tuple[int, int]


class SmallPictureError(UnusablePictureError):
    """A picture under the threshold."""


def decode(content: bytes, form: Format, min_side: int, whole: bool) -> tuple[Size, Image.Image]:
    """The picture's size in pixels, and its pixels: all of them if `whole`, else of a JPEG as few as hashing needs."""
    return _jpeg(content, min_side, whole) if form.name == "JPEG" else _other(content, form, min_side)


def _jpeg(content: bytes, min_side: int, whole: bool) -> tuple[Size, Image.Image]:
    import simplejpeg
    from PIL import Image

    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(content)
        _check((width, height), JPEG_MODES.get(space, space), min_side)
        reduction = 1 if whole else next((n for n in REDUCTIONS if min(width, height) // DRAFT >= n), 1)
        least = {"min_height": -(-height // reduction), "min_width": -(-width // reduction)}
        pixels = simplejpeg.decode_jpeg(content, "GRAY" if space == "Gray" else "RGB", **least)
    except ValueError as error:
        raise UnusablePictureError(f"a broken JPEG: {error}") from None
    rows, columns, channels = pixels.shape
    return (width, height), Image.frombytes("L" if channels == 1 else "RGB", (columns, rows), pixels.tobytes())


def _other(content: bytes, form: Format, min_side: int) -> tuple[Size, Image.Image]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of damage that it then raises, or that was stripped
            with Image.open(io.BytesIO(content), formats=[form.name]) as image:
                _check(image.size, image.mode, min_side)
                image.load()
                return image.size, image
    except Image.DecompressionBombError:
        raise UnusablePictureError("a decompression bomb") from None
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:  # how Pillow's decoders fail
        raise UnusablePictureError(f"a broken {form.name}: {error}") from None


def _check(size: Size, mode: str, min_side: int) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnusablePictureError(f"{width} x {height} pixels: a decompression bomb")
    if min(size) < min_side:
        raise SmallPictureError(f"{width} x {height} pixels; the shorter side must have {min_side}")
    if mode not in MODES:
        raise UnusablePictureError(f"colour mode {mode}; wanted 8-bit grey, palette or RGB")
