"""Random choice without a generator."""

from harness import keyed

KEY = b"key"


def test_order_depends_on_the_items_and_not_on_how_they_come() -> None:
    items = [f"item {n}" for n in range(50)]
    ordered = keyed.order(items, KEY, "test", str)
    assert ordered == keyed.order(reversed(items), KEY, "test", str)
    assert ordered != items
    assert sorted(ordered) == sorted(items)


def test_key_and_purpose_each_change_the_order() -> None:
    items = [str(n) for n in range(50)]
    orders = [keyed.order(items, k, p, str) for k, p in ((KEY, "a"), (KEY, "b"), (b"other", "a"))]
    assert len({tuple(order) for order in orders}) == 3


def test_adding_an_item_leaves_the_others_in_their_order() -> None:
    items = [str(n) for n in range(20)]
    longer = keyed.order([*items, "new"], KEY, "test", str)
    assert [item for item in longer if item != "new"] == keyed.order(items, KEY, "test", str)


def test_no_two_identities_share_an_encoding() -> None:
    assert keyed.digest(KEY, "p", "a", "b") != keyed.digest(KEY, "p", "ab")
    assert keyed.digest(KEY, "p", "1") != keyed.digest(KEY, "p", 1)


def test_a_digest_is_the_same_on_every_machine() -> None:
    assert keyed.token(KEY, "pair", "p1") == "f43dc8726ab27852"


def test_shuffled_is_a_fair_permutation_that_key_purpose_and_identity_change() -> None:
    drawn = [tuple(keyed.shuffled(3, KEY, "test", n)) for n in range(600)]
    assert {tuple(sorted(order)) for order in drawn} == {(0, 1, 2)}
    counts = [drawn.count(order) for order in set(drawn)]
    assert len(counts) == 6
    assert min(counts) > 64  # 100 expected; 4 sigma below
    assert keyed.shuffled(50, KEY, "test", 1) == keyed.shuffled(50, KEY, "test", 1)
    assert keyed.shuffled(50, KEY, "test", 1) != keyed.shuffled(50, b"other", "test", 1)
    assert keyed.shuffled(50, KEY, "test", 1) != keyed.shuffled(50, KEY, "other", 1)
