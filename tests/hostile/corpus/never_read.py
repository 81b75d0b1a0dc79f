"""Never reads its input; when input arrives, it writes the answer that it expects to be asked for."""

import os
import select
import time

select.select([0], [], [])
os.write(1, b'{"jsonrpc":"2.0","id":0,"result":{"name":"deaf","batch":4}}\n')
time.sleep(3600)
