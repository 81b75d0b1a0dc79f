"""The statistics as figures: the distribution of pairs, and word clouds of the titles (the paper's Fig. 2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dataset_builder.describe import statistics
from harness.errors import InputError
from harness.report.style import GREY, look, panels, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dataset_builder.describe.statistics import LabelledPairs

WORD = re.compile(r"[a-z][a-z'-]+")
LEAD = ["how", "to"]  # precedes every title, written or not; with it the tagger reads "Tie" as a verb
COMMON_VERBS = {"be", "do", "have", "get", "use", "make"}  # frequent in every category

VERBS, NOUNS = "#0072B2", "#D55E00"
LARGEST = 24  # steps apart; larger distances are added to the last bin


@dataclass(frozen=True, slots=True)
class WordCounts:
    """Number of occurrences of each base form. unread: titles without an English word."""

    verbs: Counter[str] = field(default_factory=Counter)
    nouns: Counter[str] = field(default_factory=Counter)
    unread: int = 0


def verbs_and_nouns(titles: Iterable[str]) -> WordCounts:
    """Count the verbs and nouns of English titles."""
    verbs: Counter[str] = Counter()
    nouns: Counter[str] = Counter()
    unread = 0
    for title in titles:
        words = WORD.findall(title.casefold().removeprefix("how to "))
        unread += not words
        for _, base, tag in _tagger().tag_sent(LEAD + words)[len(LEAD) :]:
            if tag.startswith("VV") and base not in COMMON_VERBS:
                verbs[base.lower()] += 1
            elif tag.startswith(("NN", "NP")):
                nouns[base.lower()] += 1
    return WordCounts(verbs, nouns, unread)


@cache
def _tagger() -> Any:
    """Return a tagger whose model is part of its package, so that nothing is downloaded (Wartena 2019)."""
    try:
        from HanTa import HanoverTagger
    except ModuleNotFoundError:
        raise InputError("word clouds need HanTa, which is not installed: pip install 'wikiorder[figures]'") from None
    return HanoverTagger.HanoverTagger("morphmodel_en.pgz")  # tags of the British National Corpus


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


def clouds(titles: Mapping[str, list[str]]) -> Figure:
    """Return a figure with one cloud per category: verbs blue, nouns orange, sized by frequency."""
    columns = min(2, len(titles))
    rows = -(-len(titles) // columns)
    figure, axes = panels(rows, columns, 1.9)
    with styled():
        for axis, (category, texts) in zip(axes, titles.items(), strict=False):
            _draw_cloud(axis, category, verbs_and_nouns(texts))
        for axis in axes:
            axis.set_axis_off()
        figure.text(0.995, 0.995, "verbs", color=VERBS, ha="right", va="top", weight="bold")
        figure.text(0.935, 0.995, "nouns", color=NOUNS, ha="right", va="top", weight="bold")
    return figure


def _draw_cloud(axis: Axes, category: str, words: WordCounts) -> None:
    """Draw the cloud of one category."""
    try:
        from wordcloud import WordCloud
    except ModuleNotFoundError:
        raise InputError(
            "word clouds need wordcloud, which is not installed: pip install 'wikiorder[figures]'"
        ) from None
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
