"""Decode pictures completely, so that damaged files are refused; encode them again where a spec asks for it.

JPEGs go through simplejpeg. libjpeg only warns about a scan that ends too early or holds invalid codes; simplejpeg
raises an error, where Pillow fills the rest with grey. It computes the same pixels, at full or at reduced size.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from dataset_builder.pictures.stripping import PictureFormat, UnusablePictureError, detect_format

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 64 * 10**6  # above this, a decompression bomb; 64 megapixels are 192 MB decoded
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # convert to RGB unambiguously; CMYK and 16 bits do not
JPEG_MODES = {"Gray": "L", "RGB": "RGB", "YCbCr": "RGB"}
DRAFT = 32  # minimum side in pixels of a reduced JPEG: the perceptual hash uses no more
REDUCTIONS = (8, 4, 2)

QUALITY = 90  # of a picture that is encoded again
SUFFIX = ".jpg"

PixelSize = tuple[int, int]  # width, height


class SmallPictureError(UnusablePictureError):
    """A picture under the size threshold."""


def decode(content: bytes, form: PictureFormat, min_side: int, whole: bool) -> tuple[PixelSize, Image.Image]:
    """Return the picture's size in pixels, and its pixels.

    Args:
        whole: decode all pixels; otherwise a JPEG may come at a reduced size that is sufficient for hashing.

    Raises:
        SmallPictureError: the shorter side is under `min_side`.
        UnusablePictureError: the picture is damaged, too large, or in a colour mode that is not supported.
    """
    return _jpeg(content, min_side, whole) if form.name == "JPEG" else _other(content, form, min_side)


def _jpeg(content: bytes, min_side: int, whole: bool) -> tuple[PixelSize, Image.Image]:
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


def _other(content: bytes, form: PictureFormat, min_side: int) -> tuple[PixelSize, Image.Image]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about damage before it raises, or about stripped metadata
            with Image.open(io.BytesIO(content), formats=[form.name]) as image:
                _check(image.size, image.mode, min_side)
                image.load()
                return image.size, image
    except Image.DecompressionBombError:
        raise UnusablePictureError("a decompression bomb") from None
    except (OSError, SyntaxError, ValueError, IndexError, EOFError) as error:  # the errors of Pillow's decoders
        raise UnusablePictureError(f"a broken {form.name}: {error}") from None


def header_size(content: bytes) -> PixelSize:
    """Return the size that a picture's header states; nothing is decoded.

    Raises:
        UnusablePictureError: no header of a picture that is read.
    """
    from PIL import Image

    form = detect_format(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[form.name]) as image:
                return image.size
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError, IndexError, EOFError) as error:
        raise UnusablePictureError(f"a broken {form.name}: {error}") from None


def _check(size: PixelSize, mode: str, min_side: int) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnusablePictureError(f"{width} x {height} pixels: a decompression bomb")
    if min(size) < min_side:
        raise SmallPictureError(f"{width} x {height} pixels; the shorter side must have {min_side}")
    if mode not in MODES:
        raise UnusablePictureError(f"colour mode {mode}; wanted 8-bit grey, palette or RGB")


def encode_again(image: Image.Image) -> bytes:
    """Return the picture as an RGB JPEG with the same settings as every other; transparent pixels become white.

    This is the remedy for clues that survive metadata stripping: a camera or an editor that changed between two steps
    shows in a file's quantisation tables and size. Afterwards both depend on the pixels alone. It costs one generation
    of JPEG loss, so a spec has to ask for it. Not covered: a first encoding so coarse that it smoothed the pixels;
    those files stay smaller, and the audit reports it.
    """
    from PIL import Image

    if image.mode in ("P", "PA", "LA", "RGBA"):
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image.convert("RGBA"))
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=QUALITY, subsampling="4:2:0")
    return stream.getvalue()
