"""Settings of every test, and which tests may run side by side."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

IMAGES = "tests/images/"
os.environ["WIKIORDER_FORGET"] = "0"  # cold caches before each start would take minutes in all; own tests turn it on


class FilesSideBySide(LoadFileScheduling):
    """The tests of one file share a worker, and its fixtures; likewise all that build images and count what is there.

    The plugin's own groups are tags in the ids of tests, which pytest 9.2 does not let it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return IMAGES if file.startswith(IMAGES) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesSideBySide:
    return FilesSideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the images, then files with long tests, so that none of them is alone at the end."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in ("docker", "slow"))}
    items.sort(key=lambda item: (not item.nodeid.startswith(IMAGES), item.path not in long))


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A temporary folder that every user can enter: pytest closes the folders above, more of them in parallel."""
    above = [folder for folder in tmp_path.parents if folder.is_relative_to(tempfile.gettempdir())]
    for folder in (tmp_path, *above[:-1]):
        folder.chmod(0o755)
    return tmp_path
