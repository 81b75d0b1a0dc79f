"""What a build was made from, so that a build with nothing changed is recognised without reading a picture.

Beside a build DIR lies DIR.inputs.json: a fingerprint of the spec, the key, the builder's own code, and the name, size
and time of every raw file. It is a note for this machine only; without it nothing is lost but time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.contract import checksums, files
from harness.errors import InputError

CODE = Path(__file__).parents[1]


def fingerprint(raw: Path, *facts: Any) -> str:
    """A SHA-256 of the raw folder's listing, the builder's code and whatever else the result depends on (JSON)."""
    total = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for path in sorted(CODE.rglob("*.py")):
        total.update(path.read_bytes())
    listing = 0  # a sum, so that the lines need no order, and no memory
    for line in _listing(str(raw), ""):
        listing += int.from_bytes(hashlib.sha256(os.fsencode(line)).digest())
    total.update(str(listing).encode())
    return total.hexdigest()


def _listing(folder: str, prefix: str) -> Iterator[str]:
    """One line a file: name, size, time."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _listing(entry.path, f"{name}/")
            else:
                about = entry.stat(follow_symlinks=False)
                yield f"{name}\0{about.st_size}\0{about.st_mtime_ns}\n"


def remember(out: Path, inputs: str, digest: str) -> None:
    files.write(_note(out), files.json_page({"inputs": inputs, "digest": digest}).encode())


def recall(out: Path, inputs: str) -> str | None:
    """The digest of the build in `out`, if it was made from these inputs and its files are all there."""
    sums = out / checksums.SUMS
    try:
        note = files.parse_object(_note(out).read_bytes(), str(_note(out)))
        if note.get("inputs") != inputs or note.get("digest") != files.sha256(sums):
            return None
        with sums.open(encoding="utf-8") as lines:
            listed = (line.rstrip("\n").partition("  ")[2] for line in lines)
            whole = all(name == found for name, found in zip_longest(listed, checksums.walk(out)))
    except (OSError, ValueError, InputError):
        return None
    return str(note["digest"]) if whole else None


def _note(out: Path) -> Path:
    return out.with_name(f"{out.name}.inputs.json")
