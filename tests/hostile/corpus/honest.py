"""A minimal honest predictor: attacks import `loop` and differ from it in a line or two."""

import json
import os
import sys

try:
    with open("gift.json") as stream:  # what an attacker could at best have guessed: the test tells it
        GIFT = json.load(stream)
except FileNotFoundError:
    GIFT = {}


def reply(request, result):
    os.write(1, json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode() + b"\n")


def predictions(request, p=0.25):
    return [{"id": pair["id"], "p_in_order": p} for pair in request["params"]["pairs"]]


def found(what):
    """Say that an attack got somewhere; the test looks for this word in the log."""
    print("FOUND", what, file=sys.stderr, flush=True)


def readable(path):
    """Whether anything of a file, or of a folder's list, can be read."""
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # it may be a pipe
        try:
            return bool(os.read(descriptor, 1))
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return False


def loop(start=lambda request: None, answer=lambda request: {"predictions": predictions(request)}):
    """start: called with the first request. answer: the result for a batch."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "initialize":
            start(request)
            reply(request, {"name": "hostile", "batch": min(4, request["params"]["max_batch"])})
        else:
            reply(request, answer(request))


if __name__ == "__main__":
    loop()
