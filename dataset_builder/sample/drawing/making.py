"""Five scenes in which something is made: a scarf, a painting, a robot, a lesson, a tower. Stages count from 0."""

from __future__ import annotations

from dataset_builder.sample.drawing.canvas import Canvas, Look, curve

INK = "#3b3355"


def craft_room(canvas: Canvas, look: Look) -> None:
    """Draw a warm room with a rug, and bunting along the wall."""
    wall, stripe, floor = look.pick(
        "room",
        [("#f6e7d0", "#efdcbf", "#c98f5f"), ("#e3ecdf", "#d5e2cf", "#b5835a"), ("#f3dcd6", "#ebcdc5", "#a8705a")],
    )
    canvas.rectangle(0, 0, 128, 128, wall)
    gap = look.pick("gap", [12, 16, 20])
    for x in range(look.pick("offset", range(12)), 128, gap):
        canvas.rectangle(x, 0, gap // 2, 128, stripe)
    level = look.pick("level", range(98, 108))
    canvas.rectangle(0, level, 128, 128 - level, floor)
    canvas.rectangle(0, level - 4, 128, 4, "#fffaf0")
    canvas.ellipse(
        (look.pick("rug", range(70, 104)), 118), 40, 8, look.pick("rug colour", ["#d9a5a0", "#9fb8ad", "#e8c07d"])
    )


def scarf(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a scarf that grows from the needles while the ball of yarn shrinks."""
    left, second = (
        look.pick("hang", [28, 30, 32]) + look.vary("x", 1),
        look.pick("stripe", ["#fffaf0", "#f2c14e", "#3b3355", "#8fc1b5"]),
    )
    end = 26 + 17 * (stage + 1)
    ball = 23 - 4 * stage
    x, y = 106 + look.vary("ball", 2), 114 - ball
    canvas.stroke(curve((x, y), (x + 8, 20), (left + 46, 24)), 2, look.colour)
    canvas.disc((x, y), ball, look.colour)
    for shift in (-0.5, 0, 0.5):
        canvas.stroke(
            curve(
                (x - 0.7 * ball, y + shift * ball), (x, y + (shift - 0.6) * ball), (x + 0.7 * ball, y + shift * ball), 4
            ),
            1.5,
            second,
        )
    canvas.rectangle(left, 24, 46, end - 24, look.colour)
    for top in range(32, end - 4, 12):
        canvas.rectangle(left, top, 46, 5, second)
    if stage == 4:
        for fringe in range(left + 2, left + 44, 6):
            canvas.rectangle(fringe, end, 3, 8, look.colour)
    for tilt in (-1, 1):
        canvas.stroke([(left + 23 - 36 * tilt, 28), (left + 23 + 40 * tilt, 18)], 4, "#8a5a3c")
        canvas.disc((left + 23 + 40 * tilt, 18), 4, INK)


def studio(canvas: Canvas, look: Look) -> None:
    """Draw a studio with light from a window and pots of paint."""
    wall, light, floor = look.pick(
        "room",
        [("#d9d4c7", "#e6e2d8", "#8c7b6b"), ("#c9d3d6", "#d8e0e2", "#7a7f85"), ("#e0cfc0", "#eadfd3", "#94705a")],
    )
    canvas.rectangle(0, 0, 128, 128, wall)
    left = look.pick("light", range(-20, 60))
    canvas.polygon([(left, 0), (left + 36, 0), (left + 76, 128), (left + 40, 128)], light)
    level = look.pick("level", range(96, 106))
    canvas.rectangle(0, level, 128, 128 - level, floor)
    for pot, x in enumerate((look.pick("pots", range(2, 12)), look.pick("pot", range(108, 116)))):
        canvas.rectangle(x, 112, 10, 12, "#f1f1f1", 1)
        canvas.rectangle(x, 112, 10, 5, look.colour if pot else "#5f7a94", 1)


def painting(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a landscape painted on an easel, one part per stage: sky, hills, meadow, house, then sun and frame."""
    left, top = 22 + look.vary("x", 2), 16 + look.vary("y", 1)
    sky = look.pick("sky", ["#8ecae6", "#f7b7a3", "#b8c0ff"])
    for foot in (10, 74):
        canvas.stroke([(left + 42, top - 10), (left + foot, 124)], 5, "#7f5539")
    canvas.rectangle(left - 4, top + 72, 92, 5, "#7f5539")
    canvas.rectangle(left - 4, top - 4, 92, 76, "#d4a017" if stage == 4 else "#b08968")
    canvas.rectangle(left, top, 84, 68, "#fffdf7")
    canvas.rectangle(left, top, 84, 34, sky)
    if stage >= 1:
        canvas.polygon(
            [
                (left, top + 44),
                (left, top + 30),
                (left + 22, top + 14),
                (left + 42, top + 32),
                (left + 60, top + 20),
                (left + 84, top + 34),
                (left + 84, top + 44),
            ],
            "#5f7a94",
        )
    if stage >= 2:
        canvas.rectangle(left, top + 40, 84, 28, look.colour)
    if stage >= 3:
        canvas.rectangle(left + 16, top + 34, 22, 18, "#fff3d6")
        canvas.polygon([(left + 12, top + 35), (left + 27, top + 22), (left + 42, top + 35)], "#a4342b")
        canvas.rectangle(left + 24, top + 42, 6, 10, INK)
        canvas.rectangle(left + 63, top + 36, 5, 20, "#5c4033")
        canvas.disc((left + 65, top + 32), 12, "#2f6b4f")
    if stage == 4:
        canvas.disc((left + 50, top + 12), 8, "#ffd166")
        canvas.polygon(
            [(left + 40, top + 40), (left + 46, top + 40), (left + 58, top + 68), (left + 34, top + 68)], "#f1d9a7"
        )


def workshop(canvas: Canvas, look: Look) -> None:
    """Draw a workshop after dark; a gear and a wrench on the wall."""
    wall, bench, tile, tool = look.pick(
        "room",
        [
            ("#1f2a44", "#39507a", "#26345a", "#34467a"),
            ("#2b2440", "#5a4a80", "#362d54", "#483c70"),
            ("#17343a", "#2f6068", "#1f444c", "#2a5a64"),
        ],
    )
    canvas.rectangle(0, 0, 128, 128, wall)
    for x in range(4 * look.pick("seam", range(8)), 128, 32):
        canvas.rectangle(x, 0, 4, 104, tile)
    x, y = 4 * look.pick("gear", range(1, 5)), 4 * look.pick("height", range(2, 9))
    for left, top, width, height in ((4, 0, 12, 20), (0, 4, 20, 12)):
        canvas.rectangle(x + left, y + top, width, height, tool)
    canvas.rectangle(x + 8, y + 8, 4, 4, wall)
    x, y = 4 * look.pick("wrench", range(26, 30)), 4 * look.pick("hook", range(1, 6))
    canvas.rectangle(x, y + 8, 4, 20, tool)
    for left in (-4, 4):
        canvas.rectangle(x + left, y, 4, 8, tool)
    canvas.rectangle(0, 104, 128, 24, bench)
    canvas.rectangle(0, 104, 128, 4, tool)


def robot(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a robot in blocks of four pixels: feet, body, arms, head, and then light in its eyes."""
    x, metal, dark = 40 + 4 * look.vary("x", 1), look.pick("metal", ["#b9c4d6", "#d8cfc0", "#9fb8b0"]), "#6b7690"

    def block(left: int, top: int, width: int, height: int, colour: str) -> None:
        canvas.rectangle(x + left, top, width, height, colour)

    for foot in (4, 28):
        block(foot, 92, 16, 12, dark)
        block(foot + 4, 84, 8, 8, metal)
    if stage >= 1:
        block(0, 52, 48, 32, look.colour)
        block(8, 60, 16, 16, metal)
        block(32, 60, 8, 4, dark)
        block(32, 68, 8, 4, dark)
    if stage >= 2:
        for arm in (-12, 52):
            block(arm, 52, 8, 24, metal)
            block(arm - 4, 76, 16, 8, dark)
    if stage >= 3:
        block(20, 48, 8, 4, dark)
        block(4, 20, 40, 28, metal)
        block(12, 28, 8, 8, dark)
        block(28, 28, 8, 8, dark)
        block(16, 40, 16, 4, dark)
    if stage == 4:
        block(12, 28, 8, 8, "#ffe66d")
        block(28, 28, 8, 8, "#ffe66d")
        block(22, 8, 4, 12, dark)
        block(18, 4, 12, 8, "#ff5d5d")
        block(12, 64, 8, 8, "#7dff9b")


def classroom(canvas: Canvas, look: Look) -> None:
    """Draw a blackboard on the wall, with a duster and books below it."""
    wall, board = look.pick("room", [("#e9dfc8", "#2f5d50"), ("#d7dfe6", "#33475b"), ("#efe0d6", "#3d4f3a")])
    canvas.rectangle(0, 0, 128, 128, wall)
    canvas.rectangle(6, 6, 116, 100, "#a0714f")
    canvas.rectangle(11, 11, 106, 90, board)
    canvas.rectangle(0, 122, 128, 6, "#8d6748")
    x = look.pick("books", range(6, 60))
    for book, colour in enumerate(
        look.pick("spines", [("#d1495b", "#edae49"), ("#00798c", "#d1495b"), ("#66a182", "#2e4057")])
    ):
        canvas.rectangle(x + 4 * book, 118 - 4 * book, 26, 4, colour, 1)
    canvas.rectangle(look.pick("duster", range(92, 108)), 115, 16, 7, "#c9ada7", 2)


def blackboard(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a blackboard that fills with a lesson, one line per stage."""
    for line in range(stage + 1):
        y = 20 + 17 * line
        canvas.disc((22, y + 3), 4, look.colour)
        x = 32
        for word in range(4):
            length = look.pick(f"word {line} {word}", [10, 14, 18, 22])
            if x + length > 108:
                break
            zigzag = [(x + step, y + (6 if (step // 2 + word) % 2 else 0)) for step in range(0, length, 4)]
            canvas.stroke(zigzag, 2, "#f4f1e8")
            x += length + 5
    canvas.rectangle(60 + look.vary("chalk", 44), 101, 12, 5, "#ffffff", 2)


def playroom(canvas: Canvas, look: Look) -> None:
    """Draw a bright room with dots on the wallpaper and a cloud at the window."""
    wall, floor, dot = look.pick(
        "room",
        [("#dff1f5", "#f2dfc4", "#c5e4ec"), ("#fdeee4", "#dfe7cf", "#f9dccb"), ("#ece8f7", "#f4e1d2", "#dcd4f0")],
    )
    canvas.rectangle(0, 0, 128, 128, wall)
    gap = look.pick("gap", [24, 28, 32])
    for row, y in enumerate(range(look.pick("dots", range(6, 20)), 100, gap)):
        for x in range(gap // 2 * (1 + row % 2), 128, gap):
            canvas.disc((x, y), 3, dot)
    x, y = look.pick("window", range(5, 16)), look.pick("sill", range(5, 11))
    canvas.rectangle(x, y, 36, 34, "#ffffff", 3)
    canvas.rectangle(x + 3, y + 3, 30, 28, "#a8d8f0")
    drift = look.pick("cloud", range(8, 24))
    for left, radius in ((-5, 4), (0, 6), (6, 4)):
        canvas.disc((x + drift + left, y + 18), radius, "#ffffff")
    canvas.rectangle(x + 17, y, 2, 34, "#ffffff")
    canvas.rectangle(0, 100, 128, 28, floor)


def tower(canvas: Canvas, look: Look, stage: int) -> None:
    """Draw a child that builds a tower out of the blocks on the floor."""
    x, hair = 58 + look.vary("x", 1), look.pick("hair", ["#5c4033", "#d9a441", "#2b2b2b", "#b5532a"])
    skin = look.pick("skin", ["#f2c9a1", "#c98d5e", "#8d5b3b"])
    colours = [look.colour, "#ffd166", "#4d9de0", "#7bc47f", "#ef767a"]
    up = 22 if stage == 4 else 0
    for side in (-1, 1):
        canvas.stroke([(26 + 8 * side, 86), (26 + 19 * side, 88 - 3 * stage - up)], 6, skin)
    canvas.rectangle(14, 78, 24, 34, look.colour, 8)
    canvas.disc((26, 64), 16, hair)
    canvas.disc((26, 68), 14, skin)
    for eye in (20, 32):
        canvas.disc((eye, 66), 2, INK)
    canvas.stroke(curve((21, 74), (26, 79), (31, 74), 6), 2, INK)
    for block in range(5):
        if block <= stage:
            canvas.rectangle(x + look.pick(f"lean {block}", [-2, 0, 2]), 92 - 18 * block, 26, 18, colours[block], 3)
        else:
            left = block - stage - 1
            canvas.rectangle(90 + 19 * (left % 2), 114 - 12 * (left // 2), 18, 12, colours[block], 3)
    if stage == 4:
        canvas.stroke([(x + 13, 20), (x + 13, 4)], 2, INK)
        canvas.polygon([(x + 13, 3), (x + 28, 8), (x + 13, 13)], "#ef767a")
