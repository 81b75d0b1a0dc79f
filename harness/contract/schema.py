"""JSON Schema at the door: strangers' objects are checked once, and the message names the place."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parent / "schemas"
QUOTED = 120  # characters of a wrong value that a message shows


@cache
def validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")))


def check(record: Any, name: str, where: str) -> None:
    """Raise an InputError that names `where`, the field and what was wanted, unless `record` fits schema `name`."""
    from jsonschema.exceptions import best_match

    error = best_match(validator(name).iter_errors(record))
    if error is not None:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
        raise InputError(f"{where}: {path or 'the object'}: {error.message[:QUOTED]}")
