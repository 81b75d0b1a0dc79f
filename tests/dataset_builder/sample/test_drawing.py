"""The canvas and the PNG encoder, against areas computed by hand and against other people's decoders."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset_builder.sample.drawing import canvas as drawing
from dataset_builder.sample.drawing import png
from dataset_builder.sample.drawing.canvas import Canvas
from dataset_builder.sample.drawing.png import compress, fill


def samples(canvas: Canvas, colour: str) -> int:
    return int((canvas.samples == canvas.colours.index(colour)).sum())


def test_a_rectangle_covers_four_samples_a_pixel() -> None:
    canvas = Canvas("#ffffff")
    canvas.rectangle(10, 20, 30, 5, "#ff0000")
    assert samples(canvas, "#ff0000") == 30 * 5 * 4
    assert (canvas.samples[40:50, 20:80] == 1).all()


def test_a_right_triangle_covers_half_its_square() -> None:
    canvas = Canvas("#ffffff")
    canvas.polygon([(0, 0), (64, 0), (0, 64)], "#ff0000")
    assert samples(canvas, "#ff0000") == pytest.approx(64 * 64 * 4 / 2, rel=0.01)


def test_a_disc_covers_pi_r_squared() -> None:
    canvas = Canvas("#ffffff")
    canvas.disc((64, 64), 40, "#ff0000")
    assert samples(canvas, "#ff0000") == pytest.approx(3.14159 * 40 * 40 * 4, rel=0.01)


def test_a_stroke_covers_its_length_times_its_width_and_two_half_discs() -> None:
    canvas = Canvas("#ffffff")
    canvas.stroke([(20, 30), (100, 90)], 10, "#ff0000")  # 100 pixels long
    assert samples(canvas, "#ff0000") == pytest.approx((100 * 10 + 3.14159 * 25) * 4, rel=0.01)


def test_a_shape_may_leave_the_canvas() -> None:
    canvas = Canvas("#ffffff")
    canvas.disc((0, 0), 10, "#ff0000")
    canvas.disc((500, -500), 10, "#00ff00")
    assert samples(canvas, "#ff0000") == pytest.approx(3.14159 * 100, rel=0.05)
    assert samples(canvas, "#00ff00") == 0


def test_a_pixel_cut_in_two_shows_both_colours() -> None:
    canvas = Canvas("#000000")
    canvas.rectangle(0, 0, 64.5, 128, "#ffffff")
    codes, table = drawing.pixels(canvas)
    assert [drawing.blend(table[codes[5, x]]) for x in (63, 64, 65)] == [(255,) * 3, (127,) * 3, (0,) * 3]


def test_part_of_a_line_ends_at_its_share_of_the_length() -> None:
    assert drawing.partway([(0, 0), (10, 0), (10, 30)], 0.5) == [(0, 0), (10, 0), (10, 10)]


pixels = st.integers(1, 40).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 7), min_size=width, max_size=width), min_size=1, max_size=20)
)


@given(st.lists(pixels, min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_zlib_reads_what_we_deflate_and_all_streams_are_of_one_size(pictures: list[list[list[int]]]) -> None:
    rows = [b"".join(bytes(row) for row in picture) for picture in pictures]
    streams = fill([compress(data, len(picture[0])) for data, picture in zip(rows, pictures, strict=True)])
    assert len({len(stream) for stream in streams}) == 1
    for data, stream in zip(rows, streams, strict=True):
        decoder = zlib.decompressobj(-15)
        assert decoder.decompress(stream) == data
        assert decoder.eof
        assert not decoder.unused_data


def test_a_run_longer_than_the_longest_match_and_every_colour_survive() -> None:
    data = bytes(3000) + bytes(range(256)) * 3
    assert zlib.decompress(fill([compress(data, 129)])[0], -15) == data


def test_pillow_decodes_the_very_pixels() -> None:
    generator = np.random.default_rng(7)
    pictures = [generator.integers(0, n, (128, 128)).astype(np.uint8) for n in (2, 5)]
    palette = [(index, 255 - index, 7 * index) for index in range(32)]
    contents = png.encode(pictures, palette)
    assert len({len(content) for content in contents}) == 1
    for content, picture in zip(contents, pictures, strict=True):
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (128, 128)
            assert (np.asarray(image) == picture).all()
            assert image.convert("RGB").getpixel((3, 2)) == palette[picture[2, 3]]
