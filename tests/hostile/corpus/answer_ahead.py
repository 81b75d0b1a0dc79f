"""Sends two replies to one question, in one piece: the second is there before the next question is asked."""

import json
import os

from honest import loop, predictions


def twice(request):
    result = {"predictions": predictions(request)}
    line = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode() + b"\n"
    os.write(1, line + line)
    return result


loop(answer=twice)
