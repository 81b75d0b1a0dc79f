"""`wikiorder dataset sheet`: ask people on a blind page, and score their answers."""

from __future__ import annotations

import re
from pathlib import Path

import click

from harness.errors import InputError

FOLDER = click.Path(path_type=Path)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


@click.command(epilog="Example: wikiorder dataset sheet sets/open-howto/test --out sheet.html")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help="The blind page to write.")
@click.option("--per-category", type=click.IntRange(1), default=50, show_default=True, help="Pairs per category.")
@click.option("--answers", type=FOLDER, help="Instead: the file to score, saved by the page.")
@click.option("--name", help="Name of the person; the row is called human-NAME.")
@click.option("--results", type=FOLDER, default=Path("leaderboard/record/results"), show_default=True)
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set, so that its canaries are left out.")
def sheet(
    folder: Path,
    out: Path | None,
    per_category: int,
    answers: Path | None,
    name: str | None,
    results: Path,
    key_file: Path | None,
) -> None:
    """Ask people: make a page of pairs without labels, then score its answers as a row of the board.

    --out makes the page. --answers scores the file that the page saved, under --name.

    \f
    Raises:
        InputError: the options contradict each other, or --name is not valid.
    """
    from dataset_builder.describe import sheet as sheets
    from harness.contract import files, frozen_set, release

    if (out is None) == (answers is None):
        raise InputError("name either --out, for the blind page, or --answers, for the file that the page saved")
    frozen = frozen_set.load(folder)
    if out is not None:
        files.write(out, sheets.page(frozen, per_category).encode())
        click.echo(f"{out}: open it in a browser, answer, and save")
        return
    if name is None or not NAME.fullmatch(name):
        raise InputError(f"--name {name!r}: wanted small letters, digits, - and _, such as anna")
    assert answers is not None  # noqa: S101 - for the type checker: exactly one of the two is given
    key = release.read_key(key_file) if key_file else None
    row = sheets.score(frozen, key, sheets.read(answers, frozen), name, results)
    macro = row.accuracy.macro.value
    click.echo(f"{row.answered} pairs answered, {row.unordered:.0%} of them without a true order")
    click.echo(f"macro accuracy {macro:.3f}\n{row.root}")
