"""One tar file with one digest."""

import hashlib
import lzma
import shutil
import tarfile
from pathlib import Path

import pytest

from dataset_builder.build import BuildRequest, build
from dataset_builder.describe import packing
from harness.contract import frozen_set
from harness.contract import shipped as shipping
from harness.errors import InputError
from tests.dataset_builder import shipped
from tests.dataset_builder.crawls import article, crawl, spec


def test_packing_twice_gives_the_same_bytes_whatever_the_times_and_modes(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shipped.ROOT, copy, copy_function=shutil.copyfile)
    (copy / "manifest.json").chmod(0o600)
    digests = [packing.pack(root, tmp_path / f"{n}.tar") for n, root in enumerate((shipped.ROOT, copy))]
    assert digests[0] == digests[1] == hashlib.sha256((tmp_path / "0.tar").read_bytes()).hexdigest()


def test_what_comes_out_of_the_tar_file_is_the_set(tmp_path: Path) -> None:
    packing.pack(shipped.ROOT, tmp_path / "set.tar")
    with tarfile.open(tmp_path / "set.tar") as archive:
        assert {(member.mtime, member.uid, member.uname) for member in archive} == {(0, 0, "")}
        archive.extractall(tmp_path / "out", filter="data")
    assert frozen_set.load(tmp_path / "out/wikiorder-sample-1-validation").digest == shipped.frozen().digest


def test_a_compressed_archive_has_the_same_bytes_each_time_and_holds_the_same_tar_file(tmp_path: Path) -> None:
    names = ("a.tar.xz", "b.tar.xz", "c.tar")
    digests = [packing.pack(shipped.ROOT, tmp_path / name) for name in names]
    assert digests[0] == digests[1]
    assert lzma.decompress((tmp_path / "a.tar.xz").read_bytes()) == (tmp_path / "c.tar").read_bytes()
    assert (tmp_path / "a.tar.xz").stat().st_size < (tmp_path / "c.tar").stat().st_size / 2


def test_the_sample_packed_again_is_the_archive_that_ships(tmp_path: Path) -> None:
    """As a tar file: another version of liblzma may compress it to other bytes."""
    packing.pack(shipping.sample(), tmp_path / "sample.tar")
    assert lzma.decompress(shipping.ARCHIVE.read_bytes()) == (tmp_path / "sample.tar").read_bytes()


def test_an_altered_set_is_not_packed(tmp_path: Path) -> None:
    shutil.copytree(shipped.ROOT, tmp_path / "copy")
    (tmp_path / "copy/questions.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"questions\.jsonl: altered"):
        packing.pack(tmp_path / "copy", tmp_path / "set.tar")
    assert not (tmp_path / "set.tar").exists()


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set.tar").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        packing.pack(shipped.ROOT, tmp_path / "set.tar")
    assert (tmp_path / "set.tar").read_text() == "mine"


def test_a_whole_build_is_packed_under_its_name_whatever_the_file_is_called(tmp_path: Path) -> None:
    raw = crawl(tmp_path / "raw", [article(n) for n in range(12)])
    build(BuildRequest(spec(), raw, tmp_path / "out", workers=1))
    assert packing.pack(tmp_path / "out", tmp_path / "a.tar") == packing.pack(tmp_path / "out", tmp_path / "b.tar")
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert {member.name.split("/")[0] for member in archive} == {"small-1"}
