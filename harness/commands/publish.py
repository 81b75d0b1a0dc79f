"""`wikiorder publish`: the public bundle of a result on a hidden set."""

from __future__ import annotations

from pathlib import Path

import click

LEDGER = Path("leaderboard/record/ledger.jsonl")


@click.command(epilog="Example: wikiorder publish results/blip/wikiorder-2-test/vision_text public/blip --team ours")
@click.argument("root", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.argument("out", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--team", required=True, help="The team whose looks are counted: lower-case letters, digits, - and _.")
@click.option("--ledger", "book", type=click.Path(path_type=Path), default=LEDGER, show_default=True)
@click.option("--key", "signing_key", type=click.Path(path_type=Path), help="Sign the copy with the key of BUNDLE.")
def publish(root: Path, out: Path, team: str, book: Path, signing_key: Path | None) -> None:
    """Make the public bundle of a result on a hidden set, and count this look in the ledger.

    The score is released only if it is better than the team's best by more than the set can resolve; otherwise the best
    is repeated. Predictions, counts per article, other scores and texts of the submission are left out. With --key the
    copy is signed; a BUNDLE that the same key has not signed (`wikiorder sign`) is refused.
    """
    from msgspec import UNSET

    from harness.contract import bundle, publication, signature
    from harness.errors import CheckError

    private = bundle.read(root)
    key = signature.read_key(signing_key) if signing_key else None
    if key and signature.signer(signature.path_of(root), private.digest) != signature.public_name(key):
        raise CheckError(f"{root}: not signed by this key; sign it first: `wikiorder sign {root} --data SET`")
    found = publication.publish(private, out, book, team)
    if key:
        signature.sign(out, found.digest, key)
    released = found.result.released
    score = "no score" if released is UNSET else f"{100 * released.value:.1f} %"
    click.echo(f"{out}: public, sha256:{found.digest}; released: {score}")
