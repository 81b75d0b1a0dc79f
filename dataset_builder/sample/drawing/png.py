"""A PNG encoder whose bytes are the same everywhere, and the same in number for all pictures of an article.

Builds of zlib (zlib-ng among them) compress the same pixels into different bytes, and then a digest of the sample would
hold on one machine only. A drawn picture that shows more also needs more bytes, and then the size of a file would
tell the order of two steps. So the deflate stream is written here, for palette pictures alone, and the shorter
streams of an article are filled up with empty blocks, which every decoder passes over.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dataset_builder.sample.drawing.deflate import compress, fill

RGB = tuple[int, int, int]
Picture = NDArray[np.uint8]  # indices into a palette, height x width
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(pictures: Sequence[Picture], palette: Sequence[RGB]) -> list[bytes]:
    """PNG files of equal size. The pictures have one shape, the palette at most 256 colours."""
    rows = [b"".join(b"\0" + line.tobytes() for line in picture) for picture in pictures]  # 0: no filter
    streams = [compress(row, pictures[0].shape[1] + 1) for row in rows]
    return [_file(row, stream, pictures[0].shape, palette) for row, stream in zip(rows, fill(streams), strict=True)]


def _file(rows: bytes, stream: bytes, shape: tuple[int, ...], palette: Sequence[RGB]) -> bytes:
    height, width = shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits a pixel, palette
    data = b"\x78\xda" + stream + struct.pack(">I", zlib.adler32(rows))
    colours = bytes(value for colour in palette for value in colour)
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", data), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
