"""The container sandbox, and the one module that speaks to a container engine (Docker, or Podman by the same API).

Covered: no network; a read-only root; /tmp and /dev/shm in memory and bounded; no capability, no new privileges, not
root; limits on memory, processes, CPU and time; no log on the host; an image named by digest. The predictor sees its
image, the pictures of the current batch and its weights, nothing else.
Not covered: faults of the kernel and of the container runtime; how long an answer takes, which the predictor controls.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.contract.submission import Submission
from harness.errors import HarnessError, InfrastructureError, InputError, SubmissionError
from harness.sandbox import evidence
from harness.sandbox.base import (
    EXCHANGE,
    Ending,
    EngineUnavailableError,
    Isolation,
    Launch,
)
from harness.sandbox.channel import Channel
from harness.sandbox.container import sibling
from harness.sandbox.container.building import BuildLimits, in_time
from harness.sandbox.container.flags import LEASE_LABEL, OWNER_LABEL, RUN_LABEL, check_image, container_options
from harness.sandbox.container.streams import AttachedStream
from harness.sandbox.evidence import Usage
from harness.sandbox.lease import owner_is_gone

if TYPE_CHECKING:  # the SDK takes a quarter of a second to import: only a run pays for it
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

REMOVALS, REMOVAL_WAIT_S = 5, 0.3  # an engine that is still stopping a container refuses to remove it
KILLED = "returned a non-zero code: 137"  # 128 + SIGKILL: what the kernel does at the limit of memory


class ContainerSession:
    """One predictor in one container."""

    exchange = EXCHANGE

    def __init__(self, engine: DockerClient, container: Container, attached: object, launch: Launch) -> None:
        self._engine, self._container = engine, container
        self._killed_before = evidence.killed_for_memory()
        self.channel = Channel(AttachedStream(attached), launch.log, launch.limits.log_bytes)

    def ending(self) -> Ending:
        """Exit code and who is to blame. `OOMKilled` alone is no verdict: a mere child may have been killed."""
        try:
            for _ in range(20):
                self._container.reload()
                state = self._container.attrs["State"]
                if not state["Running"]:
                    return self._judge(int(state["ExitCode"]), bool(state.get("OOMKilled")))
                time.sleep(0.05)
        except engine_errors() as error:
            return Ending(None, outside=f"the container engine failed: {_short(error)}")
        return Ending(None)

    def _judge(self, exit_code: int, out_of_memory: bool) -> Ending:
        actions = self._told()
        out_of_memory |= "oom" in actions
        kills = evidence.killed_for_memory() - self._killed_before
        outside = evidence.who_else(exit_code, out_of_memory, "kill" in actions, kills)
        return Ending(exit_code, "something in it was killed for memory" if out_of_memory else "", outside)

    def _told(self) -> set[str]:
        """What the engine did to the container and saw of it, such as "kill" and "oom", if it says."""
        now: Any = f"{time.time():.9f}"  # in whole seconds one would wait for the next
        try:
            events = self._engine.events(since=0, until=now, filters={"container": self._container.id}, decode=True)
            return {str(event.get("Action")) for event in events}
        except engine_errors():
            return set()

    def usage(self) -> Usage:
        """From the engine, and from the kernel where the engine is on this machine."""
        try:
            self._container.reload()
            stats: Any = self._container.stats(stream=False, one_shot=True)
        except engine_errors():
            return Usage()
        state = self._container.attrs["State"]
        peak, kills = evidence.memory_of_container(int(state.get("Pid") or 0), str(self._container.id))
        return evidence.usage_of_container(
            stats, peak, kills if kills is not None else int(bool(state.get("OOMKilled")))
        )


class ContainerSandbox:
    """Containers of the engine that the environment names (DOCKER_HOST, or the local socket)."""

    name = "docker"

    def __init__(self, building: BuildLimits | None = None) -> None:
        from docker import from_env
        from docker.errors import DockerException

        try:
            self._building = building or BuildLimits()
            self._engine: DockerClient = from_env(timeout=300)
            self._engine.ping()
        except DockerException as error:
            raise EngineUnavailableError(
                f"no container engine answers ({_short(error)}). Start one, or use --sandbox process."
            ) from None
        self._podman = any("Podman" in part["Name"] for part in self._engine.version().get("Components") or ())
        self._mounts = self._own_mounts()
        self._reap()

    def _own_mounts(self) -> list[dict[str, Any]] | None:
        """What the engine has mounted into the container that we run in, if it runs us."""
        from docker.errors import NotFound

        own = sibling.own_container()
        try:
            mounts: list[dict[str, Any]] | None = self._engine.containers.get(own).attrs["Mounts"] if own else None
        except NotFound:  # a container of another engine
            return None
        return mounts

    def describe(self) -> str:
        """The engine in a few words."""
        version = self._engine.version()
        return f"{version['Platform']['Name'] or 'container engine'} {version['Version']}, {version['KernelVersion']}"

    def missing(self, images: Sequence[str]) -> list[str]:
        """Which of these images the engine does not hold."""
        listed: list[dict[str, Any]] = self._engine.api.images()  # in one request: an image may go while one asks on
        held = {tag.rpartition(":")[0] for image in listed for tag in image["RepoTags"] or ()}
        return [image for image in images if image not in held]

    def close(self) -> None:
        self._engine.close()

    def isolation(self, data: Path) -> Isolation:
        """The container holds neither the set nor its answers, wherever they lie."""
        covers = (
            "no network",
            "read-only root",
            "no capabilities",
            "no new privileges",
            "not root",
            "limits on memory, processes, CPU, scratch and time",
            "pictures of the current batch only",
        )
        exposes = ("faults of the kernel and the runtime", *(("user namespaces of its own",) if self._podman else ()))
        return Isolation(self.name, isolated=True, covers=covers, exposes=exposes)

    def prepare(self, submission: Submission) -> str:
        """Build or find the submission's image, check it, and return its digest."""
        from docker.errors import ImageNotFound

        try:
            image = self._find(submission) if submission.image else self._build(submission)
        except ImageNotFound:
            raise InputError(f"{submission.name}: image {submission.image} is not here. Pull it first.") from None
        except engine_errors() as error:
            raise InfrastructureError(f"{submission.name}: the engine failed: {_short(error)}") from None
        check_image(image.attrs, submission.name)
        return str(image.id)

    @contextmanager
    def open(self, launch: Launch) -> Iterator[ContainerSession]:
        run = secrets.token_hex(8)
        container: Container | None = None
        session: ContainerSession | None = None
        try:
            seen = replace(
                launch,
                exchange=sibling.on_host(launch.exchange, self._mounts),
                weights=launch.weights and sibling.on_host(launch.weights, self._mounts),
            )
            container = self._engine.containers.create(**container_options(seen, run, time.time(), self._podman))
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            session = ContainerSession(self._engine, container, container.attach_socket(params=streams), launch)
            container.start()
            yield session
        except engine_errors() as error:
            raise InfrastructureError(f"the container engine failed: {_short(error)}") from None
        finally:
            try:
                if session:  # first the stream, then the container: an undrained stream blocks even a forced removal
                    session.channel.close()
            finally:
                if container:
                    self._remove(container)

    def _find(self, submission: Submission) -> Image:
        return self._engine.images.get(str(submission.image))

    def _build(self, submission: Submission) -> Image:
        from docker.errors import BuildError
        from urllib3.exceptions import HTTPError

        if not (submission.folder / str(submission.dockerfile)).is_file():
            raise InputError(
                f"{submission.folder}: no {submission.dockerfile} in it, and no [image] reference; add one"
            )
        try:
            with in_time(self._engine.api, self._building.total_s) as over:
                image, _ = self._engine.images.build(
                    path=str(submission.folder.resolve()),
                    dockerfile=str(submission.dockerfile),
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
            if "pull access denied" in str(error) or "dial tcp" in str(error):
                base = f"{submission.name}: the base of its image is not here ({_short(error)})"
                raise HarnessError(f"{base}. `make images` makes wikiorder-base and wikiorder-runtime.") from None
            killed = f" (killed; {self._building.words()})" if KILLED in str(error) else ""
            raise SubmissionError(f"{submission.name}: its image does not build: {_short(error)}{killed}") from None
        return image

    def _remove(self, container: Container) -> None:
        """Kill and remove. Podman refuses one that ends by itself at that moment, so it is asked again."""
        from docker.errors import NotFound

        for left in reversed(range(REMOVALS)):
            try:
                container.remove(force=True, v=True)
            except NotFound:
                return
            except engine_errors() as error:
                if not left:
                    said = f"container {container.short_id} could not be removed: {_short(error)}"
                    raise InfrastructureError(said) from None
                time.sleep(REMOVAL_WAIT_S)
            else:
                return

    def _reap(self) -> None:
        """Remove what killed harnesses have left: containers of a dead process of this host, or past their lease."""
        from docker.errors import DockerException

        with suppress(DockerException):
            for container in self._engine.containers.list(all=True, filters={"label": RUN_LABEL}, ignore_removed=True):
                labels = container.labels
                if owner_is_gone(labels.get(OWNER_LABEL, "")) or float(labels.get(LEASE_LABEL, "inf")) < time.time():
                    self._remove(container)


def engine_errors() -> tuple[type[Exception], ...]:
    """What the SDK raises of an engine that refuses, and of one that has gone."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    return DockerException, RequestException, HTTPError


def _short(error: Exception) -> str:
    """An engine's message on one line."""
    return " ".join(str(error).split())[:300]
