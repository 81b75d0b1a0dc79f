"""The one decoder: bytes from outside become a record that is legal, or an error that names the place.

Records are `msgspec.Struct`s, so the type is the schema: a field that is missing, unknown, of another type or out of
range is refused when the record is decoded, and `schemas.py` generates the published JSON Schemas from the same types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeVar

import msgspec

from harness.errors import InputError

DEEPEST = 64  # levels of nesting; a raw article has five
DIGITS = 20  # of a whole number: 64 bits hold no more
QUOTED = 120  # characters of a wrong value that a message shows

Decoded = TypeVar("Decoded")
JsonObject = dict[str, Any]  # parsed JSON of no known type: only a decoder handles one


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frozen, typed record of a file format or message. It is checked once, when it is decoded."""


def decode(kind: type[Decoded], text: bytes | str, where: str) -> Decoded:
    """Decode one JSON object into a record of type `kind`.

    Args:
        text: one JSON object in UTF-8.
        where: the file, or file and line, that an error names.

    Raises:
        InputError: `text` is not JSON, is nested too deeply, or does not fit the type.
    """
    return convert(kind, parse_object(text, where), where)


def convert(kind: type[Decoded], value: object, where: str) -> Decoded:
    """Convert parsed JSON or TOML into a record of type `kind`.

    Raises:
        InputError: the value does not fit the type; the message names the field.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).removesuffix("`").partition(" - at `$")
        raise InputError(f"{where}: {path.lstrip('.') or 'the object'}: {reason[:QUOTED]}") from None


def to_json(record: object) -> Any:
    """Return a record as plain JSON values."""
    return msgspec.to_builtins(record, str_keys=True)


def json_line(record: object) -> str:
    """Return one record as one line: sorted keys, no NaN, the same bytes on every machine."""
    return _dumps(record, separators=(",", ":"))


def json_page(record: object) -> str:
    """Return one record as indented JSON for people: sorted keys, no NaN."""
    return _dumps(record, indent=2)


def _dumps(record: object, **layout: Any) -> str:
    return json.dumps(to_json(record), sort_keys=True, ensure_ascii=False, allow_nan=False, **layout) + "\n"


def parse_object(text: bytes | str, where: str) -> JsonObject:
    """Parse one JSON object whose type is not known yet.

    The result can be written again: it holds no NaN, no number beyond a float, no lone surrogate, and no nesting that
    recursion would not survive.

    Raises:
        InputError: the text is no such object.
    """
    try:
        plain = (text if isinstance(text, str) else text.decode()).removeprefix("\ufeff")
        value = DECODER.decode(plain)
        if "\\u" in plain:  # an escape may stand for half of a surrogate pair, which no encoder can write
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON ({_reason(error)}); wanted one JSON object, in UTF-8") from None
    if not isinstance(value, dict):
        raise InputError(f"{where}: found a JSON {type(value).__name__}, wanted an object")
    if plain.count("{") + plain.count("[") > DEEPEST and _deeper(value, DEEPEST):
        raise InputError(f"{where}: nested more than {DEEPEST} levels deep; wanted a plain JSON object")
    return value


def _reason(error: Exception) -> str:
    return f"no valid Unicode: {error.reason}" if isinstance(error, UnicodeEncodeError) else str(error)


def _refuse_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else float(_refuse_number(text[:DIGITS]))


def _whole(text: str) -> int:
    return int(text if len(text) <= DIGITS else _refuse_number(f"{text[:DIGITS]}…"))


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for number, (name, _) in enumerate(pairs) if name in dict(pairs[:number]))
        raise ValueError(f"the key {twice[:QUOTED]!r} stands twice in one object")
    return found


DECODER = json.JSONDecoder(
    parse_constant=_refuse_number, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unique
)


def _deeper(value: Any, levels: int) -> bool:
    """Return whether a JSON value is nested more than so many levels deep."""
    inner = [value]
    for _ in range(levels):
        inner = [v for found in inner for v in _held(found) if isinstance(v, dict | list)]
    return bool(inner)


def _held(value: Mapping[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else value
