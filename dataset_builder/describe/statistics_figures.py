"""The statistics as figures: the distribution of pairs, and word clouds of the titles (the paper's Fig. 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from dataset_builder.describe import statistics
from dataset_builder.describe.words import tagger_name, verbs_and_nouns
from harness.errors import InputError
from harness.report.style import GREY, look, panels, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dataset_builder.describe.statistics import LabelledPairs

VERBS, NOUNS = "#0072B2", "#D55E00"
LARGEST = 24  # steps apart; larger distances are added to the last bin


def spread(subsets: Mapping[str, LabelledPairs]) -> Figure:
    """Return a figure of articles by category, distances of the steps of a pair, and pairs per article."""
    figure, (stories, distance, per_article) = panels(1, 3, 2.6)
    with styled():
        table = statistics.table(subsets)
        names = list(table)[::-1]
        stories.barh(names, [table[name].stories for name in names], color=GREY)
        stories.set_title("Articles")
        stories.grid(axis="y", visible=False)
        furthest = max((place for rows in subsets.values() for place in statistics.distances(rows)), default=1)
        last = min(LARGEST, furthest)
        for number, (subset, rows) in enumerate(subsets.items()):
            if rows:
                _draw_shares(distance, statistics.distances(rows), subset, number, last)
                _draw_reached(per_article, statistics.pairs_per_article(rows), number)
        distance.set_title("Steps apart")
        distance.set_ylabel("share of pairs")
        distance.set_xlim(0.5, last + 0.5)
        ticks = [*range(1, last, max(1, last // 4)), last]
        distance.set_xticks(ticks, [*map(str, ticks[:-1]), f"{last}+" if last < furthest else f"{last}"])
        distance.legend(loc="upper right")
        distance.set_ylim(bottom=0)
        per_article.set_title("Pairs per article")
        per_article.set_ylabel("share of articles with at most so many")
        per_article.set_ylim(0, 1.02)
    return figure


def _draw_shares(axis: Axes, counts: Mapping[int, int], label: str, number: int, last: int) -> None:
    """Draw shares, since the subsets differ in size; as lines, so that three of them stay legible."""
    total = sum(counts.values())
    cut = dict.fromkeys(range(1, last + 1), 0)
    for place, count in counts.items():
        cut[min(place, last)] += count
    axis.plot(list(cut), [count / total for count in cut.values()], markersize=2.5, label=label, **look(number))


def _draw_reached(axis: Axes, counts: Mapping[int, int], number: int) -> None:
    """Draw the share of articles with at most a number of pairs."""
    shares = list(accumulate(count / sum(counts.values()) for count in counts.values()))
    style = look(number)
    axis.step([0, *counts], [0.0, *shares], where="post", color=style["color"])


def clouds(titles: Iterable[str]) -> Figure:
    """Return a figure of two clouds, the verbs and the nouns of all titles, sized by frequency."""
    words = verbs_and_nouns(titles)
    figure, axes = panels(1, 2, 2.4)
    with styled():
        for axis, name, counts, colour in zip(
            axes, ("Verbs", "Nouns"), (words.verbs, words.nouns), (VERBS, NOUNS), strict=True
        ):
            axis.set_axis_off()
            axis.set_title(name, loc="left")
            if counts:
                _draw_cloud(axis, counts, colour)
            else:
                unread = f"{words.unread} titles without an English word"
                axis.text(0, 0.5, unread, color=GREY, transform=axis.transAxes)
        figure.text(0.995, 0.01, f"tagged by {tagger_name()}", color=GREY, ha="right", size="x-small")
    return figure


def _draw_cloud(axis: Axes, counts: Counter[str], colour: str) -> None:
    try:
        from wordcloud import WordCloud
    except ModuleNotFoundError:
        raise InputError(
            "word clouds need wordcloud, which is not installed: pip install 'wikiorder[figures]'"
        ) from None
    from matplotlib.font_manager import findfont

    cloud = WordCloud(
        width=1050,
        height=640,
        background_color="white",
        font_path=findfont("DejaVu Sans"),
        max_words=100,
        relative_scaling=0.4,
        prefer_horizontal=1.0,
        random_state=7,
        color_func=lambda *_, **__: colour,
    ).generate_from_frequencies({word: float(count) for word, count in sorted(counts.items())})
    axis.imshow(cloud.to_array(), interpolation="bilinear")
