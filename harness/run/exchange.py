"""The exchange folder, from which a predictor reads the pictures of the current batch, and nothing else of the set.

It is a fixed pool of slots, made beforehand and reused in keyed order, into which pictures are copied. Names, inode
numbers, birth times and the order of writing belong to the slots, so they reveal nothing of a picture. A link, a fresh
file or a bind mount would show inode numbers and birth times that sort into the true order of the steps.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack
from mmap import mmap
from pathlib import Path
from types import TracebackType

from harness import keyed

Picture = str | bytes  # the path of a file of the set, copied unchanged; or the bytes that a variant made of one
ROOM = 2**22  # bytes of a slot that are mapped; a larger picture takes a slower way


class Exchange:
    """A pool of picture slots.

    Each slot is mapped into memory, and the kernel reads a file of the set straight into it: one copy instead of two.

    Args:
        folder: an empty folder that the predictor can read.
        slots: the most pictures of one batch.
        key: the secret of this run.
    """

    def __init__(self, folder: Path, slots: int, key: bytes) -> None:
        self.key = key
        self._names = [keyed.token(key, "slot", number) for number in range(slots)]
        self._paths = [str(folder / name) for name in self._names]
        self._sizes = [0] * slots
        with ExitStack() as mapped:
            self._views = [memoryview(mapped.enter_context(_map(path))) for path in self._paths]
            self._mapped = mapped.pop_all()

    def names(self, batch: int, pictures: int) -> list[str]:
        """Return the names of the slots that will hold the pictures of a batch, in the pictures' order."""
        return [self._names[slot] for slot in self._draw(batch, pictures)]

    def fill(self, batch: int, pictures: Sequence[Picture]) -> list[str]:
        """Put the pictures of a batch into slots, empty the other slots, and return the names in the pictures' order.

        Slots are written in their own order; the key draws anew for each batch which picture goes into which slot.
        """
        drawn = self._draw(batch, len(pictures))
        holds = dict(zip(drawn, pictures, strict=True))
        for slot in range(len(self._names)):
            picture = holds.get(slot, b"")
            if isinstance(picture, bytes):
                self._write(slot, picture)
            else:
                self._copy(slot, picture)
        for path in self._paths:  # times would reveal how long each picture took, and so its variant
            os.utime(path, ns=(0, 0))
        return [self._names[slot] for slot in drawn]

    def close(self) -> None:
        for view in self._views:
            view.release()
        self._mapped.close()

    def _draw(self, batch: int, pictures: int) -> list[int]:
        if pictures > len(self._names):
            raise ValueError(f"{pictures} pictures do not fit into {len(self._names)} slots")
        return keyed.shuffled(len(self._names), self.key, "slots of batch", batch)[:pictures]

    def _copy(self, slot: int, picture: str) -> None:
        source = os.open(picture, os.O_RDONLY)
        try:
            size = os.fstat(source).st_size
            if size <= ROOM:
                self._resize(slot, size)
                self._read_into(slot, source, size)
            else:
                self._write(slot, Path(picture).read_bytes())
        finally:
            os.close(source)

    def _read_into(self, slot: int, source: int, size: int) -> None:
        try:
            copied = os.readv(source, [self._views[slot][:size]]) if size else 0
        except OSError as error:
            if error.errno != errno.EFAULT:
                raise
            copied = -1
        if copied < size:  # the kernel stops where it finds no room for the slot
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._paths[slot])

    def _write(self, slot: int, content: bytes) -> None:
        """Write through the file: through the mapping, a lack of room would end this process with SIGBUS."""
        self._resize(slot, len(content))
        if content:
            with Path(self._paths[slot]).open("r+b", buffering=0) as stream:
                stream.write(content)

    def _resize(self, slot: int, size: int) -> None:
        if size != self._sizes[slot]:  # the pages are kept: freeing and allocating them costs as much as copying
            os.truncate(self._paths[slot], size)
            self._sizes[slot] = size

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _map(path: str) -> mmap:
    """Make an empty slot, and map the room that it may grow into."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.fchmod(descriptor, 0o644)  # under any umask, another user must be able to read
        os.ftruncate(descriptor, ROOM)
        mapped = mmap(descriptor, ROOM)
        os.ftruncate(descriptor, 0)
        return mapped
    finally:
        os.close(descriptor)
