"""`wikiorder dataset sample`: find the calibrated sample that ships, or draw and freeze it like any other set."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from msgspec.structs import replace

from dataset_builder import spec
from harness.errors import InputError

FRESH = spec.Quota(train=0, validation=0, test=600)  # pairs of a category: its 60 articles, ten pairs each


@click.command(epilog="Example: wikiorder dataset sample --fresh 2027 --out sets/fresh")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to make; it must not exist.")
@click.option("--fresh", default="", metavar="NAME", help="Another draw, of test pairs alone: 600 per category.")
@click.option(
    "--words",
    type=click.Choice(["new", "sample"]),
    default="new",
    show_default=True,
    help="Words of a fresh draw: unseen ones, or those that the sample's checkpoints know.",
)
@click.option(
    "--path", "find", is_flag=True, help="Print the folder of the sample that ships, for scripts; draw nothing."
)
def sample(out: Path | None, fresh: str, words: str, find: bool) -> None:
    """Draw the how-to articles of the calibrated sample and freeze them: the same bytes as the sample that ships.

    A fresh draw has the same ceilings, but titles and headlines of words that are not in the sample: a model that knows
    the sample's words by heart is near chance on its texts, and one that knows what the words mean is not. Its pictures
    are drawn anew by the same scenes. With --words sample, only the articles are new.

    \f
    Raises:
        InputError: the options contradict each other, or the name cannot be part of a set's name.
    """
    from dataset_builder import build
    from dataset_builder.sample import sample as drawn
    from harness.contract import shipped

    if find == (out is not None) or (find and fresh):
        raise InputError("give either --out FOLDER, to draw the sample, or --path alone, to print where it is")
    if find:
        click.echo(shipped.sample())
        return
    if not re.fullmatch(r"[a-z0-9-]{0,32}", fresh):
        raise InputError(f"--fresh {fresh!r}: wanted up to 32 of a-z, 0-9 and -; it becomes part of the set's name")
    assert out  # noqa: S101 - given, as checked above; for the type checker
    build.refuse_existing(out)
    with TemporaryDirectory() as raw:
        unseen = bool(fresh) and words == "new"
        drawn.draw(Path(raw), drawn.fresh_words(fresh) if unseen else drawn.read_words(), fresh)
        built = build.build(build.BuildRequest(_spec(fresh, unseen), Path(raw), out))
    click.echo(f"{out}  sha256:{built.digest}")


def _spec(fresh: str, unseen: bool) -> spec.Spec:
    """Return the spec of the sample; of a fresh draw, the same with every article in the test set."""
    shipped = spec.load("wikiorder-sample")
    if not fresh:
        return shipped
    everything = dict.fromkeys(shipped.categories, FRESH)
    return replace(
        shipped,
        name=f"wikiorder-fresh-{fresh}" if unseen else f"{shipped.name}-{fresh}",
        seed=f"{shipped.seed} {fresh}",
        categories=everything,
        split=spec.Split(test=1),
    )
