"""The reading of answers: letters in text, log-probabilities, hidden reasoning; and the settings of an endpoint."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from PIL import Image

from harness.contract.frozen_set import Manifest
from harness.contract.result import PictureBound
from harness.errors import InputError
from harness.serve_prompt import GeneratedToken, LetterAnswer, Prompt, letter_log_odds, p_in_order, read_answer
from harness.serve_prompt import read_letter as letter_of
from harness.served import settings
from harness.served.client import retry_after
from harness.served.questions import data_url
from tests.sets import tiny_set

SURE = {"A": math.log(0.9), "B": math.log(0.05)}


@pytest.mark.parametrize("text", ["A", " A\n", "A.", "**A**", "(A)", "Answer: A", "The answer is A.", "Step A", '"A"',
                                  "\\boxed{A}", "A. Boil the water first.", "Final answer: **A**",
                                  "<think>B? No, B is later.</think>\n\nA",
                                  "<|channel|>analysis<|message|>B<|end|><|channel|>final<|message|>A"])  # fmt: skip
def test_a_clear_answer_is_read(text: str) -> None:
    assert letter_of(text) == "A"


@pytest.mark.parametrize("text", ["", "A or B", "A, B", "A pan is heated first", "a", "Both", "I cannot tell.", "AB",
                                  "A. But B may come first", "<think>The first is A", "C", "Neither A"])  # fmt: skip
def test_an_unclear_answer_is_not_read(text: str) -> None:
    assert letter_of(text) is None


def test_log_odds_are_those_of_the_letters() -> None:
    assert letter_log_odds(SURE) == pytest.approx(math.log(18))
    assert letter_log_odds({" A": -1.0, "▁B": -2.0, "x": -3.0}) == pytest.approx(1.0)
    assert letter_log_odds({"A": -0.1, "x": -5.0}) == pytest.approx(4.9), "B is at most as probable as the last listed"
    assert letter_log_odds({"x": -0.1}) is None


def test_reasoning_is_cut_off_before_log_probabilities_are_read() -> None:
    reasoning = [GeneratedToken(text, {"B": -0.1, "A": -3.0}) for text in ("<think>", "B", "</think>", "\n\n")]
    answer = read_answer("<think>B</think>\n\nA", [*reasoning, GeneratedToken("A", SURE)])
    assert answer.log_odds == pytest.approx(math.log(18))
    hidden = read_answer("A", [*reasoning[1:2], GeneratedToken("A", SURE)], hidden_reasoning=True)
    assert hidden == LetterAnswer("text", 1.0), "where reasoning ends cannot be told, so the text is read"


def test_the_letter_after_a_few_words_decides() -> None:
    tokens = [GeneratedToken("Answer", {"Answer": -0.1, "A": -9.0, "B": -2.5}), GeneratedToken(":", {":": 0.0}),
              GeneratedToken(" A", {" A": -0.1, " B": -2.4})]  # fmt: skip
    assert read_answer("Answer: A", tokens).log_odds == pytest.approx(2.3)


def test_any_liking_for_a_letter_cancels() -> None:
    likes_a = [LetterAnswer("log-probabilities", 0.95, 3.0)]
    assert p_in_order(likes_a, likes_a) == 0.5
    always_a = [LetterAnswer("text", 1.0)]
    assert p_in_order(always_a, always_a) == 0.5
    assert p_in_order([LetterAnswer("text", 1.0)], [LetterAnswer("text", 0.0)]) == 1.0
    assert p_in_order([LetterAnswer("unreadable", 0.5)], [LetterAnswer("text", 0.0)]) == 0.75


def test_a_title_cannot_fill_a_place_of_the_prompt() -> None:
    parts = Prompt().parts("{headline} {letter}", ("Boil {title}.", "Pour."), pictures=False, order=(1, 0))
    assert parts[0] == 'Two steps of the how-to article "{headline} {letter}":'
    assert parts[2] == "\nStep B: Boil {title}.\n"


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [({"retry-after": "7"}, 7.0), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "soon"}, None), ({}, None),
     ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90.0), ({"retry-after": "1e9"}, 600.0)],
)  # fmt: skip
def test_the_pause_that_a_server_asks_for_is_read(stated: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(stated), now=10.0) == seconds


@pytest.mark.parametrize(
    ("host", "allowed", "where"),
    [("127.0.0.1", (), "loopback"), ("::1", (), "loopback"), ("10.1.2.3", (), "named host"),
     ("8.8.8.8", (), "third party"), ("models.invalid", (), "third party"),
     ("models.invalid", ("models.invalid",), "named host")],
)  # fmt: skip
def test_where_questions_go(host: str, allowed: tuple[str, ...], where: str) -> None:
    assert settings.destination(host, allowed) == where


def test_a_hidden_set_is_not_shown_to_a_third_party(tmp_path: Path) -> None:
    public = tiny_set(tmp_path)
    assert settings.require_disclosure(public, "models.invalid", disclose=False) == "third party"
    hidden = replace(public, manifest=replace_manifest(public.manifest, {}))
    with pytest.raises(InputError, match="is hidden, and whoever serves"):
        settings.require_disclosure(hidden, "models.invalid", disclose=False)
    with pytest.raises(InputError, match="is hidden"):
        settings.require_disclosure(hidden, "10.1.2.3", disclose=False)
    assert settings.require_disclosure(hidden, "127.0.0.1", disclose=False) == "loopback"
    assert settings.require_disclosure(hidden, "models.invalid", disclose=True) == "third party"
    listed = replace(public, manifest=replace_manifest(public.manifest, {"endpoints": ["models.invalid"]}))
    assert settings.require_disclosure(listed, "models.invalid", disclose=False) == "named host"


def replace_manifest(manifest: Manifest, details: dict[str, list[str]]) -> Manifest:
    return msgspec.structs.replace(manifest, visibility="hidden", details=details)


@pytest.mark.parametrize(
    ("url", "found"),
    [("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"), ("https://x.example/api/v1/", "https://x.example/api/v1"),
     ("http://[::1]:80/v1/chat/completions", "http://[::1]:80/v1")],
)  # fmt: skip
def test_a_url_is_completed(url: str, found: str) -> None:
    assert settings.normalise_url(url) == found


@pytest.mark.parametrize("url", ["https://me:secret@x.example/v1", "https://x.example/v1?key=secret", "ftp://x", "x:y"])
def test_a_url_that_holds_a_secret_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(InputError) as refused:
        settings.normalise_url(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("field", ['title = "An article:"', 'step = "Step {letter}"', 'colour = "red"'])
def test_a_prompt_that_would_hide_the_question_is_refused(field: str, tmp_path: Path) -> None:
    (tmp_path / "prompt.toml").write_text(f'version = "mine"\n{field}\n')
    with pytest.raises(InputError, match=r"prompt\.toml"):
        settings.read_prompt(tmp_path / "prompt.toml")


def test_pictures_are_sent_within_the_bound_and_unchanged_below_it(tmp_path: Path) -> None:
    Image.effect_noise((900, 600), 90).convert("RGB").save(tmp_path / "large.png")
    large = data_url(tmp_path / "large.png", PictureBound(side=512, bytes=30_000))
    assert large.startswith("data:image/jpeg;base64,")
    assert len(large) * 3 / 4 < 30_100
    Image.new("RGB", (40, 30)).save(tmp_path / "small.png")
    assert data_url(tmp_path / "small.png", PictureBound(side=512, bytes=30_000)).startswith("data:image/png;base64,")
