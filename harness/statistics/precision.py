"""How much a split can tell: design effect, effective number of pairs, smallest difference that can be resolved.

standard error      of the ratio correct / asked, linearised, summed over articles, G / (G - 1) correction; the
                    cluster-robust standard error (CR1) of a regression on a constant
design effect       its square over that of as many independent pairs, p (1 - p) / n
effective pairs     pairs / design effect: as many independent ones would tell as much
resolvable          the difference in accuracy that a two-sided test at 5 % finds with power 0.8 between this result
                    and an equally precise one that errs independently of it. Results that err on the same pairs
                    differ less by chance: `wikiorder compare` gives the figure for two results at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.statistics.intervals import MIN_ARTICLES, Counts, student_quantile
from harness.statistics.tally import Tally, rounded

LEVEL = 0.05
POWER = 0.8


def standard_error(correct: Counts, asked: Counts) -> float:
    """The clustered standard error of correct.sum() / asked.sum(); articles (at least 2) on the only axis."""
    articles, total = len(asked), int(asked.sum())
    residuals = correct - correct.sum() / total * asked
    return float(np.sqrt(articles / (articles - 1) * (residuals**2).sum()) / total)


def resolvable(error_of_difference: float, degrees: int) -> float:
    """The smallest true difference found with power 0.8, given the standard error of a difference."""
    return (student_quantile(1 - LEVEL / 2, degrees) + student_quantile(POWER, degrees)) * error_of_difference


def of_result(tallies: Sequence[Tally]) -> dict[str, Any]:
    """Precision per category and of the macro accuracy; None where there are too few articles to tell."""
    return {"macro": _macro(tallies), "categories": {t.category: _category(t) for t in tallies}}


def _category(tally: Tally) -> dict[str, Any]:
    articles = len(tally.articles)
    if articles < MIN_ARTICLES:
        return dict.fromkeys(("standard_error", "design_effect", "effective_pairs", "resolvable_difference"))
    error = standard_error(tally.correct, tally.asked)
    independent = tally.accuracy * (1 - tally.accuracy) / tally.pairs
    effect = error**2 / independent if independent and error else None
    return {
        "standard_error": rounded(error),
        "design_effect": rounded(effect),
        "effective_pairs": rounded(tally.pairs / effect) if effect else None,
        "resolvable_difference": rounded(resolvable(np.sqrt(2) * error, articles - 1)) if error else None,
    }


def _macro(tallies: Sequence[Tally]) -> dict[str, Any]:
    articles = [len(t.articles) for t in tallies]
    if sum(articles) < MIN_ARTICLES or min(articles) < 2:
        return dict.fromkeys(("standard_error", "resolvable_difference"))
    errors = [standard_error(t.correct, t.asked) for t in tallies]
    error = float(np.sqrt(np.sum(np.square(errors)))) / len(errors)
    degrees = sum(articles) - len(articles)
    return {
        "standard_error": rounded(error),
        "resolvable_difference": rounded(resolvable(np.sqrt(2) * error, degrees)) if error else None,
    }
