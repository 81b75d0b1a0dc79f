"""The predict-pair interface: what is sent, and what becomes of every reply that breaks it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract import protocol
from harness.contract.protocol import Hello, SentQuestion
from harness.errors import SubmissionError
from harness.records import Modality, Step, StepPair

PAIR = StepPair("p1", "Food", "Make Coffee", Step("Boil water.", "images/a.jpg"), Step("Pour.", "images/b.jpg"))
ASKED = {"q1": "p1", "q2": "p2"}
BOTH = [{"id": "q1", "p_in_order": 0.25}, {"id": "q2", "p_in_order": 1}]


def line(result: Any, request_id: Any = 3) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result}).encode()


def answers(*predictions: Any) -> bytes:
    return line({"predictions": list(predictions)})


def asked(modality: Modality) -> dict[str, Any]:
    """The one pair of a request in this modality."""
    question = SentQuestion("q1", PAIR, "/exchange/9c", "/exchange/4e")
    message = protocol.predict_pairs(3, [question], modality)
    assert message.endswith(b"\n")
    assert message.count(b"\n") == 1
    request = json.loads(message)
    assert (request["jsonrpc"], request["id"], request["method"]) == ("2.0", 3, "predict_pairs")
    (pair,) = request["params"]["pairs"]
    assert isinstance(pair, dict)
    return pair


def test_the_first_request_names_protocol_modality_seed_and_batch() -> None:
    assert json.loads(protocol.initialize(0, Modality.VISION, 7, 64)) == {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {"protocol": 1, "modality": "vision", "seed": 7, "max_batch": 64},
    }


def test_vision_and_text_sends_title_headlines_and_pictures_under_an_opaque_id() -> None:
    assert asked(Modality.VISION_TEXT) == {
        "id": "q1",
        "title": "Make Coffee",
        "first": {"headline": "Boil water.", "image": "/exchange/9c"},
        "second": {"headline": "Pour.", "image": "/exchange/4e"},
    }


def test_in_modality_text_no_picture_travels() -> None:
    assert asked(Modality.TEXT)["first"] == {"headline": "Boil water."}


def test_in_modality_vision_no_headline_travels() -> None:
    assert asked(Modality.VISION)["second"] == {"image": "/exchange/4e"}


def test_predictions_come_back_in_the_order_asked() -> None:
    found = protocol.read_reply(answers(*reversed(BOTH)), 3, ASKED)
    assert list(found.p_in_order.items()) == [("q1", 0.25), ("q2", 1.0)]


def test_a_hello_may_ask_for_a_smaller_batch() -> None:
    assert protocol.read_hello(line({"name": "blip", "batch": 32}), 3, 64) == Hello("blip", 32)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "the reply is not JSON: ''"),
        (b"hello", "the reply is not JSON: 'hello'. Print nothing else to stdout."),
        (b"\xff\xfe\x00", "the reply is not JSON"),
        (b"[" * 100_000, "the reply is not JSON"),
        (b'{"id": ' + b"9" * 5000 + b"}", "the reply is not JSON"),
        (b"null", "the reply is 'None'; wanted a JSON-RPC object with id 3"),
        (b"[1]", "the reply is '[1]'; wanted a JSON-RPC object with id 3"),
        (line({"predictions": BOTH}, 2), "wanted a JSON-RPC object with id 3"),
        (line({"predictions": BOTH}, "3"), "wanted a JSON-RPC object with id 3"),
        (line({"predictions": BOTH}, 3.0), "wanted a JSON-RPC object with id 3"),
        (line({"predictions": BOTH}, True), "wanted a JSON-RPC object with id 3"),
        (b'{"id":3,"error":{"code":1,"message":"out of memory"}}', "the predictor reports an error"),
        (b'{"id":3}', "`result` is 'None'; wanted an object"),
        (line([]), "`result` is '[]'; wanted an object"),
        (line({}), "`predictions` is 'None'; send a list"),
        (line({"predictions": {"q1": 0.5}}), "`predictions` is"),
        (answers("q1", "q2"), "a prediction is 'q1'; wanted {id, p_in_order}"),
        (answers({"p_in_order": 0.5}), "wanted {id, p_in_order}"),
        (answers({"id": 7, "p_in_order": 0.5}), "wanted {id, p_in_order}"),
        (answers(BOTH[0]), "answers 1 of 2 pairs; 1 missing, such as q2. Answer each pair exactly once."),
        (answers(), "answers 0 of 2 pairs; 2 missing, such as q1"),
        (answers(*BOTH, BOTH[0]), "answers 'q1' twice. Answer each pair exactly once."),
        (answers(*BOTH, {"id": "q9", "p_in_order": 0.5}), "answers 'q9', which was not asked. Answer the ids asked."),
        (answers({"id": "p1", "p_in_order": 0.5}), "answers 'p1', which was not asked"),
        (answers({"id": "q1"}), "q1: `p_in_order` is 'None'; wanted a number in [0, 1]"),
        (answers({"id": "q1", "p_in_order": "0.5"}), "q1: `p_in_order` is '0.5'; wanted a number in [0, 1]"),
        (answers({"id": "q1", "p_in_order": True}), "q1: `p_in_order` is 'True'"),
        (answers({"id": "q1", "p_in_order": [0.5]}), "q1: `p_in_order` is '[0.5]'"),
        (answers({"id": "q1", "p_in_order": float("nan")}), "q1: `p_in_order` is 'nan'"),
        (answers({"id": "q1", "p_in_order": float("inf")}), "q1: `p_in_order` is 'inf'"),
        (answers({"id": "q1", "p_in_order": -0.01}), "q1: `p_in_order` is '-0.01'"),
        (answers({"id": "q1", "p_in_order": 1.01}), "q1: `p_in_order` is '1.01'"),
        (answers({"id": "q1", "p_in_order": 10**400}), "q1: `p_in_order` is '1000"),
    ],
)
def test_a_reply_that_breaks_the_protocol_is_one_clear_line(reply: bytes, words: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        protocol.read_reply(reply, 3, ASKED)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"batch": 4}, "`name` is 'None'; send the predictor's name, a string"),
        ({"name": 5, "batch": 4}, "`name` is '5'"),
        ({"name": "x"}, "`batch` is 'None'; send a whole number from 1 to 64"),
        ({"name": "x", "batch": 0}, "`batch` is '0'"),
        ({"name": "x", "batch": 65}, "`batch` is '65'; send a whole number from 1 to 64"),
        ({"name": "x", "batch": True}, "`batch` is 'True'"),
        ({"name": "x", "batch": 4.0}, "`batch` is '4.0'"),
    ],
)
def test_a_hello_that_breaks_the_protocol_is_one_clear_line(result: dict[str, Any], words: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        protocol.read_hello(line(result), 3, 64)
    assert words in str(caught.value)


def test_what_a_stranger_wrote_is_shown_short_and_without_control_characters() -> None:
    with pytest.raises(SubmissionError) as caught:
        protocol.read_reply(b"\x1b[2J\n" + b"x" * 10_000, 3, ASKED)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_nesting_of_any_depth_is_the_submissions_fault() -> None:
    """Python can parse some depths that it cannot show."""
    for depth in range(800, 1100, 3):
        with pytest.raises(SubmissionError):
            protocol.read_reply(b"[" * depth + b"]" * depth, 3, ASKED)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["q1", "q2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "result", "error", "predictions", "p_in_order"]), inner, max_size=4)
    ),
)


@given(st.binary(max_size=60) | ANYTHING.map(lambda value: json.dumps(value).encode()) | ANYTHING.map(line))
def test_whatever_comes_is_either_predictions_or_the_submissions_fault(reply: bytes) -> None:
    try:
        found = protocol.read_reply(reply, 3, ASKED)
    except SubmissionError as error:
        assert "\n" not in str(error)
    else:
        assert list(found.p_in_order) == ["q1", "q2"]
