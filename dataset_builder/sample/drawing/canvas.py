"""A canvas of flat colours, and the style of a picture; pixels are the same on every machine.

Drawing libraries change their rounding of edges between versions. Here a shape is an inequality between whole numbers
(1/16 pixel), evaluated at four samples per pixel, so the pinned digest of the sample holds everywhere. Rounding to 1/16
also removes the last digits, in which the sine and square root of two machines may differ.
Coordinates are pixels, x to the right and y down, from 0 to 128; a colour is "#rrggbb".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness import keyed

SIDE = 128  # pixels
SAMPLES = 2 * SIDE  # along one side: two by two samples per pixel
UNIT = 16  # whole-number coordinates in one pixel
KEY = b"wikiorder-sample"  # of every choice

Option = TypeVar("Option")

Point = tuple[float, float]
Colour = str
Samples = NDArray[np.uint8]
SixteenthPixels = NDArray[np.int64]  # coordinates


def polar(centre: Point, radius: float, turn: float) -> Point:
    """Return the point `turn` turns clockwise from twelve o'clock."""
    angle = 2 * math.pi * turn
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def curve(start: Point, pull: Point, end: Point, pieces: int = 10) -> list[Point]:
    """Return a quadratic Bezier curve as a polyline; `pull` is its control point."""
    points = []
    for piece in range(pieces + 1):
        t = piece / pieces
        weights = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
        x, y = (sum(w * p[axis] for w, p in zip(weights, (start, pull, end), strict=True)) for axis in (0, 1))
        points.append((x, y))
    return points


def partway(points: Sequence[Point], share: float) -> list[Point]:
    """Return the first `share` (0 to 1) of a polyline, by its length."""
    lengths = [math.dist(a, b) for a, b in pairwise(points)]
    left = share * sum(lengths)
    kept = [points[0]]
    for (a, b), length in zip(pairwise(points), lengths, strict=False):
        if left < length:
            t = left / length
            return [*kept, (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))]
        kept.append(b)
        left -= length
    return kept


class Canvas:
    """Shapes are painted over one another; `colours` lists the colours used, in order of first use."""

    def __init__(self, background: Colour) -> None:
        self.colours: list[Colour] = [background]
        self.samples: Samples = np.zeros((SAMPLES, SAMPLES), np.uint8)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0) -> None:
        """Paint a rectangle with round corners."""
        if radius:
            r = radius
            self.rectangle(x + r, y, width - 2 * r, height, colour)
            self.rectangle(x, y + r, width, height - 2 * r, colour)
            for cx in (x + r, x + width - r):
                for cy in (y + r, y + height - r):
                    self.disc((cx, cy), r, colour)
            return
        window, gx, gy = self._window(x, y, x + width, y + height)
        inside = (gx >= _whole(x)) & (gx < _whole(x + width)) & (gy >= _whole(y)) & (gy < _whole(y + height))
        self._paint(window, inside, colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """Paint a disc."""
        self.ellipse(centre, radius, radius, colour)

    def ellipse(self, centre: Point, rx: float, ry: float, colour: Colour) -> None:
        """Paint an ellipse whose axes are horizontal and vertical."""
        window, gx, gy = self._window(centre[0] - rx, centre[1] - ry, centre[0] + rx, centre[1] + ry)
        dx, dy = gx - _whole(centre[0]), gy - _whole(centre[1])
        a, b = _whole(rx) ** 2, _whole(ry) ** 2
        self._paint(window, dx * dx * b + dy * dy * a <= a * b, colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Paint the inside of a closed outline, by the even-odd rule."""
        xs, ys = zip(*points, strict=True)
        window, gx, gy = self._window(min(xs), min(ys), max(xs), max(ys))
        inside = np.zeros(np.broadcast_shapes(gx.shape, gy.shape), bool)
        corners = [(_whole(x), _whole(y)) for x, y in points]
        for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if ay > by:
                (ax, ay), (bx, by) = (bx, by), (ax, ay)
            crosses = (ay <= gy) & (gy < by)
            inside ^= crosses & ((gx - ax) * (by - ay) < (bx - ax) * (gy - ay))
        self._paint(window, inside, colour)

    def stroke(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Paint a polyline with round ends and joints."""
        for a, b in pairwise(points):
            self._segment(a, b, width / 2, colour)

    def _segment(self, a: Point, b: Point, radius: float, colour: Colour) -> None:
        xs, ys = (a[0], b[0]), (a[1], b[1])
        window, gx, gy = self._window(min(xs) - radius, min(ys) - radius, max(xs) + radius, max(ys) + radius)
        ax, ay, r = _whole(a[0]), _whole(a[1]), _whole(radius)
        vx, vy = _whole(b[0]) - ax, _whole(b[1]) - ay
        px, py = gx - ax, gy - ay
        length2, along = vx * vx + vy * vy, px * vx + py * vy
        across = px * vy - py * vx
        inside = (along >= 0) & (along <= length2) & (across * across <= r * r * length2)
        inside |= (px * px + py * py <= r * r) | ((px - vx) ** 2 + (py - vy) ** 2 <= r * r)
        self._paint(window, inside, colour)

    def _window(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[tuple[slice, slice], SixteenthPixels, SixteenthPixels]:
        """Return the part of the canvas that a shape can touch, and the coordinates of the samples there."""
        per_sample = UNIT // 2
        first_x, last_x = (min(max(math.floor(v * 2) + d, 0), SAMPLES) for v, d in ((left, -1), (right, 2)))
        first_y, last_y = (min(max(math.floor(v * 2) + d, 0), SAMPLES) for v, d in ((top, -1), (bottom, 2)))
        gx = np.arange(first_x, max(last_x, first_x), dtype=np.int64)[None, :] * per_sample + per_sample // 2
        gy = np.arange(first_y, max(last_y, first_y), dtype=np.int64)[:, None] * per_sample + per_sample // 2
        return (slice(first_y, last_y), slice(first_x, last_x)), gx, gy

    def _paint(self, window: tuple[slice, slice], inside: NDArray[np.bool_], colour: Colour) -> None:
        if colour not in self.colours:
            self.colours.append(colour)
        self.samples[window][inside] = self.colours.index(colour)


def _whole(pixels: float) -> int:
    return round(pixels * UNIT)


Pixel = tuple[Colour, Colour]  # two equal halves of a pixel; of one colour inside a shape


def pixels(canvas: Canvas) -> tuple[NDArray[np.int64], list[Pixel]]:
    """Return each pixel as a code (SIDE x SIDE) into a table of pixels: one colour, or two halves on an edge.

    Three samples of four decide a pixel, two against two share it; this gives soft edges with few colours.
    """
    quarters = canvas.samples.reshape(SIDE, 2, SIDE, 2).transpose(0, 2, 1, 3).reshape(SIDE, SIDE, 4)
    ordered = np.sort(quarters, axis=2).astype(np.int64)
    low, high = ordered[:, :, 1], ordered[:, :, 2]  # the two middle ones: equal if three or four agree
    count = len(canvas.colours)
    table = [(canvas.colours[code // count], canvas.colours[code % count]) for code in range(count * count)]
    return low * count + high, table


def blend(halves: Pixel) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a pixel."""
    a, b = (bytes.fromhex(colour[1:]) for colour in halves)
    red, green, blue = ((x + y) // 2 for x, y in zip(a, b, strict=True))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Look:
    """Style of one picture, chosen by keyed hashes: the same for the same article, picture and purpose.

    article, picture: identities; a choice for the article holds in all its pictures.
    colour: the accent colour that the article's title names.
    """

    article: str
    picture: str
    colour: str

    def pick(self, purpose: str, options: Sequence[Option]) -> Option:
        """Return one option for the whole article."""
        return options[_number(purpose, self.article) % len(options)]

    def vary(self, purpose: str, reach: int) -> int:
        """Return a whole number from -reach to reach, for this picture alone."""
        return _number(purpose, self.article, self.picture) % (2 * reach + 1) - reach


def _number(purpose: str, *identity: str) -> int:
    return int.from_bytes(keyed.digest(KEY, purpose, *identity)[:8], "big")
