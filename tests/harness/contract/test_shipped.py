"""The sample unpacked from its archive, and the submissions that ship, found from any folder."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import threading
import time
from pathlib import Path

import pytest

from harness.commands.submission_folder import SubmissionFolder
from harness.contract import checksums, frozen_set, shipped
from harness.errors import InputError
from harness.sandbox.process.folders import reachable_except

TEST_SET = "9d17152de9c1a96cada72cf5ead3cb7fd3469ca5f8323888a8fa23908d17cce6"
NAME = f"sample-{shipped.SAMPLE_DIGEST[:16]}"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, which the environment names."""
    monkeypatch.delenv("WIKIORDER_SAMPLE", raising=False)
    monkeypatch.setenv("WIKIORDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as packed:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


def build(root: Path, text: str = "1\n") -> str:
    (root / "test/answers").mkdir(parents=True)
    (root / "test/answers/answers.jsonl").write_text(text)
    return checksums.seal(root)


def test_the_archive_unpacks_into_the_sample_with_the_digest_of_every_filed_result(cache: Path) -> None:
    found = shipped.sample()
    assert found == cache / NAME
    assert frozen_set.load(found / "test").digest == TEST_SET
    assert [path.name for path in cache.iterdir()] == [NAME]


def test_the_copy_is_closed_to_other_users_and_its_ground_truth_once_more(cache: Path) -> None:
    found = shipped.sample()
    assert mode(found) == 0o700
    assert mode(found / "test/answers") == 0o700
    assert mode(found / "test/answers/answers.jsonl") == 0o600
    assert mode(found / "test/questions.jsonl") & 0o600 == 0o600


def test_a_copy_in_the_cache_is_used_again(cache: Path) -> None:
    first = shipped.sample().stat().st_ino
    assert shipped.sample().stat().st_ino == first


@pytest.mark.parametrize("name", ["test/questions.jsonl", "SHA256SUMS", "train/images"])
def test_a_damaged_copy_is_named_with_the_advice_to_delete_it(cache: Path, name: str) -> None:
    damaged = shipped.sample() / name
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.write_bytes(damaged.read_bytes()[:-2])
    with pytest.raises(InputError, match=rf"{NAME}: a damaged copy of the sample; delete this folder"):
        shipped.sample()


def test_a_cache_that_cannot_be_written_is_refused_by_the_name_of_its_variable(cache: Path) -> None:
    cache.write_text("a file, which not even root can make a folder in")
    with pytest.raises(InputError, match=r"cannot be unpacked .* let WIKIORDER_CACHE name a folder"):
        shipped.sample()


def test_processes_that_unpack_at_the_same_time_get_the_same_whole_folder(tmp_path: Path) -> None:
    digest = build(tmp_path / "build")
    with tarfile.open(tmp_path / "build.tar", "w") as packed:
        packed.add(tmp_path / "build", "build-1")
    failures: list[Exception] = []

    def unpack() -> None:
        try:
            shipped.unpack(tmp_path / "build.tar", tmp_path / "cache/folder", digest)
        except (OSError, InputError) as error:
            failures.append(error)

    threads = [threading.Thread(target=unpack) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["folder"]
    assert shipped.is_whole(tmp_path / "cache/folder", digest)


def test_a_kill_while_unpacking_leaves_nothing_that_is_used_and_is_cleared_later(cache: Path) -> None:
    left = cache / f"{NAME}.killed.partial"
    left.mkdir(parents=True)
    os.utime(left, (0, time.time() - 2 * shipped.STALE_S))
    running = cache / f"{NAME}.running.partial"
    running.mkdir()
    assert shipped.sample() == cache / NAME
    assert not left.exists()
    assert running.exists()


@pytest.mark.parametrize("name", ["../outside", "build/../../outside", "/outside", "alone"])
def test_a_member_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    made = archive(tmp_path / "evil.tar.xz", {name: b"x"})
    with pytest.raises(InputError, match="is no plain file in a folder"):
        shipped.unpack(made, tmp_path / "cache/folder", "")
    assert list((tmp_path / "cache").iterdir()) == []
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_member_that_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as packed:
        entry = tarfile.TarInfo("build/link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        packed.addfile(entry)
    with pytest.raises(InputError, match="is no plain file"):
        shipped.unpack(tmp_path / "evil.tar", tmp_path / "cache/folder", "")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_truncated_archive_and_one_of_another_build_are_refused(tmp_path: Path) -> None:
    whole = shipped.ARCHIVE.read_bytes()
    (tmp_path / "half.tar.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"half\.tar\.xz: damaged"):
        shipped.unpack(tmp_path / "half.tar.xz", tmp_path / "cache/folder", shipped.SAMPLE_DIGEST)
    other = archive(tmp_path / "other.tar.xz", {"build/file": b"x"})
    with pytest.raises(InputError, match="does not hold the build"):
        shipped.unpack(other, tmp_path / "cache/folder", shipped.SAMPLE_DIGEST)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_is_named_by_the_environment_comes_before_the_archive(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine/test").mkdir(parents=True)
    monkeypatch.setenv("WIKIORDER_SAMPLE", str(tmp_path / "mine"))
    assert shipped.sample() == tmp_path / "mine"
    monkeypatch.setenv("WIKIORDER_SAMPLE", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"WIKIORDER_SAMPLE is .*nowhere, which holds no folder `test`"):
        shipped.sample()
    assert not cache.exists()


def test_the_cache_follows_the_environment_then_the_home_folder_then_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WIKIORDER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "no home"))
    assert shipped.cache() == tmp_path / f"wikiorder-{os.geteuid()}"
    assert mode(shipped.cache()) == 0o700
    (tmp_path / "no home").mkdir()
    assert shipped.cache() == tmp_path / "no home/.cache/wikiorder"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert shipped.cache() == Path("/xdg/wikiorder")
    monkeypatch.setenv("WIKIORDER_CACHE", "/own")
    assert shipped.cache() == Path("/own")


def test_a_temporary_folder_that_others_can_enter_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WIKIORDER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"wikiorder-{os.geteuid()}").mkdir()
    (tmp_path / f"wikiorder-{os.geteuid()}").chmod(0o777)
    with pytest.raises(InputError, match="not a folder of this user alone; let WIKIORDER_CACHE name another"):
        shipped.cache()


def test_the_archive_counts_as_ground_truth_of_the_sample_and_of_no_other_set(cache: Path, tmp_path: Path) -> None:
    answers = shipped.sample() / "test/answers/answers.jsonl"
    assert shipped.ground_truth(shipped.sample() / "test") == [answers, shipped.ARCHIVE]
    build(tmp_path / "other")
    assert shipped.ground_truth(tmp_path / "other/test") == [tmp_path / "other/test/answers/answers.jsonl"]


def test_a_predictor_that_may_read_the_packages_cannot_open_the_archive() -> None:
    granted = set(reachable_except(shipped.PACKAGES / "dataset_builder", (shipped.ARCHIVE,)))
    assert not granted & {shipped.ARCHIVE, *shipped.ARCHIVE.parents}
    assert shipped.ARCHIVE.with_name("sample.py") in granted


@pytest.mark.parametrize("name", ["coin", "submissions/coin"])
def test_a_submission_that_ships_is_found_from_any_folder_and_named_on_stderr(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = SubmissionFolder().convert(name, None, None)
    assert found == shipped.SUBMISSIONS / "coin"
    assert capsys.readouterr().err == f"{name}: not in this directory; taking the submission that ships, {found}\n"


def test_a_path_in_the_working_directory_wins_over_the_submission_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submissions/coin").mkdir(parents=True)
    (tmp_path / "submissions/coin/submission.toml").touch()
    assert SubmissionFolder().convert("submissions/coin", None, None) == Path("submissions/coin")
    assert SubmissionFolder().convert("coin", None, None) == Path("submissions/coin")
    (tmp_path / "coin").mkdir()
    assert SubmissionFolder().convert("coin", None, None) == Path("coin")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["nothing", "shared", "..", "a/coin", "submissions/../coin"])
def test_a_path_that_names_no_submission_is_left_as_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.submission(Path(name)) == Path(name)
