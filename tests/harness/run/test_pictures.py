"""Pictures as variants show them."""

import io

import pytest
from PIL import Image

from harness.errors import HarnessError
from harness.records import Variant
from harness.run.pictures import render


def picture(side: int = 100, kind: str = "PNG") -> bytes:
    image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize(
    "variant", [Variant.SCORED, Variant.REPEATED, Variant.SWAPPED, Variant.EXCHANGED, Variant.REPLACED]
)
def test_most_variants_leave_every_byte_alone(variant: Variant) -> None:
    assert render(picture(), variant) == picture()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_perturbed_picture_keeps_its_format_which_tells_nothing(kind: str) -> None:
    with Image.open(io.BytesIO(render(picture(kind=kind), Variant.PERTURBED))) as shown:
        assert shown.format == kind


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_perturbed_picture_is_nearly_the_same_in_other_bytes(kind: str) -> None:
    assert render(picture(kind=kind), Variant.PERTURBED) != picture(kind=kind)
    perturbed = opened(render(picture(kind=kind), Variant.PERTURBED))
    assert perturbed.size == (94, 94)
    before, after = opened(picture()).crop((3, 3, 97, 97)).tobytes(), perturbed.tobytes()
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) < 12


def test_a_picture_that_does_not_decode_is_our_fault() -> None:
    with pytest.raises(HarnessError, match="does not decode"):
        render(b"no picture", Variant.PERTURBED)
