"""Find the data that ships with WikiOrder: the calibrated sample, and the folders of the submissions.

A clone, an installed wheel and the image hold the same tree of packages, so everything is found from this file. The
sample ships as one archive. It is unpacked on first use into a cache, in a folder that is named by its digest.
"""

from __future__ import annotations

import lzma
import os
import pwd
import shutil
import tarfile
import tempfile
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath

from harness.contract import checksums, files
from harness.errors import InputError

PACKAGES = Path(__file__).resolve().parents[2]
SAMPLE_DIGEST = "c84efc90bf28214f38f72aa1d6f4303ed1694575996c29388929ab9094302fd3"  # of the whole build
ARCHIVE = PACKAGES / f"dataset_builder/sample/wikiorder-sample-{SAMPLE_DIGEST[:16]}.tar.xz"
UNPACKED = PACKAGES / "dataset_builder/wikiorder-sample"  # in the image only
SUBMISSIONS = PACKAGES / "submissions"
GROUND_TRUTH = "answers"  # the folder of a set that is closed to other users
STALE_S = 3600  # an unfinished folder of this age was left by a process that was killed; unpacking takes a second
DAMAGED = (tarfile.TarError, lzma.LZMAError, EOFError)


def sample() -> Path:
    """Return the folder of the calibrated sample, which holds train, validation and test.

    It is the folder that WIKIORDER_SAMPLE names, or the one in the image, or else the cache, where the archive is
    unpacked on first use. A folder in the cache is verified against the digest of the sample (0.15 s).

    Raises:
        InputError: WIKIORDER_SAMPLE names no build, the cache cannot be written, or the folder in it is damaged.
    """
    named = os.environ.get("WIKIORDER_SAMPLE")
    if named:
        if not Path(named, "test").is_dir():
            raise InputError(f"WIKIORDER_SAMPLE is {named}, which holds no folder `test`; name an unpacked sample")
        return Path(named)
    if UNPACKED.is_dir():
        return UNPACKED
    folder = cache() / f"sample-{SAMPLE_DIGEST[:16]}"
    if not folder.is_dir():
        try:
            unpack(ARCHIVE, folder, SAMPLE_DIGEST)
        except OSError as error:
            raise InputError(
                f"{error.filename or folder}: the sample cannot be unpacked ({error.strerror or error}); "
                "let WIKIORDER_CACHE name a folder that can be written"
            ) from None
    if not is_whole(folder, SAMPLE_DIGEST):
        raise InputError(f"{folder}: a damaged copy of the sample; delete this folder, and it is unpacked again")
    return folder


def submission(path: Path) -> Path:
    """Return the folder of the submission that `path` names: `coin` and `submissions/coin` find one that ships.

    A path that exists in the working directory comes first, then `submissions/<path>` there. A path that names no
    submission is returned as it is.
    """
    if path.exists():
        return path
    name = path.name if path.parts in ((path.name,), ("submissions", path.name)) else ""
    for folder in (Path("submissions", name), SUBMISSIONS / name):
        if name and (folder / "submission.toml").is_file():
            return folder
    return path


def cache() -> Path:
    """Return the folder of files that can be made again at any time.

    WIKIORDER_CACHE names it; else it is `wikiorder` in XDG_CACHE_HOME or in `~/.cache`, or, for a user without a home
    folder, a folder of the user's own in the temporary folder.

    Raises:
        InputError: the folder in the temporary folder belongs to another user, or is open to others.
    """
    if named := os.environ.get("WIKIORDER_CACHE"):
        return Path(named).expanduser().absolute()
    if (shared := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return shared / "wikiorder"
    user = _file_user()
    home = _home(user)
    if home is not None:
        return home / ".cache/wikiorder"
    folder = Path(tempfile.gettempdir(), f"wikiorder-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != user or found.st_mode & 0o077 or not folder.is_dir() or folder.is_symlink():
        raise InputError(f"{folder}: not a folder of this user alone; let WIKIORDER_CACHE name another folder")
    return folder


def _file_user() -> int:
    """Return the user who owns the files that this thread makes.

    A harness that runs as root takes the owner of the results folder for its files (`write_as_owner_of`), and could not
    enter the home folder of root then.
    """
    with tempfile.TemporaryFile() as made:
        return os.fstat(made.fileno()).st_uid


def _home(user: int) -> Path | None:
    """Return the home folder of a user; None if there is none."""
    home = os.environ.get("HOME") if user == os.geteuid() else None
    if not home:
        try:
            home = pwd.getpwuid(user).pw_dir
        except KeyError:
            return None
    return Path(home) if os.path.isdir(home) else None  # noqa: PTH112 - False for a folder that cannot be reached


def ground_truth(root: Path) -> list[Path]:
    """Return every file of this installation that holds the ground truth of the set `root`.

    For a subset of the sample that ships, the archive is one of them.
    """
    sums = root.parent / checksums.SUMS
    from_archive = sums.is_file() and files.sha256(sums) == SAMPLE_DIGEST and ARCHIVE.is_file()
    return [root / GROUND_TRUTH / "answers.jsonl", *([ARCHIVE] if from_archive else [])]


def unpack(archive: Path, folder: Path, digest: str) -> None:
    """Unpack a packed build (`wikiorder dataset pack`) into `folder`, which appears whole or not at all.

    The folder has mode 0700, and the files of the ground truth 0600. Several processes may unpack at the same time:
    the first that finishes provides the folder.

    Args:
        archive: a tar file, compressed or not, whose files lie in one folder.
        folder: the folder to make, in place of that one.
        digest: the wanted digest of the build.

    Raises:
        InputError: the archive is missing or damaged, or holds anything but plain files below one folder.
        OSError: the folder cannot be written.
    """
    if not archive.is_file():
        raise InputError(f"{archive}: no such file; install WikiOrder again")
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_stale(folder)
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".partial", dir=folder.parent))  # mode 0700
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                _extract(packed, member, partial)
        if not is_whole(partial, digest):
            raise InputError(f"{archive}: does not hold the build {digest[:16]}…; install WikiOrder again")
        partial.rename(folder)
    except DAMAGED as error:
        raise InputError(f"{archive}: damaged ({error}); install WikiOrder again") from None
    except OSError:
        if not folder.is_dir():  # else another process has finished first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_whole(folder: Path, digest: str) -> bool:
    """Return whether a folder is the frozen build of this digest, file by file."""
    if not (folder / checksums.SUMS).is_file():
        return False
    found, problems = checksums.verify(folder)
    return found == digest and not problems


def _extract(packed: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one plain file of an archive, without the folder that it lies in there, below `folder`."""
    path = PurePosixPath(member.name)
    if member.isdir():
        return
    content = packed.extractfile(member) if member.isfile() else None
    if content is None or path.is_absolute() or ".." in path.parts or len(path.parts) == 1:
        raise tarfile.TarError(f"{member.name!r} is no plain file in a folder")
    target = folder.joinpath(*path.parts[1:])
    private = GROUND_TRUTH in path.parts
    target.parent.mkdir(parents=True, exist_ok=True)
    if private:
        target.parent.chmod(0o700)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        shutil.copyfileobj(content, stream)


def _remove_stale(folder: Path) -> None:
    """Remove unfinished copies of `folder` that a kill left behind."""
    for left in folder.parent.glob(f"{folder.name}.*.partial"):
        with suppress(FileNotFoundError):  # another process removes it, too
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)
