"""The paths on the host of a harness that runs in a container itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.sandbox.container import sibling
from harness.sandbox.container.answers import ContainerMount, read

OWN = "c0ffee" + "0" * 58
OTHER = "decade" + "0" * 58
HOSTNAME = f"612 598 254:0 /var/lib/docker/containers/{OWN}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw\n"
ON_A_HOST = f"90 30 0:50 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw\n"
MOUNTS = read(
    list[ContainerMount],
    [
        {"Destination": "/tmp", "Source": "/volumes/one/_data"},
        {"Destination": "/tmp/deep", "Source": "/home/ada/deep"},
        {"Destination": "/scratch", "Source": ""},  # a tmpfs: nowhere on the host
    ],
)


def test_a_path_is_found_below_the_nearest_mount_above_it() -> None:
    assert sibling.on_host(Path("/tmp/run/exchange"), MOUNTS) == Path("/volumes/one/_data/run/exchange")
    assert sibling.on_host(Path("/tmp/deep/x"), MOUNTS) == Path("/home/ada/deep/x")


def test_outside_a_container_a_path_is_what_it_is() -> None:
    assert sibling.on_host(Path("/tmp/run"), None) == Path("/tmp/run")


@pytest.mark.parametrize("path", ["/var/tmp/run", "/scratch/run", "/tmpfoo"])
def test_a_path_that_the_host_does_not_have_is_refused_with_the_option_that_helps(path: str) -> None:
    with pytest.raises(InputError, match=f"{path} is in this container alone.*Start the harness with --mount"):
        sibling.on_host(Path(path), MOUNTS)


@pytest.mark.parametrize(("text", "found"), [(HOSTNAME, OWN), (ON_A_HOST, None)])
def test_the_own_container_is_told_by_its_host_name(
    text: str, found: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host shows the mounts of the containers that it runs, too."""
    (tmp_path / "mountinfo").write_text(text)
    monkeypatch.setattr(sibling, "MOUNTS", tmp_path / "mountinfo")
    assert sibling.own_container() == found
