"""The exchange folder: only the current batch, and nothing that sorts into the true order."""

from pathlib import Path

import pytest

from harness.run import exchange as exchange_module
from harness.run.exchange import Exchange

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


def test_a_file_of_the_set_arrives_byte_for_byte_whatever_lay_in_the_slot_before(tmp_path: Path) -> None:
    contents = [b"", b"x", bytes(range(256)) * 300, b"short"]
    sources = [tmp_path / f"source {number}" for number in range(4)]
    for source, content in zip(sources, contents, strict=True):
        source.write_bytes(content)
    (tmp_path / "exchange").mkdir()
    with Exchange(tmp_path / "exchange", 4, KEY) as exchange:
        for batch in range(10):
            names = exchange.fill(batch, [str(source) for source in sources])
            assert [(tmp_path / "exchange" / name).read_bytes() for name in names] == contents


def test_a_picture_larger_than_what_is_mapped_arrives_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "ROOM", 4096)
    (tmp_path / "large").write_bytes(b"large" * 1000)
    (tmp_path / "exchange").mkdir()
    with Exchange(tmp_path / "exchange", 1, KEY) as exchange:
        (name,) = exchange.fill(0, [str(tmp_path / "large")])
        assert (tmp_path / "exchange" / name).read_bytes() == b"large" * 1000


def test_no_time_tells_whether_a_picture_is_the_sets_own_or_was_made_for_a_variant(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"the set's")
    (tmp_path / "exchange").mkdir()
    with Exchange(tmp_path / "exchange", 4, KEY) as exchange:
        exchange.fill(0, [str(tmp_path / "picture"), b"a variant's"])
        stats = [path.stat() for path in (tmp_path / "exchange").iterdir()]
    assert {(stat.st_mtime_ns, stat.st_atime_ns) for stat in stats} == {(0, 0)}


def test_the_names_of_a_batch_are_known_before_it_is_filled(tmp_path: Path) -> None:
    with Exchange(tmp_path, 6, KEY) as exchange:
        assert exchange.names(3, 2) == exchange.fill(3, [b"first", b"second"])


def test_no_room_for_a_picture_is_an_error_and_not_a_picture_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "picture").write_bytes(b"nine bytes" * 1000)
    (tmp_path / "exchange").mkdir()
    monkeypatch.setattr(exchange_module.os, "readv", lambda source, views: 4096)
    with (
        Exchange(tmp_path / "exchange", 1, KEY) as exchange,
        pytest.raises(OSError, match="No space left on device"),
    ):
        exchange.fill(0, [str(tmp_path / "picture")])
