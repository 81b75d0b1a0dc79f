"""What does the layered, precompiled image gain over the plain one, which copies all, then installs all in one layer?

    python -m tests.benchmarks.image              both images are built without a cache: about ten minutes
    python -m tests.benchmarks.image --size tiny  from the cache, and only the coin is run

The wheels are those of build/wheelhouse (`make images` fetches them); no network is needed. The plain image takes them
from a small server on this host while it is built, as it would take them from an index.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Side, Size, Timed, absent, at_most, compared

ROOT = Path(__file__).resolve().parents[2]
WHEELS = ROOT / "build/wheelhouse"
OURS, PLAIN = "wikiorder-measured-layered", "wikiorder-measured-plain"
CODE = ("dataset_builder", "docker", "harness", "leaderboard", "submissions")
CHANGED = "harness/keyed.py"
FIRST_ANSWER_LINE = 3  # of a journal: identity, batch, then the first answered batch
RUN_S = 300

PLAIN_DOCKERFILE = """\
FROM wikiorder-base
COPY . /project
RUN python3 -m venv --without-pip /environment \\
 && /environment/bin/python3 /project/pip.whl/pip install --quiet --no-cache-dir --no-index --no-deps \\
    {links} {locks}
WORKDIR /project
ENTRYPOINT ["/environment/bin/python3", "-m", "harness"]
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass


@contextmanager
def index() -> Iterator[str]:
    """The wheelhouse as an index that a build on the host's network can reach."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(WHEELS))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def contexts(folder: Path, torch: str, server: str) -> tuple[Path, Path]:
    """What either image is built from, apart from the working tree: a line of it is changed later."""
    ours, plain = folder / "ours", folder / "plain"
    ignored = shutil.ignore_patterns("results", "__pycache__", "index.html")
    for context in (ours, plain):
        for name in CODE:
            shutil.copytree(ROOT / name, context / name, ignore=ignored)
    shutil.copytree(WHEELS, ours / "build/wheelhouse")
    shutil.copy(ROOT / "Dockerfile.cuda", ours / "Dockerfile")
    shutil.copy(next(WHEELS.glob("tools/pip-*.whl")), plain / "pip.whl")
    layers = (f"torch-{torch}", "runtime", "harness")
    links = " ".join(f"--find-links {server}/{layer}/" for layer in layers)
    locks = " ".join(f"--requirement docker/locks/{layer}.txt" for layer in layers)
    text = PLAIN_DOCKERFILE.format(links=links, locks=locks.replace("docker/", "/project/docker/"))
    (plain / "Dockerfile").write_text(text, encoding="utf-8")
    return ours, plain


def build(context: Path, tag: str, *options: str, change: bool = False) -> Side:
    """change: add a line to one module first."""

    def side() -> Timed:
        if change:
            with (context / CHANGED).open("a", encoding="utf-8") as stream:
                stream.write(f"# {time.time_ns()}\n")
        command = ["docker", "build", "--quiet", "--tag", tag, *options, str(context)]
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return Timed(time.perf_counter() - began, None)

    return side


def first_answer(image: str, submission: str) -> Side:
    """From `docker run` to the first batch of answers in the journal."""

    def side() -> Timed:
        with tempfile.TemporaryDirectory() as results:
            command = ["docker", "run", "--rm", "--network", "none", "--volume", f"{results}:/results", image]
            command += ["evaluate", f"submissions/{submission}", "--results", "/results", "--modality", "vision+text"]
            began = time.perf_counter()
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
                journal = Path(results, submission, "wikiorder-sample-1-test/vision_text.journal")
                while not answered(journal) and run.poll() is None and time.perf_counter() - began < RUN_S:
                    time.sleep(0.005)
                seconds = time.perf_counter() - began
                ended = run.wait(timeout=RUN_S)
            return Timed(seconds, ended)

    return side


def answered(journal: Path) -> bool:
    try:
        return journal.read_bytes().count(b"\n") >= FIRST_ANSWER_LINE
    except FileNotFoundError:
        return False


def complete(layer: str) -> bool:
    held, wanted = WHEELS / layer / "lock.txt", ROOT / f"docker/locks/{layer}.txt"
    return held.exists() and held.read_bytes() == wanted.read_bytes()


def image_size(tag: str) -> int:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", tag]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def images(size: Size) -> Iterator[Row]:
    torch = "cpu" if (WHEELS / "torch-cpu/lock.txt").exists() else "cuda"
    if not all(complete(layer) for layer in ("tools", f"torch-{torch}", "runtime", "harness")):
        yield absent("wikiorder-harness", "build/wheelhouse lacks wheels of docker/locks; `make images` fetches them")
        return
    with tempfile.TemporaryDirectory() as name, index() as server:
        ours, plain = contexts(Path(name), torch, server)
        yield from building(ours, plain, torch, [] if size is Size.TINY else ["--no-cache"])
        for submission in ("coin",) if size is Size.TINY else ("coin", "clip", "blip"):
            yield compared(
                f"docker run to the first answer of {submission}",
                "one layer",
                first_answer(OURS, submission),
                first_answer(PLAIN, submission),
                aim=at_most(1),
                repeats={Size.TINY: 1, Size.QUICK: 3, Size.FULL: 5}[size],
                agree=lambda ours, theirs: ours == theirs == 0,
            )
    subprocess.run(["docker", "rmi", OURS, PLAIN], check=False, capture_output=True)


def building(ours: Path, plain: Path, torch: str, cold: Sequence[str]) -> Iterator[Row]:
    layered = ["--network", "none", "--build-arg", f"TORCH={torch}"]
    open_ = ["--network", "host"]
    pair = build(ours, OURS, *layered, *cold), build(plain, PLAIN, *open_, *cold)
    yield compared("image built without a cache", "one layer", *pair, repeats=1, warm=False, aim=at_most(1.5))
    sizes = image_size(OURS), image_size(PLAIN)
    ratio = (sizes[0] / sizes[1],)
    yield Row("size of the image", "one layer", ratio, "x as large", at_most(1), seconds=tuple(map(float, sizes)))
    changed = build(ours, OURS, *layered, change=True), build(plain, PLAIN, *open_, change=True)
    yield compared("image after a change of one line", "one layer", *changed, repeats=1, warm=False, aim=at_most(0.25))


if __name__ == "__main__":
    measuring.main(images, __doc__)
