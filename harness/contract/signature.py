"""Signatures of bundles: ed25519 over a bundle's digest, in `<bundle>.sig` beside the folder.

The digest is that of SHA256SUMS, thus of every file in the bundle. The signature stands outside the folder, so that
signing does not change the bundle. Covered: the holder of the key signed exactly these bytes. Not covered: that the
run was honest, which only the holder can know.

    {"bundle": <64 hex digits>, "format": 1, "key": <64 hex digits>, "signature": <128 hex digits>}
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.contract import decoding, files
from harness.contract.decoding import Record
from harness.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT: Literal[1] = 1
PURPOSE = b"wikiorder bundle 1\n"  # the first bytes of every signed text, so that a signature serves for nothing else

Hex64 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class SignatureFile(Record, frozen=True, kw_only=True):
    """`<bundle>.sig`: the digest of the bundle, the public key, and the signature, in hexadecimal digits."""

    bundle: Hex64
    key: Hex64
    signature: Annotated[str, Meta(pattern="^[0-9a-f]{128}$")]
    format: Literal[1] = FORMAT


def path_of(root: Path) -> Path:
    """Return the path of a bundle's signature, beside its folder."""
    return root.with_name(root.name + ".sig")


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a new private key, readable by its owner alone.

    Raises:
        InputError: the file exists, or cannot be written.
    """
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
    """Read a private key from a PEM file, as `create_key` and `openssl genpkey -algorithm ed25519` write it.

    Raises:
        InputError: the file cannot be read, or holds no unencrypted ed25519 key.
    """
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
    """Return the public key as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def sign(root: Path, digest: str, key: Ed25519PrivateKey, purpose: bytes = PURPOSE) -> Path:
    """Write the signature of the bundle or file `root`, which has this digest. The same input gives the same bytes."""
    signed = key.sign(purpose + digest.encode()).hex()
    record = SignatureFile(bundle=digest, key=public_name(key), signature=signed)
    path = path_of(root)
    files.write(path, decoding.json_page(record).encode())
    return path


def signer(path: Path, digest: str, purpose: bytes = PURPOSE) -> str | None:
    """Return the public key that signed the bundle of this digest; None where there is no signature.

    Raises:
        InputError: there is a signature, but it is malformed, of another bundle, or does not verify.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not path.is_file():
        return None
    record = decoding.decode(SignatureFile, path.read_bytes(), str(path))
    if record.bundle != digest:
        raise InputError(f"{path}: signs bundle {record.bundle[:12]}…, but this one is {digest[:12]}…; sign it again")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(record.key))
        public.verify(bytes.fromhex(record.signature), purpose + digest.encode())
    except (InvalidSignature, ValueError):
        raise InputError(f"{path}: the signature does not hold for key {record.key[:12]}…; sign it again") from None
    return record.key
