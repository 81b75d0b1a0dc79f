"""The exchange folder: only the current batch, and nothing that sorts into the true order."""

from pathlib import Path

import pytest

from harness.exchange import Exchange

KEY = b"run key"


def test_each_picture_is_where_its_slot_says(tmp_path: Path) -> None:
    with Exchange(tmp_path, 6, KEY) as exchange:
        names = exchange.fill(0, [b"one", b"three", b"", b"four!"])
        assert [(tmp_path / name).read_bytes() for name in names] == [b"one", b"three", b"", b"four!"]


def test_nothing_of_the_batch_before_is_left(tmp_path: Path) -> None:
    with Exchange(tmp_path, 4, KEY) as exchange:
        exchange.fill(0, [b"long content"] * 4)
        names = exchange.fill(1, [b"x"])
        assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"", b"", b"", b"x"]
        assert (tmp_path / names[0]).read_bytes() == b"x"


def test_slots_are_reused_so_inodes_and_names_stay(tmp_path: Path) -> None:
    with Exchange(tmp_path, 8, KEY) as exchange:
        before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
        drawn = [tuple(exchange.fill(batch, [b"x"] * 8)) for batch in range(20)]
        assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before
    assert len(set(drawn)) == 20  # a new order each batch
    firsts = [order.index(min(order)) for order in drawn]
    assert len(set(firsts)) > 3  # and no slot is tied to a place in the batch


def test_slots_are_written_in_their_own_order(tmp_path: Path) -> None:
    """Change times may sort pictures, but only into the slots' order, which says nothing of first and second."""
    later_is_first = 0
    with Exchange(tmp_path, 2, KEY) as exchange:
        slots = sorted(exchange.fill(0, [b"a", b"b"]))
        for batch in range(200):
            later_is_first += exchange.fill(batch, [b"first", b"second"]) == slots
    assert 70 < later_is_first < 130  # a fair coin, within 4 sigma


def test_more_pictures_than_slots_is_our_fault(tmp_path: Path) -> None:
    with Exchange(tmp_path, 2, KEY) as exchange, pytest.raises(ValueError, match="do not fit"):
        exchange.fill(0, [b"x"] * 3)


def test_another_user_can_read_the_slots_whatever_the_umask(tmp_path: Path) -> None:
    with Exchange(tmp_path, 1, KEY):
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}
