"""Never reads its input, but when there is some says what it expects to be asked."""

import os
import select
import time

select.select([0], [], [])
os.write(1, b'{"jsonrpc":"2.0","id":0,"result":{"name":"deaf","batch":4}}\n')
time.sleep(3600)
