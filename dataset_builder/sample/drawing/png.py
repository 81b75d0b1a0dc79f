"""A PNG encoder whose bytes are the same on every machine, with the same file size for all pictures of an article.

Builds of zlib (such as zlib-ng) compress the same pixels into different bytes; a digest of the sample would hold on one
machine only. A picture that shows more also needs more bytes; the size of a file would then give away the order of
two steps. Therefore the deflate stream (RFC 1951) is written here, for palette pictures alone: one block with its own
Huffman codes. The shorter streams of an article are filled up with empty blocks, which every decoder skips.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]
PaletteImage = NDArray[np.uint8]  # indices into a palette, height x width
SIGNATURE = b"\x89PNG\r\n\x1a\n"

END = 256  # the symbol that ends a block
EMPTY = b"\0\0\xff\xff"  # the lengths of an empty stored block
LONGEST, SHORTEST = 258, 3
CODE_LENGTH_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)  # RFC 1951, 3.2.7

DeflateToken = tuple[int, int]  # (0, byte) or (distance, length)


def encode(pictures: Sequence[PaletteImage], palette: Sequence[RGB]) -> list[bytes]:
    """Return PNG files of equal size. The pictures have one shape, the palette at most 256 colours."""
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


def _bases(first: int, extra: Sequence[int]) -> tuple[tuple[int, int], ...]:
    bases = []
    for bits in extra:
        bases.append((first, bits))
        first += 1 << bits
    return tuple(bases)


# RFC 1951, 3.2.5: symbol -> (smallest value, extra bits).
LENGTHS = (*_bases(3, [0] * 8 + [b for b in range(1, 6) for _ in range(4)]), (258, 0))
DISTANCES = _bases(1, [0, 0, *(b for b in range(14) for _ in range(2))])


class BitString:
    """A string of bits; the first bit of each byte is its lowest."""

    def __init__(self) -> None:
        self.value = 0
        self.count = 0

    def add(self, value: int, count: int) -> None:
        """Append the lowest `count` bits of `value`."""
        self.value |= value << self.count
        self.count += count

    def align(self) -> None:
        """Append zero bits up to a whole byte."""
        self.count = -(-self.count // 8) * 8

    def to_bytes(self) -> bytes:
        """Return the bits, padded with zeros to a whole byte."""
        return self.value.to_bytes(-(-self.count // 8), "little")


def compress(data: bytes, stride: int) -> BitString:
    """Return one deflate block that is not marked as the last; `fill` ends the stream. stride: bytes per row."""
    tokens = list(_tokens(data, stride))
    symbols = [*(_symbols(token) for token in tokens), ((END, 0, 0), None)]
    literal = _code_lengths(Counter(first[0] for first, _ in symbols), 15)
    distance = _code_lengths(Counter(second[0] for _, second in symbols if second), 15) or {0: 1}
    bits = BitString()
    bits.add(0, 1)
    bits.add(2, 2)
    _add_header(bits, literal, distance)
    literal_codes, distance_codes = _codes(literal), _codes(distance)
    for first, second in symbols:
        bits.add(*literal_codes[first[0]])
        bits.add(first[1], first[2])
        if second:
            bits.add(*distance_codes[second[0]])
            bits.add(second[1], second[2])
    return bits


def fill(streams: Sequence[BitString]) -> list[bytes]:
    """Return the streams, all ended at the same number of bytes by empty blocks, which decode to nothing."""
    begun = []
    for stream in streams:
        stream.add(0, 3)  # an empty stored block, after which the next begins at a whole byte
        stream.align()
        stream.add(0xFFFF0000, 32)
        begun.append(stream.to_bytes())
    size = max(map(len, begun)) + 1
    while not all(_can_fill(size - len(stream)) for stream in begun):
        size += 1
    return [stream + _filling(size - len(stream)) for stream in begun]


def _can_fill(gap: int) -> bool:
    """Return whether blocks of five and six bytes can add up to the gap; from 20 on they always can."""
    return gap > 0 and gap >= 6 * (gap % 5)


def _filling(gap: int) -> bytes:
    """Return empty blocks of `gap` bytes in all, the last one marked as such."""
    sixes = gap % 5
    blocks = [b"\x02\0" + EMPTY] * sixes + [b"\0" + EMPTY] * ((gap - 6 * sixes) // 5)
    return b"".join(blocks[1:]) + (b"\x02\x04" if len(blocks[0]) == 6 else b"\x01") + EMPTY


def _tokens(data: bytes, stride: int) -> Iterable[DeflateToken]:
    """Yield literals and matches, greedily, but a literal if the match one byte later is longer."""
    lengths, distances = _longest_matches(np.frombuffer(data, np.uint8), stride)
    at = 0
    while at < len(data):
        length = min(lengths[at], LONGEST)
        later = lengths[at + 1] if at + 1 < len(data) else 0
        if length < SHORTEST or (length < 16 and later > length + 1):
            yield 0, data[at]
            at += 1
        else:
            yield distances[at], length
            at += length


def _longest_matches(pixels: NDArray[np.uint8], stride: int) -> tuple[list[int], list[int]]:
    """Return, for each position, the longest match and its distance, at the distances at which drawings repeat.

    These are the pixels just before, and the rows above, straight or shifted.
    """
    count = len(pixels)
    best, chosen = np.zeros(count, np.int32), np.zeros(count, np.int32)
    places = np.arange(count + 1, dtype=np.int32)
    candidates = (1, 2, 4, *range(stride - 4, stride + 5), 2 * stride, 4 * stride)
    for distance in (candidate for candidate in candidates if 0 < candidate < count):
        ends = places.copy()
        ends[distance:count][pixels[distance:] == pixels[:-distance]] = count
        runs = (np.minimum.accumulate(ends[::-1])[::-1] - places)[:count]
        longer = runs > best
        best[longer], chosen[longer] = runs[longer], distance
    return best.tolist(), chosen.tolist()


def _symbols(token: DeflateToken) -> tuple[tuple[int, int, int], tuple[int, int, int] | None]:
    """Return (symbol, extra value, extra bits) of the literal or length, and of the distance."""
    distance, value = token
    if not distance:
        return (value, 0, 0), None
    length = _table_symbol(value, LENGTHS)
    return (length[0] + 257, *length[1:]), _table_symbol(distance, DISTANCES)


@cache
def _table_symbol(value: int, table: tuple[tuple[int, int], ...]) -> tuple[int, int, int]:
    for symbol in range(len(table) - 1, -1, -1):
        base, bits = table[symbol]
        if value >= base:
            return symbol, value - base, bits
    raise AssertionError(f"{value} is below the table")


def _code_lengths(counts: Mapping[int, int], limit: int) -> dict[int, int]:
    """Return the lengths of the best prefix code of at most `limit` bits (package-merge, Larmore and Hirschberg)."""
    leaves = sorted((count, (symbol,)) for symbol, count in counts.items())
    if len(leaves) == 1:
        return {leaves[0][1][0]: 1}
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(limit):
        merged = sorted([*leaves, *packages])
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(merged[::2], merged[1::2], strict=False)]
    return dict(Counter(symbol for package in packages[: len(leaves) - 1] for symbol in package[1]))


def _codes(lengths: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """Return canonical Huffman codes (RFC 1951, 3.2.2) as (bits in the order they are written, their number)."""
    codes, code, previous = {}, 0, 0
    for symbol in sorted(lengths, key=lambda s: (lengths[s], s)):
        code <<= lengths[symbol] - previous
        previous = lengths[symbol]
        codes[symbol] = (int(format(code, f"0{previous}b")[::-1], 2), previous)
        code += 1
    return codes


def _add_header(bits: BitString, literal: Mapping[int, int], distance: Mapping[int, int]) -> None:
    """Append the two codes as run-length encoded lengths (RFC 1951, 3.2.7)."""
    literals, distances = max(literal) + 1, max(distance) + 1
    lengths = [literal.get(s, 0) for s in range(literals)] + [distance.get(s, 0) for s in range(distances)]
    runs = list(_length_runs(lengths))
    code = _code_lengths(Counter(symbol for symbol, _, _ in runs), 7)
    shown = max(place for place, symbol in enumerate(CODE_LENGTH_ORDER) if symbol in code) + 1
    shown = max(shown, 4)
    bits.add(literals - 257, 5)
    bits.add(distances - 1, 5)
    bits.add(shown - 4, 4)
    for symbol in CODE_LENGTH_ORDER[:shown]:
        bits.add(code.get(symbol, 0), 3)
    codes = _codes(code)
    for symbol, extra, count in runs:
        bits.add(*codes[symbol])
        bits.add(extra, count)


def _length_runs(lengths: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    """Yield (symbol, extra value, extra bits) of each run of code lengths."""
    at = 0
    while at < len(lengths):
        value, run = lengths[at], 1
        while at + run < len(lengths) and lengths[at + run] == value:
            run += 1
        if value == 0 and run >= 3:
            run = min(run, 138)
            yield (17, run - 3, 3) if run <= 10 else (18, run - 11, 7)
        else:
            yield value, 0, 0
            run = 1
        at += run
