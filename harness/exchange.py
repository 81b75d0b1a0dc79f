"""The exchange folder: the pictures of the current batch, and nothing else of the set, where a predictor can read them.

A fixed pool of slots, made beforehand and reused in keyed order, into which pictures are copied. Names, inode numbers,
birth times and the order of writing belong to the slots, so they tell nothing of a picture: a link, a fresh file or a
bind mount would show inode numbers and birth times that sort into the steps' true order.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from harness import keyed


class Exchange:
    """folder: empty, and readable by the predictor. slots: pictures of one batch at most. key: of this run alone."""

    def __init__(self, folder: Path, slots: int, key: bytes) -> None:
        self._key = key
        self._names = [keyed.token(key, "slot", number) for number in range(slots)]
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self._descriptors = [os.open(folder / name, flags, 0o644) for name in self._names]
        self._sizes = [0] * slots
        for descriptor in self._descriptors:
            os.fchmod(descriptor, 0o644)  # whatever the umask says, another user must be able to read

    def fill(self, batch: int, pictures: Sequence[bytes]) -> list[str]:
        """Put a batch's pictures into slots and return the slots' names, in the pictures' order; empty the others.

        Slots are written in their own order, which the key draws anew for each batch.
        """
        drawn = keyed.shuffled(len(self._names), self._key, "slots of batch", batch)
        holds = dict(zip(drawn, pictures, strict=False))
        if len(pictures) > len(drawn):
            raise ValueError(f"{len(pictures)} pictures do not fit into {len(drawn)} slots")
        for slot, descriptor in enumerate(self._descriptors):
            content = holds.get(slot, b"")
            os.pwrite(descriptor, content, 0)
            if (
                len(content) < self._sizes[slot]
            ):  # only then: to free pages and to take new ones costs as much as to copy
                os.ftruncate(descriptor, len(content))
            self._sizes[slot] = len(content)
        return [self._names[slot] for slot in drawn[: len(pictures)]]

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
