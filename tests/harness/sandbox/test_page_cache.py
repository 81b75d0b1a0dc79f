"""Emptying the page cache of files, whoever owns them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.test_memory_between_runs import resident

PROGRAM = """
import sys
from pathlib import Path
from harness.sandbox import page_cache
from harness.sandbox.process import ownership
assert ownership.write_as_owner_of(Path(sys.argv[1])) == 1234
print(page_cache.drop([Path(sys.argv[2])]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user; CI is root")
def test_files_of_root_are_dropped_where_results_belong_to_another_user(open_path: Path) -> None:
    """The result would claim an empty page cache otherwise, as in a container with a mounted results folder."""
    results, file = open_path / "results", open_path / "folder/file"
    for made in (results, file.parent):
        made.mkdir(mode=0o755)
    os.chown(results, 1234, 1235)
    file.write_bytes(os.urandom(2**20))
    os.sync()
    file.read_bytes()
    assert resident(file) == 2**20
    words = [sys.executable, "-c", PROGRAM, results, file.parent]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ended.stdout == "0\n"
    assert resident(file) == 0
