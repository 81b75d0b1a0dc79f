"""Find the picture files that a crawl names: by the first of several known places that exists."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
NOT_FOUND = "not found"
NO_PICTURE = "no picture named"


class Place(NamedTuple):
    """One place where a picture may lie. rule: the pattern it follows, for the report. path: below the crawl."""

    rule: str
    path: str


class CrawlPictures:
    """The picture files below a crawl. Each folder is listed once; no picture is opened.

    hits: number of pictures found by each rule.
    """

    def __init__(self, raw: Path) -> None:
        self.raw = raw
        self.hits: Counter[str] = Counter()
        self._folders: dict[str, dict[str, str]] = {}

    def find(self, *places: Place, named: bool = True) -> str:
        """Return the path below the crawl of the first place that exists; else the first place; empty without any.

        The suffix may differ (`.jpeg` for `.jpg`), since crawls convert pictures and keep the name in the text.

        Args:
            named: whether the crawl's text names the picture; if not, one that does not exist is no picture.
        """
        given = [place for place in places if place.path]
        for place in given:
            if found := self._existing(place.path):
                self.hits[place.rule] += 1
                return found
        wanted = given if named else []
        self.hits[NOT_FOUND if wanted else NO_PICTURE] += 1
        return wanted[0].path if wanted else ""

    def _existing(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        listing = self._listing(folder)
        found = listing.get(name) or listing.get(_stem(name))
        return f"{folder}/{found}".lstrip("/") if found else ""

    def _listing(self, folder: str) -> dict[str, str]:
        """Return the files of a folder by name and by name without suffix; empty if there is no such folder."""
        if folder not in self._folders:
            listing: dict[str, str] = {}
            if ".." not in PurePosixPath(folder).parts and "\x00" not in folder and not folder.startswith("/"):
                try:
                    names = sorted(os.listdir(self.raw / folder))  # noqa: PTH208 - names only, 770,000 of them in one crawl
                except OSError:
                    names = []
                listing = {_stem(name): name for name in names if _stem(name) != name} | {name: name for name in names}
            self._folders[folder] = listing
        return self._folders[folder]

    def linked_folders(self) -> dict[str, str]:
        """Return the linked folders directly in the crawl that lead out of it, with their targets."""
        root = os.path.realpath(self.raw)
        with os.scandir(root) as entries:
            targets = {entry.name: os.path.realpath(entry.path) for entry in entries if entry.is_symlink()}
        return {
            name: target
            for name, target in sorted(targets.items())
            if Path(target).is_dir() and not f"{target}/".startswith(f"{root}/")
        }


def url_path(url: str | None) -> str:
    """Return the decoded path of a URL without a leading slash; a plain file name is returned as it is.

    Raises:
        ValueError: the URL cannot be parsed.
    """
    return unquote(urlsplit(url or "").path).lstrip("/")


def last_parts(path: str, count: int) -> str:
    """Return the last `count` parts of a path; empty if the path is empty."""
    return "/".join(PurePosixPath(path).parts[-count:])


def _stem(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in SUFFIXES else name
