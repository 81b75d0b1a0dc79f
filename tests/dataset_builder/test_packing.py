"""One tar file with one digest."""

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest

from dataset_builder import packing
from harness import testset
from harness.records import InputError
from tests.dataset_builder import shipped


def test_packing_twice_gives_the_same_bytes_whatever_the_times_and_modes(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shipped.ROOT, copy, copy_function=shutil.copyfile)
    (copy / "manifest.json").chmod(0o600)
    digests = [packing.pack(root, tmp_path / f"{n}.tar", "set") for n, root in enumerate((shipped.ROOT, copy))]
    assert digests[0] == digests[1] == hashlib.sha256((tmp_path / "0.tar").read_bytes()).hexdigest()


def test_what_comes_out_of_the_tar_file_is_the_set(tmp_path: Path) -> None:
    packing.pack(shipped.ROOT, tmp_path / "set.tar", "set")
    with tarfile.open(tmp_path / "set.tar") as archive:
        assert {(member.mtime, member.uid, member.uname) for member in archive} == {(0, 0, "")}
        archive.extractall(tmp_path / "out", filter="data")
    assert testset.load(tmp_path / "out/set").digest == shipped.frozen().digest


def test_an_altered_set_is_not_packed(tmp_path: Path) -> None:
    shutil.copytree(shipped.ROOT, tmp_path / "copy")
    (tmp_path / "copy/questions.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"questions\.jsonl: altered"):
        packing.pack(tmp_path / "copy", tmp_path / "set.tar", "set")
    assert not (tmp_path / "set.tar").exists()


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set.tar").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        packing.pack(shipped.ROOT, tmp_path / "set.tar", "set")
    assert (tmp_path / "set.tar").read_text() == "mine"
