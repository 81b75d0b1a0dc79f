"""Asks for more pairs at once than it was offered."""

import json
import sys

from honest import reply

reply(json.loads(sys.stdin.readline()), {"name": "greedy", "batch": 10_000})
