"""The command `wikiorder analyze`: a report of several results on one set."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder analyze results --data SET --out report")
@click.argument("bundles", nargs=-1, required=True, type=FOLDER)
@click.option(
    "--data",
    type=FOLDER,
    help="The frozen set that they answer: adds the modalities that pairs need, and the case gallery.",
)
@click.option("--key-file", type=FOLDER, help="The release key, for a hidden set.")
@click.option("--tuned", nargs=2, type=FOLDER, help="Two bundles, of a model before and after fine-tuning.")
@click.option("--out", type=FOLDER, default=Path("report"), show_default=True, help="The report folder.")
def analyze(
    bundles: tuple[Path, ...], data: Path | None, key_file: Path | None, tuned: tuple[Path, Path] | None, out: Path
) -> None:
    """Report on BUNDLES: bundle folders, or folders that contain some, all of results on one set.

    Writes accuracy, precision, the modality gap as performance and as geometry, strata and calibration as HTML,
    Markdown, JSON and CSV, with figures as SVG and PNG.
    """
    from harness.report import loading, report
    from harness.report.study import study
    from harness.run import vectors
    from harness.run.judging import SCORING_KEY

    found = loading.read(loading.find(bundles))
    frozen = loading.load_counted(data, found[0], key_file) if data else None
    samples = {loading.name(one): sample for one in found if (sample := vectors.load_sample(one.root))}
    before_and_after = [vectors.require_sample(one.root) for one in loading.read(tuned or ())]
    report.write(study(found, frozen, SCORING_KEY), frozen, out, samples, before_and_after)
    click.echo(f"{len(found)} results on {loading.set_title(found[0])}\n{out / 'report.html'}")
