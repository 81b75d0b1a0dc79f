"""A control that tosses a fair coin. It implements the predict-pair interface by hand, with the standard library."""

import hashlib
import json
import sys
from pathlib import Path

seed = 0
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "initialize":
        seed = request["params"]["seed"]
        result = {"name": "coin", "batch": min(64, request["params"]["max_batch"])}
    else:
        predictions = []
        for pair in request["params"]["pairs"]:
            # The toss depends on the content and not on the ids, which are new in each run.
            toss = hashlib.sha256(f"{seed} {pair['title']}".encode())
            for step in (pair["first"], pair["second"]):
                toss.update(step.get("headline", "").encode())
                toss.update(Path(step["image"]).read_bytes() if "image" in step else b"")
            predictions.append({"id": pair["id"], "p_in_order": toss.digest()[0] / 255})
        result = {"predictions": predictions}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\n")
    sys.stdout.flush()
