"""Deflate (RFC 1951) for rows of palette pixels: one block with its own Huffman codes, the same bytes everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

END = 256  # the symbol that ends a block
EMPTY = b"\0\0\xff\xff"  # the lengths of an empty stored block
LONGEST, SHORTEST = 258, 3
CODE_LENGTH_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)  # RFC 1951, 3.2.7

Pixels = NDArray[np.uint8]
Token = tuple[int, int]  # (0, byte) or (distance, length)


def _bases(first: int, extra: Sequence[int]) -> tuple[tuple[int, int], ...]:
    bases = []
    for bits in extra:
        bases.append((first, bits))
        first += 1 << bits
    return tuple(bases)


# RFC 1951, 3.2.5: symbol -> (smallest value, extra bits).
LENGTHS = (*_bases(3, [0] * 8 + [b for b in range(1, 6) for _ in range(4)]), (258, 0))
DISTANCES = _bases(1, [0, 0, *(b for b in range(14) for _ in range(2))])


class Bits:
    """A string of bits, the first of each byte being its lowest."""

    def __init__(self) -> None:
        self.value = 0
        self.count = 0

    def add(self, value: int, count: int) -> None:
        self.value |= value << self.count
        self.count += count

    def align(self) -> None:
        self.count = -(-self.count // 8) * 8

    def to_bytes(self) -> bytes:
        return self.value.to_bytes(-(-self.count // 8), "little")


def compress(data: bytes, stride: int) -> Bits:
    """One deflate block that is not marked as the last; `fill` ends the stream. stride: bytes in a row of pixels."""
    tokens = list(_tokens(data, stride))
    symbols = [*(_symbols(token) for token in tokens), ((END, 0, 0), None)]
    literal = _code_lengths(Counter(first[0] for first, _ in symbols), 15)
    distance = _code_lengths(Counter(second[0] for _, second in symbols if second), 15) or {0: 1}
    bits = Bits()
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


def fill(streams: Sequence[Bits]) -> list[bytes]:
    """End the streams, all at the same number of bytes, by empty blocks, which decode to nothing."""
    begun = []
    for stream in streams:
        stream.add(0, 3)  # an empty stored block, so that what follows begins at a whole byte
        stream.align()
        stream.add(0xFFFF0000, 32)
        begun.append(stream.to_bytes())
    size = max(map(len, begun)) + 1
    while not all(_can_fill(size - len(stream)) for stream in begun):
        size += 1
    return [stream + _filling(size - len(stream)) for stream in begun]


def _can_fill(gap: int) -> bool:
    """Whether blocks of five and six bytes add up to the gap; from 20 on they always do."""
    return gap > 0 and gap >= 6 * (gap % 5)


def _filling(gap: int) -> bytes:
    sixes = gap % 5
    blocks = [b"\x02\0" + EMPTY] * sixes + [b"\0" + EMPTY] * ((gap - 6 * sixes) // 5)
    return b"".join(blocks[1:]) + (b"\x02\x04" if len(blocks[0]) == 6 else b"\x01") + EMPTY  # the last one says so


def _tokens(data: bytes, stride: int) -> Iterable[Token]:
    """Literals and matches, greedily, but a literal where the match one byte later is longer."""
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


def _longest_matches(pixels: Pixels, stride: int) -> tuple[list[int], list[int]]:
    """For each position the longest match and its distance, of those that drawings repeat at.

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


def _symbols(token: Token) -> tuple[tuple[int, int, int], tuple[int, int, int] | None]:
    """(symbol, extra value, extra bits) of the literal or length, and of the distance."""
    distance, value = token
    if not distance:
        return (value, 0, 0), None
    length = _symbol(value, LENGTHS)
    return (length[0] + 257, *length[1:]), _symbol(distance, DISTANCES)


@cache
def _symbol(value: int, table: tuple[tuple[int, int], ...]) -> tuple[int, int, int]:
    for symbol in range(len(table) - 1, -1, -1):
        base, bits = table[symbol]
        if value >= base:
            return symbol, value - base, bits
    raise AssertionError(f"{value} is below the table")


def _code_lengths(counts: Mapping[int, int], limit: int) -> dict[int, int]:
    """The best prefix code of at most `limit` bits (Larmore and Hirschberg 1990, package-merge)."""
    leaves = sorted((count, (symbol,)) for symbol, count in counts.items())
    if len(leaves) == 1:
        return {leaves[0][1][0]: 1}
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(limit):
        merged = sorted([*leaves, *packages])
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(merged[::2], merged[1::2], strict=False)]
    return dict(Counter(symbol for package in packages[: len(leaves) - 1] for symbol in package[1]))


def _codes(lengths: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """Canonical Huffman codes (RFC 1951, 3.2.2) as (bits in the order they are written, their number)."""
    codes, code, previous = {}, 0, 0
    for symbol in sorted(lengths, key=lambda s: (lengths[s], s)):
        code <<= lengths[symbol] - previous
        previous = lengths[symbol]
        codes[symbol] = (int(format(code, f"0{previous}b")[::-1], 2), previous)
        code += 1
    return codes


def _add_header(bits: Bits, literal: Mapping[int, int], distance: Mapping[int, int]) -> None:
    """The two codes as run-length coded lengths (RFC 1951, 3.2.7)."""
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
