"""`wikiorder analyze`: one report of several results on one set."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder analyze results --data DATA --out report")
@click.argument("bundles", nargs=-1, required=True, type=FOLDER)
@click.option("--data", type=FOLDER, help="The frozen set they answer: adds who needs what, and the case gallery.")
@click.option("--out", type=FOLDER, default=Path("report"), show_default=True, help="The report folder.")
def analyze(bundles: tuple[Path, ...], data: Path | None, out: Path) -> None:
    """Report on BUNDLES: bundle folders, or folders that hold some, all of results on one set.

    Writes accuracy, precision, the modality gap as performance and as geometry, strata and calibration as HTML,
    Markdown, JSON and CSV, with figures as SVG and PNG.
    """
    from harness import results
    from harness.analysis import report
    from harness.analysis.study import study
    from harness.judging import SCORING_KEY

    found = results.read(results.find(bundles))
    frozen = results.load_set(data, found[0]) if data else None
    report.write(study(found, frozen, SCORING_KEY), frozen, out)
    click.echo(f"{len(found)} results on {results.set_title(found[0])}\n{out / 'report.html'}")
