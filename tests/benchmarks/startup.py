"""How long is the shortest command, against the import of the library that parses commands?

    python -m tests.benchmarks.startup

Each command runs in a process of its own, as the console script that pip writes does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Side, Size, at_most, compared, timed

SCRIPT = "import sys; from harness.cli import main; sys.exit(main())"
COMMANDS = ("--help", "evaluate --help", "dataset build --help", "finetune --help", "leaderboard build --help")
REPEATS = {Size.TINY: 1, Size.QUICK: 15, Size.FULL: 50}


def python(code: str, *arguments: str) -> Side:
    command = [sys.executable, "-c", code, *arguments]
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def rows(size: Size) -> Iterator[Row]:
    for command in COMMANDS if size != Size.TINY else COMMANDS[:2]:
        yield compared(
            f"wikiorder {command}",
            'python -c "import click"',
            python(SCRIPT, *command.split()),
            python("import click"),
            aim=at_most(3),
            repeats=REPEATS[size],
            agree=lambda ours, _: ours.startswith(b"Usage: wikiorder"),
            limit="starting Python and importing click are two thirds",
        )


if __name__ == "__main__":
    measuring.main(rows, __doc__)
