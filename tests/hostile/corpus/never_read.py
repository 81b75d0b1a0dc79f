"""Reads the first request, whose id cannot be guessed, and nothing after it."""

import json
import os
import time

request = json.loads(os.read(0, 2**16))
os.write(1, b'{"jsonrpc":"2.0","id":%d,"result":{"name":"deaf","batch":4}}\n' % request["id"])
time.sleep(3600)
