"""A made-up crawl of the paper's size, built with the paper's spec: does it give Table 1, how long, in how much memory?

    python -m tests.benchmarks.paper_scale FOLDER [--share 1.0] [--workers 2]

13,262 articles with Table 1's stories per category, in the VGSI layout; 224 x 224 JPEGs of random low-frequency
patterns, so that the filters and the hashes have real work. The floor is `sha256sum` of the same files with as many
workers, plus one header parse each. The crawl is kept in FOLDER and not made again.
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


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def floor(raw: Path, workers: int) -> float:
    """Seconds to hash every picture with as many workers, and to parse every header once."""
    command = f"find {raw}/wiki_images -type f -print0 | xargs -0 -P {workers} -n 200 sha256sum > /dev/null"
    hashing = timed(lambda: subprocess.run(["sh", "-c", command], check=True))
    paths = sorted((raw / "wiki_images").iterdir())
    with ProcessPoolExecutor(workers) as pool:
        parsing = timed(lambda: list(pool.map(header, paths, chunksize=500)))
    print(f"floor: sha256sum {hashing:.1f} s + headers {parsing:.1f} s")
    return hashing + parsing


def header(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def build(raw: Path, out: Path, spec: str, workers: int) -> tuple[float, float]:
    """Seconds and peak MiB (of the largest process) of `wikiorder dataset build`."""
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
    seconds = timed(lambda: subprocess.run([*command, "--workers", str(workers)], check=True))
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


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
    seconds, peak = build(raw, out, spec, options.workers)
    again, _ = build(raw, out, spec, options.workers)
    print(f"build {seconds:.1f} s = {seconds / least:.2f} floors = {pictures / seconds:.0f} pictures/s")
    print(f"peak {peak:.0f} MiB in one process")
    print(f"build again, nothing changed: {again:.2f} s = {again / seconds:.3f} builds")
    print(pairs(out), "wanted" if options.share == 1.0 else "of the paper", WANTED)


if __name__ == "__main__":
    main()
