"""Pack a frozen set, or a whole build, into one tar file whose bytes depend on its content alone."""

from __future__ import annotations

import lzma
import tarfile
from pathlib import Path
from typing import IO

from harness.contract import checksums, files, frozen_set
from harness.errors import InputError

GROUND_TRUTH = "answers/"  # readable by the owner alone, as in the set
# Fixed, so that the bytes follow no default: one LZMA2 stream with a dictionary of 64 MiB, eight times the sample.
XZ = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def pack(root: Path, out: Path) -> str:
    """Write the files below `root` into the tar file `out`, in a folder named after the set; return its SHA-256.

    Names are sorted, times and owners are zero. A name that ends in `.tar.xz` is compressed, with fixed settings; two
    versions of liblzma may still differ in a byte, so a tar file without compression is the one to compare. The set is
    verified first. The names of `root` and `out` change nothing else.

    Raises:
        InputError: the set is not whole, or `out` exists.
    """
    checksums.require(root, "Only a whole set can be packed: fetch or build it again.")
    if out.exists():
        raise InputError(f"{out}: exists already; name another --out")
    name = _name(root)
    with files.arriving(out) as partial:
        with (
            _stream(partial, compressed=out.name.endswith(".tar.xz")) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for member in sorted([*checksums.names(root), checksums.SUMS]):
                entry = tarfile.TarInfo(f"{name}/{member}")
                entry.size = (root / member).stat().st_size
                entry.mode = 0o600 if GROUND_TRUTH in member else 0o644
                with (root / member).open("rb") as content:
                    archive.addfile(entry, content)
        return files.sha256(partial)


def _stream(path: Path, compressed: bool) -> IO[bytes] | lzma.LZMAFile:
    return lzma.open(path, "wb", check=lzma.CHECK_CRC64, filters=XZ) if compressed else path.open("wb")


def _name(root: Path) -> str:
    """Return the name of the folder in the tar file: `wikiorder-1-test` for a set, `wikiorder-1` for a build."""
    one = root if (root / "manifest.json").is_file() else root / frozen_set.SUBSETS[0]
    manifest = frozen_set.read_manifest(one)
    words = [manifest.name, manifest.version, *([manifest.subset] if one == root else [])]
    return "-".join(words).replace("/", "-").replace(" ", "-")
