"""Weights as people have them reach the predictor, in each sandbox, or are refused before the start."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.contract import protocol, submission
from harness.errors import InputError
from harness.records import Modality
from harness.sandbox import lease
from harness.sandbox.base import Launch, Limits, Sandbox
from harness.sandbox.container.sandbox import ContainerSandbox
from harness.sandbox.process.sandbox import ProcessSandbox
from harness.sandbox.weights import readable
from tests.hostile.arena import common_python
from tests.predictors import submission as write

CONTENT = {"config.json": b"{}", "deep/er/model.safetensors": b"numbers"}
READS = """\
import pathlib
root = pathlib.Path(os.environ["WIKIORDER_WEIGHTS"])
found = {str(p.relative_to(root)): p.read_bytes().decode() for p in root.rglob("*") if p.is_file()}
"""


def made(kind: str, folder: Path) -> Path:
    """Make the weights CONTENT in one of the states in which people have them."""
    root = folder / {"snapshot": "models--a--b/snapshots/12ab", "colon": "a:b"}.get(kind, "weights")
    for number, (name, content) in enumerate(CONTENT.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "snapshot":
            blob = folder / f"models--a--b/blobs/{number}"
            blob.parent.mkdir(exist_ok=True)
            blob.write_bytes(content)
            blob.chmod(0o600 if number else 0o644)
            path.symlink_to(os.path.relpath(blob, path.parent))
        else:
            path.write_bytes(content)
            path.chmod(0o644)
    if kind.startswith("umask"):
        mask = int(kind.split()[1], 8)
        for path in (root, *root.rglob("*")):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
    if kind == "mode 0600":
        (root / "config.json").chmod(0o600)
    return root


STATES = ("open", "umask 027", "umask 077", "mode 0600", "snapshot", "colon")


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return ProcessSandbox(common_python()) if request.param == "process" else ContainerSandbox()


@pytest.mark.parametrize("kind", STATES)
def test_weights_in_any_state_are_read_by_the_predictor(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    weights, log = made(kind, tmp_path), tmp_path / "log"
    program = write(tmp_path / "s")
    text = (program / "predict.py").read_text().replace("asked = 0\n", READS + "asked = 0\n")
    (program / "predict.py").write_text(text.replace('"name": "test"', '"name": json.dumps(sorted(found.items()))'))
    (program / "predict.py").chmod(0o600)
    subject = submission.load(program)
    log.touch()
    with lease.folder("exchange", os.getpid()) as exchange:
        exchange.chmod(0o755)
        image = sandbox.prepare(subject)
        launch = Launch(subject, image, exchange, weights, Path("/nowhere"), log, Limits())
        with sandbox.open(launch) as predictor:
            predictor.channel.send(protocol.initialize(0, Modality.TEXT, 7, 4, protocol.VERSION), 60)
            reply = predictor.channel.receive(60)
    found = json.loads(json.loads(reply)["result"]["name"])
    assert found == [["config.json", "{}"], ["deep/er/model.safetensors", "numbers"]]


@pytest.mark.parametrize("kind", STATES)
def test_the_copy_is_open_to_all_and_has_the_digest_of_the_weights(kind: str, tmp_path: Path) -> None:
    weights = made(kind, tmp_path)
    digests = [hashlib.sha256(content).hexdigest() + f"  {name}\n" for name, content in CONTENT.items()]
    assert submission.folder_digest(weights) == hashlib.sha256("".join(digests).encode()).hexdigest()
    with readable(weights, another=True) as found:
        assert found is not None
        assert (found == weights) == (kind in ("open", "colon"))
        assert submission.folder_digest(found) == submission.folder_digest(weights)
        assert all(path.stat().st_mode & 0o004 for path in (found, *found.rglob("*")))
        assert not [path for path in found.rglob("*") if path.is_symlink()]
    assert weights.exists()


def test_a_snapshot_whose_blob_is_missing_or_that_links_elsewhere_is_refused(tmp_path: Path) -> None:
    weights = made("snapshot", tmp_path)
    (tmp_path / "models--a--b/blobs/0").unlink()
    with pytest.raises(InputError, match=r"config\.json: its blob \.\./\.\./blobs/0 cannot be found .* Fetch it again"):
        submission.folder_digest(weights)
    (weights / "config.json").unlink()
    (weights / "config.json").symlink_to("../../secrets/0")
    with pytest.raises(InputError, match="which is not in the folder"):
        submission.folder_digest(weights)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user to whom a file is closed; CI is root")
def test_a_file_that_the_harness_cannot_read_is_refused_with_its_mode_and_the_command(tmp_path: Path) -> None:
    weights = made("mode 0600", tmp_path)
    script = """
import sys; from pathlib import Path; from harness.contract import submission as s
try: s.folder_digest(Path(sys.argv[1]))
except s.InputError as error: print(error)
"""
    drop = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
    os.chown(weights / "config.json", 1234, 1234)
    run = subprocess.run(
        [*drop, sys.executable, "-c", script, str(weights)], capture_output=True, text=True, check=True
    )
    wanted = f"{weights}/config.json (mode 0600): Permission denied. Make it readable: chmod -R a+rX {weights}\n"
    assert run.stdout == wanted
