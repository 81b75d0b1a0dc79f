"""Inode numbers, directory order and birth times of a set's pictures say nothing about the order of steps."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import pytest

from dataset_builder.build import BuildRequest, build
from harness.contract import frozen_set, shipped
from harness.contract.frozen_set import FrozenSet
from tests.dataset_builder.crawls import article, crawl, spec

AT_FDCWD, BTIME = -100, 0x800  # linux/fcntl.h; STATX_BTIME of linux/stat.h
BTIME_OFFSET = 0x50  # of stx_btime in struct statx: seconds (8 bytes), nanoseconds (4 bytes)
SIGMAS = 4.0
LIBC = ctypes.CDLL(None, use_errno=True)


def birth(path: Path) -> int | None:
    """Return the time of creation in nanoseconds; None where the kernel or file system does not tell."""
    found = (ctypes.c_ubyte * 256)()
    if not hasattr(LIBC, "statx") or LIBC.statx(AT_FDCWD, os.fsencode(path), 0, BTIME, found):
        return None
    content = bytes(found)
    if not int.from_bytes(content[:4], "little") & BTIME:
        return None
    seconds, rest = content[BTIME_OFFSET : BTIME_OFFSET + 8], content[BTIME_OFFSET + 8 : BTIME_OFFSET + 12]
    return int.from_bytes(seconds, "little") * 10**9 + int.from_bytes(rest, "little")


def scanned(root: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order in which the file system lists them."""
    with os.scandir(root) as entries:
        for entry in entries:
            path = Path(entry.path)
            yield from scanned(path) if entry.is_dir() else [path]


def by_inode(root: Path) -> Mapping[Path, int | None]:
    return {path: path.stat().st_ino for path in scanned(root)}


def by_listing(root: Path) -> Mapping[Path, int | None]:
    return {path: number for number, path in enumerate(scanned(root))}


def by_birth(root: Path) -> Mapping[Path, int | None]:
    return {path: birth(path) for path in scanned(root)}


CLUES: dict[str, Callable[[Path], Mapping[Path, int | None]]] = {
    "inode": by_inode,
    "scandir": by_listing,
    "birth": by_birth,
}


class Agreement(NamedTuple):
    """Pairs whose step shown first comes first by the clue and in truth alike; pairs that the clue decides.

    error: standard error of the share of agreements, clustered by article, under a share of one half.
    """

    agreed: int
    asked: int
    error: float

    @property
    def is_chance(self) -> bool:
        return self.asked == 0 or abs(self.agreed / self.asked - 0.5) <= SIGMAS * self.error


def agreement(frozen: FrozenSet, root: Path, clue: str) -> Agreement:
    """Compare a clue with the labels of a set. root: the folder with the pictures: the set, or a copy of it."""
    ranks = CLUES[clue](root / "images")
    excess: dict[str, float] = defaultdict(float)
    agreed = asked = 0
    for pair, truth in zip(frozen.questions, frozen.truths, strict=True):
        one, other = (ranks[root / step.image] for step in (pair.first, pair.second))
        if one is None or other is None or one == other:
            continue
        same = (one < other) == bool(truth.label)
        asked += 1
        agreed += same
        excess[truth.article_id] += same - 0.5
    return Agreement(agreed, asked, sqrt(sum(value**2 for value in excess.values())) / max(asked, 1))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> FrozenSet:
    folder = tmp_path_factory.mktemp("order")
    raw = crawl(folder / "raw", [article(number, steps=6) for number in range(160)])
    what = spec(categories='"Cooking" = { train = 800, validation = 6, test = 400 }')
    build(BuildRequest(what, raw, folder / "out", workers=1))
    return frozen_set.load(folder / "out/train")


@pytest.mark.parametrize("clue", CLUES)
def test_the_files_of_a_built_set_say_nothing_about_the_order_of_steps(built: FrozenSet, clue: str) -> None:
    found = agreement(built, built.root, clue)
    assert found.asked == 800 or clue == "birth"
    assert found.is_chance, found


@pytest.mark.parametrize("clue", ["inode", "birth"])
def test_files_are_made_in_the_order_of_their_names(built: FrozenSet, clue: str) -> None:
    """Within one folder of pictures: the kernel may put another folder elsewhere on the disk."""
    for folder in sorted((built.root / "images").iterdir()):
        ranks = CLUES[clue](folder)
        numbers = [ranks[path] for path in sorted(ranks)]
        assert None in numbers or clue == "inode" or numbers == sorted(number for number in numbers if number)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> list[FrozenSet]:
    folder = tmp_path_factory.mktemp("unpacked") / "sample"
    shipped.unpack(shipped.ARCHIVE, folder, shipped.SAMPLE_DIGEST)
    return [frozen_set.load(folder / subset) for subset in ("train", "test")]


@pytest.mark.parametrize("clue", CLUES)
def test_neither_does_the_unpacked_sample(unpacked: list[FrozenSet], clue: str) -> None:
    for frozen in unpacked:
        found = agreement(frozen, frozen.root, clue)
        assert found.is_chance, (frozen.title, found)


def listed_copy(source: Path, target: Path) -> None:
    """Copy as `cp -r` does: entries in the order in which the folder lists them."""
    for path in scanned(source):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.relative_to(source))


def sorted_copy(source: Path, target: Path) -> None:
    """Copy as `rsync -a` does: entries in the order of their names."""
    for path in sorted(scanned(source)):
        (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.relative_to(source))


@pytest.mark.parametrize("copy", [listed_copy, sorted_copy])
@pytest.mark.parametrize("clue", CLUES)
def test_neither_does_a_copy(built: FrozenSet, tmp_path: Path, clue: str, copy: Callable[[Path, Path], None]) -> None:
    copy(built.root, tmp_path / "copy")
    found = agreement(built, tmp_path / "copy", clue)
    assert found.is_chance, found


@pytest.mark.parametrize("clue", ["inode", "birth"])
def test_the_measure_finds_files_that_were_written_step_after_step(built: FrozenSet, tmp_path: Path, clue: str) -> None:
    """Pictures as a careless builder writes them: in the order of articles and steps, all in one pass."""
    places = sorted(
        (truth.article_id, position, step.image)
        for pair, truth in zip(built.questions, built.truths, strict=True)
        for step, position in zip((pair.first, pair.second), truth.positions, strict=True)
    )
    for number in range(256):
        (tmp_path / f"careless/images/{number:02x}").mkdir(parents=True)
    (tmp_path / "pool").mkdir()
    for _, _, name in places:  # as the scratch of a build: written in one folder, then renamed
        shutil.copyfile(built.root / name, tmp_path / "pool" / Path(name).name)
    for path in (tmp_path / "pool").iterdir():
        path.rename(tmp_path / "careless/images" / path.name[:2] / path.name)
    found = agreement(built, tmp_path / "careless", clue)
    assert found.asked == 0 or found.agreed / found.asked > 0.7  # other writers of the machine take numbers between
