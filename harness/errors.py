"""Every error that is shown to a person, by whose fault it is. Each kind has one exit code.

0  done
1  the submission failed, or a check found a fault in the set, bundle or board that it checked
2  the user's mistake: a wrong path, file or option
3  the machine, the container engine or the harness failed
"""

from __future__ import annotations

LONGEST = 1200  # characters of an error


class WikiOrderError(Exception):
    """The root of all errors: shown to a person in one line, without a traceback."""

    exit_code = 3

    def __str__(self) -> str:
        """Return one line of bounded length without control characters: it may quote a stranger's text."""
        text = super().__str__()
        if len(text) > LONGEST:
            text = text[: LONGEST * 2 // 3] + " … " + text[-LONGEST // 3 :]  # the advice stands at the end
        return "".join(c if c.isprintable() else " " for c in text)


class SubmissionError(WikiOrderError):
    """The submission's fault: it becomes a visible failed row."""

    exit_code = 1


class CheckError(WikiOrderError):
    """A check found a fault in the set, bundle, board or prediction that it checked."""

    exit_code = 1


class HarnessError(WikiOrderError):
    """A fault of the harness or the machine, never held against a submission."""


class InfrastructureError(HarnessError):
    """The container engine, the machine or its disk failed. Retried once; then the run stops and can be resumed."""


class InputError(HarnessError):
    """The user's mistake: a wrong path, file or option. Nothing was run."""

    exit_code = 2
