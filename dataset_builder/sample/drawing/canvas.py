"""A canvas of flat colours whose pixels are the same on every machine.

Drawing libraries change how they round an edge from one version to the next. Here a shape is an inequality between
whole numbers (1/16 pixel), evaluated at four samples a pixel, so the pinned digest of the sample holds everywhere.
Rounding to 1/16 also takes off the last digits in which two machines' sine and square root may differ.
Coordinates are pixels, x to the right and y down, from 0 to 128; a colour is "#rrggbb".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SIDE = 128  # pixels
SAMPLES = 2 * SIDE  # along one side: two by two samples a pixel
UNIT = 16  # whole-number coordinates in one pixel

Point = tuple[float, float]
Colour = str
Samples = NDArray[np.uint8]
Whole = NDArray[np.int64]  # coordinates in 1/16 pixel


def polar(centre: Point, radius: float, turn: float) -> Point:
    """The point `turn` turns clockwise from twelve o'clock."""
    angle = 2 * math.pi * turn
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def curve(start: Point, pull: Point, end: Point, pieces: int = 10) -> list[Point]:
    """A quadratic Bezier curve as a polyline; `pull` is its control point."""
    points = []
    for piece in range(pieces + 1):
        t = piece / pieces
        weights = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
        x, y = (sum(w * p[axis] for w, p in zip(weights, (start, pull, end), strict=True)) for axis in (0, 1))
        points.append((x, y))
    return points


def partway(points: Sequence[Point], share: float) -> list[Point]:
    """The first `share` (0 to 1) of a polyline, by its length."""
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
    """Shapes are painted one over the other; `colours` lists what was used, in order of first use."""

    def __init__(self, background: Colour) -> None:
        self.colours: list[Colour] = [background]
        self.samples: Samples = np.zeros((SAMPLES, SAMPLES), np.uint8)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0) -> None:
        """A rectangle with round corners."""
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
        self.ellipse(centre, radius, radius, colour)

    def ellipse(self, centre: Point, rx: float, ry: float, colour: Colour) -> None:
        window, gx, gy = self._window(centre[0] - rx, centre[1] - ry, centre[0] + rx, centre[1] + ry)
        dx, dy = gx - _whole(centre[0]), gy - _whole(centre[1])
        a, b = _whole(rx) ** 2, _whole(ry) ** 2
        self._paint(window, dx * dx * b + dy * dy * a <= a * b, colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """The inside of a closed outline, by the even-odd rule."""
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
        """A polyline with round ends and joints."""
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

    def _window(self, left: float, top: float, right: float, bottom: float) -> tuple[tuple[slice, slice], Whole, Whole]:
        """The part of the canvas that a shape can touch, and the coordinates of the samples there."""
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


def pixels(canvas: Canvas) -> tuple[Whole, list[Pixel]]:
    """Each pixel as a code (SIDE x SIDE) into a table of what it shows: one colour, or two halves on an edge.

    Three samples of four decide a pixel, two against two share it: soft edges, and few colours.
    """
    quarters = canvas.samples.reshape(SIDE, 2, SIDE, 2).transpose(0, 2, 1, 3).reshape(SIDE, SIDE, 4)
    ordered = np.sort(quarters, axis=2).astype(np.int64)
    low, high = ordered[:, :, 1], ordered[:, :, 2]  # the two middle ones: equal if three or four agree
    count = len(canvas.colours)
    table = [(canvas.colours[code // count], canvas.colours[code % count]) for code in range(count * count)]
    return low * count + high, table


def blend(halves: Pixel) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a pixel."""
    a, b = (bytes.fromhex(colour[1:]) for colour in halves)
    red, green, blue = ((x + y) // 2 for x, y in zip(a, b, strict=True))
    return red, green, blue
