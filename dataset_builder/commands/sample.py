"""`wikiorder dataset sample`: draw the calibrated sample and freeze it as any other set."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from dataset_builder import spec
from harness.errors import InputError

FRESH = spec.Quota(train=0, validation=0, test=600)  # of a category's 60 articles, ten pairs each


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make; it must not exist.")
@click.option("--fresh", default="", metavar="NAME", help="Another draw, of test pairs alone: 600 a category.")
def sample(out: Path, fresh: str) -> None:
    """Draw the how-to articles of the calibrated sample and freeze them: the very bytes that ship.

    A fresh draw holds articles that no checkpoint has seen and nobody has chosen a setting on, with the same ceilings.

    \b
    wikiorder dataset sample --out sets/wikiorder-sample
    wikiorder dataset sample --fresh 2027 --out sets/fresh
    """
    from dataset_builder import build
    from dataset_builder.sample import sample as drawn

    if not re.fullmatch(r"[a-z0-9-]{0,32}", fresh):
        raise InputError(f"--fresh {fresh!r}: wanted up to 32 of a-z, 0-9 and -; it becomes part of the set's name")
    build.refuse_existing(out)
    with TemporaryDirectory() as raw:
        drawn.draw(Path(raw), fresh)
        built = build.build(build.Request(asked(fresh), Path(raw), out))
    click.echo(f"{out}  sha256:{built.digest}")


def asked(fresh: str) -> spec.Spec:
    """The shipped spec, or the same with every article in test."""
    shipped = spec.load("wikiorder-sample")
    if not fresh:
        return shipped
    everything = dict.fromkeys(shipped.categories, FRESH)
    return replace(
        shipped,
        name=f"{shipped.name}-{fresh}",
        seed=f"{shipped.seed} {fresh}",
        categories=everything,
        split=spec.Split(test=1),
    )
