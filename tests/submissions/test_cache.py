"""The cache of decoded pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from submissions.shared.pictures import PictureCache, read_picture
from submissions.shared.settings import RecipeError


@pytest.fixture
def processor() -> transformers.CLIPImageProcessorPil:
    return transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Four noisy pictures of different shapes; one has a palette, one is transparent."""
    folder = tmp_path / "album"
    folder.mkdir()
    noise = np.random.default_rng(0)
    for index, (size, mode) in enumerate([((60, 40), "RGB"), ((40, 90), "P"), ((33, 33), "RGBA"), ((200, 50), "L")]):
        pixels = noise.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{index}.png")
    return folder


NAMES = ["0.png", "1.png", "2.png", "3.png"]


def test_cached_pixels_equal_the_processors_own_after_normalisation(
    tmp_path: Path, album: Path, processor: transformers.CLIPImageProcessorPil
) -> None:
    cached = PictureCache(tmp_path / "cache").pictures(album, NAMES, processor)
    assert cached.shape == (4, 3, 32, 32)
    for index, name in enumerate(NAMES):
        whole = processor([Image.open(album / name).convert("RGB")], return_tensors="pt")["pixel_values"][0]
        mean, spread = (torch.tensor(v).view(3, 1, 1) for v in (processor.image_mean, processor.image_std))
        ours = (torch.from_numpy(cached[index].copy()).float() / 255 - mean) / spread
        torch.testing.assert_close(ours, whole.float())


def test_a_second_run_decodes_nothing(
    tmp_path: Path, album: Path, processor: transformers.CLIPImageProcessorPil
) -> None:
    cache = PictureCache(tmp_path / "cache")
    first = np.array(cache.pictures(album, NAMES, processor))
    for name in NAMES:
        (album / name).unlink()
    assert (cache.pictures(album, NAMES, processor) == first).all()


def test_another_size_is_another_file(
    tmp_path: Path, album: Path, processor: transformers.CLIPImageProcessorPil
) -> None:
    cache = PictureCache(tmp_path / "cache")
    cache.pictures(album, NAMES, processor)
    larger = transformers.CLIPImageProcessorPil(size={"shortest_edge": 48}, crop_size={"height": 48, "width": 48})
    assert cache.pictures(album, NAMES, larger).shape == (4, 3, 48, 48)


def test_the_oldest_file_makes_room(tmp_path: Path, album: Path, processor: transformers.CLIPImageProcessorPil) -> None:
    cache = PictureCache(tmp_path / "cache", limit=2 * (3 * 32 * 32 + 128))  # two files of one picture each
    for name in NAMES[:3]:
        cache.pictures(album, [name], processor)
    assert len(list(cache.folder.iterdir())) == 2
    with pytest.raises(RecipeError, match="raise --cache-gib"):
        cache.pictures(album, NAMES, processor)


def test_a_broken_picture_is_named(tmp_path: Path, processor: transformers.CLIPImageProcessorPil) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG but not really")
    with pytest.raises(RecipeError, match=r"broken\.png: not a picture that can be read"):
        read_picture(tmp_path / "broken.png", processor)


def test_a_file_that_another_process_evicts_is_decoded_again(
    tmp_path: Path, album: Path, processor: transformers.CLIPImageProcessorPil
) -> None:
    cache = PictureCache(tmp_path / "cache")
    first = cache.pictures(album, NAMES, processor)
    before = np.array(first)
    for path in cache.folder.iterdir():
        path.unlink()
    assert (first == before).all()  # whoever has it open keeps it
    assert (cache.pictures(album, NAMES, processor) == before).all()
