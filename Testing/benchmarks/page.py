"""How quickly a report opens and scrolls in Chromium, and how large it is.

    python Testing/benchmarks/page.py report.html [...] [--width 1400] [--height 900]

Ready is the time from opening the file to the first picture drawn; frames per second are those that were drawn when the slider goes
through all of them, one after the other. Beside them stands the processor time of all of Chromium for a picture, which depends less
on what else the machine does.
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
        session = browser.new_browser_cdp_session()
        for report in chosen.reports:
            page = browser.new_page(viewport={"width": chosen.width, "height": chosen.height})
            page.goto(report.resolve().as_uri())
            page.wait_for_selector("#viewer[data-ready]", state="attached", timeout=60_000)
            ready = page.locator("#viewer").get_attribute("data-ready")
            before, rate = _processor_s(session), page.evaluate(_SCROLL)
            each_ms = 1000 * (_processor_s(session) - before) / int(page.locator("[data-part=slider]").get_attribute("max"))
            size = f"{report.stat().st_size / 1e6:.1f} MB"
            print(f"{report}: {size}, ready in {ready} ms, {rate:.0f} frames/s, {each_ms:.0f} ms of processor time each")
            page.close()
        browser.close()


def _processor_s(session) -> float:
    """Processor seconds of all processes of the browser so far."""
    return sum(process["cpuTime"] for process in session.send("SystemInfo.getProcessInfo")["processInfo"])


if __name__ == "__main__":
    main()
