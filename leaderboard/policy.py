"""Whom a board trusts: two small text files beside its `results/`.

    trusted_keys   a public key a line (64 hexadecimal digits), then the name the board shows
    disqualified   a bundle's digest a line, then the reason the board shows

A board without `trusted_keys` is a private one: it asks for no signature. `#` begins a comment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InputError

TRUSTED, DISQUALIFIED = "trusted_keys", "disqualified"
LINE = re.compile(r"([0-9a-f]{64})\s+(\S.*)")


@dataclass(frozen=True)
class Policy:
    """trusted: names by public key, or None where signatures are not asked for. disqualified: reasons by digest."""

    trusted: Mapping[str, str] | None = None
    disqualified: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path) -> Policy:
    trusted = folder / TRUSTED
    return Policy(_read(trusted) if trusted.is_file() else None, _read(folder / DISQUALIFIED))


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        match = LINE.fullmatch(text)
        if match is None:
            raise InputError(f"{path}:{number}: found {text[:80]!r}, wanted 64 hexadecimal digits and then words")
        found[match[1]] = match[2]
    return found
