"""SHA256SUMS: every file of a folder under one digest. `sha256sum -c SHA256SUMS` reads it too."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.contract import files
from harness.errors import InputError

SUMS = "SHA256SUMS"
SUMS_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
SHOWN = 5  # how many problems one message names before it counts the rest


def names(root: Path) -> list[str]:
    """Return the relative POSIX path of every file and link below `root` except SHA256SUMS, sorted."""
    return list(walk(root))


def walk(root: Path) -> Iterator[str]:
    """Yield the same paths one by one; only the entries of one folder are in memory at a time."""
    return (name for name, _ in _walk(_entries(str(root))) if name != SUMS)


def _walk(entries: Iterable[os.DirEntry[str]], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Yield every file and link, sorted, and whether it is a link."""
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(_entries(entry.path), f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.is_symlink()


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return a folder's entries in the order of full paths: a folder's name sorts with the slash after it."""
    with os.scandir(folder) as entries:  # strings here: with pathlib it took a tenth of a build
        return sorted(
            entries, key=lambda entry: f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
        )


def seal(root: Path, known: Callable[[str], str | None] = lambda name: None) -> str:  # noqa: ARG005 - knows none
    """Write SHA256SUMS, the last file of a folder, and return its own SHA-256, the folder's digest.

    known: returns the digest of a file that need not be read again, by its relative path; else None.
    """
    found = walk(root)  # lists the folder now, when SHA256SUMS is not begun
    files.write(root / SUMS, (f"{known(name) or files.sha256(root / name)}  {name}\n".encode() for name in found))
    return files.sha256(root / SUMS)


def verify(root: Path, workers: int | None = None) -> tuple[str, list[str]]:
    """Return the folder's digest, and one line for every altered, missing or extra file (none if it is whole).

    Raises:
        InputError: there is no such folder, or it has no SHA256SUMS.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    if not (root / SUMS).is_file():
        raise InputError(f"{root}: no {SUMS} in it; it was never finished, or it is no frozen set or result bundle")
    content = (root / SUMS).read_bytes()
    wanted: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        match = SUMS_LINE.fullmatch(line)
        if match is None:
            return "", [f"{SUMS}:{number}: found {line[:80]!r}, wanted '<sha256>  <path>'"]
        wanted[match[2]] = match[1]
    found = {name: link for name, link in _walk(_entries(str(root))) if name != SUMS}
    links = {name for name, link in found.items() if link}
    problems = [f"{name}: missing" for name in wanted.keys() - found.keys()]
    problems += [f"{name}: extra; {SUMS} does not list it" for name in found.keys() - wanted.keys()]
    problems += [f"{name}: a symbolic link; only plain files belong here" for name in links]
    present = sorted((wanted.keys() & found.keys()) - links)
    shares = workers or os.cpu_count() or 1
    with ThreadPoolExecutor(shares) as pool:  # hashing releases the interpreter's lock; a task a file would cost more
        for altered in pool.map(lambda share: _altered(root, wanted, present[share::shares]), range(shares)):
            problems += altered
    return hashlib.sha256(content).hexdigest(), sorted(problems)


def _altered(root: Path, wanted: Mapping[str, str], names: Iterable[str]) -> list[str]:
    digests = ((name, files.sha256(f"{root}/{name}")) for name in names)
    return [
        f"{name}: altered (SHA-256 {digest[:12]}…, wanted {wanted[name][:12]}…)"
        for name, digest in digests
        if digest != wanted[name]
    ]


def require(root: Path, advice: str) -> str:
    """Return the digest of a folder that is whole.

    Raises:
        InputError: a file is altered, missing or extra; the message names it and ends with `advice`.
    """
    digest, problems = verify(root)
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise InputError(f"{root}: {'; '.join(problems[:SHOWN])}{more}. {advice}")
    return digest
