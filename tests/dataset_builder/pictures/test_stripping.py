import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from dataset_builder.pictures.stripping import UnusablePictureError, detect_format
from tests.dataset_builder.alarm import ends_soon

SECRET = b"IMG_0003 taken at 12:03"


def drawing(mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").resize((40, 30)).convert(mode)


def saved(form: str, image: Image.Image | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    (image or drawing()).save(stream, form, **options)
    return stream.getvalue()


def exif() -> bytes:
    data = Image.Exif()
    data[0x010E] = SECRET.decode()
    return data.tobytes()


def png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    return info


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGBA").tobytes()


def strip(content: bytes) -> bytes:
    return detect_format(content).strip(content)


CARRIERS = {
    "JPEG": saved("JPEG", exif=exif(), comment=SECRET, icc_profile=SECRET),
    "progressive JPEG": saved("JPEG", exif=exif(), progressive=True),
    "grey JPEG": saved("JPEG", drawing("L"), comment=SECRET),
    "PNG": saved("PNG", exif=exif(), pnginfo=png_text()),
    "palette PNG": saved("PNG", drawing().quantize(16), pnginfo=png_text()),
    "transparent PNG": saved("PNG", drawing("RGBA"), pnginfo=png_text()),
    "lossy WebP": saved("WEBP", exif=exif(), xmp=SECRET),
    "lossless WebP": saved("WEBP", drawing("RGBA"), lossless=True, exif=exif()),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_metadata_goes_and_every_pixel_stays(name: str) -> None:
    content = CARRIERS[name]
    assert SECRET in content
    stripped = strip(content)
    assert SECRET not in stripped
    assert pixels(stripped) == pixels(content)


@pytest.mark.parametrize("name", CARRIERS)
@given(tail=st.binary(min_size=1, max_size=200))
def test_what_follows_the_end_of_a_picture_goes(name: str, tail: bytes) -> None:
    content = strip(CARRIERS[name])
    assert strip(content + tail) == content


@pytest.mark.parametrize("name", CARRIERS)
def test_stripping_twice_changes_nothing(name: str) -> None:
    once = strip(CARRIERS[name])
    assert strip(once) == once


@pytest.mark.parametrize("name", CARRIERS)
@given(data=st.data())
def test_a_picture_cut_short_is_named_as_such(name: str, data: st.DataObject) -> None:
    content = strip(CARRIERS[name])
    cut = data.draw(st.integers(12, len(content) - 1))
    with pytest.raises(UnusablePictureError, match=r"truncated|broken"):
        strip(content[:cut])


@given(content=st.binary(max_size=300), head=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF    WEBP"]))
def test_no_bytes_make_stripping_fail_in_another_way(content: bytes, head: bytes) -> None:
    try:
        strip(head + content)
    except UnusablePictureError as error:
        assert str(error)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_an_animation_is_refused(form: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = saved(form, frames[0], save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(UnusablePictureError, match="an animated"):
        strip(content)


def test_a_picture_that_lies_about_its_suffix_is_known_by_its_content() -> None:
    assert detect_format(CARRIERS["JPEG"]).suffix == ".jpg"
    with pytest.raises(UnusablePictureError, match="no JPEG, PNG or WebP"):
        detect_format(saved("GIF"))
    with pytest.raises(UnusablePictureError, match="it is empty"):
        detect_format(b"")


@pytest.mark.parametrize("after", [b"", b"\x00"])
def test_a_scan_overwritten_with_ff_is_refused_soon(after: bytes) -> None:
    whole = saved("JPEG")
    scan = whole.index(b"\xff\xda") + 20
    with ends_soon(), pytest.raises(UnusablePictureError, match="its end is missing"):
        detect_format(whole).strip(whole[:scan] + b"\xff" * 400_000 + after)


def test_a_marker_directly_behind_the_head_of_a_scan_is_found() -> None:
    head = b"\xff\xd8\xff\xda\x00\x08\x01\x01\x00\x00\x3f\xff"
    comment = b"\xff\xfe" + (len(SECRET) + 2).to_bytes(2) + SECRET
    assert detect_format(head).strip(head + comment + b"\xff\xd9") == head + b"\xff\xd9"
