"""`wikiorder leaderboard erratum`."""

from __future__ import annotations

from pathlib import Path

import click

from leaderboard.commands.leaderboard import FOLDER, key_option, read_canaries, results_option


@click.command(epilog="Example: wikiorder leaderboard erratum --old sets/small-1/test --new sets/small-1.1/test")
@click.option("--old", required=True, type=FOLDER, help="The set as it was asked.")
@click.option("--new", required=True, type=FOLDER, help="Its corrected version.")
@results_option
@key_option
def erratum(old: Path, new: Path, results: Path, key_file: Path | None) -> None:
    """Score every stored prediction under a corrected version of a set, and show the changes. No model is run.

    The new bundles are to be signed. The report is written beside the folder RESULTS.
    """
    from harness.contract import files, frozen_set
    from leaderboard import board, collect, rescoring

    was, now = frozen_set.load(old), frozen_set.load(new)
    for root in rescoring.rescore_all(results, was, now, read_canaries(now, key_file)):
        click.echo(f"{root}: to be signed")
    report = rescoring.erratum_report(was, now, board.make_board(collect.collect(results)).tables)
    path = results.parent / f"erratum-{now.manifest.name}-{was.manifest.version}-{now.manifest.version}.md"
    files.write(path, report.encode())
    click.echo(f"{path}\n\n{report}")
