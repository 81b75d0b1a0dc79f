"""Durable files: written to `.partial`, fsynced and renamed, so that what is present is finished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from harness.contract import schema
from harness.errors import InputError

Record = TypeVar("Record")
DEEPEST = 64  # levels; a raw article has five
DIGITS = 20  # of a whole number: what 64 bits hold

CHUNK = 2**16  # bytes


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a whole file or nothing. content: at once, or in parts as they come."""
    with arriving(path) as partial, partial.open("wb") as stream:
        stream.writelines([content] if isinstance(content, bytes) else content)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)


@contextmanager
def arriving(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to: it becomes `path` at the end, and goes where anything fails."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise


def sync_folder(path: Path) -> None:
    """Make the folder's own entries durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path | str) -> str:
    """Read plainly: `hashlib.file_digest` and its buffer of 256 KiB take twice as long over a small picture."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while chunk := os.read(descriptor, CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def json_line(record: Mapping[str, Any]) -> str:
    """One record as one line: sorted keys, no NaN, the same bytes everywhere."""
    return json.dumps(record, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def json_page(record: Mapping[str, Any]) -> str:
    """One record for people to read: sorted keys, indented, no NaN."""
    return json.dumps(record, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object); an InputError names the line that is no JSON object."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, parse_object(line, f"{path}:{number}")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None


def read_records(path: Path, schema_name: str, build: Callable[[dict[str, Any]], Record]) -> Iterator[Record]:
    """Yield build(object) for every line. Where that fails, the schema says which field is wrong.

    Records check themselves, so the schema (100 times slower) is asked only for the words of a refusal.
    """
    for number, row in read_json_lines(path):
        try:
            yield build(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            schema.check(row, schema_name, f"{path}:{number}")
            raise InputError(f"{path}:{number}: {error}") from None


def parse_object(text: bytes | str, where: str) -> dict[str, Any]:
    """Parse one JSON object from outside, or raise an InputError that names `where`.

    What comes out can be written again: no NaN, no number beyond a float, no half of a surrogate pair, and no nesting
    that a function which goes through it would not survive.
    """
    try:
        plain = (text if isinstance(text, str) else text.decode()).removeprefix("\ufeff")
        value = DECODER.decode(plain)
        if "\\u" in plain:  # an escape may stand for half of a surrogate pair, which nothing can write
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


DECODER = json.JSONDecoder(parse_constant=_refuse_number, parse_float=_finite, parse_int=_whole)


def _deeper(value: Any, levels: int) -> bool:
    """Is a JSON value nested more than so many levels deep?"""
    inner = [value]
    for _ in range(levels):
        inner = [v for found in inner for v in _held(found) if isinstance(v, dict | list)]
        if not inner:
            return False
    return True


def _held(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
