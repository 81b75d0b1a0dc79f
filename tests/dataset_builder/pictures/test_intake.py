"""Pictures that no set may hold: each takes its article with it, by name and reason, and never stops a build."""

import io
import random
import re
import struct
import zlib
from pathlib import Path

import pytest
from msgspec import UNSET
from PIL import Image, ImageChops, ImageOps, ImageStat

from dataset_builder.articles.article import Article, RawStep, StoredPicture
from dataset_builder.build import BuildRequest, build
from dataset_builder.pictures import orientation
from dataset_builder.pictures.coding import decode
from dataset_builder.pictures.intake import PictureFault, examine
from dataset_builder.pictures.stripping import detect_format
from tests.dataset_builder.crawls import article as crawl_article
from tests.dataset_builder.crawls import crawl, picture, spec, write_lines


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


def photograph(form: str, asked: int, mode: str = "RGB", **options: object) -> bytes:
    """A smooth picture of 80 x 48 pixels, no part of it like another, whose EXIF asks for a turn."""
    bands = [Image.radial_gradient("L").crop((20 * n, 0, 256, 200)).resize((80, 48)) for n in range(3)]
    exif = Image.Exif()
    exif[orientation.ORIENTATION] = asked
    exif[0x0110] = "a camera"
    return encoded(Image.merge("RGB", bands).convert(mode), form, exif=exif, **options)


LOSSLESS = [("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 60})]


@pytest.mark.parametrize("asked", range(1, 9))
@pytest.mark.parametrize(("form", "options"), LOSSLESS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
def test_a_turned_png_or_webp_has_the_pixels_that_pillow_shows(
    tmp_path: Path, form: str, options: dict, mode: str, asked: int
) -> None:
    content = photograph(form, asked, mode, **options)
    (tmp_path / "p").write_bytes(content)
    (found,) = look(tmp_path, "p")
    assert isinstance(found, StoredPicture)
    with Image.open(io.BytesIO(content)) as stored, Image.open(tmp_path / "pool" / found.name) as image:
        upright = ImageOps.exif_transpose(stored)
        assert (image.mode, image.size, image.format) == (upright.mode, upright.size, form)
        assert image.convert("RGBA").tobytes() == upright.convert("RGBA").tobytes()
        assert (found.width, found.height) == upright.size
        assert not image.getexif()
    assert found.turned == (asked > 1)


@pytest.mark.parametrize("asked", range(1, 9))
@pytest.mark.parametrize("options", [{}, {"quality": 55}, {"subsampling": 0}, {"subsampling": 1}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_turned_jpeg_keeps_its_tables_and_nearly_its_pixels(
    tmp_path: Path, options: dict, mode: str, asked: int
) -> None:
    content = photograph("JPEG", asked, mode, **options)
    (tmp_path / "p").write_bytes(content)
    (found,) = look(tmp_path, "p")
    assert isinstance(found, StoredPicture)
    with Image.open(io.BytesIO(content)) as stored, Image.open(tmp_path / "pool" / found.name) as image:
        upright = ImageOps.exif_transpose(stored)
        assert (image.mode, image.size, image.format) == (upright.mode, upright.size, "JPEG")
        assert max(ImageStat.Stat(ImageChops.difference(image, upright)).mean) < 0.7
        for number, table in stored.quantization.items():
            assert sorted(image.quantization[number]) == sorted(table)
        assert "exif" not in image.info
    if asked == 1:
        assert (tmp_path / "pool" / found.name).read_bytes() == detect_format(content).strip(content)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_coded_anew_is_turned_first(tmp_path: Path, form: str) -> None:
    (tmp_path / "p").write_bytes(photograph(form, 6))
    (found,) = look(tmp_path, "p", "[pictures]\nreencode = true")
    assert isinstance(found, StoredPicture)
    with Image.open(io.BytesIO(photograph(form, 6))) as stored, Image.open(tmp_path / "pool" / found.name) as image:
        upright = ImageOps.exif_transpose(stored).convert("RGB")
        assert (image.size, image.format, found.turned) == ((48, 80), "JPEG", True)
        assert max(ImageStat.Stat(ImageChops.difference(image, upright)).mean) < 2


@pytest.mark.parametrize(
    ("exif", "asked"),
    [
        (b"", 1),
        (b"MM\x00*", 1),
        (b"MM\x00*\xff\xff\xff\xff", 1),
        (b"MM\x00*\x00\x00\x00\x08\xff\xff", 1),
        (b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0), 6),
        (b"II*\x00\x08\x00\x00\x00\x01\x00" + struct.pack("<HHII", 0x0112, 4, 1, 8), 8),
        (b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 9, 0), 1),
        (b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 2, 6, 0), 1),
        (b"MM\x00*\x00\x00\x00\x08\x00\x02" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)[:-1], 1),
    ],
)
def test_a_damaged_note_of_the_orientation_asks_for_nothing(exif: bytes, asked: int) -> None:
    """By hand after EXIF 2.32, 4.5 and 4.6; the same notes inside each format."""
    png = PNG + chunk(b"eXIf", exif) + END
    assert orientation.orientation(png, detect_format(png)) == asked
    jpeg = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\x00\x00" + exif + b"\xff\xd9"
    assert orientation.orientation(jpeg, detect_format(jpeg)) == asked
    body = b"WEBPEXIF" + struct.pack("<I", len(exif)) + exif + b"\x00" * (len(exif) % 2)
    webp = b"RIFF" + struct.pack("<I", len(body)) + body
    assert orientation.orientation(webp, detect_format(webp)) == asked


def test_a_build_counts_what_it_turned_and_two_builds_agree(tmp_path: Path) -> None:
    rows = [crawl_article(number) for number in range(12)]
    raw = crawl(tmp_path / "raw", rows)
    upright = build(BuildRequest(spec(), raw, tmp_path / "upright", workers=1))
    assert upright.report.turned is UNSET
    for number, form in enumerate(("JPEG", "PNG", "WEBP")):
        exif = Image.Exif()
        exif[orientation.ORIENTATION] = 6
        with Image.open(io.BytesIO(picture(form, 40))) as image:
            (raw / rows[number]["steps"][0]["image"]).write_bytes(encoded(image, form, exif=exif))
    one = build(BuildRequest(spec(), raw, tmp_path / "one", workers=1))
    write_lines(raw, rows[::-1])
    other = build(BuildRequest(spec(), raw, tmp_path / "other", workers=2))
    assert (one.report.turned, one.digest) == (3, other.digest)
