"""The verbs and nouns of titles, by NLTK's tagger as in the paper where its data is installed, else by HanTa's.

HanTa's model is part of its package (Wartena 2019); NLTK downloads its model from a host of its own. Both read titles
of products as sentences, so a verb counts only where the rest of the title allows one: see `_stands_as_verb`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harness.errors import InputError

WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
NAME = re.compile(r"[A-Z]{2,}s?|.+[a-z].*[A-Z].*|[A-Z]+[a-z-]*[A-Z].*")  # SAP, OpenBot, unixODBC
LEAD = ("how", "to")  # precedes every title, written or not; with it the taggers read "Tie" as a verb
COMMON_VERBS = frozenset(["be", "do", "have", "get", "use", "make"])  # frequent in every category
DETERMINERS = ("a", "an", "the", "your", "my", "his", "her", "its", "our", "their", "this", "that", "these")
PREPOSITIONS = ("with", "in", "for", "of", "from", "on", "by", "at")
BEFORE_NOUNS = frozenset([*DETERMINERS, *PREPOSITIONS])
BEFORE_CLAUSE_VERBS = frozenset(["he", "she", "it", "someone", "somebody", "everyone", "who"])  # "if He Likes You"
VERB_ENDINGS = ("ize", "ise", "ify")  # of verbs, also of those that the lexicon lacks: "initialize"
KNOWN = -25.0  # log probability of a word in HanTa's model; words of its lexicon lie above -20, others below -30
NLTK_DATA = "taggers/averaged_perceptron_tagger_eng"

# The kind of a word by the beginning of its tag.
KINDS_HANTA = {"VVG": "gerund", "VVZ": "third person", "VV": "verb", "NN": "noun", "NP": "noun"}
KINDS_NLTK = {"VBG": "gerund", "VBZ": "third person", "VB": "verb", "NN": "noun"}


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
        words = WORD.findall(re.sub(r"^how to ", "", title, flags=re.I))
        unread += not words
        shouted = title.isupper()  # then capitals tell no name
        before = LEAD[-1]
        for word, kind in zip(words, tag([word.casefold() for word in words]), strict=True):
            small, name = word.casefold(), not shouted and NAME.fullmatch(word) is not None
            verb = _base(small, "VV")
            if kind in ("verb", "gerund", "third person") and not name and verb and _stands_as_verb(kind, before):
                if verb not in COMMON_VERBS:
                    verbs[verb] += 1
            elif kind:
                nouns[small if name else _base(small, "NN") or small] += 1
            before = small
    return WordCounts(verbs, nouns, unread)


def _stands_as_verb(kind: str, before: str) -> bool:
    """Return whether a verb can stand behind a word: not where a noun stands ("with Flutter", "Process Flows")."""
    if kind == "third person":
        return before in BEFORE_CLAUSE_VERBS
    return kind == "gerund" or before not in BEFORE_NOUNS


def tag(words: Sequence[str]) -> list[str]:
    """Return the kind of each word of one title, in small letters; empty for what is neither verb nor noun."""
    tagger = _nltk()
    if tagger is None:
        tags, kinds = [name for _, _, name in _hanta().tag_sent([*LEAD, *words])], KINDS_HANTA
    else:
        tags, kinds = [name for _, name in tagger([*LEAD, *words])], KINDS_NLTK
    found = (next((kind for start, kind in kinds.items() if name.startswith(start)), "") for name in tags)
    return list(found)[len(LEAD) :]


@cache
def _base(word: str, start: str) -> str:
    """Return the base form of a word as a verb ("VV") or noun ("NN") of HanTa's lexicon; empty if it has none."""
    tags = [name for name, _ in _hanta().tag_word(word, cutoff=20) if name.startswith(start)]
    bases = [_hanta().analyze(word, pos=name)[0].lower() for name in tags[:1]]
    bases += [f"{base}e" for base in bases]  # HanTa cuts "configuring" down to "configur"
    return next((base for base in bases if _is_known(base, start)), "")


def _is_known(base: str, start: str) -> bool:
    if start == "VV" and base.endswith(VERB_ENDINGS):
        return True
    return any(name.startswith(start) and chance > KNOWN for name, chance in _hanta().tag_word(base, cutoff=20))


@cache
def _hanta() -> Any:
    try:
        from HanTa import HanoverTagger
    except ModuleNotFoundError:
        raise InputError("word clouds need HanTa, which is not installed: pip install 'wikiorder[figures]'") from None
    return HanoverTagger.HanoverTagger("morphmodel_en.pgz")  # tags of the British National Corpus


@cache
def _nltk() -> Callable[[Sequence[str]], list[tuple[str, str]]] | None:
    """Return NLTK's tagger; `None` if it or its data is not installed."""
    try:
        import nltk
    except ModuleNotFoundError:
        return None
    try:
        nltk.data.find(NLTK_DATA)
    except LookupError:
        return None
    tagger: Callable[[Sequence[str]], list[tuple[str, str]]] = nltk.pos_tag
    return tagger


def tagger_name() -> str:
    """Return the name of the tagger in use."""
    return "HanTa" if _nltk() is None else "NLTK"
