"""`wikiorder sign`: vouch for a bundle with a key."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: wikiorder sign results/coin/wikiorder-sample-1-test/text --data SET --key signing.pem")
@click.argument("roots", nargs=-1, type=click.Path(path_type=Path), metavar="BUNDLE...")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The set that was asked.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The release key, for a hidden set.")
@click.option("--key", "signing_key", required=True, type=click.Path(path_type=Path), help="An ed25519 key, as PEM.")
@click.option("--create", is_flag=True, help="Make the signing key first; the file must not exist.")
def sign(roots: tuple[Path, ...], data: Path, key_file: Path | None, signing_key: Path, create: bool) -> None:
    """Verify bundles that you have run yourself, and sign them. The signature is written beside each, as BUNDLE.sig.

    Every number is derived again from the stored predictions and the set; nothing is signed if one of the bundles
    differs. A board counts the signature if the public key, which this command prints, is in its `trusted_keys`.
    """
    from harness.contract import bundle, release, signature
    from harness.report import loading
    from harness.run import verification

    release_key = release.read_key(key_file) if key_file else None
    found = [bundle.read(root) for root in roots]
    for one in found:
        verification.require_signable(one, loading.load_set(data, one), release_key)
    key = signature.create_key(signing_key) if create else signature.read_key(signing_key)
    for one in found:
        click.echo(f"{signature.sign(one.root, one.digest, key)}: signs {one.digest[:16]}")
    click.echo(f"public key: {signature.public_name(key)}")
