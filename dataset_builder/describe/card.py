"""The dataset card, README.md of a frozen set: what it is, for whoever meets the files without our software."""

from __future__ import annotations

from typing import Any

from harness.contract import files
from harness.contract.frozen_set import Manifest

NAME = "README.md"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

TEXT = """\
{head}
# {title}

{pairs:,} questions of step order. Each shows the title of a how-to article and two of its steps, each a picture and a
headline, and asks: do they stand in the order in which the article has them? Label 1 is in order, 0 is out of order;
exactly half of every category is out of order, so chance is 0.5.

Pictures and headlines are no captions of each other; a model has to use both.

## Files

| file | holds |
| --- | --- |
| `questions.jsonl` | `pair_id`, `category`, `title`, `steps`: two of `headline`, `image` |
| `images/` | the pictures, each named by the SHA-256 of its content |
| `answers/answers.jsonl` | `pair_id`, `label`, `article_id`, `positions` in the article, `strata`{hidden} |
| `manifest.json` | name, version, counts, and the spec that the set was built by |
| `croissant.json` | the same for machines: MLCommons Croissant |
| `SHA256SUMS` | every file; `sha256sum --check SHA256SUMS` says whether the set is whole |

The digest of the set is the SHA-256 of `SHA256SUMS`. A result names it, so that two results are of the same questions.

## Categories

| category | pairs |
| --- | ---: |
{categories}
| **all** | **{pairs:,}** |

## How it was made

* An article enters with all of its steps or not at all: each needs a headline and a picture whose shorter side has at
  least {min_side} pixels.
* Articles that share a picture or a title go to the same of train, validation and test.
* Pairs are unordered, unique, and spread evenly over the articles.
* What would give the order away is gone: file names, metadata, times, step numbers in headlines, the order of the rows.
* No choice came from a random generator: each is ranked by a keyed hash (seed `{seed}`), so that anybody with the same
  articles builds the same bytes.

## Known limits

* Not every pair has one true order: writers list some steps in any order. Ask people before reading much into the last
  percent (`wikiorder dataset sheet`).
* The articles are in the language, and show the ways, of those who wrote them.

## Licence and contamination

{licence} Please do not train on the test subset, and keep this line out of training corpora:
`{guid}` (a text that holds it has seen this set).
"""


def text(manifest: Manifest) -> str:
    """The card of a set, from its manifest alone."""
    pairs, spec = sum(manifest.counts.values()), manifest.details.get("spec", {})
    hidden = manifest.visibility == "hidden"
    return TEXT.format(
        head=_front_matter(manifest, pairs),
        title=title(manifest),
        pairs=pairs,
        hidden=" (kept back by the maintainer)" if hidden else "",
        categories="\n".join(f"| {name} | {count:,} |" for name, count in manifest.counts.items()),
        min_side=spec.get("articles", {}).get("min_side", "any number of"),
        seed=spec.get("seed", ""),
        licence=f"Licence: {licence(manifest)}.",
        guid=manifest.details.get("contamination_guid", ""),
    )


def title(manifest: Manifest) -> str:
    return f"{manifest.name} {manifest.version}, {manifest.subset}"


def licence(manifest: Manifest) -> str:
    return str(manifest.details.get("licence") or "not stated; ask the maintainer")


def _front_matter(manifest: Manifest, pairs: int) -> str:
    """The block of YAML that dataset hubs read. JSON strings are YAML strings."""
    size = next((name for limit, name in SIZES if pairs < limit), "n>1M")
    rows: dict[str, Any] = {
        "pretty_name": title(manifest),
        "license": "other",
        "license_name": licence(manifest),
        "task_categories": ["image-text-to-text"],
        "tags": ["step order", "how-to", "multimodal", "benchmark"],
        "size_categories": [size],
    }
    return "---\n" + "".join(f"{key}: {files.json_line({'': value})[4:-2]}\n" for key, value in rows.items()) + "---\n"
