"""The setting of the hostile tests: a tiny set, a sandbox, `evaluate`, and a search for leftovers."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from harness.contract import submission
from harness.contract.bundle import Bundle
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.records import Modality
from harness.run import pipeline
from harness.run.session import Evaluation
from harness.sandbox.base import MIB, Limits, Sandbox
from harness.sandbox.container.flags import OWNER_LABEL
from harness.sandbox.container.sandbox import ContainerSandbox
from harness.sandbox.lease import owner, owner_is_gone
from harness.sandbox.process import confine
from harness.sandbox.process.sandbox import ProcessSandbox

CORPUS = Path(__file__).parent / "corpus"
CORPUS_COPY = f"hostile-corpus-{os.getpid()}-"  # other test runs may share this machine
# Short limits, since some attacks wait for one of them.
LIMITS = Limits(startup_s=20, batch_s=2, total_s=60, processes=64, scratch_mib=16, shared_mib=4, log_bytes=2**18)
TEXT = Modality.TEXT
RUNSC = "runsc"  # gVisor, where the engine has it
NOTE_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")


@contextmanager
def reachable_corpus() -> Iterator[Path]:
    """A copy of the corpus that another user can read: the checkout may lie in a home that others cannot enter."""
    with tempfile.TemporaryDirectory(prefix=CORPUS_COPY) as name:
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(CORPUS, root / "corpus", ignore=shutil.ignore_patterns("__pycache__"))
        yield root / "corpus"


def arm(corpus: Path, frozen: FrozenSet, results: Path) -> None:
    """Give the attacks the best guesses of an attacker."""
    gift = {
        "answers": str(frozen.root / "answers/answers.jsonl"),
        "questions": str(frozen.root / "questions.jsonl"),
        "results": str(results),
        "paths": [str(path) for path in (*secret_paths(frozen), results, other_submission(corpus))],
        "harness": os.getpid(),
        "processes": LIMITS.processes,
        "scratch_bytes": LIMITS.scratch_mib * MIB,
        "shared_bytes": LIMITS.shared_mib * MIB,
    }
    (corpus / "gift.json").write_text(json.dumps(gift))


def secret_paths(frozen: FrozenSet) -> list[Path]:
    """Return paths of every kind in a set, none of which a predictor may resolve."""
    picture = next(path for path in (frozen.root / "images").rglob("*") if path.is_file())
    inside = [frozen.root / name for name in ("manifest.json", "answers", "answers/answers.jsonl", "images")]
    return [frozen.root, *inside, picture]


def other_submission(corpus: Path) -> Path:
    """Return a program of another submission, which lies beside the attacker's."""
    other = corpus.parent / "other/predict.py"
    other.parent.mkdir(exist_ok=True)
    other.write_text("")
    return other


def sandbox_of(kind: str) -> Sandbox:
    if kind in ("docker", RUNSC):
        return ContainerSandbox(runtime=RUNSC if kind == RUNSC else None)
    return ProcessSandbox()


def is_gvisor(sandbox: Sandbox) -> bool:
    """Whether predictors run on gVisor's kernel."""
    return isinstance(sandbox, ContainerSandbox) and sandbox.isolation(Path()).runtime == RUNSC


def has_runsc() -> bool:
    """Whether an engine answers that has gVisor among its runtimes."""
    from docker import from_env
    from docker.errors import DockerException

    try:
        engine = from_env()
    except DockerException:
        return False
    try:
        return RUNSC in engine.info().get("Runtimes", {})
    finally:
        engine.close()


def common_python() -> Path:
    """An interpreter that every user can execute: this one, or the system's where root keeps this one to itself."""
    for path in [Path(sys.executable), Path("/usr/bin/python3")]:
        folders = [*path.resolve().parents, *path.parents]
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in folders):
            return path
    raise AssertionError("no interpreter here can be executed by another user")


def command(corpus: Path, attack: str) -> tuple[str, ...]:
    """What runs this attack: a file of the corpus, or a function in one. Its other words are its arguments."""
    program, *arguments = attack.split()
    if not (corpus / f"{program}.py").exists():
        (holder,) = [file for file in corpus.glob("*.py") if f"\ndef {program}():" in file.read_text()]
        program, arguments = holder.stem, [program, *arguments]
    return ("python3", f"{program}.py", *arguments)


def load(corpus: Path, attack: str) -> Submission:
    name = attack.replace("_", "-").replace(" ", "-")
    loaded = submission.load(corpus)
    return replace(loaded, manifest=structs.replace(loaded.manifest, name=name, command=command(corpus, attack)))


def evaluate(
    subject: Submission, frozen: FrozenSet, sandbox: Sandbox, results: Path, limits: Limits = LIMITS, varied: int = 0
) -> Bundle:
    evaluation = Evaluation(subject, frozen, Modality.VISION_TEXT, 7, None, limits, varied)
    return pipeline.evaluate(evaluation, sandbox, results, lambda *_: None)


def log(bundle: Bundle) -> str:
    return (bundle.root / pipeline.LOG).read_text("utf-8", "replace")


def said(bundle: Bundle, word: str) -> list[Any]:
    """The JSON that follows `word` on each line of the log that begins with it."""
    return [json.loads(line[len(word) :]) for line in log(bundle).splitlines() if line.startswith(word + " ")]


def left_behind(sandbox: Sandbox) -> list[str]:
    """Containers, processes and files that a finished run should not have left."""
    _, number, start = owner(os.getpid()).rsplit("/", 2)
    found = [str(path) for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith("wikiorder-")]
    found += [str(path) for path in Path("/dev/shm").glob(f"wikiorder-*-{number}-{start}-*")]
    found += [str(path) for folder in NOTE_PLACES for path in Path(folder).glob("hostile-note*")]
    if isinstance(sandbox, ContainerSandbox):
        mine = {"label": f"{OWNER_LABEL}={owner(os.getpid())}"}
        return found + [container.name for container in sandbox._engine.containers.list(all=True, filters=mine)]
    assert isinstance(sandbox, ProcessSandbox)
    return found + still_running(os.getpid(), sandbox.uid)


def still_running(harness: int, uid: int | None) -> list[str]:
    """Return supervisors of this harness, which runs, and predictors, recognised by their user or their folder."""
    supervisors = set(below(harness)) - {harness}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):  # it has ended meanwhile
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                mine = uid is not None and entry.stat().st_uid == uid
                supervises = int(entry.name) in supervisors and confine.__file__ in line
                folder = str((entry / "cwd").readlink())
                if mine or supervises or f"/wikiorder-scratch-{harness}-" in folder or CORPUS_COPY in folder:
                    found.append(f"process {entry.name}: {line}")
    return found


def below(process: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield process
    with suppress(OSError):  # it has ended meanwhile
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from below(int(child))


def runs(name: str) -> bool:
    """Whether a process that `lease.owner` named still runs. One that has ended, but is not waited for, does not."""
    with suppress(OSError):
        return not owner_is_gone(name) and bool(Path(f"/proc/{name.split('/')[1]}/cmdline").read_bytes())
    return False
