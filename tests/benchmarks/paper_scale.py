"""How long does a set take to build, and in how much memory, against hashing its pictures? How does that grow?

    python -m tests.benchmarks.paper_scale                  # 1,000 to 10,000 pictures
    python -m tests.benchmarks.paper_scale --size full      # also Table 1's 119,000

A made-up crawl with Table 1's stories per category, or a share of them, in the VGSI layout: 224 x 224 JPEGs of random
low-frequency patterns, so that the filters and the hashes have real work. Of the whole crawl the paper's spec must draw
Table 1's pairs. Two floors, each with as many workers:

    sha256sum + header      read every picture
    hash, decode, write     the least of any builder that trusts no picture: decode each whole, write it elsewhere

Nothing is removed before all is measured: where many files have just gone, ext4 makes new ones ten times slower.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from dataset_builder import spec
from harness.contract import frozen_set
from tests.benchmarks import measuring
from tests.benchmarks.measuring import Row, Size, Timed, at_most, compared, timed

# Table 1: category, stories.
STORIES = {
    "Hobbies and Crafts": 1888,
    "Arts and Entertainment": 894,
    "Computers and Electronics": 1834,
    "Education and Communication": 301,
    "Family Life": 616,
    "Health": 2083,
    "Home and Garden": 2518,
    "Personal Care and Style": 1988,
    "Philosophy and Religion": 702,
    "Travel": 438,
}
# Share of them: turns. A category has twelve articles at least.
SHARES = {
    Size.TINY: {0.008: 1},
    Size.QUICK: {0.008: 3, 0.025: 3, 0.084: 3},
    Size.FULL: {0.008: 5, 0.025: 5, 0.084: 5, 0.25: 3, 1.0: 2},
}
WORKERS = len(os.sched_getaffinity(0))
WANTED = {"train": 120_000, "validation": 33_000, "test": 33_000}
SIDE = 224
FIELDS = 8  # random colours a side, blown up: distinct pictures of low frequency


def articles(share: float) -> Iterator[tuple[str, str, int]]:
    """(id, category, steps): 6 to 12 steps, so that every category can give its pairs."""
    draw = random.Random("paper scale")
    for category, stories in STORIES.items():
        for number in range(max(12, round(stories * share))):
            yield f"{category.replace(' ', '')[:5].lower()}{number:05}", category, draw.randint(6, 12)


def paint(task: tuple[Path, str, int]) -> None:
    folder, article_id, steps = task
    for step in range(steps):
        colours = random.Random(f"{article_id} {step}").randbytes(FIELDS * FIELDS * 3)
        image = Image.frombytes("RGB", (FIELDS, FIELDS), colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        image.save(folder / f"{article_id}_0_{step}.png", "JPEG", quality=85)  # JPEG under a .png name, as in the crawl


def crawl(raw: Path, share: float) -> Path:
    (raw / "wiki_images").mkdir(parents=True)
    rows = list(articles(share))
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(paint, [(raw / "wiki_images", name, steps) for name, _, steps in rows], chunksize=64))
    with (raw / "WikihowText_data.json").open("w", encoding="utf-8") as stream:
        for name, category, number in rows:
            steps = [
                {"headline": f"{verb(name, s)} part {s} of {name}.", "img": f"{name}_0_{s}"} for s in range(number)
            ]
            row = {
                "file_id": name,
                "goal": f"Make {name}",
                "category_hierarchy": [category],
                "methods": [{"steps": steps}],
            }
            stream.write(json.dumps(row) + "\n")
    return raw


def verb(name: str, step: int) -> str:
    return random.Random(f"{name} {step} verb").choice(["Cut", "Fold", "Paint", "Glue", "Wash", "Dry"])


def floor(raw: Path) -> int:
    """Hash every picture with as many workers, and parse every header once. How many articles they are of."""
    command = f"find {raw}/wiki_images -type f -print0 | xargs -0 -P {WORKERS} -n 200 sha256sum"
    hashed = subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    paths = [Path(line[66:]) for line in hashed]
    spread(header, paths)
    return articles_of(paths)


def copying(raw: Path, into: Callable[[], Path]) -> int:
    """Hash every picture, decode it whole, write it under its hash. How many articles they are of."""
    folder = into()
    for number in range(256):
        (folder / f"{number:02x}").mkdir(parents=True)
    paths = list((raw / "wiki_images").iterdir())
    spread(partial(copy, folder), paths)
    return articles_of(paths)


def spread(work: Callable[[Path], object], paths: list[Path]) -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(work, paths, chunksize=500))


def articles_of(paths: list[Path]) -> int:
    return len({path.name.partition("_")[0] for path in paths})


def header(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def copy(folder: Path, path: Path) -> None:
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        image.load()
    digest = hashlib.sha256(content).hexdigest()
    (folder / digest[:2] / digest).write_bytes(content)


# Runs a command and prints the KiB of its largest process. A program begins with the peak of the one that starts it, so
# this one is small.
LAUNCHER = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


class Built(NamedTuple):
    articles: int  # that the builder read
    pairs: dict[str, int]
    peak: float  # MiB of the largest process


def build(raw: Path, spec: str, into: Callable[[], Path]) -> Timed:
    """A build as a user runs it; with nothing to do where `into` gives one that stands."""
    out = into()
    peaks: list[float] = []

    def run() -> None:
        words = ["dataset", "build", "--spec", spec, "--raw", raw, "--out", out, "--workers", str(WORKERS)]
        command = [sys.executable, "-c", LAUNCHER, sys.executable, "-m", "harness", *words]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        peaks.append(float(said) / 1024)

    seconds = timed(run)().seconds
    report = json.loads((out / "report.json").read_text())
    return Timed(seconds, Built(report["articles_read"], pairs(out), peaks[0]))


def pairs(out: Path) -> dict[str, int]:
    """How many were drawn; counted, not loaded: a load verifies every picture."""
    return {subset: (out / subset / "questions.jsonl").read_bytes().count(b"\n") for subset in frozen_set.SUBSETS}


def scaled_spec(folder: Path, share: float) -> str:
    """The paper's spec, or the same with its counts cut down: to half the share, for a few articles split roughly."""
    if share == 1.0:
        return "wikiorder-v1"
    quotas = {
        name: {subset: 2 * round(getattr(quota, subset) * share / 4) for subset in frozen_set.SUBSETS}
        for name, quota in spec.load("wikiorder-v1").categories.items()
    }
    rows = "".join(
        f'"{name}" = {{ {", ".join(f"{subset} = {count}" for subset, count in quota.items())} }}\n'
        for name, quota in quotas.items()
    )
    path = folder / f"share-{share}.toml"
    path.write_text(
        f'name = "paper-scale"\nversion = "1"\nseed = "1"\n[articles]\nmin_side = 224\n[categories]\n{rows}'
    )
    return str(path)


def rows(size: Size) -> Iterator[Row]:
    peaks: dict[int, float] = {}
    largest = max(SHARES[size])
    with tempfile.TemporaryDirectory() as name:
        for share, turns in SHARES[size].items():
            folder = Path(name) / str(share)
            raw, wanted = crawl(folder / "raw", share), scaled_spec(folder, share)
            new = (folder / f"made-{number}" for number in count()).__next__
            pictures = sum(1 for _ in (raw / "wiki_images").iterdir())
            built: list[Built] = []

            def same(mine: Built, articles: int, share: float = share, built: list[Built] = built) -> bool:
                built.append(mine)
                return mine.articles == articles and (share < 1.0 or mine.pairs == WANTED)

            against = partial(
                compared,
                ours=partial(build, raw, wanted, new),
                repeats=turns,
                warm=turns > 1,
                agree=same,
                size=pictures,
            )
            yield against(
                f"dataset build, {pictures:,} pictures",
                f"sha256sum + header, {WORKERS} at once",
                theirs=timed(partial(floor, raw)),
                aim=at_most(1.5),
                limit="decoding each picture whole and hashing how it looks",
                curve="dataset build",
            )
            if share == largest:
                yield against(
                    f"dataset build, {pictures:,} pictures",
                    f"hash, decode, write, {WORKERS} at once",
                    theirs=timed(partial(copying, raw, new)),
                    limit="hashing how each picture looks; pairs and rows",
                )
                yield again(raw, wanted, folder / "kept", pictures)
            peaks[pictures] = built[0].peak
    for pictures, peak in peaks.items():
        yield Row(f"dataset build, {pictures:,} pictures, largest process", "", (peak,), "MiB")
    if len(peaks) > 1:
        few, many = min(peaks), max(peaks)
        what, against_few = f"memory for {many:,} pictures", f"for {few:,} pictures"
        yield Row(what, against_few, (peaks[many] / peaks[few],), "x as much", at_most(1.1), "what Python keeps")


def again(raw: Path, spec: str, kept: Path, pictures: int) -> Row:
    """One build, and the same once more."""
    first = build(raw, spec, lambda: kept)
    return compared(
        f"dataset build again, {pictures:,} pictures, nothing changed",
        "the first build",
        partial(build, raw, spec, lambda: kept),
        lambda: first,
        aim=at_most(0.1),
        repeats=1,
        warm=False,
        agree=lambda mine, theirs: mine[:2] == theirs[:2],
    )


if __name__ == "__main__":
    measuring.main(rows, __doc__)
