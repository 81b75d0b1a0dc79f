"""The statistics as pictures: how pairs are spread, and what the titles are about (the paper's Fig. 2)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from dataset_builder.describe import statistics
from dataset_builder.describe.words import Words, verbs_and_nouns
from harness.errors import InputError
from harness.report.style import GREY, look, panels, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dataset_builder.describe.statistics import Rows

VERBS, NOUNS = "#0072B2", "#D55E00"
LARGEST = 24  # steps apart; what lies beyond is added up in the last


def spread(subsets: Mapping[str, Rows]) -> Figure:
    """Stories of each category, how far apart the steps of a pair are, and how many pairs an article gives."""
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
                _shares(distance, statistics.distances(rows), subset, number, last)
                _reached(per_article, statistics.pairs_per_article(rows), number)
        distance.set_title("Steps apart")
        distance.set_ylabel("share of pairs")
        distance.set_xlim(0.5, last + 0.5)
        ticks = [*range(1, last, max(1, last // 4)), last]
        distance.set_xticks(ticks, [*map(str, ticks[:-1]), f"{last}+" if last < furthest else f"{last}"])
        distance.legend(loc="upper right")
        distance.set_ylim(bottom=0)
        per_article.set_title("Pairs an article")
        per_article.set_ylabel("share of articles with at most so many")
        per_article.set_ylim(0, 1.02)
    return figure


def _shares(axis: Axes, counts: Mapping[int, int], label: str, number: int, last: int) -> None:
    """Shares, since the subsets differ in size; as lines, so that three of them stay legible."""
    total = sum(counts.values())
    cut = dict.fromkeys(range(1, last + 1), 0)
    for place, count in counts.items():
        cut[min(place, last)] += count
    axis.plot(list(cut), [count / total for count in cut.values()], markersize=2.5, label=label, **look(number))


def _reached(axis: Axes, counts: Mapping[int, int], number: int) -> None:
    shares = list(accumulate(count / sum(counts.values()) for count in counts.values()))
    style = look(number)
    axis.step([0, *counts], [0.0, *shares], where="post", color=style["color"])


def clouds(titles: Mapping[str, list[str]]) -> Figure:
    """One cloud a category: verbs blue, nouns orange, as large as they are frequent."""
    columns = min(2, len(titles))
    rows = -(-len(titles) // columns)
    figure, axes = panels(rows, columns, 1.9)
    with styled():
        for axis, (category, texts) in zip(axes, titles.items(), strict=False):
            _cloud(axis, category, verbs_and_nouns(texts))
        for axis in axes:
            axis.set_axis_off()
        figure.text(0.995, 0.995, "verbs", color=VERBS, ha="right", va="top", weight="bold")
        figure.text(0.935, 0.995, "nouns", color=NOUNS, ha="right", va="top", weight="bold")
    return figure


def _cloud(axis: Axes, category: str, words: Words) -> None:
    try:
        from wordcloud import WordCloud
    except ModuleNotFoundError:
        raise InputError("word clouds need wordcloud, which is not here; pip install 'wikiorder[figures]'") from None
    from matplotlib.font_manager import findfont

    axis.set_title(category, loc="left")
    if not words.verbs and not words.nouns:
        axis.text(0, 0.5, f"{words.unread} titles, none of them in English", color=GREY, transform=axis.transAxes)
        return
    frequencies = {word: float(count) for word, count in (words.nouns + words.verbs).items()}
    blue = {word for word, count in words.verbs.items() if count >= words.nouns[word]}
    cloud = WordCloud(
        width=1050,
        height=520,
        background_color="white",
        font_path=findfont("DejaVu Sans"),
        max_words=70,
        relative_scaling=0.4,
        prefer_horizontal=1.0,
        random_state=7,
        color_func=lambda word, **_: VERBS if word in blue else NOUNS,
    ).generate_from_frequencies(dict(sorted(frequencies.items())))
    axis.imshow(cloud.to_array(), interpolation="bilinear")
