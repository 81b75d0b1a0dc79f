"""Strip metadata from a picture without encoding it again: whole segments and chunks are removed.

The parts that a decoder needs for the same pixels stay. EXIF, XMP, IPTC, colour profiles, comments, thumbnails, dates
and any bytes after the picture's end are removed: a camera's counter or clock would give away the order of the steps.
The orientation is read before (`orientation`).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # means "YCbCr"; density 1 to 1, no thumbnail
# Frames (C0-CF hold Huffman and arithmetic tables too), scans, quantisation, restart interval, number of lines.
JPEG_KEPT = {*range(0xC0, 0xC8), *range(0xC9, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD}
# Inside a scan, ff00 and restarts are data. Both patterns begin with one literal byte, which `re` searches for fast.
JPEG_MARKER = re.compile(rb"\xff\xff*[^\x00\xd0-\xd7\xff]", re.DOTALL)
# A search tries a run of ff at its first byte alone: damaged files hold megabytes of ff.
JPEG_LATER_MARKER = re.compile(rb"\xff(?<!\xff\xff)\xff*[^\x00\xd0-\xd7\xff]", re.DOTALL)
WEBP_KEPT = {b"VP8 ", b"VP8L", b"ALPH"}
WEBP_ALPHA = 0x10  # the only flag of VP8X that is still true after stripping


class UnusablePictureError(Exception):
    """A picture that no set may hold. The message names the fault."""


def strip_jpeg(content: bytes) -> bytes:
    """Return the JPEG without metadata.

    Raises:
        UnusablePictureError: a segment or the end is missing.
    """
    kept = [b"\xff\xd8"]
    at = 2
    while True:
        found = JPEG_MARKER.match(content, at)
        if found is None:
            raise UnusablePictureError("a truncated or broken JPEG")
        marker, at = content[found.end() - 1], found.end()
        if marker == 0xD9:
            return b"".join([*kept, b"\xff\xd9"])
        segment = content[at : at + int.from_bytes(content[at : at + 2])]
        if len(segment) < 2 or len(segment) != int.from_bytes(segment[:2]):
            raise UnusablePictureError("a truncated or broken JPEG")
        at += len(segment)
        kept.append(_jpeg_segment(marker, segment))
        if marker == 0xDA:
            following = JPEG_MARKER.match(content, at) or JPEG_LATER_MARKER.search(content, at)
            if following is None:
                raise UnusablePictureError("a truncated JPEG: its end is missing")
            kept.append(content[at : following.start()])
            at = following.start()


def _jpeg_segment(marker: int, segment: bytes) -> bytes:
    if marker in JPEG_KEPT:
        return b"\xff" + bytes([marker]) + segment
    if marker == 0xE0 and segment[2:7] == b"JFIF\x00":
        return JFIF
    if marker == 0xEE and segment[2:7] == b"Adobe" and len(segment) >= 14:  # names the colour transform
        return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + segment[13:14]
    return b""


def jpeg_exif(content: bytes) -> bytes:
    """Return the first EXIF segment before the first scan, or nothing."""
    at = 2
    while (found := JPEG_MARKER.match(content, at)) and content[found.end() - 1] not in (0xD9, 0xDA):
        length = int.from_bytes(content[found.end() : found.end() + 2])
        segment = content[found.end() + 2 : found.end() + max(length, 2)]
        if content[found.end() - 1] == 0xE1 and segment.startswith(b"Exif\x00\x00"):
            return segment
        at = found.end() + max(length, 2)
    return b""


def strip_png(content: bytes) -> bytes:
    """Return the PNG without metadata.

    Raises:
        UnusablePictureError: the file is truncated or broken, is animated, or has 16 bits per channel.
    """
    kept = [PNG_HEAD]
    at = len(PNG_HEAD)
    while True:
        length, kind = struct.unpack(">I4s", content[at : at + 8].ljust(8, b"\x00"))
        chunk = content[at : at + length + 12]
        if len(chunk) != length + 12:
            raise UnusablePictureError("a truncated PNG")
        if kind == b"acTL":
            raise UnusablePictureError("an animated PNG")
        if kind == b"IHDR" and chunk[16:17] == b"\x10":
            raise UnusablePictureError("a PNG of 16 bits per channel; wanted 8 at most")
        if kind in PNG_KEPT:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
                raise UnusablePictureError(f"a broken PNG: the checksum of {kind.decode()} is wrong")
            kept.append(chunk)
        if kind == b"IEND":
            return b"".join(kept)
        at += len(chunk)


def png_exif(content: bytes) -> bytes:
    """Return the chunk `eXIf`, or nothing."""
    at = len(PNG_HEAD)
    while len(head := content[at : at + 8]) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            return content[at + 8 : at + 8 + length]
        at += length + 12
    return b""


def strip_webp(content: bytes) -> bytes:
    """Return the WebP without metadata.

    Raises:
        UnusablePictureError: the file is truncated or animated.
    """
    body = b"".join(_webp_chunk(kind, data) for kind, data in _webp_chunks(content))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_exif(content: bytes) -> bytes:
    """Return the chunk `EXIF` of a WebP that is whole, or nothing."""
    return next((data for kind, data in _webp_chunks(content) if kind == b"EXIF"), b"")


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content):
        raise UnusablePictureError("a truncated WebP")
    at = 12
    while at + 8 <= end:
        kind, length = struct.unpack("<4sI", content[at : at + 8])
        if at + 8 + length > end:
            raise UnusablePictureError("a truncated WebP")
        yield kind, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(kind: bytes, data: bytes) -> bytes:
    if kind in (b"ANIM", b"ANMF"):
        raise UnusablePictureError("an animated WebP")
    if kind == b"VP8X" and len(data) == 10:
        data = bytes([data[0] & WEBP_ALPHA]) + b"\x00\x00\x00" + data[4:]
    elif kind not in WEBP_KEPT:
        return b""
    return kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A format that a set may hold: Pillow's name, file suffix, pattern of the first bytes, and strip function."""

    name: str
    suffix: str
    head: re.Pattern[bytes]
    strip: Callable[[bytes], bytes]


FORMATS = (
    PictureFormat("JPEG", ".jpg", re.compile(rb"\xff\xd8\xff"), strip_jpeg),
    PictureFormat("PNG", ".png", re.compile(re.escape(PNG_HEAD)), strip_png),
    PictureFormat("WEBP", ".webp", re.compile(rb"RIFF....WEBP", re.DOTALL), strip_webp),
)


def detect_format(content: bytes) -> PictureFormat:
    """Return the picture's format by its content; the file name is ignored.

    Raises:
        UnusablePictureError: the content is neither JPEG, PNG nor WebP.
    """
    for one in FORMATS:
        if one.head.match(content):
            return one
    raise UnusablePictureError(
        f"no JPEG, PNG or WebP (it begins {content[:8].hex(' ') or 'with nothing: it is empty'})"
    )
