"""The blind sheet in a real browser: keys answer, a reload forgets nothing, and the saved file is what we score."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dataset_builder.describe import sheet
from tests.dataset_builder import shipped

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install it as .ci/run does, or name it in CHROMIUM"),
]


def test_three_answers_by_key_and_by_mouse_survive_a_reload_and_are_saved(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    html = sheet.page(shipped.frozen(), per_category=1)
    (tmp_path / "sheet.html").write_text(html, encoding="utf-8")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "sheet.html").as_uri())
        page.keyboard.press("1")
        page.keyboard.press("3")
        page.get_by_label("right").locator("visible=true").check()
        page.reload()
        assert page.get_by_role("status").text_content() == "Pair 4 of 10; 3 answered"
        with page.expect_download() as download:
            page.get_by_role("button", name="Save answers").click()
        download.value.save_as(tmp_path / "answers.json")
        chromium.close()
    assert complaints == []
    answered = sheet.read(tmp_path / "answers.json", shipped.frozen())
    assert sorted(answered.values()) == [0.0, 0.5, 1.0]
