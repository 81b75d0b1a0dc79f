"""The container sandbox, and the only module that calls a container engine (Docker, or Podman through the same API).

Covered: no network; a read-only root; /tmp and /dev/shm in memory and bounded; no capability, no new privileges, not
root; limits on memory, processes, CPU and time; no log on the host; an image named by digest. The predictor sees its
image, the pictures of the current batch and its weights, nothing else.
Not covered: faults of the kernel and of the container runtime; the time that a reply takes, which the predictor
controls.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from harness.contract.result import Isolation, SandboxName
from harness.contract.submission import Submission, ship_archive
from harness.errors import HarnessError, InfrastructureError, InputError, SubmissionError
from harness.sandbox import evidence, page_cache
from harness.sandbox.base import EXCHANGE, PAGE_CACHE, SHARED_KERNEL, Ending, EngineUnavailableError, Launch
from harness.sandbox.channel import Channel
from harness.sandbox.container import answers, sibling
from harness.sandbox.container.answers import (
    ContainerDescription,
    ContainerEvent,
    ContainerMount,
    ContainerState,
    ContainerStats,
    EngineStorage,
    EngineVersion,
    ImageDescription,
    ListedImage,
)
from harness.sandbox.container.building import BuildLimits, time_limit
from harness.sandbox.container.dockerfile import check_dockerfile
from harness.sandbox.container.flags import LEASE_LABEL, OWNER_LABEL, RUN_LABEL, check_image, container_options
from harness.sandbox.container.streams import AttachedStream
from harness.sandbox.evidence import ResourceUsage
from harness.sandbox.lease import owner_is_gone
from harness.sandbox.weights import readable

if TYPE_CHECKING:  # importing the SDK takes a quarter of a second, so only a run does it
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
ENDING_CHECKS, ENDING_WAIT_S = 20, 0.05  # the engine notices an end a moment after the stream has closed
REMOVALS, REMOVAL_WAIT_S = 5, 0.3  # an engine that is still stopping a container refuses to remove it
OWN_KERNEL = ("runsc", "kata")  # runtimes whose containers do not use the machine's kernel directly
KILLED = "returned a non-zero code: 137"  # 128 + SIGKILL, which the kernel sends at the memory limit


class ContainerPredictor:
    """One predictor in one container."""

    exchange = EXCHANGE

    def __init__(self, engine: DockerClient, container: Container, attached: object, launch: Launch) -> None:
        self._engine, self._container = engine, container
        self.channel = Channel(AttachedStream(attached), launch.log, launch.limits.log_bytes)

    def ending(self) -> Ending:
        """Return exit code and cause. `OOMKilled` alone decides nothing: only a child may have been killed."""
        try:
            for _ in range(ENDING_CHECKS):
                state = self._state()
                if not state.running:
                    return self._ending_of(state)
                time.sleep(ENDING_WAIT_S)
        except engine_errors() as error:
            return Ending(None, outside=f"the container engine failed: {_one_line(error)}")
        return Ending(None)

    def usage(self) -> ResourceUsage:
        """Return the usage counted by the engine, and by the kernel if the engine is on this machine."""
        try:
            state = self._state()
            stats: object = self._container.stats(stream=False, one_shot=True)
        except engine_errors():
            return ResourceUsage()
        peak, kills = evidence.memory_of_container(state.pid or 0, str(self._container.id))
        return answers.read(ContainerStats, stats).usage(peak, kills if kills is not None else int(state.oom_killed))

    def _state(self) -> ContainerState:
        self._container.reload()
        return answers.read(ContainerDescription, self._container.attrs).state

    def _ending_of(self, state: ContainerState) -> Ending:
        actions = self._events()
        out_of_memory = state.oom_killed or "oom" in actions
        outside = evidence.outside_cause(out_of_memory, "kill" in actions)
        return Ending(state.exit_code, "something in it was killed for memory" if out_of_memory else "", outside)

    def _events(self) -> set[str]:
        """Return the names of the container's events, such as "kill" and "oom"; empty if the engine reports none."""
        now: Any = f"{time.time():.9f}"  # with whole seconds the engine would wait for the next second
        try:
            events = self._engine.events(since=0, until=now, filters={"container": self._container.id}, decode=True)
            return {answers.read(ContainerEvent, event).action for event in events}
        except engine_errors():
            return set()


class ContainerSandbox:
    """Containers of the engine that the environment names (DOCKER_HOST, or the local socket)."""

    name: SandboxName = "docker"

    def __init__(self, building: BuildLimits | None = None, runtime: str | None = None, forget: bool = False) -> None:
        """Connect to the engine and remove leftovers of killed harnesses.

        Args:
            building: limits of a build.
            runtime: the runtime of predictors' containers, such as "runsc"; default: the engine's own.
            forget: before each start, empty the page cache of all files that the predictor can read (`page_cache.py`).

        Raises:
            EngineUnavailableError: no engine answers.
        """
        from docker import from_env
        from docker.errors import DockerException

        try:
            self._building = building or BuildLimits()
            self._runtime, self._forget = runtime, forget
            self._engine: DockerClient = from_env(timeout=300)
            self._engine.ping()
        except DockerException as error:
            raise EngineUnavailableError(
                f"no container engine answers ({_one_line(error)}). Start one, or use --sandbox process."
            ) from None
        self._podman = self._version().is_podman
        self._mounts = self._own_mounts()
        self._storage = self._own_storage()
        self._reap()

    def describe(self) -> str:
        """Return the engine's product name, its version and the version of its kernel."""
        return str(self._version())

    def missing(self, images: Sequence[str]) -> list[str]:
        """Return those of the named images that the engine does not hold."""
        found: list[object] = self._engine.api.images()  # one request: an image may be removed between two
        listed = [answers.read(ListedImage, image) for image in found]
        held = {tag.rpartition(":")[0] for image in listed for tag in image.repo_tags or ()}
        return [image for image in images if image not in held]

    def close(self) -> None:
        """Close the connections to the engine."""
        self._engine.close()

    def isolation(self, data: Path) -> Isolation:
        """Return the isolation of every run: the container holds no part of the set, wherever it lies."""
        covers = [
            "no network",
            "read-only root",
            "no capabilities",
            "no new privileges",
            "not root",
            "limits on memory, processes, CPU, scratch and time",
            "pictures of the current batch only",
        ]
        own_kernel = self._runtime in OWN_KERNEL
        exposes = ["faults of the kernel and the runtime", *(() if own_kernel else SHARED_KERNEL[1:])]
        exposes += ["user namespaces of its own"] if self._podman else []
        if own_kernel:
            covers.append("a kernel of its own")
        empty = self._forget and self._storage is not None
        (covers if empty else exposes).append(PAGE_CACHE[empty])
        return Isolation(
            sandbox=self.name,
            isolated=True,
            covers=tuple(covers),
            exposes=tuple(exposes),
            runtime=self._runtime or UNSET,
        )

    def prepare(self, submission: Submission) -> str:
        """Build or find the submission's image, check it, and return its digest.

        Raises:
            InputError: the named image or the Dockerfile is missing.
            SubmissionError: the image does not build, or is refused by `check_image`.
            HarnessError: the base image is missing.
            InfrastructureError: the engine failed.
        """
        from docker.errors import ImageNotFound

        try:
            image = self._find(submission) if submission.image.reference else self._build(submission)
        except ImageNotFound as error:
            named = submission.image.reference or f"of the Dockerfile ({_one_line(error)})"
            raise InputError(f"{submission.name}: image {named} is not here. Pull it first.") from None
        except engine_errors() as error:
            raise InfrastructureError(f"{submission.name}: the engine failed: {_one_line(error)}") from None
        check_image(answers.read(ImageDescription, image.attrs), submission.name)
        return str(image.id)

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ContainerPredictor]:
        """Start a predictor in a fresh container, and remove the container at the end.

        Raises:
            InfrastructureError: the engine failed.
            InputError: the weights cannot be read, or the harness runs in a container, and the engine cannot see a
                folder of the launch.
        """
        with (
            readable(launch.weights, another=True) as weights,
            self._opened(replace(launch, weights=weights)) as started,
        ):
            yield started

    @contextmanager
    def _opened(self, launch: Launch) -> Iterator[ContainerPredictor]:
        """Do what `open` does, with weights that the predictor's user can read."""
        run = secrets.token_hex(8)
        container: Container | None = None
        predictor: ContainerPredictor | None = None
        create: Callable[..., Container] = self._engine.containers.create
        try:
            visible = replace(
                launch,
                exchange=sibling.on_host(launch.exchange, self._mounts),
                weights=launch.weights and sibling.on_host(launch.weights, self._mounts),
            )
            if self._forget:
                self._drop_pages(launch)
            options = container_options(visible, run, time.time(), self._podman, self._runtime)
            container = create(**options)
            attached = container.attach_socket(params=STREAMS)
            predictor = ContainerPredictor(self._engine, container, attached, launch)
            container.start()
            yield predictor
        except engine_errors() as error:
            raise InfrastructureError(f"the container engine failed: {_one_line(error)}") from None
        finally:
            try:
                if predictor:  # close the stream first: an undrained stream blocks even a forced removal
                    predictor.channel.close()
            finally:
                if container:
                    self._remove(container)

    def _drop_pages(self, launch: Launch) -> None:
        """Empty the page cache of the weights and of the image's files, where they lie on this machine."""
        paths = [launch.weights] if launch.weights else []
        if self._storage is not None:
            image = answers.read(ImageDescription, self._engine.images.get(str(launch.image)).attrs)
            paths += image.layers()
        page_cache.drop(paths)

    def _own_storage(self) -> Path | None:
        """Return the engine's folder of images, if it is one of this machine that this user can read."""
        storage = answers.read(EngineStorage, self._engine.info())
        folder = Path(storage.docker_root_dir) / "overlay2"
        local = self._mounts is None and storage.driver == "overlay2"
        return folder if local and os.access(folder, os.R_OK | os.X_OK) else None

    def _version(self) -> EngineVersion:
        return answers.read(EngineVersion, self._engine.version())

    def _own_mounts(self) -> list[ContainerMount] | None:
        """Return the mounts of the container that the harness runs in; None if this engine runs no such container."""
        from docker.errors import NotFound

        own = sibling.own_container()
        try:
            attributes = self._engine.containers.get(own).attrs if own else None
        except NotFound:  # a container of another engine
            return None
        return answers.read(ContainerDescription, attributes).mounts or [] if attributes else None

    def _find(self, submission: Submission) -> Image:
        return self._engine.images.get(str(submission.image.reference))

    def _build(self, submission: Submission) -> Image:
        from docker.errors import BuildError
        from urllib3.exceptions import HTTPError

        self._check_dockerfile(submission)
        build: Callable[..., tuple[Image, object]] = self._engine.images.build
        try:
            with tempfile.TemporaryFile() as context, time_limit(self._engine.api, self._building.total_s) as over:
                ship_archive(submission, context)
                context.seek(0)
                image, _ = build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile=str(submission.image.dockerfile),
                    tag=f"wikiorder-submission-{submission.name}:{submission.digest[:12]}",
                    **self._building.options(),
                )
        except (BuildError, HTTPError, OSError) as error:
            if over.is_set():
                raise SubmissionError(
                    f"{submission.name}: its image is not built after {self._building.total_s:.0f} s, the limit. Build "
                    "less, or build it elsewhere and name it by digest under [image]"
                ) from None
            if not isinstance(error, BuildError):
                raise
            raise self._build_failure(submission.name, error) from None
        return image

    def _check_dockerfile(self, submission: Submission) -> None:
        """Check the Dockerfile, and that every image it names by digest is here and runs nothing by itself."""
        path = submission.folder / str(submission.image.dockerfile)
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{submission.folder}: no file {path.name} in it, and no [image] reference; add one")
        for digest in check_dockerfile(submission.name, path.read_bytes()):
            image = answers.read(ImageDescription, self._engine.images.get(digest).attrs)
            if image.config and image.config.on_build:
                raise SubmissionError(
                    f"{submission.name}: image {digest} holds ONBUILD instructions. Use another base."
                )

    def _build_failure(self, name: str, error: Exception) -> HarnessError | SubmissionError:
        """Return the error that explains a failed build: a missing base image, or the submission's Dockerfile."""
        if "pull access denied" in str(error) or "dial tcp" in str(error):
            base = f"{name}: the base of its image is not here ({_one_line(error)})"
            return HarnessError(
                f"{base}. `make images` in a clone of the repository makes wikiorder-base and wikiorder-runtime."
            )
        killed = f" (killed; {self._building.words()})" if KILLED in str(error) else ""
        return SubmissionError(f"{name}: its image does not build: {_one_line(error)}{killed}")

    def _remove(self, container: Container) -> None:
        """Kill and remove a container, in several attempts: Podman refuses while the container is ending by itself."""
        from docker.errors import NotFound

        for left in reversed(range(REMOVALS)):
            try:
                container.remove(force=True, v=True)
            except NotFound:
                return
            except engine_errors() as error:
                if not left:
                    said = f"container {container.short_id} could not be removed: {_one_line(error)}"
                    raise InfrastructureError(said) from None
                time.sleep(REMOVAL_WAIT_S)
            else:
                return

    def _reap(self) -> None:
        """Remove leftovers of killed harnesses: containers of an ended process of this host, or past their lease."""
        from docker.errors import DockerException

        with suppress(DockerException):
            for container in self._engine.containers.list(all=True, filters={"label": RUN_LABEL}, ignore_removed=True):
                labels = container.labels
                if owner_is_gone(labels.get(OWNER_LABEL, "")) or float(labels.get(LEASE_LABEL, "inf")) < time.time():
                    self._remove(container)


def engine_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions by which the SDK reports an engine that refuses or is gone."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    return DockerException, RequestException, HTTPError


def _one_line(error: Exception) -> str:
    """Return an engine's message on one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]
