"""Settings of every test, and which tests may run side by side."""

import os
import tempfile
from pathlib import Path

import pytest

os.environ["WIKIORDER_FORGET"] = "0"  # cold caches before each start would take minutes in all; own tests turn it on


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of one file share a worker, and its fixtures; likewise all that need the container engine.

    Builds and attacks in containers would slow each other down, and some count what the engine holds.
    """
    for item in items:
        group = "engine" if item.get_closest_marker("docker") else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("docker") is None)  # the longest group is begun first


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A temporary folder that every user can enter: pytest closes the folders above, more of them in parallel."""
    above = [folder for folder in tmp_path.parents if folder.is_relative_to(tempfile.gettempdir())]
    for folder in (tmp_path, *above[:-1]):
        folder.chmod(0o755)
    return tmp_path
