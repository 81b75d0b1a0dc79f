"""What the process sandbox hands to a predictor, and on which machines it starts one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.commands.evaluate import choose_sandbox
from harness.contract import protocol, submission
from harness.contract.submission import Submission
from harness.errors import InputError
from harness.records import Modality
from harness.sandbox import lease
from harness.sandbox.base import Ending, Launch, Limits
from harness.sandbox.channel import PredictorEndedError
from harness.sandbox.process import folders
from harness.sandbox.process.root import PrivateRoot
from harness.sandbox.process.sandbox import ProcessPredictor, ProcessSandbox
from tests.hostile.arena import below, common_python
from tests.predictors import submission as write

ROOT = Path(__file__).parents[3]
# The privileges that docs/images.md gives to a harness in a container: no other user's file is open to this root.
FEW_PRIVILEGES = ("setpriv", "--bounding-set", "-all,+setuid,+setgid", "--inh-caps", "-all")
STATE = """\
state = {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
         if os.path.lexists(f"/proc/self/fd/{name}")}
command = open("/proc/self/cmdline").read().split(chr(0))
print("STATE", json.dumps([state, command, dict(os.environ)]), file=sys.stderr, flush=True)
"""
# Starts a predictor with the files of another user, as `wikiorder evaluate --results FOLDER` does.
AS_ANOTHER = """
import sys
from pathlib import Path
from harness.contract import submission
from harness.sandbox.process import ownership
from tests.harness.sandbox.test_process import greeted, sandbox
folder = Path(sys.argv[1])
made, subject = sandbox(), submission.load(folder / "submission")
sys.executable = str(made.python)  # root's own interpreter may be closed to the other user
print(ownership.write_as_owner_of(folder / "results"), made.uid is not None)
with greeted(made, subject, folder / "results/log"):
    print("started")
"""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a predictor as another user; CI is root")
open_checkout = pytest.mark.skipif(
    not all(folder.stat().st_mode & stat.S_IXOTH for folder in (ROOT, *ROOT.parents)),
    reason="a user who cannot enter the checkout cannot start its harness; CI's checkout is open to all",
)


def sandbox() -> ProcessSandbox:
    return ProcessSandbox(common_python())


@contextmanager
def started(made: ProcessSandbox, subject: Submission, log: Path) -> Iterator[ProcessPredictor]:
    log.touch()
    with lease.folder("exchange", os.getpid()) as exchange:
        exchange.chmod(0o755)
        launch = Launch(subject, None, exchange, None, Path("/nowhere"), log, Limits())
        with made.open(launch) as predictor:
            yield predictor


@contextmanager
def greeted(made: ProcessSandbox, subject: Submission, log: Path) -> Iterator[ProcessPredictor]:
    """A predictor that has answered the first request."""
    with started(made, subject, log) as predictor:
        predictor.channel.send(protocol.initialize(0, Modality.TEXT, 7, 4, protocol.VERSION), 60)
        protocol.read_hello(predictor.channel.receive(60), 0, 4)
        yield predictor


def ending(made: ProcessSandbox, subject: Submission, log: Path) -> Ending:
    """How a predictor ended that never answers."""
    with started(made, subject, log) as predictor:
        with pytest.raises(PredictorEndedError):
            predictor.channel.receive(60)
        return predictor.ending()


def test_the_plan_is_no_file_and_no_process_of_a_run_holds_it(tmp_path: Path) -> None:
    """It names folders of the machine; a predictor of the same user could read what its supervisor holds."""
    subject = submission.load(write(tmp_path / "s"))
    with greeted(sandbox(), subject, tmp_path / "log") as predictor:
        processes = list(below(predictor._process.pid))
        assert len(processes) >= 2
        held = [str(path.readlink()) for p in processes for path in Path(f"/proc/{p}/fd").iterdir()]
        named = [Path(f"/proc/{p}/cmdline").read_text() for p in processes]
        _, number, start = lease.owner(os.getpid()).rsplit("/", 2)
        (scratch,) = Path(tempfile.gettempdir()).glob(f"wikiorder-scratch-{number}-{start}-*")
        assert {path.name for path in scratch.iterdir()} <= {"scratch", "library", "program", "root"}
    assert held
    assert not [target for target in held if "memfd" in target or "plan" in target]
    assert not [line for line in named if str(scratch) in line or "/fd/" in line]


def test_a_predictor_inherits_its_three_streams_and_nothing_that_names_the_plan(tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    program = folder / "predict.py"
    program.write_text(program.read_text().replace("asked = 0\n", f"asked = 0\n{STATE}", 1))
    log = tmp_path / "log"
    extra = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(extra, True)
    try:
        with greeted(sandbox(), submission.load(folder), log):
            pass
    finally:
        os.close(extra)
    (line,) = [line for line in log.read_text().splitlines() if line.startswith("STATE ")]
    streams, command, environment = json.loads(line.removeprefix("STATE "))
    assert {name for name, target in streams.items() if not target.startswith("/proc/")} == {"0", "1", "2"}
    assert all(target.startswith("pipe:") for name, target in streams.items() if name in "012")
    assert command == [str(common_python()), "predict.py", ""]
    assert "confine" not in str(environment)


@root_only
@open_checkout
def test_a_run_works_where_results_belong_to_a_user_whose_files_root_cannot_read(open_path: Path) -> None:
    write(open_path / "submission")
    (open_path / "results").mkdir()
    os.chown(open_path / "results", 1234, 1235)
    command = [*FEW_PRIVILEGES, sys.executable, "-c", AS_ANOTHER, str(open_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    log = open_path / "results/log"
    assert ended.stdout == "1234 True\nstarted\n", ended.stderr + (log.read_text() if log.exists() else "")


@root_only
def test_root_that_may_not_become_another_user_is_told_the_capabilities_to_grant() -> None:
    words = "from harness.sandbox.process.sandbox import ProcessSandbox; ProcessSandbox()"
    command = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", sys.executable, "-c", words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "HarnessError: the process sandbox needs a root that may become another user" in ended.stderr
    assert "--cap-add SETUID --cap-add SETGID" in ended.stderr


@root_only
def test_a_mount_that_the_kernel_refuses_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, private_root = sandbox(), folders.private_root
    if not made.kernel.namespaces:
        pytest.skip("the kernel grants no namespaces, so nothing is mounted; CI's does")

    def with_one_that_is_missing(*arguments: object) -> PrivateRoot:
        private = private_root(*arguments)
        return private._replace(binds=[*private.binds, ("/nowhere/library", "/library-2")])

    monkeypatch.setattr(folders, "private_root", with_one_that_is_missing)
    found = ending(made, submission.load(write(tmp_path / "s")), tmp_path / "log")
    assert found.outside == "the process sandbox could not start: the kernel did not let us mount /nowhere/library"


def test_a_predictor_that_says_the_same_words_is_at_fault_itself(tmp_path: Path) -> None:
    folder = write(tmp_path / "s")
    words = "the kernel did not let us mount /nowhere/library"
    (folder / "predict.py").write_text(
        "import os, sys\nfor number in range(3, 99):\n    try:\n        os.write(number, b'x')\n"
        f"    except OSError:\n        pass\nprint({words!r}, file=sys.stderr)\nsys.exit(127)\n"
    )
    found = ending(sandbox(), submission.load(folder), tmp_path / "log")
    assert (found.exit_code, found.outside) == (127, "")
    assert words in (tmp_path / "log").read_text()


def test_a_runtime_of_containers_is_refused_for_a_process() -> None:
    """It would have been run in a container, without a word."""
    with pytest.raises(InputError, match="--sandbox process starts no container, so --runtime runsc has no use"):
        choose_sandbox("process", runtime="runsc")
