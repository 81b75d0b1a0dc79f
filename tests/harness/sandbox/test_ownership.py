"""Files that root writes as the owner of the results folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.sandbox.process import ownership

PROGRAM = """
import os, subprocess, sys, threading
from pathlib import Path
from harness.sandbox.process import ownership
results = Path(sys.argv[1])
print(ownership.write_as_owner_of(results / "coin" / "deep"), os.geteuid())
(results / "by_us").touch()
thread = threading.Thread(target=(results / "by_a_thread").touch)
thread.start(); thread.join()
subprocess.run(["touch", str(results / "by_a_program")], check=True)
"""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can write as somebody else; CI is root")


@root_only
def test_roots_files_belong_to_the_owner_of_the_folder_and_the_process_stays_root(open_path: Path) -> None:
    results = open_path / "results"
    results.mkdir()
    os.chown(results, 1234, 1235)
    ended = subprocess.run([sys.executable, "-c", PROGRAM, results], capture_output=True, text=True, check=True)
    assert ended.stdout == "1234 0\n"
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in results.iterdir()}
    assert owners == {"by_us": (1234, 1235), "by_a_thread": (1234, 1235), "by_a_program": (0, 0)}


def test_a_folder_of_our_own_changes_nothing(tmp_path: Path) -> None:
    before = ownership.file_user()
    assert ownership.write_as_owner_of(tmp_path / "results") is None
    assert ownership.file_user() == before == os.geteuid()
