"""`wikiorder dataset audit`: test whether anything but the content of the pairs reveals their order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command(epilog="Example: wikiorder dataset audit sets/open-howto")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help="Folder for audit.json, audit.md and audit.png. Default: FOLDER.audit.")
@click.option("--results", type=FOLDER, help="Also write the content probes here, as control rows for the board.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set, so that its canaries are left out.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="cores", help="Processes.")
def audit(folder: Path, out: Path | None, results: Path | None, key_file: Path | None, workers: int) -> None:
    """Test whether anything but the content of the pairs reveals their order.

    Exit code 0: pass, 1: fail, 4: inconclusive.
    """
    from dataset_builder.audit import report, verdict
    from harness.contract import decoding, files, release

    key = release.read_key(key_file) if key_file else None
    beside = folder.resolve()  # "." has no name of its own
    out = out or beside.with_name(f"{beside.name}.audit")
    subject = verdict.load(folder, key)
    found, frozen = verdict.audit(subject, workers), subject.test
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "audit.json", decoding.json_page(report.summarise(found)).encode())
    text = f"{report.explain(found)}\n\n{report.table(found, 'github')}"
    files.write(out / "audit.md", f"# Audit of {frozen.title}\n\n{text}\n".encode())
    report.draw(found, out / "audit.png", f"{frozen.manifest.name} {frozen.manifest.version}")
    click.echo(report.table(found))
    for control in report.write_controls(found, frozen, subject.canaries, results) if results else ():
        click.echo(control)
    click.echo(f"\n{report.explain(found)}\n{out}")
    sys.exit(found.verdict.exit_code)
