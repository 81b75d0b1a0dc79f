"""Pictures that no set may hold: each takes its article with it, by name and reason, and never stops a build."""

import io
import random
import re
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from dataset_builder.articles.article import Article, RawStep, StoredPicture
from dataset_builder.pictures.coding import decode
from dataset_builder.pictures.intake import PictureFault, examine
from dataset_builder.pictures.stripping import detect_format
from tests.dataset_builder.crawls import picture, spec


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


NOISE = Image.frombytes("RGB", (64, 64), random.Random("noise").randbytes(64 * 64 * 3))
PNG = b"\x89PNG\r\n\x1a\n"
END = chunk(b"IEND", b"")


def bomb() -> bytes:
    """A PNG that claims 100,000 x 100,000 pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 1, 0, 0, 0, 0))
    return PNG + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + END


def png_of(data: bytes, depth: int = 8, colours: int = 0) -> bytes:
    """A PNG of 100 x 100 pixels whose chunks are sound, whatever is in them. colours: 0 grey, 2 RGB."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 100, depth, colours, 0, 0, 0))
    return PNG + head + chunk(b"IDAT", data) + END


def cut_short(jpeg: bytes) -> bytes:
    """Half of the first scan, and an end marker as if that were all: Pillow fills the rest with grey and is content."""
    scan = jpeg.index(b"\xff\xda") + 14
    following = re.compile(rb"\xff[^\x00\xd0-\xd7]").search(jpeg, scan)
    assert following
    short = jpeg[: (scan + following.start()) // 2].rstrip(b"\xff") + b"\xff\xd9"
    Image.open(io.BytesIO(short)).load()
    return short


def look(folder: Path, name: str = "p.png", more: str = "") -> tuple[StoredPicture, ...] | PictureFault:
    article = Article("a", "t", "c", (RawStep("h", name),))
    ((_, found),) = examine(folder, [article], folder / "pool", spec(more), workers=1)
    return found


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "unusable picture", "it is empty"),
        (b"<html>404</html>", "unusable picture", "no JPEG, PNG or WebP"),
        (picture("x")[:60], "unusable picture", "truncated PNG"),
        (b"\xff\xd8\xff\xd9", "unusable picture", "a broken JPEG"),
        (picture("x", 64, "JPEG")[:-2], "unusable picture", "a truncated JPEG: its end is missing"),
        (png_of(zlib.compress(bytes(50))), "unusable picture", "a broken PNG"),
        (png_of(b"no deflate stream"), "unusable picture", "a broken PNG"),
        (bomb(), "unusable picture", "decompression bomb"),
        (cut_short(picture("x", 64, "JPEG")), "unusable picture", "premature end of data segment"),
        (cut_short(encoded(NOISE, "JPEG", progressive=True)), "unusable picture", "premature end of data segment"),
        (encoded(Image.new("RGB", (40, 40)), "GIF"), "unusable picture", "no JPEG, PNG or WebP"),
        (encoded(Image.new("CMYK", (40, 40)), "JPEG"), "unusable picture", "colour mode CMYK"),
        (encoded(Image.new("I;16", (40, 40)), "PNG"), "unusable picture", "16 bits per channel"),
        (png_of(zlib.compress(bytes(100 * 601)), depth=16, colours=2), "unusable picture", "16 bits per channel"),
        (picture("x", side=31), "small picture", "31 x 31 pixels; the shorter side must have 32"),
    ],
)
def test_a_bad_picture_is_a_fault_that_says_what_was_found(
    tmp_path: Path, content: bytes, reason: str, words: str
) -> None:
    (tmp_path / "p.png").write_bytes(content)
    fault = look(tmp_path)
    assert isinstance(fault, PictureFault)
    assert (fault.reason, fault.picture) == (reason, "p.png")
    assert words in fault.detail


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../outside.png", "leaves the raw folder"),
        ("link.png", "leaves the raw folder"),
        ("elsewhere/outside.png", "leaves the raw folder"),
        ("folder/../../outside.png", "leaves the raw folder"),
        ("folder", "not a plain file"),
        ("a\x00b.png", "a name that no file can have"),
        ("absent.png", "no such file"),
    ],
)
def test_no_name_and_no_link_leads_out_of_the_raw_folder(tmp_path: Path, name: str, words: str) -> None:
    raw = tmp_path / "raw"
    (raw / "folder").mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(picture("x"))
    (raw / "link.png").symlink_to(tmp_path / "outside.png")
    (raw / "elsewhere").symlink_to(tmp_path)
    fault = look(raw, name)
    assert isinstance(fault, PictureFault)
    assert words in fault.detail


def test_a_link_to_another_picture_of_the_crawl_is_that_picture(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/p.png").write_bytes(picture("x", 40))
    (tmp_path / "link.png").symlink_to("folder/p.png")
    (tmp_path / "there").symlink_to("folder")
    assert look(tmp_path, "link.png") == look(tmp_path, "there/p.png") == look(tmp_path, "folder/p.png")


def test_a_good_picture_is_stored_under_the_hash_of_what_is_left_of_it(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(picture("x", 40, "JPEG"))
    found = look(tmp_path)
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.width, one.height) == (40, 40)
    assert one.name.endswith(".jpg")
    assert (tmp_path / "pool" / one.name).is_file()


@pytest.mark.parametrize("size", [(224, 224), (63, 500), (250, 333), (257, 255), (1000, 40), (33, 33)])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 20}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_has_the_pixels_that_pillow_gives_it(size: tuple[int, int], options: dict, mode: str) -> None:
    """Else perceptual hashes, and with them frozen sets, would change with the decoder."""
    image = NOISE.crop((0, 0, 8, 8)).resize(size, Image.Resampling.BICUBIC).convert(mode)
    content = encoded(image, "JPEG", **options)
    for whole in (True, False):
        with Image.open(io.BytesIO(content)) as expected:
            if not whole:
                expected.draft(mode, (32, 32))
            found_size, found = decode(content, detect_format(content), 1, whole)
            assert (found_size, found.mode, found.size) == (size, mode, expected.size)
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1"])
def test_a_picture_coded_anew_is_a_jpeg_whatever_it_was(tmp_path: Path, mode: str) -> None:
    (tmp_path / "p.png").write_bytes(encoded(Image.radial_gradient("L").resize((40, 40)).convert(mode), "PNG"))
    found = look(tmp_path, more="[pictures]\nreencode = true")
    assert isinstance(found, tuple)
    with Image.open(tmp_path / "pool" / found[0].name) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 40))


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    found = look(tmp_path, more="[pictures]\nreencode = true")
    assert isinstance(found, tuple)
    with Image.open(tmp_path / "pool" / found[0].name) as image:
        assert image.getpixel((20, 20)) == (255, 255, 255)
