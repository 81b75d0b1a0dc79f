"""A fair coin, and the predict-pair interface spoken by hand: nothing of ours is imported."""

import hashlib
import json
import sys

seed = 0
for line in sys.stdin:
    request = json.loads(line)
    params = request["params"]
    if request["method"] == "initialize":
        seed = params["seed"]
        result = {"name": "coin", "batch": min(64, params["max_batch"])}
    else:
        tosses = [(pair["id"], hashlib.sha256(f"{seed} {pair['id']}".encode()).digest()[0]) for pair in params["pairs"]]
        result = {"predictions": [{"id": pair, "p_in_order": toss / 255} for pair, toss in tosses]}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}) + "\n")
    sys.stdout.flush()
