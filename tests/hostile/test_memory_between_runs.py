"""Two programs that work together cannot pass anything from one start of a predictor to the next."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract import protocol
from harness.contract.frozen_set import FrozenSet
from harness.contract.submission import Submission
from harness.sandbox import lease, page_cache
from harness.sandbox.base import Launch, Sandbox
from harness.sandbox.container.answers import ImageDescription, read
from harness.sandbox.container.sandbox import ContainerSandbox
from harness.sandbox.process import folders
from harness.sandbox.process.sandbox import ProcessSandbox
from tests.hostile import arena

BITS = 600
SIGMA = (BITS / 4) ** 0.5  # of a binomial distribution
CHANCE = 4 * SIGMA  # 49 bits of 600
# Plain reads leave a weak trace past the page cache, which this bound allows: docs/threat-model.md, "Not protected".
CHANCE_ON_A_DISK = 6 * SIGMA
LOG_S = 30  # until the engine has passed on the log's last line, on a busy machine


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "process"])
def forgetful(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that empties the page cache of the files of this test alone: a machine's system takes seconds."""
    monkeypatch.setattr(folders, "visible", lambda launch, _: [launch.weights])
    made = ContainerSandbox(forget=True) if request.param == "docker" else ProcessSandbox(forget=True)
    yield made
    made.close()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """One file per bit, so that the kernel reads no page ahead of another bit."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for number in range(BITS):
        (folder / f"{number:04}").write_bytes(os.urandom(4096))
    os.sync()
    return folder


def received(sandbox: Sandbox, weights: Path, folder: Path) -> dict[str, int]:
    """Return the number of bits that arrive by each channel at the second of two starts."""
    folder.mkdir()
    seed = secrets.randbelow(2**32)
    page_cache.drop([weights])
    with arena.reachable_corpus() as corpus:
        for attack in (f"pass_bits send {seed}", "pass_bits receive"):
            log = folder / f"{attack}.log"
            start_once(sandbox, arena.load(corpus, attack), weights, log)
    sent = [random.Random(seed * BITS + number).getrandbits(1) for number in range(BITS)]
    (line,) = [line for line in log.read_text().splitlines() if line.startswith("BITS ")]
    channels = json.loads(line.removeprefix("BITS "))
    return {name: sum(a == b for a, b in zip(bits, sent, strict=True)) for name, bits in channels.items()}


def start_once(sandbox: Sandbox, subject: Submission, weights: Path, log: Path) -> None:
    """Start a predictor and greet it. A whole evaluation would read the weights first, for their digest."""
    log.touch()
    with lease.folder("exchange", os.getpid(), in_memory=True) as exchange:
        exchange.chmod(0o755)
        launch = Launch(subject, sandbox.prepare(subject), exchange, weights, Path("/nowhere"), log, arena.LIMITS)
        with sandbox.open(launch) as predictor:
            predictor.channel.send(protocol.initialize(0, arena.TEXT, 7, 4, protocol.VERSION), 20)
            protocol.read_hello(predictor.channel.receive(20), 0, 4)
            until = time.monotonic() + LOG_S
            while not log.read_bytes().endswith(b"\n") and time.monotonic() < until:
                time.sleep(0.05)


def test_no_channel_carries_more_than_chance(forgetful: Sandbox, weights: Path, tmp_path: Path) -> None:
    for name, right in received(forgetful, weights, tmp_path / "r").items():
        assert abs(right - BITS / 2) <= (CHANCE_ON_A_DISK if name == "page cache" else CHANCE), (name, right)


def test_without_forgetting_the_page_cache_carries_the_bits(weights: Path, tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    right = received(ProcessSandbox(), weights, tmp_path / "r")
    assert right.pop("page cache") > BITS / 2 + CHANCE_ON_A_DISK
    assert all(abs(count - BITS / 2) <= CHANCE for count in right.values()), right


@pytest.mark.docker
def test_the_layers_of_an_image_are_forgotten(frozen: FrozenSet, tmp_path: Path) -> None:
    """Measured through the kernel's own count of resident pages of one file of a layer."""
    sandbox = ContainerSandbox(forget=True)
    with arena.reachable_corpus() as corpus:
        (corpus / "ballast").write_bytes(os.urandom(2**20))
        subject = arena.load(corpus, "honest")
        image = sandbox.prepare(subject)
        (ballast,) = [path for layer in _layers(sandbox, image) for path in layer.rglob("submission/ballast")]
        os.sync()
        ballast.read_bytes()
        assert resident(ballast) == 2**20
        found = arena.evaluate(subject, frozen, sandbox, tmp_path)
    assert found.result.status == "scored"
    assert resident(ballast) == 0
    assert "an empty page cache at each start" in found.result.isolation.covers
    sandbox.close()


def _layers(sandbox: ContainerSandbox, image: str) -> list[Path]:
    return read(ImageDescription, sandbox._engine.images.get(image).attrs).layers()


def resident(path: Path) -> int:
    """Return the bytes of a file in the page cache, as mincore counts pages."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    size = path.stat().st_size
    with path.open("rb") as stream:
        address = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, mmap.MAP_SHARED, stream.fileno(), 0)
        pages = (ctypes.c_ubyte * (size // mmap.PAGESIZE))()
        assert libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), pages) == 0
        libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(size))
    return sum(page & 1 for page in pages) * mmap.PAGESIZE
