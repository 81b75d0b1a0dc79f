"""Unrelated things: the pictures of articles whose pictures do not tell the order. (x, y) is a thing's centre."""

from __future__ import annotations

from dataset_builder.sample.drawing.canvas import Canvas, Look, curve

INK = "#33304a"


def mug(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a mug."""
    canvas.disc((x + 24, y + 2), 13, look.colour)
    canvas.disc((x + 24, y + 2), 7, "#fff8ec")
    canvas.rectangle(x - 22, y - 22, 44, 50, look.colour, 6)
    canvas.rectangle(x - 22, y - 22, 44, 7, "#fff8ec", 3)
    for steam in (-9, 5):
        canvas.stroke(curve((x + steam, y - 30), (x + steam + 8, y - 38), (x + steam, y - 46), 6), 2.5, "#ffffff")


def book(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a book."""
    canvas.rectangle(x - 32, y - 20, 64, 46, look.colour, 3)
    for side in (-1, 1):
        canvas.polygon([(x, y - 14), (x + side * 29, y - 20), (x + side * 29, y + 18), (x, y + 24)], "#fff8ec")
        for line in (-8, 0, 8):
            canvas.stroke([(x + side * 6, y + line), (x + side * 23, y + line - 3)], 1.5, "#8d99ae")
    canvas.stroke([(x, y - 14), (x, y + 24)], 2, INK)


def lamp(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a lamp."""
    canvas.ellipse((x - 2, y + 28), 22, 5, INK)
    canvas.stroke([(x - 2, y + 26), (x - 18, y - 4), (x + 4, y - 24)], 4, INK)
    canvas.polygon([(x - 4, y - 34), (x + 14, y - 22), (x + 28, y + 2), (x - 14, y - 12)], look.colour)
    canvas.disc((x + 7, y - 5), 7, "#ffe08a")


def cat(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a cat."""
    fur = look.pick("fur", ["#6d6875", "#e09f5a", "#3d405b", "#f1e3d3"])
    canvas.stroke(curve((x + 20, y + 22), (x + 44, y + 18), (x + 34, y - 8), 8), 7, fur)
    canvas.ellipse((x, y + 14), 24, 18, fur)
    canvas.disc((x - 10, y - 10), 17, fur)
    for ear in (-22, 2):
        canvas.polygon([(x + ear - 4, y - 14), (x + ear, y - 34), (x + ear + 11, y - 22)], fur)
    for eye in (-16, -4):
        canvas.ellipse((x + eye, y - 12), 2.5, 3.5, "#a7c957" if fur != "#f1e3d3" else INK)
    canvas.polygon([(x - 13, y - 5), (x - 7, y - 5), (x - 10, y - 1)], "#e5989b")
    canvas.rectangle(x - 22, y + 3, 25, 4, look.colour, 2)


def scissors(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw scissors."""
    for side in (-1, 1):
        canvas.polygon([(x - 4 * side, y + 2), (x + 14 * side, y - 38), (x + 3 * side, y + 6)], "#adb5bd")
        canvas.disc((x - 13 * side, y + 20), 12, look.colour)
        canvas.stroke([(x - 8 * side, y + 10), (x, y)], 5, look.colour)
    for side in (-1, 1):
        canvas.disc((x - 13 * side, y + 20), 6, "#fff8ec")
    canvas.disc((x, y), 2.5, INK)


def bag(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a bag."""
    canvas.disc((x, y - 18), 15, INK)
    canvas.disc((x, y - 18), 11, "#fff8ec")
    canvas.rectangle(x - 30, y - 18, 60, 46, look.colour, 8)
    canvas.rectangle(x - 30, y - 4, 60, 4, INK)
    canvas.rectangle(x - 6, y - 9, 12, 14, "#f2cc8f", 2)


def apple(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw an apple."""
    canvas.disc((x - 11, y + 4), 20, look.colour)
    canvas.disc((x + 11, y + 4), 20, look.colour)
    canvas.ellipse((x, y + 16), 17, 13, look.colour)
    canvas.stroke(curve((x, y - 10), (x, y - 22), (x + 6, y - 28), 6), 3.5, "#6f4518")
    canvas.polygon([*curve((x + 4, y - 18), (x + 14, y - 32), (x + 28, y - 26), 8), (x + 14, y - 15)], "#6a994e")
    canvas.ellipse((x - 17, y - 3), 4, 7, "#ffffff")


def camera(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a camera."""
    canvas.rectangle(x - 14, y - 26, 26, 14, INK, 3)
    canvas.rectangle(x - 34, y - 18, 68, 44, look.colour, 7)
    canvas.rectangle(x - 34, y - 6, 68, 22, INK)
    canvas.disc((x, y + 5), 18, "#e9ecef")
    canvas.disc((x, y + 5), 13, "#4a5a78")
    canvas.disc((x - 5, y), 4, "#ffffff")


def umbrella(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw an umbrella."""
    canvas.stroke([(x, y - 30), (x, y + 24), (x + 4, y + 29), (x + 11, y + 27)], 3.5, INK)
    dome = [
        *curve((x - 36, y), (x - 30, y - 34), (x, y - 34), 8),
        *curve((x, y - 34), (x + 30, y - 34), (x + 36, y), 8),
    ]
    canvas.polygon([*dome, (x + 24, y - 6), (x + 12, y), (x, y - 6), (x - 12, y), (x - 24, y - 6)], look.colour)
    canvas.polygon(
        [
            *curve((x, y - 34), (x - 12, y - 22), (x - 12, y), 6),
            (x, y - 6),
            *curve((x + 12, y), (x + 12, y - 22), (x, y - 34), 6),
        ],
        "#fff8ec",
    )


def hat(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw a hat."""
    canvas.ellipse((x, y + 16), 40, 11, "#e9c46a")
    canvas.rectangle(x - 22, y - 22, 44, 38, "#e9c46a", 12)
    canvas.rectangle(x - 22, y + 2, 44, 10, look.colour)


def keys(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw keys."""
    canvas.disc((x - 14, y - 12), 19, "#e0a526")
    canvas.disc((x - 14, y - 12), 9, "#fff8ec")
    canvas.stroke([(x - 1, y + 1), (x + 26, y + 28)], 7, "#e0a526")
    for tooth in (14, 22):
        canvas.stroke([(x + tooth, y + tooth + 2), (x + tooth + 8, y + tooth - 6)], 5, "#e0a526")
    canvas.stroke([(x - 24, y - 24), (x - 32, y - 32)], 4, look.colour)
    canvas.disc((x - 34, y - 34), 6, look.colour)


def headphones(canvas: Canvas, x: float, y: float, look: Look) -> None:
    """Draw headphones."""
    band = [
        *curve((x - 28, y + 8), (x - 28, y - 34), (x, y - 34), 8),
        *curve((x, y - 34), (x + 28, y - 34), (x + 28, y + 8), 8),
    ]
    canvas.stroke(band, 6, INK)
    for side in (-1, 1):
        canvas.rectangle(x + 28 * side - 9, y - 2, 18, 32, look.colour, 7)


PROPS = (mug, book, lamp, cat, scissors, bag, apple, camera, umbrella, hat, keys, headphones)
