"""Programs that break the protocol: they answer wrongly, late, too much or never. `python3 misanswers.py NAME`."""

import json
import os
import signal
import sys
import time

from honest import found, loop, predictions, reply


def exit_at_once():
    """Exits with code 0 without an answer."""


def never_start():
    """Never finishes loading."""
    time.sleep(3600)


def greedy_hello():
    """Asks for more pairs at once than it was offered."""
    reply(json.loads(sys.stdin.readline()), {"name": "greedy", "batch": 10_000})


def never_read():
    """Reads the first request, whose id cannot be guessed, and nothing after it."""
    request = json.loads(os.read(0, 2**16))
    os.write(1, b'{"jsonrpc":"2.0","id":%d,"result":{"name":"deaf","batch":4}}\n' % request["id"])
    time.sleep(3600)


def dies():
    """Dies while it is asked."""
    loop(answer=lambda request: os._exit(3))


def hangs():
    """Reads the question and never answers."""
    loop(answer=lambda request: time.sleep(3600))


def nonsense():
    """Answers something that is not JSON."""
    loop(answer=lambda request: os.write(1, b"the steps are in order, I think\n") and {})


def answer_some():
    """Leaves out the pairs it is not sure of."""
    loop(answer=lambda request: {"predictions": predictions(request)[1:]})


def answer_twice():
    """Answers each pair both ways, and hopes that the better counts."""
    loop(answer=lambda request: {"predictions": predictions(request, 0.0) + predictions(request, 1.0)})


def other_pairs():
    """Answers for a pair that it was not asked."""
    loop(answer=lambda request: {"predictions": [*predictions(request), {"id": "0123456789abcdef", "p_in_order": 1}]})


def answer_deeply():
    """Answers JSON nested a million deep."""
    loop(answer=lambda request: os.write(1, b"[" * 10**6 + b"\n") and os._exit(0))


def answer_late():
    """Answers after the time limit."""
    loop(answer=lambda request: time.sleep(6) or {"predictions": predictions(request)})


def answer_ahead():
    """Sends two replies to one question, in one piece: the second is there before the next question is asked."""

    def twice(request):
        result = {"predictions": predictions(request)}
        line = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode() + b"\n"
        os.write(1, line + line)
        return result

    loop(answer=twice)


def answer_oddly():
    """Answers with a value that is not a probability; its argument names the value."""
    values = {
        "nan": float("nan"),
        "inf": float("inf"),
        "string": "1",
        "bool": True,
        "null": None,
        "big": 10**30,
        "list": [1],
    }
    loop(answer=lambda request: {"predictions": predictions(request, values[sys.argv[1]])})


def change_by_batch():
    """Answers by the other pairs of the batch, not by the pair itself."""
    asked = []

    def answer(request):
        asked.append(request)
        return {"predictions": predictions(request, (len(asked) % 10) / 10)}

    loop(answer=answer)


def long_line():
    """Sends one line of 1 GB."""

    def send(_request):
        for _ in range(1000):
            os.write(1, b"x" * 10**6)

    loop(answer=send)


def flood_stdout():
    """Writes lines without end, and reads nothing meanwhile."""

    def flood(_request):
        while True:
            os.write(1, b"{}\n" * 10_000)

    loop(flood)


def flood_stderr():
    """Prints 16 MB before each answer."""

    def flood(request):
        for _ in range(16):
            os.write(2, b"x" * 10**6)
        return {"predictions": predictions(request)}

    loop(answer=flood)


def trickle():
    """Sends its answer a byte at a time, for ever: always about to finish."""

    def send(_request):
        while True:
            os.write(1, b" ")
            time.sleep(0.05)

    loop(answer=send)


def fake_results():
    """Prints text that a harness might take for a result, in its colours."""
    fake = b'\x1b[2J{"status":"scored","scores":{"accuracy":{"macro":{"value":1.0}}}}\n'

    def send(_request):
        os.write(2, fake)
        os.write(1, fake)

    loop(answer=send)


def crash_late():
    """Crashes after most of the questions."""
    asked = []

    def answer(request):
        asked.append(request)
        if len(asked) == 5:
            os.kill(os.getpid(), 11)
        return {"predictions": predictions(request)}

    loop(answer=answer)


def hold_back():
    """Delays an answer and watches /exchange for the pictures of the next question."""

    def watch(request):
        pairs = request["params"]["pairs"]
        asked = {os.path.basename(step["image"]) for pair in pairs for step in (pair["first"], pair["second"])}
        folder = os.path.dirname(pairs[0]["first"]["image"])
        for _ in range(5):
            for name in os.listdir(folder):
                if name not in asked and os.path.getsize(f"{folder}/{name}"):
                    found(f"a picture that was not asked: {name}")
            time.sleep(0.02)
        return {"predictions": predictions(request)}

    loop(answer=watch)


def ignore_the_end():
    """Answers honestly; then ignores SIGTERM and the end of its input."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    loop()
    time.sleep(3600)


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
