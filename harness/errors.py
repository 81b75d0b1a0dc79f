"""Every error that is shown to a person, by whose fault it is. Each kind has one exit code.

0  done
1  the submission failed
2  the user's mistake
3  the machine or the container engine failed
"""

from __future__ import annotations

LONGEST = 1200  # characters of an error


class WikiOrderError(Exception):
    """Anything that is told to a person in one line, without a traceback."""

    exit_code = 1

    def __str__(self) -> str:
        """One line of bounded length, without control characters: a stranger's words may be in it."""
        said = super().__str__()
        if len(said) > LONGEST:
            said = said[: LONGEST * 2 // 3] + " … " + said[-LONGEST // 3 :]  # what to do stands at the end
        return "".join(c if c.isprintable() else " " for c in said)


class SubmissionError(WikiOrderError):
    """The submission's fault: it becomes a visible failed row."""


class HarnessError(WikiOrderError):
    """Our fault or the machine's: never held against a submission."""


class InfrastructureError(HarnessError):
    """The engine, the machine or its disk gave way: worth one more try, and then to be gone on with later."""


class InputError(HarnessError):
    """The user's mistake: a wrong path, file or option. Nothing was run."""

    exit_code = 2
