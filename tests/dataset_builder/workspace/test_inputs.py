"""A build with nothing changed is recognised; anything that changed is noticed."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from dataset_builder.build import BuildRequest, FinishedBuild, build
from harness.errors import InputError
from tests.dataset_builder.crawls import article, crawl, spec


def request(folder: Path) -> BuildRequest:
    return BuildRequest(spec(), crawl(folder / "raw", [article(n) for n in range(12)]), folder / "out", workers=1)


def test_nothing_changed_is_nothing_done(tmp_path: Path) -> None:
    asked = request(tmp_path)
    first = build(asked)
    assert build(asked) == FinishedBuild(first.digest, first.report, fresh=False)


def touch_a_picture(folder: Path) -> None:
    path = folder / "raw/pictures/a000-0.png"
    path.write_bytes(path.read_bytes() + b" ")


def add_a_file(folder: Path) -> None:
    (folder / "raw/more.txt").touch()


def lose_a_frozen_file(folder: Path) -> None:
    (folder / "out/test/questions.jsonl").unlink()


def lose_the_note(folder: Path) -> None:
    (folder / "out.inputs.json").unlink()


def edit_with_the_same_size_and_time(folder: Path) -> None:
    path = folder / "raw/articles.jsonl"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"thing a", b"thing z", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def break_the_note(folder: Path) -> None:
    (folder / "out.inputs.json").write_text("[1]")


@pytest.mark.parametrize(
    "change",
    [
        touch_a_picture,
        add_a_file,
        edit_with_the_same_size_and_time,
        lose_a_frozen_file,
        lose_the_note,
        break_the_note,
    ],
    ids=lambda c: c.__name__,
)
def test_any_change_is_noticed(tmp_path: Path, change: Callable[[Path], None]) -> None:
    asked = request(tmp_path)
    build(asked)
    change(tmp_path)
    with pytest.raises(InputError, match="exists already"):
        build(asked)


@pytest.mark.parametrize("linked", ["articles.jsonl", "pictures"])
def test_what_a_link_leads_to_is_looked_at(tmp_path: Path, linked: str) -> None:
    asked = request(tmp_path)
    (tmp_path / "raw" / linked).rename(tmp_path / "elsewhere")
    (tmp_path / "raw" / linked).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "raw/pictures/circle").symlink_to(tmp_path / "raw")
    asked = replace(asked, follow_links=True)
    build(asked)
    changed = tmp_path / "elsewhere"
    changed = changed / "a000-0.png" if changed.is_dir() else changed
    changed.write_bytes(changed.read_bytes() + b"\n")
    with pytest.raises(InputError, match="exists already"):
        build(asked)


def test_another_spec_or_key_is_noticed(tmp_path: Path) -> None:
    asked = request(tmp_path)
    build(asked)
    for other in (replace(asked, key=bytes(32)), replace(asked, spec=structs.replace(asked.spec, seed="other"))):
        with pytest.raises(InputError, match="exists already"):
            build(other)
