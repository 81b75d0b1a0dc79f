"""The inputs of a finished build, so that a build whose inputs are unchanged is recognised without reading a picture.

DIR.inputs.json lies beside a build DIR: a fingerprint of the spec, the key, the builder's own code, and the name, size
and times of every raw file: that of modification, which tools can set, and that of any change, which only the kernel
sets. Links are followed. It is valid on this machine only; without it, a build only takes longer.
Not covered: a file system without a time of change (FAT, some network shares), where an edit may keep size and time.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from dataset_builder.spec import Spec
from harness.contract import checksums, decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

CODE = Path(__file__).parents[1]


class BuildInputs(Record, frozen=True, kw_only=True):
    """Everything that a build depends on besides its raw folder and code; keys and tables by their digests."""

    spec: Spec
    source: str | None
    release_key: str | None
    categories: str | None
    options: list[str]  # that change which records and pictures are read


class InputsNote(Record, frozen=True, kw_only=True):
    """DIR.inputs.json: the fingerprint of the inputs, and the digest of the build made from them."""

    inputs: str
    digest: str


def fingerprint(raw: Path, inputs: BuildInputs) -> str:
    """Return a SHA-256 of the raw folder's listing, the builder's code and the other inputs."""
    total = hashlib.sha256(decoding.json_line(inputs).encode())
    for path in sorted([*CODE.rglob("*.py"), *CODE.glob("articles/*.toml")]):
        total.update(path.read_bytes())
    listing = 0  # a sum does not depend on the order of the lines, so they need not be held or sorted
    for line in _listing(str(raw), "", frozenset()):
        listing += int.from_bytes(hashlib.sha256(os.fsencode(line)).digest())
    total.update(str(listing).encode())
    return total.hexdigest()


def _listing(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[str]:
    """Yield one line per file: name, size, times. above: device and inode of each folder on the way, to end circles."""
    about = Path(folder).stat()
    above |= {(about.st_dev, about.st_ino)}
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            try:
                about = entry.stat()
            except OSError:  # a link to nothing
                about = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(about.st_mode):
                yield f"{name}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_ctime_ns}\n"
            elif (about.st_dev, about.st_ino) not in above:
                yield from _listing(entry.path, f"{name}/", above)


def remember(out: Path, inputs: str, digest: str) -> None:
    """Write the note beside the build in `out`. inputs: its fingerprint."""
    files.write(_note(out), decoding.json_page(InputsNote(inputs=inputs, digest=digest)).encode())


def recall(out: Path, inputs: str) -> str | None:
    """Return the digest of the build in `out` if it was made from these inputs and none of its files is missing."""
    sums = out / checksums.SUMS
    try:
        note = decoding.decode(InputsNote, _note(out).read_bytes(), str(_note(out)))
        if note.inputs != inputs or note.digest != files.sha256(sums):
            return None
        with sums.open(encoding="utf-8") as lines:
            listed = (line.rstrip("\n").partition("  ")[2] for line in lines)
            whole = all(name == found for name, found in zip_longest(listed, checksums.walk(out)))
    except (OSError, ValueError, InputError):
        return None
    return note.digest if whole else None


def _note(out: Path) -> Path:
    return out.with_name(f"{out.name}.inputs.json")
