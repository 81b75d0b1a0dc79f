"""The grid on Ray for real: a cluster of two nodes of one core each, on this machine."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from submissions.shared.grid import store
from tests.submissions.grids import WAIT_S, Grid

STORE_BYTES = 80 * 2**20  # the least that Ray takes; what cells return is a few kilobytes


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    # In a folder of its own, so that nothing is left, and at a short path: its sockets' names are bounded.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        (Path(folder) / "ray").mkdir()  # where Ray writes the cluster's address, and does not make the folder
        options = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False, "temp_dir": folder}
        cluster = Cluster(initialize_head=True, head_node_args=options)
        try:
            yield cluster
        finally:
            cluster.shutdown()


def test_where_no_cluster_answers_it_is_said_at_once(tmp_path: Path, two_categories: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with Grid(two_categories, tmp_path / "out").start("--engine", "ray", "--address", f"127.0.0.1:{free}") as running:
        _, said = running.communicate(timeout=WAIT_S)
    assert running.returncode == 2
    assert said == f"wikiorder: --address 127.0.0.1:{free}: no Ray cluster answers there (Connection refused)\n"


@pytest.mark.slow
def test_a_killed_worker_and_a_lost_node_cost_an_epoch_and_no_digit(
    cluster: Any, undisturbed: Grid, two_categories: Path, tmp_path: Path
) -> None:
    lost = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    cluster.wait_for_nodes()
    grid = Grid(two_categories, tmp_path / "out")
    with grid.start("--engine", "ray", "--address", cluster.address) as running:
        workers = [grid.wait_until_begun(cell) for cell in grid.cells]  # both at once: one on each node
        assert len(set(workers)) == 2
        os.kill(workers[0], signal.SIGKILL)
        cluster.remove_node(lost, allow_graceful=False)
        _, said = running.communicate(timeout=WAIT_S)
    assert running.returncode == 0, said
    assert all(store.read(grid.out, cell) for cell in grid.cells)
    assert all(grid.went_on(cell, kills=2) for cell in grid.cells)
    assert grid.tables() == undisturbed.tables()
