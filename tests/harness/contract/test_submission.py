"""A folder of a submission: what is refused before it is opened, and what its digest covers."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import stat
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.contract import submission
from harness.errors import InputError
from tests.predictors import submission as write

SHA_OF_AN_EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def make_deep(path: Path) -> None:
    for _ in range(submission.MAX_DEPTH + 1):
        path.mkdir()
        path /= "d"


def make_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**43)


def make_raw_name(path: Path) -> None:
    os.close(os.open(os.fsencode(path.parent) + b"/\xff\xfe", os.O_CREAT | os.O_WRONLY))


def make_manifest_a_pipe(path: Path) -> None:
    manifest = path.with_name("submission.toml")
    manifest.unlink()
    os.mkfifo(manifest)


def make_manifest_a_link(path: Path) -> None:
    manifest = path.with_name("submission.toml")
    manifest.rename(path)
    manifest.symlink_to(path.name)


def make_manifest_large(path: Path) -> None:
    path.with_name("submission.toml").write_text("#" * 2**21)


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (os.mkfifo, "odd is a pipe"),
    "a socket": (make_socket, "odd is a socket"),
    "a link out": (lambda path: path.symlink_to("/etc/passwd"), "odd is a link to '/etc/passwd'"),
    "a link up": (lambda path: path.symlink_to("../../x"), "odd is a link to '../../x'"),
    "a link around": (lambda path: path.symlink_to("sub/../../x"), "which is not in the folder"),
    "a link into a process": (lambda path: path.symlink_to("/proc/self/root"), "which is not in the folder"),
    "a sparse file": (make_large, "holds 8192 GiB, over 40; the largest file is odd"),
    "a deep tree": (make_deep, "folders deep"),
    "a name with a line break": (lambda path: path.with_name("a\nb").touch(), "is not printable UTF-8"),
    "a name that is not UTF-8": (make_raw_name, "is not printable UTF-8"),
    "a manifest that is a pipe": (make_manifest_a_pipe, "submission.toml is a pipe"),
    "a manifest that is a link": (make_manifest_a_link, "no submission.toml in it"),
    "a large manifest": (make_manifest_large, "has 2097152 bytes, over 1048576"),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_entry_is_refused_by_name_and_at_once(kind: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    make, words = ODD[kind]
    make(folder / "odd")
    began = time.monotonic()
    with pytest.raises(InputError) as caught:
        submission.load(folder)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device; CI is root")
def test_a_device_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    os.mknod(folder / "odd", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    with pytest.raises(InputError, match="odd is a device"):
        submission.load(folder)


def test_a_link_within_the_folder_is_shipped_as_a_link(tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    (folder / "sub").mkdir()
    (folder / "sub/again.py").symlink_to("../predict.py")
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    submission.ship(submission.load(folder), shipped)
    assert (shipped / "sub/again.py").readlink() == Path("../predict.py")


def test_the_digest_is_the_one_of_sorted_checksum_lines(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "a").symlink_to("b")
    of_b = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"  # printf b | sha256sum
    lines = f"{of_b} >a\n{SHA_OF_AN_EMPTY_FILE}  b\n"
    assert submission.folder_digest(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_link_and_a_file_that_holds_its_target_have_different_digests(tmp_path: Path) -> None:
    (tmp_path / "link").mkdir()
    (tmp_path / "file").mkdir()
    (tmp_path / "link/a").symlink_to("b")
    (tmp_path / "file/a").write_text("b")
    assert submission.folder_digest(tmp_path / "link") != submission.folder_digest(tmp_path / "file")


def test_two_folders_with_one_digest_are_shipped_as_the_same_bytes(tmp_path: Path) -> None:
    """Caches, modes, times and empty folders are not in the digest, so they must not be shipped."""
    plain, other = write(tmp_path / "plain"), write(tmp_path / "other")
    (other / "__pycache__").mkdir()
    (other / "__pycache__/predict.cpython-311.pyc").write_bytes(b"other code")
    (other / "empty").mkdir()
    (other / "predict.py").chmod(0o755)
    os.utime(other / "predict.py", (7, 7))
    archives, trees = [], []
    for folder in (plain, other):
        loaded = submission.load(folder)
        archive = io.BytesIO()
        submission.ship_archive(loaded, archive)
        archives.append(archive.getvalue())
        copy = tmp_path / f"copy of {folder.name}"
        copy.mkdir()
        submission.ship(loaded, copy)
        found = sorted(copy.rglob("*"))
        trees.append([(p.relative_to(copy), p.lstat().st_mode, p.lstat().st_mtime, p.read_bytes()) for p in found])
    assert submission.load(plain).digest == submission.load(other).digest
    assert archives[0] == archives[1]
    assert trees[0] == trees[1]
    with tarfile.open(fileobj=io.BytesIO(archives[0])) as archive_of_files:
        assert archive_of_files.getnames() == ["Dockerfile", "predict.py", "submission.toml"]


@pytest.mark.parametrize("change", ["longer", "shorter", "one more", "one less"])
def test_a_folder_that_has_changed_since_it_was_loaded_is_not_shipped(change: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    loaded = submission.load(folder)
    program = folder / "predict.py"
    if change == "one less":
        program.unlink()
    elif change == "one more":
        (folder / "more").touch()
    else:
        program.write_text("x" * 9999 if change == "longer" else "")
    (tmp_path / "copy").mkdir()
    with pytest.raises(InputError, match="changed since it was loaded"):
        submission.ship(loaded, tmp_path / "copy")
    with pytest.raises(InputError, match="changed since it was loaded"):
        submission.ship_archive(loaded, io.BytesIO())


def test_weights_that_the_digest_does_not_cover_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model/.git").mkdir(parents=True)
    with pytest.raises(InputError, match=r"model/\.git: the digest of the weights does not cover it"):
        submission.check_covered(tmp_path)
