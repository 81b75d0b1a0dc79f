"""The one decoder: bytes from outside become a record that is legal, or an error that names the place.

Records are `msgspec.Struct`s, so the type is the schema: a field that is missing, unknown, of another type or out of
range is refused when the record is decoded, and `published_schemas.py` generates the JSON Schemas from the same types.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any, TypeVar

import msgspec

from harness.errors import InputError

DEEPEST = 64  # levels of nesting; a raw article has five
DIGITS = 20  # of a whole number: 64 bits hold no more
QUOTED = 120  # characters of a wrong value that a message shows

PATH_PART = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")

WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "null"}
WORDS |= {"array": "a list", "object": "an object"}
IN_WORDS = re.compile("`(" + "|".join(WORDS) + ")`")

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
        reason, at, path = str(error).partition(" - at `$")
        path = path.removesuffix("`")
        reason = reason.replace("Object missing required field", "lacks the field").replace(
            "Object contains", "has the"
        )
        found = f"found {_quote(_at(value, path))}, " if at and "Expected" in reason else ""
        if found:
            reason = "wanted " + IN_WORDS.sub(lambda match: WORDS[match[1]], reason.partition(", got ")[0][9:])
        if path == ".format" and reason.startswith("Invalid enum value"):
            reason = f"found {_quote(_at(value, path))}, which this version does not read. Install a newer WikiOrder."
        raise InputError(f"{where}: {path.lstrip('.') or 'the object'}: {found}{reason[:QUOTED]}") from None


def _at(value: Any, path: str) -> Any:
    """Return the part of a parsed value at a path such as `.steps[0].image`; the last part known where it ends."""
    for name, index in PATH_PART.findall(path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return value
    return value


def _quote(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= QUOTED // 2 else text[: QUOTED // 2] + "…"


def to_json(record: object) -> Any:
    """Return a record as plain JSON values: dicts, lists, text, numbers, booleans and None."""
    return json.loads(json_line(record))


def json_line(record: object) -> str:
    """Return one record as one line: sorted keys, no NaN, the same bytes on every machine."""
    return _dumps(record, separators=(",", ":"))


def json_page(record: object) -> str:
    """Return one record as indented JSON for people: sorted keys, no NaN."""
    return _dumps(record, indent=2)


def _dumps(record: object, **layout: Any) -> str:
    plain = msgspec.to_builtins(record)
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, **layout) + "\n"


def parse_object(text: bytes | str, where: str) -> JsonObject:
    """Parse one JSON object whose type is not known yet, as strictly as `parse`.

    Raises:
        InputError: the text is no JSON object.
    """
    value = parse(text, where)
    if not isinstance(value, dict):
        raise InputError(f"{where}: found a JSON {type(value).__name__}, wanted an object")
    return value


def parse(text: bytes | str, where: str, any_number: bool = False) -> Any:
    """Parse one JSON value from outside. any_number: let NaN and infinities through, for a caller that names them.

    The result can be written again: it holds no NaN, no number beyond a float, no lone surrogate, no key twice in one
    object, and no nesting that recursion would not survive.

    Raises:
        InputError: the text is no such value.
    """
    try:
        plain = (text if isinstance(text, str) else text.decode()).removeprefix("\ufeff")
        value = (LENIENT if any_number else DECODER).decode(plain)
        if "\\u" in plain:  # an escape may stand for half of a surrogate pair, which no encoder can write
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON ({_reason(error)}); wanted one JSON object, in UTF-8") from None
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
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:QUOTED]!r} stands twice in one object")
    return found


DECODER = json.JSONDecoder(
    parse_constant=_refuse_number, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unique
)
LENIENT = json.JSONDecoder(object_pairs_hook=_unique)


def _deeper(value: Any, levels: int) -> bool:
    """Return whether a JSON value is nested more than so many levels deep."""
    inner = [value] if _nests(value) else []
    for _ in range(levels):
        inner = [v for held in inner for v in (held.values() if isinstance(held, dict) else held) if _nests(v)]
        if not inner:
            return False
    return True


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list)
