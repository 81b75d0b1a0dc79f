"""The type of an argument that names a submission: a folder, or the name of one that ships."""

from __future__ import annotations

from pathlib import Path

import click

from harness.contract import shipped


class SubmissionFolder(click.ParamType[Path]):
    """The folder of a submission; `coin` and `submissions/coin` find the one that ships, from any working directory."""

    name = "submission"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the folder; say on stderr which one was taken if it is not in the working directory."""
        folder = shipped.submission(Path(value))
        if folder.is_relative_to(shipped.SUBMISSIONS) and folder != Path(value):
            click.echo(f"{value}: not in this directory; taking the submission that ships, {folder}", err=True)
        return folder
