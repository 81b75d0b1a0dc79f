"""Lines to and from a predictor that floods, stalls, lies or dies."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contract.protocol import MAX_LINE_BYTES
from harness.errors import HarnessError, SubmissionError
from harness.sandbox.channel import STDERR, STDOUT, Channel


class Fake:
    """A predictor's streams, in memory. accepts: bytes that it reads before it stops reading."""

    def __init__(self, accepts: int = 10**9) -> None:
        self.output: queue.Queue[tuple[int, bytes] | None] = queue.Queue()
        self.accepts = accepts
        self.read_by_it = b""
        self.gone = self.closed = False

    def read(self) -> tuple[int, bytes] | None:
        return self.output.get()

    def write(self, content: memoryview, deadline: float) -> int:
        if self.gone:
            raise BrokenPipeError
        took = bytes(content[: min(7, self.accepts)])  # in small pieces, as a pipe may
        self.accepts -= len(took)
        self.read_by_it += took
        return len(took)

    def shut(self) -> None:
        self.output.put(None)

    def close(self) -> None:
        self.closed = True

    def says(self, content: bytes, stream: int = STDOUT) -> None:
        self.output.put((stream, content))


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def channel(fake: Fake, tmp_path: Path) -> Iterator[Channel]:
    made = Channel(fake, tmp_path / "log", log_bytes=10)
    yield made
    made.close()


def fault(channel: Channel) -> str:
    with pytest.raises(SubmissionError) as caught:
        channel.receive(2)
    return str(caught.value)


def settle(fake: Fake) -> None:
    """Wait until the drain has taken all."""
    while not fake.output.empty():
        time.sleep(0.001)
    time.sleep(0.02)


def test_a_line_goes_out_whole_and_a_reply_in_pieces_comes_back_whole(channel: Channel, fake: Fake) -> None:
    channel.send(b"a question of some length\n", 1)
    assert fake.read_by_it == b"a question of some length\n"
    fake.says(b"an ans")
    fake.says(b"wer\n")
    assert channel.receive(2) == b"an answer"


def test_what_is_printed_is_kept_up_to_the_cap_and_never_taken_for_an_answer(
    channel: Channel, fake: Fake, tmp_path: Path
) -> None:
    fake.says(b"loading", STDERR)
    fake.says(b" the weights" * 10_000, STDERR)
    fake.says(b"answer\n")
    assert channel.receive(2) == b"answer"
    assert (tmp_path / "log").read_bytes() == b"loading th"


def test_a_log_that_cannot_be_opened_is_no_fault_of_the_predictor(fake: Fake, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Channel(fake, tmp_path / "missing/log", 10)


def test_a_predictor_that_does_not_read_is_given_up_on(tmp_path: Path) -> None:
    fake = Fake(accepts=3)
    channel = Channel(fake, tmp_path / "log", 10)
    with pytest.raises(SubmissionError, match=r"did not read its input for 0\.1 s\. Read every line as it comes"):
        channel.send(b"a question\n", 0.1)
    channel.close()


def test_a_predictor_that_does_not_answer_is_given_up_on(channel: Channel) -> None:
    with pytest.raises(SubmissionError, match=r"gave no answer within 0\.05 s"):
        channel.receive(0.05)


def test_an_end_without_an_answer_is_told_at_once(channel: Channel, fake: Fake) -> None:
    fake.says(b"half an answ")
    fake.shut()
    assert fault(channel) == "ended without answering"


def test_a_predictor_that_has_ended_cannot_be_asked(channel: Channel, fake: Fake) -> None:
    fake.gone = True
    with pytest.raises(SubmissionError, match="ended before it was asked everything"):
        channel.send(b"question\n", 1)


def test_a_line_without_end_is_cut_off_and_not_kept(channel: Channel, fake: Fake) -> None:
    for _ in range(MAX_LINE_BYTES // 2**16 + 2):
        fake.says(b"x" * 2**16)
    assert f"sent a line of over {MAX_LINE_BYTES} bytes" in fault(channel)
    assert len(channel._partial) == 0


def test_a_long_line_is_refused_even_when_its_end_comes_with_it(channel: Channel, fake: Fake) -> None:
    fake.says(b"x" * (MAX_LINE_BYTES + 1) + b"\n")
    assert "sent a line of over" in fault(channel)


def test_a_flood_of_lines_is_the_submissions_fault_and_is_not_kept(channel: Channel, fake: Fake) -> None:
    fake.says(b"{}\n" * 10_000)
    assert "sent over 4 lines unasked" in fault(channel)
    fake.says(b"{}\n" * 10_000)
    settle(fake)
    assert len(channel._lines) == 0


def test_a_line_before_the_question_is_the_submissions_fault(channel: Channel, fake: Fake) -> None:
    fake.says(b"an answer to what is not asked yet\n")
    settle(fake)
    with pytest.raises(SubmissionError, match="wrote a line before it was asked"):
        channel.send(b"question\n", 1)


def test_closing_twice_does_no_harm_and_frees_the_stream(channel: Channel, fake: Fake) -> None:
    channel.close()
    channel.close()
    assert fake.closed


def test_a_log_that_cannot_be_written_is_our_fault_and_does_not_block_the_predictor(fake: Fake) -> None:
    """As on a full disk."""
    channel = Channel(fake, Path("/dev/full"), log_bytes=100)
    fake.says(b"printed", STDERR)
    fake.says(b"answer\n")
    settle(fake)
    with pytest.raises(HarnessError, match=r"/dev/full: No space left on device"):
        channel.receive(2)
    assert list(channel._lines) == [b"answer"]
    channel.close()
