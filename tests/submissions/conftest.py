"""A small CLIP, fine-tuned once for all tests of this folder by the command itself."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import wikiorder
from tests.sets import tiny_set
from tests.submissions.grids import FAMILY, HEALTH, Grid

ROOT = Path(__file__).parents[2]


def finetune(*arguments: str | Path) -> Result:
    return CliRunner().invoke(wikiorder, ["finetune", *map(str, arguments)], catch_exceptions=True)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train (240 pairs), validation (60) and test (60): ten articles of six pairs."""
    folder = tmp_path_factory.mktemp("data")
    for subset, articles in (("train", 40), ("validation", 10), ("test", 10)):
        tiny_set(folder, subset, articles, pairs_per_article=6)
    return folder


@pytest.fixture(scope="session")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: all three modalities."""
    out = tmp_path_factory.mktemp("trained") / "run"
    cache = tmp_path_factory.mktemp("cache")
    clip = ROOT / "submissions/clip"
    result = finetune(clip, "--data", data, "--preset", "sample", "--epochs", "8", "--out", out, "--cache", cache)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="session")
def two_categories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two of the paper's categories: train (96 pairs), validation (36) and test (72)."""
    folder = tmp_path_factory.mktemp("two categories")
    for subset, articles in (("train", 16), ("validation", 6), ("test", 12)):
        tiny_set(folder, subset, articles, pairs_per_article=6, categories=(FAMILY, HEALTH))
    return folder


@pytest.fixture(scope="session")
def undisturbed(two_categories: Path, tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """A grid that was let run to its end, by the local engine."""
    grid = Grid(two_categories, tmp_path_factory.mktemp("undisturbed"))
    grid.finish("--jobs", "2")
    return grid
