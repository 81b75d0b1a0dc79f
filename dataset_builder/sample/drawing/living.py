"""Five scenes of daily life: a smoothie, a plant, painted nails, candles, a journey. Stages count from 0."""

from __future__ import annotations

from dataset_builder.sample.drawing.canvas import Canvas, Look, curve, partway, polar

INK = "#2d3047"


def kitchen(canvas: Canvas, look: Look) -> None:
    """Draw a kitchen with tiles behind the table."""
    wall, seam, table = look.pick(
        "room",
        [("#fff3e2", "#f8e3c6", "#e0b084"), ("#e4f3ee", "#cfe6dd", "#d1a57c"), ("#fde8ea", "#f6d3d8", "#c9986f")],
    )
    canvas.rectangle(0, 0, 128, 128, wall)
    gap, level = look.pick("tiles", [16, 20, 24]), look.pick("level", range(92, 100))
    for place in range(look.pick("seam", range(16)), 128, gap):
        canvas.rectangle(place, 0, 2, 128, seam)
        canvas.rectangle(0, place, 128, 2, seam)
    canvas.rectangle(0, level, 128, 128 - level, table)
    canvas.rectangle(0, level, 128, 3, "#fffaf2")


def smoothie(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a glass that fills while the fruit on the table is used up."""
    x, fruit = 16 + look.vary("x", 2), look.pick("fruit", ["#e63946", "#f4a261", "#ffcf33", "#7b5ea7"])
    for left in range(4 - stage):
        cx, cy = 92 + 20 * (left % 2), 104 - 17 * (left // 2)
        canvas.disc((cx, cy), 10, fruit)
        canvas.stroke([(cx, cy - 9), (cx + 3, cy - 14)], 2, "#4f772d")
    canvas.polygon([(x, 22), (x + 56, 22), (x + 48, 114), (x + 8, 114)], "#cfe6ea")
    canvas.polygon([(x + 4, 26), (x + 52, 26), (x + 45, 110), (x + 11, 110)], "#f5fbfb")
    full = 12 + 17 * stage
    slope = 7 * full / 84
    if stage == 4:
        canvas.stroke([(x + 24, 90), (x + 42, 6), (x + 58, 4)], 5, "#ef476f")
    canvas.polygon(
        [(x + 11 - slope, 110 - full), (x + 45 + slope, 110 - full), (x + 45, 110), (x + 11, 110)], look.colour
    )
    for bubble in range(stage + 1):
        canvas.disc((x + 20 + 7 * (bubble * 3 % 4), 103 - 16 * bubble), 2, "#ffffff")
    if stage == 4:
        canvas.disc((x + 6, 26), 11, fruit)
        canvas.disc((x + 6, 26), 7, "#fff1d0")


def garden(canvas: Canvas, look: Look) -> None:
    """Draw a windowsill, with the sun outside and a watering can."""
    paper, sun, shelf = look.pick(
        "room",
        [("#faf3dd", "#fbe7ae", "#c8b6a6"), ("#eef4e6", "#f7efc0", "#b7b7a4"), ("#f7ede2", "#f9dfc0", "#d0b49f")],
    )
    canvas.rectangle(0, 0, 128, 128, paper)
    canvas.disc(
        (look.pick("sun", range(16, 112)), look.pick("noon", range(14, 40))), look.pick("size", [14, 18, 22]), sun
    )
    canvas.rectangle(0, 116, 128, 12, shelf)
    x, metal = look.pick("can", [6, 8, 100, 102]), look.pick("metal", ["#8d99ae", "#b08968", "#84a98c"])
    spout = 1 if x < 64 else -1
    canvas.stroke([(x + 10 + 6 * spout, 112), (x + 10 + 18 * spout, 100)], 3, metal)
    canvas.rectangle(x, 102, 20, 14, metal, 2)


def plant(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a plant: a seedling, leaves, a bud, then a flower."""
    x, pot = (
        look.pick("place", [58, 64, 70]) + look.vary("x", 2),
        look.pick("pot", ["#c8553d", "#7d8597", "#e09f3e", "#588b8b"]),
    )
    top = 84 - 14 * stage
    stem = curve((x, 92), (x + look.pick("bend", [-10, 0, 10]), (92 + top) / 2), (x, top))
    canvas.stroke(stem, 3, "#386641")
    for leaf in range(stage + 1):
        y, side = 84 - 13 * leaf, 1 if leaf % 2 else -1
        for way in (side, -side) if leaf == 0 else (side,):
            tip = (x + way * (20 + 2 * stage), y - 9)
            canvas.polygon(
                [*curve((x, y), (x + way * 8, y - 16), tip), *curve(tip, (x + way * 16, y + 4), (x, y))], "#6a994e"
            )
    if stage == 3:
        canvas.ellipse((x, top - 4), 6, 9, look.colour)
    if stage == 4:
        petals = look.pick("petals", [5, 6, 8])
        for petal in range(petals):
            canvas.disc(polar((x, top), 12, petal / petals), 8, look.colour)
        canvas.disc((x, top), 8, "#ffca3a")
    canvas.polygon([(x - 22, 92), (x + 22, 92), (x + 16, 122), (x - 16, 122)], pot)
    canvas.rectangle(x - 25, 88, 50, 9, pot, 2)
    canvas.rectangle(x - 25, 97, 50, 2, INK)


def salon(canvas: Canvas, look: Look) -> None:
    """Draw wallpaper with dots, and a flower in the corner."""
    wall, dot = look.pick("room", [("#fbe4ec", "#f6cfdc"), ("#e6e2f3", "#d5cdea"), ("#dff0ee", "#c6e4e0")])
    canvas.rectangle(0, 0, 128, 128, wall)
    gap, radius = look.pick("gap", [20, 24, 32]), look.pick("dot", [3, 4, 5])
    for y in range(look.pick("down", range(2, 14)), 128, gap):
        for x in range(look.pick("across", range(2, 14)), 128, gap):
            canvas.disc((x, y), radius, dot)
    centre = (look.pick("flower", [12, 14, 16, 18]), look.pick("stem", [14, 16, 18, 20]))
    for petal in range(6):
        canvas.disc(polar(centre, 7, petal / 6), 5, "#ffffff")
    canvas.disc(centre, 4, "#ffd166")


def nails(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a hand with one more painted nail per stage, from the thumb to the little finger."""
    skin, shade = look.pick("skin", [("#f4cda5", "#e0ab7c"), ("#c68e5f", "#a87246"), ("#8d5a3a", "#70432a")])
    x = 2 + look.vary("x", 2)
    tops = (70, 34, 22, 30, 48)
    canvas.rectangle(x + 10, 104, 106, 40, skin, 10)
    for finger, top in enumerate(tops):
        left = x + 1 + 25 * finger
        canvas.rectangle(left, top, 22, 128 - top, skin, 11)
        canvas.rectangle(left + 4, top + 36, 14, 2, shade)
        painted = look.colour if finger <= stage else "#f9e6d8"
        canvas.rectangle(left + 3, top + 3, 16, 22, shade, 7)
        canvas.rectangle(left + 4, top + 1, 14, 22, painted, 7)
        if finger <= stage:
            canvas.rectangle(left + 7, top + 6, 3, 8, "#ffffff", 1)


def shrine(canvas: Canvas, look: Look) -> None:
    """Draw a shelf below an arched window, with the moon and stars."""
    night, arch, shelf = look.pick(
        "room",
        [("#1d1a31", "#2a2547", "#4a3b34"), ("#14213d", "#1f2f54", "#54433a"), ("#231a24", "#35283a", "#4b3a2c")],
    )
    canvas.rectangle(0, 0, 128, 128, night)
    canvas.disc((64, 58), 54, arch)
    canvas.rectangle(10, 58, 108, 70, arch)
    x, y = look.pick("moon", range(34, 94)), look.pick("height", range(14, 24))
    canvas.disc((x, y), 8, "#e9e3c8")
    canvas.disc((x + look.pick("phase", [-4, 4]), y - 2), 7, arch)
    for star in range(5):
        canvas.disc((look.pick(f"star {star}", range(24, 104)), look.pick(f"rise {star}", range(10, 50))), 1, "#e9e3c8")
    canvas.rectangle(0, 112, 128, 16, shelf)


def candles(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw five candles, one more lit per stage."""
    heights = look.pick("heights", [(34, 46, 58, 46, 34), (58, 46, 34, 46, 58), (30, 38, 46, 54, 62)])
    for candle, height in enumerate(heights):
        x, top = 16 + 24 * candle, 112 - height
        if candle <= stage:
            canvas.disc((x, top - 12), 15, "#7d5442")
    for candle, height in enumerate(heights):
        x, top = 16 + 24 * candle, 112 - height
        canvas.rectangle(x - 6, top, 12, height, look.colour)
        canvas.stroke([(x, top), (x, top - 4)], 1.5, "#e8dcc0")
        if candle <= stage:
            sway = look.vary(f"sway {candle}", 2)
            canvas.polygon(
                [
                    *curve((x, top - 3), (x - 9, top - 8), (x + sway, top - 22), 6),
                    *curve((x + sway, top - 22), (x + 9, top - 8), (x, top - 3), 6),
                ],
                "#ffb627",
            )
            canvas.ellipse((x, top - 8), 2, 4, "#fff3b0")


def sea(canvas: Canvas, look: Look) -> None:
    """Draw a chart with its grid and waves."""
    water, line = look.pick("room", [("#a9d6e5", "#92c5d8"), ("#bcd8d2", "#a5c8c0"), ("#c3d5ee", "#adc4e4")])
    canvas.rectangle(0, 0, 128, 128, water)
    gap = look.pick("grid", [28, 32, 40])
    for place in range(look.pick("origin", range(4, 24)), 128, gap):
        canvas.rectangle(place, 0, 1, 128, line)
        canvas.rectangle(0, place, 128, 1, line)
    for wave in range(3):
        x, y = look.pick(f"wave {wave}", range(8, 104)), look.pick(f"swell {wave}", range(8, 120))
        canvas.stroke(
            [*curve((x, y), (x + 4, y - 5), (x + 8, y), 4), *curve((x + 8, y), (x + 12, y - 5), (x + 16, y), 4)],
            1.5,
            "#ffffff",
        )


def journey(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a boat that follows its route over the map, from the harbour to the flag."""
    land = look.pick("land", ["#f2e3b3", "#dbe5b5", "#f0d9b8"])
    high, pull = look.pick("shape", [(30, 84), (98, 44), (46, 100), (82, 28)])
    canvas.ellipse((8, high), 24, 18, land)
    canvas.ellipse((122, 128 - high), 22, 28, land)
    for island in range(3):
        centre = (34 + 30 * island, look.pick(f"island {island}", [12, 16, 112, 116]))
        canvas.ellipse(centre, look.pick(f"width {island}", [9, 12, 15]), 8, land)
    start, end = (14, high), (106, 128 - high)
    route = curve(start, (38, pull), (60, 64), 12) + curve((60, 64), (82, 128 - pull), end, 12)[1:]
    for dot in range(1, 24, 2):
        canvas.disc(partway(route, dot / 24)[-1], 1.5, "#6c757d")
    done = partway(route, 0.08 + 0.23 * stage)
    canvas.stroke(done, 6, look.colour)
    canvas.disc(start, 6, INK)
    canvas.stroke([(118, end[1] + 6), (118, end[1] - 16)], 2, INK)
    canvas.polygon([(118, end[1] - 17), (104, end[1] - 12), (118, end[1] - 7)], "#d62828")
    _boat(canvas, *done[-1])


def _boat(canvas: Canvas, x: float, y: float) -> None:
    canvas.polygon([(x - 16, y + 1), (x + 16, y + 1), (x + 10, y + 11), (x - 10, y + 11)], "#7f4f24")
    canvas.polygon([(x + 1, y - 23), (x + 15, y - 2), (x + 1, y - 2)], "#ffffff")
    canvas.polygon([(x - 2, y - 18), (x - 13, y - 2), (x - 2, y - 2)], "#fff3d6")
