"""One server for the tests of a module, and a browser."""

from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.servers.web_server import WebServer

ROOT = Path(__file__).parents[2]
LONG = 120_000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with WebServer(tmp_path_factory.mktemp("serve"), "--max-body", "4", "--max-frames", "6") as running:
        yield running


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(synthetic_picture(3)).resize((96, 80)).save(path)
    return path


def watched(browser, server, **options):
    """Return a tab; whatever its pages complain about or ask elsewhere is collected in `problems`."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", **options)
    tab.set_default_timeout(LONG)
    tab.problems = []
    tab.on("console", lambda message: tab.problems.append(message.text))
    tab.on("pageerror", lambda error: tab.problems.append(str(error)))
    elsewhere = lambda r: r.url.startswith(("http", "ws")) and not r.url.startswith(server.url)  # noqa: E731
    tab.on("request", lambda r: tab.problems.append(r.url) if elsewhere(r) else None)
    return tab


def objections(tab):
    """Return what axe-core objects to seriously."""
    package = pytest.importorskip("axe_playwright_python")
    tab.evaluate(Path(package.__file__).with_name("axe.min.js").read_text())
    found = tab.evaluate("axe.run().then((result) => result.violations)")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], one["nodes"][0]["html"]) for one in serious]
