"""Take the pictures of the page that the documents show, and look for what axe-core objects to.

    python -m bench.screenshots -o docs/pictures [--axe node_modules/axe-core/axe.min.js]

At 1440, 820 and 390 pixels, light and dark, with hints on the portrait of the examples. axe-core comes from
npm; serious and critical violations end it with status 1.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.servers.web_server import WebServer

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZES = ((1440, 900), (820, 1180), (390, 844))
HINTS = (
    (0.47, 0.42, "#d2a07f"), (0.88, 0.95, "#c8662f"), (0.86, 0.35, "#6f93b5"), (0.93, 0.72, "#6f93b5"),
)  # fmt: skip
SEED, LONG = "4", 300_000


def colored(tab: Page, url: str) -> None:
    """Colour the portrait, choose a sample and place hints."""
    tab.set_default_timeout(LONG)
    tab.goto(url)
    tab.wait_for_selector("body[data-ready=true]")
    tab.fill("#option-seed", SEED)
    tab.set_input_files("#file", [EXAMPLES / "astronaut.png", EXAMPLES / "coffee.jpg"])
    settle(tab)
    tab.wait_for_selector(".sample canvas")
    tab.locator(".sample").nth(1).click()
    for u, v, color in HINTS:
        box = tab.locator("#world").bounding_box()
        assert box
        tab.mouse.click(box["x"] + u * box["width"], box["y"] + v * box["height"])
        tab.locator("#popover input[type=color]").fill(color)
        settle(tab)
        tab.keyboard.press("Escape")
    tab.evaluate("document.activeElement.blur()")
    settle(tab)


def settle(tab: Page) -> None:
    """Wait until the picture is the one that was asked for."""
    tab.wait_for_timeout(300)
    tab.wait_for_selector("#stage[data-rendered]:not([aria-busy])")
    tab.wait_for_selector("#busy", state="hidden")


def objections(tab: Page, axe: Path) -> list[str]:
    """Return the serious violations that axe-core finds."""
    tab.evaluate(axe.read_text())
    found: list[dict[str, Any]] = tab.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--axe", type=Path)
    options = parser.parse_args()
    bad: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        WebServer(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for (width, height), scheme in ((size, scheme) for size in SIZES for scheme in ("light", "dark")):
            tab = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
                bypass_csp=options.axe is not None,
            )  # fmt: skip
            colored(tab, f"{server.url}/")
            tab.screenshot(path=Path(folder) / "shot.png")
            with Image.open(Path(folder) / "shot.png") as shot:
                shot.convert("RGB").save(options.out / f"serve_{width}_{scheme}.jpg", quality=80)
            if options.axe:
                bad += [f"{width} {scheme}: {one}" for one in objections(tab, options.axe)]
            tab.close()
        browser.close()
    print("\n".join(bad) or "axe-core has no serious objection" * bool(options.axe))
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
