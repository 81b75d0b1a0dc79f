"""`wikiorder dataset audit`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, help="Where audit.json, audit.md and audit.png go. Default: FOLDER.audit.")
@click.option("--results", type=FOLDER, help="Also enter the content probes here as control rows for the board.")
@click.option("--key-file", type=FOLDER, help="The release key of a hidden set, so that its canaries are left out.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
def audit(folder: Path, out: Path | None, results: Path | None, key_file: Path | None, workers: int) -> None:
    """Try to tell the order from what has no business telling it. Exit code 0: pass, 1: fail, 3: inconclusive.

    \b
    wikiorder dataset audit sets/open-howto
    """
    from dataset_builder.audit import auditing, report
    from harness.contract import files, frozen_set, release

    key = release.read_key(key_file) if key_file else None
    found = auditing.audit(folder, key, workers)
    frozen = frozen_set.load(folder / "test")
    out = out or folder.with_name(f"{folder.name}.audit")
    out.mkdir(parents=True, exist_ok=True)
    files.write(out / "audit.json", files.json_page(report.to_json(found)).encode())
    text = f"{report.explain(found)}\n\n{report.table(found, 'github')}"
    files.write(out / "audit.md", f"# Audit of {frozen.title}\n\n{text}\n".encode())
    report.draw(found, out / "audit.png", f"{frozen.manifest.name} {frozen.manifest.version}")
    click.echo(report.table(found))
    for control in report.write_controls(found, frozen, release.secret(frozen, key), results) if results else ():
        click.echo(control)
    click.echo(f"\n{report.explain(found)}\n{out}")
    sys.exit(found.verdict.exit_code)
