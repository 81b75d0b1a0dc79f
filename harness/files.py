"""Durable files: written to `.partial`, fsynced and renamed, so that what is present is finished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from harness import schema
from harness.records import InputError

Record = TypeVar("Record")

CHUNK = 2**16  # bytes


def write(path: Path, content: bytes) -> None:
    """Write a whole file or nothing."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    sync_folder(path.parent)


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
    """Parse one JSON object from outside, or raise an InputError that names `where`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON ({error}); wanted one JSON object, in UTF-8") from None
    if not isinstance(value, dict):
        raise InputError(f"{where}: found a JSON {type(value).__name__}, wanted an object")
    return value
