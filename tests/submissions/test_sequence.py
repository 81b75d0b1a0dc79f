"""The joint sequence [title; headline 1; headline 2]."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from harness.serve import Pair
from submissions.shared.sequence import Sequencer, SpecialTokens, shares, small_tokenizer

MARKS = SpecialTokens("<s>", "</s>", "</s>", "<pad>")
UNKNOWN = "<pad>"
WORDS = ["<s>", "<pad>", "</s>", "boil", "water", "pour", "it", "coffee"]  # a word's id is its place here


@pytest.fixture
def tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>"])
    return tokenizer


def pair(title: str, headlines: tuple[str, str] | None) -> Pair:
    return Pair("q", title, headlines, None)


def test_title_and_headlines_form_one_sequence_in_the_order_shown(tokenizer: Tokenizer) -> None:
    ids = Sequencer(tokenizer, MARKS, 20)(pair("coffee", ("boil water", "pour it")))
    assert ids == [0, 7, 2, 3, 4, 2, 5, 6, 2]


def test_without_headlines_only_the_title_is_read(tokenizer: Tokenizer) -> None:
    assert Sequencer(tokenizer, MARKS, 20)(pair("coffee", None)) == [0, 7, 2]


def test_a_long_first_headline_does_not_push_out_the_second(tokenizer: Tokenizer) -> None:
    ids = Sequencer(tokenizer, MARKS, 10)(pair("coffee", ("boil " * 50, "pour it " * 50)))
    assert ids == [0, 7, 2, 3, 3, 2, 5, 6, 5, 2]  # six places: the title takes one, the headlines share five


@pytest.mark.parametrize(
    ("lengths", "room", "kept"),
    [
        ([2, 3, 4], 9, [2, 3, 4]),
        ([50, 50, 50], 9, [3, 3, 3]),
        ([1, 50, 50], 9, [1, 4, 4]),
        ([50, 2, 50], 12, [5, 2, 5]),
        ([0, 0], 5, [0, 0]),
    ],
)
def test_short_parts_stay_whole_and_long_ones_share_the_rest(lengths: list[int], room: int, kept: list[int]) -> None:
    assert shares(lengths, room) == kept


def test_a_small_tokenizer_is_the_same_every_time_and_knows_every_word() -> None:
    texts = ["Boil the water.", "Pour the coffee.", "Stir it well."] * 3
    one, two = (small_tokenizer(texts, MARKS, 300) for _ in range(2))
    assert one.to_str() == two.to_str()
    assert [one.token_to_id(mark) for mark in ("<s>", "<pad>", "</s>")] == [0, 1, 2]
    assert one.decode(one.encode("zürich & κόσμος").ids) == " zürich & κόσμος"


def test_a_word_may_stand_for_a_separator_that_a_tokenizer_lacks() -> None:
    marks = SpecialTokens("<start>", ";", "<end>", "<end>")
    tokenizer = small_tokenizer(["boil water", "pour"], marks, 280)
    ids = Sequencer(tokenizer, marks, 40)(pair("coffee", ("boil", "pour")))
    assert tokenizer.decode(ids, skip_special_tokens=False) == "<start> coffee ; boil ; pour<end>"
