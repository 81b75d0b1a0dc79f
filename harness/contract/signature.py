"""Who vouches for a bundle: an ed25519 signature over its digest, in `<bundle>.sig` beside the folder.

The digest is that of SHA256SUMS, thus of every file in the bundle. The signature stands outside, so that a bundle
stays the same whoever signs it. Covered: that the holder of the key signed these very bytes. Not covered: that the
run was honest, which only the holder can know.

    {"bundle": <64 hex digits>, "format": 1, "key": <64 hex digits>, "signature": <128 hex digits>}
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.contract import files
from harness.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = 1
PURPOSE = b"wikiorder bundle 1\n"  # what is signed begins so: a signature serves for nothing else
HEX = re.compile(r"[0-9a-f]+")
SIZES = {"bundle": 64, "key": 64, "signature": 128}  # hexadecimal digits


def path_of(root: Path) -> Path:
    """Where the signature of a bundle lies: beside its folder."""
    return root.with_name(root.name + ".sig")


def create_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, readable by its owner alone; an existing file is left as it is."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"{path}: a file lies here already; name another, or sign with it as it is") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a file that can be written") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file, as create_key and `openssl genpkey -algorithm ed25519` write it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a key file, or make one with --create") from None
    except (ValueError, TypeError):
        raise InputError(f"{path}: not an unencrypted PEM key; make one with --create") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: a {type(key).__name__}, wanted an ed25519 key; make one with --create")
    return key


def public_name(key: Ed25519PrivateKey) -> str:
    """The public half, as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def sign(root: Path, digest: str, key: Ed25519PrivateKey) -> Path:
    """Write the signature of the bundle `root`, whose digest this is. The same key and bundle give the same bytes."""
    record = {
        "format": FORMAT,
        "bundle": digest,
        "key": public_name(key),
        "signature": key.sign(PURPOSE + digest.encode()).hex(),
    }
    path = path_of(root)
    files.write(path, files.json_page(record).encode())
    return path


def signer(path: Path, digest: str) -> str | None:
    """The public key that signed the bundle of this digest; None where there is no signature.

    An InputError says why a signature that is there does not hold.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not path.is_file():
        return None
    record = files.parse_object(path.read_bytes(), str(path))
    for name, size in SIZES.items():
        if not isinstance(value := record.get(name), str) or len(value) != size or not HEX.fullmatch(value):
            raise InputError(f"{path}: {name} is not {size} hexadecimal digits; sign the bundle again")
    if record["bundle"] != digest:
        raise InputError(
            f"{path}: signs bundle {record['bundle'][:12]}…, but this one is {digest[:12]}…; sign it again"
        )
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(record["key"]))
        public.verify(bytes.fromhex(record["signature"]), PURPOSE + digest.encode())
    except (InvalidSignature, ValueError):
        raise InputError(f"{path}: the signature does not hold for key {record['key'][:12]}…; sign it again") from None
    return str(record["key"])
