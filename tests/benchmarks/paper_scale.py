"""A made-up crawl of the paper's size, built with the paper's spec: does it give Table 1, how long, in how much memory?

    python -m tests.benchmarks.paper_scale FOLDER [--share 1.0] [--workers 2]

13,262 articles with Table 1's stories per category, in the VGSI layout; 224 x 224 JPEGs of random low-frequency
patterns, so that the filters and the hashes have real work. The floor is `sha256sum` of the same files with as many
workers, plus one header parse each. The crawl is kept in FOLDER and not made again.

README.md beside this file holds what was measured.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from harness import testset

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
WANTED = {"train": 120_000, "validation": 33_000, "test": 33_000}
SIDE = 224
FIELDS = 8  # random colours a side, blown up: distinct pictures of low frequency


def articles(share: float) -> Iterator[tuple[str, str, int]]:
    """(id, category, steps): 6 to 12 steps, so that every category can give its pairs."""
    draw = random.Random("paper scale")
    for category, count in STORIES.items():
        for number in range(max(12, round(count * share))):
            yield f"{category.replace(' ', '')[:5].lower()}{number:05}", category, draw.randint(6, 12)


def paint(task: tuple[Path, str, int]) -> None:
    folder, article_id, steps = task
    for step in range(steps):
        colours = random.Random(f"{article_id} {step}").randbytes(FIELDS * FIELDS * 3)
        image = Image.frombytes("RGB", (FIELDS, FIELDS), colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        image.save(folder / f"{article_id}_0_{step}.png", "JPEG", quality=85)  # JPEG under a .png name, as in the crawl


def crawl(raw: Path, share: float, workers: int) -> None:
    """Make the crawl, unless it stands already."""
    listing = raw / "WikihowText_data.json"
    if listing.exists():
        return
    (raw / "wiki_images").mkdir(parents=True, exist_ok=True)
    rows = list(articles(share))
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(paint, [(raw / "wiki_images", name, steps) for name, _, steps in rows], chunksize=64))
    with listing.open("w", encoding="utf-8") as stream:
        for name, category, count in rows:
            steps = [{"headline": f"{verb(name, s)} part {s} of {name}.", "img": f"{name}_0_{s}"} for s in range(count)]
            row = {
                "file_id": name,
                "goal": f"Make {name}",
                "category_hierarchy": [category],
                "methods": [{"steps": steps}],
            }
            stream.write(json.dumps(row) + "\n")


def verb(name: str, step: int) -> str:
    return random.Random(f"{name} {step} verb").choice(["Cut", "Fold", "Paint", "Glue", "Wash", "Dry"])


class Cost(NamedTuple):
    """Seconds by the clock, and seconds of all processes' work: the second number bears a busy machine."""

    wall: float
    work: float

    def __add__(self, other: object) -> Cost:
        assert isinstance(other, Cost)
        return Cost(self.wall + other.wall, self.work + other.work)

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.work:.1f} s of work)"


def cost(what: Callable[[], object]) -> Cost:
    began, worked = time.perf_counter(), work()
    what()
    return Cost(time.perf_counter() - began, work() - worked)


def work() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def floor(raw: Path, workers: int) -> Cost:
    """Hash every picture with as many workers, and parse every header once."""
    command = f"find {raw}/wiki_images -type f -print0 | xargs -0 -P {workers} -n 200 sha256sum > /dev/null"
    hashing = cost(lambda: subprocess.run(["sh", "-c", command], check=True))
    parsing = cost(lambda: parse_headers(sorted((raw / "wiki_images").iterdir()), workers))
    print(f"floor: sha256sum {hashing}, headers {parsing}", flush=True)
    return hashing + parsing


def parse_headers(paths: list[Path], workers: int) -> None:
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(header, paths, chunksize=500))


def header(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def build(raw: Path, out: Path, spec: str, workers: int) -> Cost:
    command = [
        sys.executable,
        "-m",
        "harness",
        "dataset",
        "build",
        "--spec",
        spec,
        "--raw",
        str(raw),
        "--out",
        str(out),
    ]
    return cost(lambda: subprocess.run([*command, "--workers", str(workers)], check=True))


def pairs(out: Path) -> dict[str, int]:
    return {subset: len(testset.load(out / subset).questions) for subset in testset.SUBSETS}


def scaled_spec(folder: Path, share: float) -> str:
    """The paper's spec, or the same with its counts cut down for a smaller trial."""
    from dataset_builder import spec

    if share == 1.0:
        return "wikiorder-v1"
    quotas = {
        name: {subset: 2 * round(getattr(quota, subset) * share / 2) for subset in testset.SUBSETS}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of the paper's size")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    raw, out = options.folder / f"raw-{options.share}", options.folder / f"out-{options.share}"
    crawl(raw, options.share, options.workers)
    pictures = sum(1 for _ in (raw / "wiki_images").iterdir())
    print(f"{pictures} pictures")
    least = floor(raw, options.workers)
    spec = scaled_spec(options.folder, options.share)
    first = build(raw, out, spec, options.workers)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"build {first} = {first.wall / least.wall:.1f} floors by the clock, {first.work / least.work:.1f} in work")
    print(f"peak {peak:.0f} MiB in the largest process; {1000 * first.work / pictures:.2f} ms of work a picture")
    again = build(raw, out, spec, options.workers)
    print(f"build again, nothing changed: {again} = {again.wall / first.wall:.3f} builds", flush=True)
    print(pairs(out), "wanted" if options.share == 1.0 else "of the paper", WANTED)


if __name__ == "__main__":
    main()
