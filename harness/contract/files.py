"""Durable files: written to `.partial`, fsynced and renamed, so a file that is present is complete."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from harness.contract.decoding import JsonObject, convert, parse_object
from harness.errors import InputError

Line = TypeVar("Line")
Built = TypeVar("Built")

CHUNK = 2**16  # bytes
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a whole file or nothing. `content` is the whole, or its parts in order."""
    with arriving(path) as partial, partial.open("wb") as stream:
        stream.writelines([content] if isinstance(content, bytes) else content)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)


@contextmanager
def arriving(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to. It is renamed to `path` at the end, and removed on any failure."""
    partial = path.with_name(path.name + ".partial")
    with ExitStack() as failed:
        failed.callback(partial.unlink, missing_ok=True)
        try:
            yield partial
            partial.replace(path)
        except OSError as error:
            if error.filename is None:
                error.filename = str(path)
            raise
        failed.pop_all()


def sync_folder(path: Path) -> None:
    """Fsync the entries of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def opened(path: Path) -> BinaryIO:
    """Open a file of a folder that others may have made, without waiting for a pipe's other end.

    Raises:
        InputError: it is no regular file.
        OSError: it cannot be opened.
    """
    return os.fdopen(_open(path), "rb")


def content(path: Path) -> bytes:
    """Return the content of a regular file; raises as `opened` does."""
    with opened(path) as stream:
        return stream.read()


def _open(path: Path | str) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise InputError(f"{path}: is a socket; wanted a file. Remove it.") from None
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise InputError(f"{path}: is {KINDS.get(kind, 'of an unknown kind')}; wanted a file. Remove it.")
    return descriptor


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file. `hashlib.file_digest` takes twice as long for a small picture (256 KiB buffer)."""
    digest = hashlib.sha256()
    descriptor = _open(path)
    try:
        while chunk := os.read(descriptor, CHUNK):
            digest.update(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def read_json_lines(path: Path) -> Iterator[tuple[int, JsonObject]]:
    """Yield (line number from 1, object) for every line that is not empty.

    Raises:
        InputError: the file is missing, or a line is no JSON object; the message names the line.
    """
    try:
        with opened(path) as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, parse_object(line, f"{path}:{number}")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None


def read_records(path: Path, kind: type[Line], build: Callable[[Line], Built]) -> Iterator[Built]:
    """Yield build(record) for every line, decoded as a record of type `kind`.

    Raises:
        InputError: a line does not fit `kind`, or `build` refuses it with a ValueError; the message names the line.
    """
    for number, row in read_json_lines(path):
        where = f"{path}:{number}"
        record = convert(kind, row, where)
        try:
            yield build(record)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
