"""Orientation: a camera's note of how a picture has to be turned, applied once, so that no viewer has to read it.

Stripping removes EXIF, and with it the note. A picture whose note asks for a turn is decoded, turned and written again
in its own format:

    PNG    the same pixels
    WebP   the pixels of the decoded picture, lossless
    JPEG   with its own quantisation tables and, where the format allows, its own chroma subsampling: no coefficient is
           made coarser than it was; one rounding of the pixels, and the chroma filtered once more

Read as viewers do: the first EXIF segment of a JPEG, `eXIf` of a PNG, `EXIF` of a WebP. XMP is not read.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from dataset_builder.pictures.stripping import PictureFormat, jpeg_exif, png_exif, webp_exif

if TYPE_CHECKING:
    from PIL import Image

ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4
INTEGERS = {3: "H", 4: "I"}  # EXIF types: the standard says 3 (short); some cameras write 4 (long)
TURNS = {  # Image.Transpose that undoes each orientation; 1 is upright
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
SIDEWAYS = {5, 6, 7, 8}  # width and height change places
EXIF = {"JPEG": jpeg_exif, "PNG": png_exif, "WEBP": webp_exif}
SUBSAMPLING = {"420": 2, "422": 1}  # simplejpeg's name, Pillow's number; anything else becomes 4:4:4, which is 0


def orientation(content: bytes, form: PictureFormat) -> int:
    """Return the orientation that the file's EXIF asks for, 1 to 8; 1 if it asks for none that exists."""
    exif = EXIF[form.name](content).removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return 1
    (start,) = struct.unpack(f"{order}I", exif[4:8])
    (entries,) = struct.unpack(f"{order}H", exif[start : start + 2].rjust(2, b"\x00"))
    for at in range(start + 2, min(start + 2 + 12 * entries, len(exif) - 11), 12):
        tag, kind, count = struct.unpack(f"{order}HHI", exif[at : at + 8])
        if tag == ORIENTATION and kind in INTEGERS and count == 1:
            (value,) = struct.unpack_from(f"{order}{INTEGERS[kind]}", exif, at + 8)
            return int(value) if value in TURNS else 1
    return 1


def turn(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a viewer that reads the orientation shows it."""
    from PIL.Image import Transpose

    return image.transpose(Transpose[TURNS[orientation]]) if orientation in TURNS else image


def recode(image: Image.Image, content: bytes, form: PictureFormat, orientation: int) -> bytes:
    """Return the turned picture as a file of its own format, without metadata.

    Args:
        image: the picture, decoded and turned.
        content: the file that it was decoded from; a JPEG takes its tables from there.
    """
    options: dict[str, dict[str, Any]] = {
        "JPEG": _jpeg_options(content, orientation) if form.name == "JPEG" else {},
        "PNG": {},
        "WEBP": {"lossless": True, "exact": True},  # exact: colours under transparent pixels stay
    }
    stream = io.BytesIO()
    image.save(stream, form.name, **options[form.name])
    return form.strip(stream.getvalue())


def _jpeg_options(content: bytes, orientation: int) -> dict[str, Any]:
    """Return the tables and the subsampling of a JPEG, turned as its pixels are."""
    import simplejpeg
    from PIL.JpegImagePlugin import JpegImageFile

    with JpegImageFile(io.BytesIO(content)) as image:
        tables = [[min(step, 255) for step in image.quantization[number]] for number in sorted(image.quantization)]
    _, _, _, chroma = simplejpeg.decode_jpeg_header(content)
    if orientation in SIDEWAYS:
        tables = [[table[8 * row + column] for column in range(8) for row in range(8)] for table in tables]
        chroma = "444" if chroma == "422" else chroma
    return {"qtables": tables, "subsampling": SUBSAMPLING.get(chroma, 0)}
