"""Requests for one pair: the prompt in both orders, with pictures as data URLs of bounded side and size."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PIL import Image

from harness.contract.protocol import SentPair
from harness.contract.result import PictureBound
from harness.errors import HarnessError
from harness.serve_prompt import ORDERS
from harness.served.settings import TOP_LOGPROBS, EndpointSettings

QUALITIES = (90, 75, 60)  # of JPEG, tried in turn until a picture is small enough
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

MessagePart = dict[str, str | dict[str, str]]
RequestValue = str | int | float | bool | list[dict[str, str | list[MessagePart]]]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request. first_as_a: the order in which the step shown first is A."""

    first_as_a: bool
    sample: int
    body: bytes


def requests(settings: EndpointSettings, pair: SentPair, seed: int, logprobs: bool) -> list[ChatRequest]:
    """Return all requests for one pair: both orders, and each as often as samples are wanted."""
    steps = (pair.first, pair.second)
    headlines = [step.headline for step in steps if isinstance(step.headline, str)]
    paths = [Path(step.image) for step in steps if isinstance(step.image, str)]
    urls = [data_url(path, settings.pictures) for path in paths]
    shown = (headlines[0], headlines[1]) if headlines else None
    found = []
    for order in ORDERS:
        parts = settings.prompt.parts(pair.title, shown, bool(urls), order)
        for sample in range(settings.source.samples):
            body = _body(settings, parts, urls, seed + sample, logprobs)
            found.append(ChatRequest(order == ORDERS[0], sample, body))
    return found


def _body(settings: EndpointSettings, parts: list[str | int], urls: list[str], seed: int, logprobs: bool) -> bytes:
    """Return the JSON of one request. Without pictures the content is plain text, which every server accepts."""
    content: str | list[MessagePart] = "".join(part for part in parts if isinstance(part, str))
    if urls:
        content = [_part(part, urls) for part in parts]
    messages: list[dict[str, str | list[MessagePart]]] = [{"role": "user", "content": content}]
    if settings.prompt.system:
        messages.insert(0, {"role": "system", "content": settings.prompt.system})
    body: dict[str, RequestValue] = {"model": settings.source.model, "messages": messages}
    if settings.max_tokens is not None:
        body["max_tokens"] = settings.max_tokens
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.source.samples > 1:
        body["seed"] = seed
    if logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    return msgspec.json.encode(body | settings.source.parameters)


def _part(part: str | int, urls: list[str]) -> MessagePart:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": urls[part]}}


def data_url(path: Path, bound: PictureBound) -> str:
    """Return a picture as a data URL: unchanged if it is within the bound, else smaller and compressed again.

    Raises:
        HarnessError: the picture does not decode.
    """
    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as opened:
            media_type = MEDIA_TYPES.get(opened.format or "")
            if media_type is None or max(opened.size) > bound.side or len(content) > bound.bytes:
                media_type, content = "image/jpeg", _reduced(opened.convert("RGB"), bound)
    except (OSError, SyntaxError, ValueError) as error:
        raise HarnessError(f"a picture of the set does not decode ({error}); build the set again") from None
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _reduced(picture: Image.Image, bound: PictureBound) -> bytes:
    side = bound.side
    while True:
        picture.thumbnail((side, side), Image.Resampling.BICUBIC)
        for quality in QUALITIES:
            stream = io.BytesIO()
            picture.save(stream, "JPEG", quality=quality)
            if stream.tell() <= bound.bytes:
                return stream.getvalue()
        side //= 2
