"""The published schemas, applied by a validator that knows nothing of our types."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from harness.contract.published_schemas import FOLDER


def check(value: Any, name: str) -> None:
    """Raise jsonschema's ValidationError unless the value fits the schema `name`."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(value)
