"""Verbs and nouns of English titles, told apart by a tagger that brings its model along and needs no download."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harness.errors import InputError

WORD = re.compile(r"[a-z][a-z'-]+")
LEAD = ["how", "to"]  # what stands before every title, said or not; it makes "Tie" a verb
DULL = {"be", "do", "have", "get", "use", "make"}  # verbs of every category


@dataclass(frozen=True, slots=True)
class Words:
    """How often each base form occurs. unread: titles without an English word."""

    verbs: Counter[str] = field(default_factory=Counter)
    nouns: Counter[str] = field(default_factory=Counter)
    unread: int = 0


def verbs_and_nouns(titles: Iterable[str]) -> Words:
    verbs: Counter[str] = Counter()
    nouns: Counter[str] = Counter()
    unread = 0
    for title in titles:
        words = WORD.findall(title.casefold().removeprefix("how to "))
        unread += not words
        for _, base, tag in _tagger().tag_sent(LEAD + words)[len(LEAD) :]:
            if tag.startswith("VV") and base not in DULL:
                verbs[base.lower()] += 1
            elif tag.startswith(("NN", "NP")):
                nouns[base.lower()] += 1
    return Words(verbs, nouns, unread)


@cache
def _tagger() -> Any:
    try:
        from HanTa import HanoverTagger
    except ModuleNotFoundError:
        raise InputError("word clouds need a tagger, which is not here; pip install 'wikiorder[figures]'") from None
    return HanoverTagger.HanoverTagger("morphmodel_en.pgz")  # Wartena 2019; tags of the British National Corpus
