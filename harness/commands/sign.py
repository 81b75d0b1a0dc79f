"""`wikiorder sign`: vouch for a bundle with a key."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: wikiorder sign results/coin/wikiorder-sample-1.0-test/text --key signing.pem")
@click.argument("roots", nargs=-1, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path), help="An ed25519 key, as PEM.")
@click.option("--create", is_flag=True, help="Make the key first; the file must not exist.")
def sign(roots: tuple[Path, ...], key_file: Path, create: bool) -> None:
    """Sign bundles that you have run yourself: the signature lies beside each, as BUNDLE.sig.

    A board counts it if the public key, which this prints, stands in its `trusted_keys`.
    """
    from harness.contract import bundle, signature

    key = signature.create_key(key_file) if create else signature.read_key(key_file)
    for root in roots:
        found = bundle.read(root)
        click.echo(f"{signature.sign(root, found.digest, key)}: signs {found.digest[:16]}")
    click.echo(f"public key: {signature.public_name(key)}")
