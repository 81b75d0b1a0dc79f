"""Random choice without a generator: rank items by a keyed hash of their identity.

The choice depends on the key and the items alone, never on input order, worker count, platform or Python version.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def digest(key: bytes, purpose: str, *identity: str | int) -> bytes:
    """Return HMAC-SHA-256 under `key` of the purpose and the identity, encoded so that no two identities collide."""
    message = json.dumps([purpose, *identity], ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.digest(key, message, hashlib.sha256)


def token(key: bytes, purpose: str, *identity: str | int) -> str:
    """Return an opaque name of 16 hexadecimal digits."""
    return digest(key, purpose, *identity).hex()[:16]


def shuffled(count: int, key: bytes, purpose: str, *identity: str | int) -> list[int]:
    """Return the numbers below `count` in keyed order, from a single digest: fast where many orders are drawn."""
    words = hashlib.shake_256(digest(key, purpose, *identity)).digest(8 * count)
    return sorted(range(count), key=lambda number: words[8 * number : 8 * number + 8])


def order(items: Iterable[Item], key: bytes, purpose: str, identity: Callable[[Item], str]) -> list[Item]:
    """Return the items in keyed order; their identities must differ."""
    return sorted(items, key=lambda item: digest(key, purpose, identity(item)))
