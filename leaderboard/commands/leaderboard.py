"""`wikiorder leaderboard`: the group, and the options that its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.lazy import LazyGroup

if TYPE_CHECKING:
    from harness.contract.frozen_set import FrozenSet
    from harness.records import GroundTruth

RESULTS = Path("leaderboard/record/results")
FOLDER = click.Path(path_type=Path)

COMMANDS = {
    name: (f"leaderboard.commands.{name.replace('-', '_')}:{name.replace('-', '_')}", line)
    for name, line in {
        "build": "Write the board from result bundles.",
        "check": "Check that the board is up to date.",
        "add": "File a bundle in the record of the board.",
        "compare-private": "Rank rows on hidden sets from their private bundles.",
        "from-predictions": "Make a bundle of predictions alone.",
        "erratum": "Score stored predictions under a corrected set.",
        "card": "Print a result as metadata for a model card.",
        "comment": "Print the comment on a pull request from its results.",
        "rerun": "Evaluate one filed row again.",
    }.items()
}

results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=RESULTS,
    show_default=True,
    help="Folder of result bundles. Beside it are `trusted_keys`, `disqualified`, `ledger.jsonl` and `verdicts`.",
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the board. Default: `leaderboard/site`, or for other RESULTS the folder that holds them.",
)
key_option = click.option("--key-file", type=FOLDER, help="The release key, for a hidden set.")


@click.group(cls=LazyGroup, table=COMMANDS, epilog="Example: wikiorder leaderboard build")
def leaderboard() -> None:
    """Rank result bundles and publish them as a board."""


def read_canaries(frozen: FrozenSet, key_file: Path | None) -> dict[str, GroundTruth]:
    """Return the canaries of a hidden set by pair id; none of a public one."""
    from harness.contract import release

    return release.secret(frozen, release.read_key(key_file) if key_file else None)
