"""The outcome of each attack: contained (the run continues like an honest one), or a failed row with the reason."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.contract import frozen_set
from harness.contract.frozen_set import FrozenSet
from harness.sandbox.base import Sandbox
from harness.sandbox.process import folders
from harness.sandbox.process.sandbox import ProcessSandbox
from tests.hostile import arena

SLOW_START = replace(arena.LIMITS, startup_s=2)


class Outcome(NamedTuple):
    """docker, process: words of the failed row; "" where the attack is contained and the row is scored."""

    docker: str = ""
    process: str = ""


def fails(words: str, process: str | None = None) -> Outcome:
    return Outcome(words, words if process is None else process)


CONTAINED = Outcome()
ATTACKS = {
    # must not be seen
    "read_answers": CONTAINED,
    "resolve_paths": CONTAINED,
    "read_environment": CONTAINED,
    "read_memory": CONTAINED,
    "read_command_lines": CONTAINED,
    "read_devices": CONTAINED,
    "hold_back": CONTAINED,
    # must not be reached
    "open_sockets": CONTAINED,
    "resolve_names": CONTAINED,
    "write_outside": CONTAINED,
    "signal_others": CONTAINED,
    "change_harness": CONTAINED,
    "become_root": CONTAINED,
    # must not be used up
    "fill_disk": CONTAINED,
    "many_files": CONTAINED,
    "fill_shm": CONTAINED,
    "fork_bomb": CONTAINED,
    "allocate": fails("ended without answering (the predictor ended with exit code", "MemoryError"),
    "allocate_in_children": fails(
        "ended without answering (the predictor ended with exit code 9", "MiB of memory, over 256: ended"
    ),
    "flood_stderr": CONTAINED,
    "flood_stdout": fails("sent over 4 lines unasked"),
    "long_line": fails("sent a line of over 4194304 bytes"),
    # not an answer
    "trickle": fails("gave no answer within 2 s"),
    "answer_late": fails("gave no answer within 2 s"),
    "never_read": fails("gave no answer within 2 s"),
    "never_start": fails("gave no answer within 2 s"),
    "greedy_hello": fails("initialize: `batch` is '10000'; send a whole number from 1 to 4"),
    "exit_at_once": fails(
        "ended without answering (the predictor ended with exit code 0)", "(the predictor ended with exit code 0)"
    ),
    "fake_results": fails("the reply is not JSON"),
    "other_pairs": fails("answers '0123456789abcdef', which was not asked"),
    "answer_twice": fails("Answer each pair exactly once"),
    "answer_some": fails("answers 3 of 4 pairs; 1 missing"),
    "answer_ahead": fails("wrote a line before it was asked"),
    "answer_deeply": fails("the reply is not JSON"),
    "answer_oddly nan": fails("`p_in_order` is 'nan'; wanted a number in [0, 1]"),
    "answer_oddly inf": fails("`p_in_order` is 'inf'"),
    "answer_oddly string": fails("`p_in_order` is '1'"),
    "answer_oddly bool": fails("`p_in_order` is 'True'"),
    "answer_oddly null": fails("`p_in_order` is 'None'"),
    "answer_oddly big": fails("`p_in_order` is '1000"),
    "answer_oddly list": fails("`p_in_order` is '[1]'"),
    # must end with the run
    "daemonise": CONTAINED,
    "daemonise and_exit": fails("ended without answering (the predictor ended with exit code 0)"),
    "ignore_the_end": CONTAINED,
    "crash_late": CONTAINED,  # it is started once more, and asked the rest
}

# In gVisor (20221219) the limit on processes ends the whole sandbox, and so the attacker's row.
ENDED = "ended without answering (the predictor ended with exit code"
RUNSC = dict.fromkeys(
    ("become_root", "fork_bomb", "daemonise", "daemonise and_exit", "allocate_in_children", "answer_deeply"), ENDED
)


@pytest.fixture(scope="module")
def armed(frozen: FrozenSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with arena.reachable_corpus() as corpus:
        arena.arm(corpus, frozen, tmp_path_factory.getbasetemp())
        yield corpus


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_gets_nowhere_and_leaves_nothing(
    attack: str, sandbox: Sandbox, frozen: FrozenSet, armed: Path, tmp_path: Path
) -> None:
    limits = SLOW_START if attack == "never_start" else arena.LIMITS
    runsc = arena.is_gvisor(sandbox)
    if runsc and attack == "many_files":
        pytest.skip(
            "gVisor cannot limit the number of files in a tmpfs; memory bounds them, and runc in CI has the limit"
        )
    found = arena.evaluate(arena.load(armed, attack), frozen, sandbox, tmp_path, limits)
    words = ATTACKS[attack]._asdict()[sandbox.name]
    words = RUNSC.get(attack, words) if runsc else words
    either = runsc and attack == "daemonise"  # whether the limit is reached there depends on the processor
    if words and not (either and found.result.status == "scored"):
        assert found.result.status == "failed"
        failure = found.result.failure
        assert failure is not None
        assert words in failure.reason
        assert failure.fault == "submission"
        assert "\n" not in failure.reason
        assert "\x1b" not in failure.reason
    else:
        assert found.result.status == "scored", found.result.failure
        assert len(found.predictions) == len(frozen.questions)
    own_kernel = runsc and attack == "become_root"  # a user namespace of gVisor's own kernel leads nowhere
    assert own_kernel or "FOUND" not in arena.log(found)
    assert (found.root / "stderr.log").stat().st_size <= 2 * limits.log_bytes  # it may be started twice
    assert arena.left_behind(sandbox) == []
    assert_host_is_responsive()


def assert_host_is_responsive() -> None:
    """A process can still be made, and soon."""
    began = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]) == 0
    assert time.monotonic() - began < 5


def test_every_attack_of_the_corpus_is_in_a_test() -> None:
    texts = {path.stem: path.read_text() for path in arena.CORPUS.glob("*.py")}
    several = {name for name, text in texts.items() if f"python3 {name}.py NAME" in text}
    programs = set(texts) - several
    programs |= {found for name in several for found in re.findall(r"^def (\w+)\(\):", texts[name], re.MULTILINE)}
    elsewhere = {
        "honest",
        "looker",
        "dies",
        "hangs",
        "nonsense",
        "leave_notes",
        "change_by_batch",
        "pass_bits",
        "probe_all",
    }
    assert programs == {attack.split()[0] for attack in ATTACKS} | elsewhere
    assert len(ATTACKS) >= 25


def test_a_note_left_in_one_run_is_not_there_in_the_next(
    sandbox: Sandbox, frozen: FrozenSet, armed: Path, tmp_path: Path
) -> None:
    for run in ("first", "second"):
        found = arena.evaluate(arena.load(armed, "leave_notes"), frozen, sandbox, tmp_path / run)
        assert found.result.status == "scored", found.result.failure
        assert "FOUND" not in arena.log(found)
    assert arena.left_behind(sandbox) == []


def test_answers_that_change_with_the_batch_are_seen_and_told(
    sandbox: Sandbox, frozen: FrozenSet, armed: Path, tmp_path: Path
) -> None:
    subject = arena.load(armed, "change_by_batch")
    found = arena.evaluate(subject, frozen, sandbox, tmp_path, varied=12)
    assert found.result.status == "scored"
    assert found.result.trust.self_consistency < 1


@pytest.mark.parametrize("attack", ["read_answers", "resolve_paths", "read_environment", "read_command_lines"])
def test_where_nothing_stops_it_an_attack_gets_somewhere(attack: str, armed: Path) -> None:
    """Otherwise its failure in a sandbox would prove nothing."""
    first = b'{"id": 0, "method": "initialize", "params": {"max_batch": 4}}\n'
    bare = subprocess.run(
        [sys.executable, *arena.command(armed, attack)[1:]],
        input=first,
        cwd=armed,
        env={"HOME": str(armed), "PATH": "/usr/bin:/bin", "SECRET": "leaked"},
        capture_output=True,
        timeout=30,
        check=True,
        start_new_session=True,
    )
    assert b"FOUND" in bare.stderr


def test_paths_inside_a_visible_folder_are_hidden_where_they_are_secret(
    frozen: FrozenSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set may lie inside the installation of the interpreter, whose other files must be there."""
    folder = tmp_path / "installation"
    shutil.copytree(frozen.root.parent, folder / "deep/build")
    (folder / "deep/beside").write_text("visible")
    monkeypatch.setattr(folders, "SYSTEM", (*folders.SYSTEM, str(folder)))
    inside = frozen_set.load(folder / "deep/build" / frozen.root.name)
    with arena.reachable_corpus() as corpus:
        arena.arm(corpus, inside, tmp_path / "results")
        (corpus / "see_beside.py").write_text(
            "import os\nfrom resolve_paths import GIFT, ask, found, loop, look\n"
            f"loop(lambda r: (look(r), print(os.listdir({str(folder / 'deep')!r}), file=__import__('sys').stderr)))\n"
        )
        subject = arena.load(corpus, "see_beside")
        found = arena.evaluate(subject, inside, ProcessSandbox(), tmp_path / "results")
    assert found.result.status == "scored", found.result.failure
    assert "FOUND" not in arena.log(found)
    assert "['beside']" in arena.log(found)
