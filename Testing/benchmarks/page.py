"""How quickly a report opens and scrolls in Chromium, and how large it is.

    python Testing/benchmarks/page.py report.html [...] [--width 1400] [--height 900]

Ready is the time from opening the file to the first picture drawn; frames per second are those that were drawn when the slider goes
through all of them, one after the other.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

_SCROLL = """async () => {
  const slider = document.querySelector("[data-part=slider]"), viewer = document.getElementById("viewer");
  const count = Number(slider.max);
  const drawn = (number) => new Promise((done) => {
    const look = () => (viewer.dataset.shown === String(number) ? done() : requestAnimationFrame(look));
    look();
  });
  const begun = performance.now();
  for (let number = 1; number <= count; number += 1) {
    slider.value = number;
    slider.dispatchEvent(new Event("input"));
    await drawn(number);
  }
  return (1000 * count) / (performance.now() - begun);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", type=Path, nargs="+")
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--height", type=int, default=900)
    chosen = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for report in chosen.reports:
            page = browser.new_page(viewport={"width": chosen.width, "height": chosen.height})
            page.goto(report.resolve().as_uri())
            page.wait_for_selector("#viewer[data-ready]", state="attached", timeout=60_000)
            ready = page.locator("#viewer").get_attribute("data-ready")
            print(f"{report}: {report.stat().st_size / 1e6:.1f} MB, ready in {ready} ms, {page.evaluate(_SCROLL):.0f} frames/s")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
