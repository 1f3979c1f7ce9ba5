"""A real browser for reports."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="module")
def a_browser():
    """Chromium without a window."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def listening_page(browser, file, width):
    """A page of a file, ``width`` pixels wide; ``asked_for`` on it lists every address that it asked for."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.asked_for = []
    page.on("request", lambda request: page.asked_for.append(request.url))
    page.goto(file.as_uri())
    return page
