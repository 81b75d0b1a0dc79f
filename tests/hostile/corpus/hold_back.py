"""Delays an answer and watches /exchange for the pictures of the next question."""

import os
import time

from honest import found, loop, predictions


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
