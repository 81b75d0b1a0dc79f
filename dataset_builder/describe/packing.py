"""A frozen set, or a whole build, as one tar file whose bytes depend on its content alone."""

from __future__ import annotations

import tarfile
from pathlib import Path

from harness.contract import checksums, files, frozen_set
from harness.errors import InputError

PRIVATE = "answers/"  # readable by the owner alone, as in the set


def pack(root: Path, out: Path) -> str:
    """Write the files below `root` into the tar file `out`, in a folder named after the set; return its SHA-256.

    Names are sorted, times and owners are zero, and nothing is compressed: pictures are already, and two versions of a
    compressor need not agree. The set is verified first. What `root` and `out` are called changes nothing.
    """
    checksums.require(root, "Only what is whole is packed: fetch or build it again.")
    if out.exists():
        raise InputError(f"{out}: exists already; name another --out")
    name = _name(root)
    with files.arriving(out) as partial:
        with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
            for member in sorted([*checksums.names(root), checksums.SUMS]):
                entry = tarfile.TarInfo(f"{name}/{member}")
                entry.size = (root / member).stat().st_size
                entry.mode = 0o600 if PRIVATE in member else 0o644
                with (root / member).open("rb") as stream:
                    archive.addfile(entry, stream)
        return files.sha256(partial)


def _name(root: Path) -> str:
    """`wikiorder-1-test` of a set, `wikiorder-1` of a build."""
    one = root if (root / "manifest.json").is_file() else root / frozen_set.SUBSETS[0]
    manifest = frozen_set.read_manifest(one)
    words = [manifest.name, manifest.version, *([manifest.subset] if one == root else [])]
    return "-".join(words).replace("/", "-").replace(" ", "-")
