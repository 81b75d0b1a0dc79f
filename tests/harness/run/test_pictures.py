"""Pictures as variants show them."""

import io

import pytest
from PIL import Image

from harness.errors import HarnessError
from harness.run.pictures import GREY, render
from harness.run.plan import Variant


def picture(side: int = 100) -> bytes:
    image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize("variant", [Variant.SCORED, Variant.REPEATED, Variant.SWAPPED, Variant.EXCHANGED])
def test_most_variants_leave_every_byte_alone(variant: Variant) -> None:
    assert render(picture(), variant) == picture()


def test_a_blank_picture_is_grey_and_of_the_same_size() -> None:
    blank = opened(render(picture(), Variant.BLANKED))
    assert blank.size == (100, 100)
    assert blank.getcolors() == [(10_000, GREY)]


def test_a_perturbed_picture_is_nearly_the_same_in_other_bytes() -> None:
    perturbed = opened(render(picture(), Variant.PERTURBED))
    assert perturbed.size == (94, 94)
    before, after = opened(picture()).crop((3, 3, 97, 97)).tobytes(), perturbed.tobytes()
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) < 12


def test_a_picture_that_does_not_decode_is_our_fault() -> None:
    with pytest.raises(HarnessError, match="does not decode"):
        render(b"no picture", Variant.PERTURBED)
