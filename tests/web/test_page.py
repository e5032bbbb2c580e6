"""The page in a real browser: drop, choose, hint, slide, change the colorizer, download; no complaint."""

import json

import pytest

from tests.plugins.books import book, cbz, gray_page, page
from tests.web.conftest import objections, watched
from tests.web.test_books import by_the_command_line

pytestmark = pytest.mark.slow
DONE = "#busy"


@pytest.fixture
def tab(browser, server):
    """Return the page, opened."""
    tab = watched(browser, server)
    tab.goto(f"{server.url}/")
    tab.wait_for_selector("body[data-ready=true]")
    return tab


def settle(tab):
    tab.wait_for_selector("#stage[data-rendered]:not([aria-busy])")
    tab.wait_for_selector(DONE, state="hidden")


def drop(tab, path):
    """Drop a file as a hand would, with the events of the browser."""
    data = tab.evaluate_handle(
        """([bytes, name]) => { const all = new DataTransfer();
        all.items.add(new File([new Uint8Array(bytes)], name)); return all }""",
        [list(path.read_bytes()), path.name],
    )
    for event in ("dragenter", "dragover", "drop"):
        tab.dispatch_event("#stage", event, {"dataTransfer": data})


def shown(tab, u, v):
    """Return the colour that the canvas shows at a share of the picture."""
    return tab.evaluate(
        """([u, v]) => { const c = document.getElementById("after");
        const x = Math.round(u * (c.width - 1)), y = Math.round(v * (c.height - 1));
        return [...c.getContext("2d").getImageData(x, y, 1, 1).data] }""",
        [u, v],
    )


def test_from_a_drop_to_a_download_that_the_command_line_makes_too(tab, photo, cli, tmp_path):
    drop(tab, photo)
    settle(tab)
    tab.wait_for_selector(".sample canvas")
    tab.select_option("#model", "vae-mdn:faces")
    tab.wait_for_selector("text=vae-mdn:faces >> visible=true")
    tab.fill("#option-seed", "11")
    tab.click("#color")
    settle(tab)
    tab.locator(".sample").nth(2).click()
    settle(tab)
    assert tab.locator(".sample[aria-checked=true]").get_attribute("aria-label") == "Sample 3 of 4"

    world, hints = tab.locator("#world").bounding_box(), [(0.3, 0.3), (0.7, 0.4), (0.5, 0.75)]
    for number, (u, v) in enumerate(hints):
        tab.mouse.click(world["x"] + u * world["width"], world["y"] + v * world["height"])
        tab.locator("#popover input[type=color]").fill(("#c03020", "#2040c0", "#20a040")[number])
        settle(tab)
        tab.keyboard.press("Escape")
    assert tab.locator(".pin").count() == 3
    red, green, blue, _ = shown(tab, 0.3, 0.3)
    assert red > max(green, blue) + 10

    tab.locator("#wipe").focus()
    tab.keyboard.press("End")
    assert tab.locator("#wipe").get_attribute("aria-valuetext") == "all before"
    tab.keyboard.press("Home")

    with tab.expect_download() as download:
        tab.click("#download")
    download.value.save_as(tmp_path / "page.png")
    with tab.expect_download() as record:
        tab.click("#record")
    points = json.loads(record.value.path().read_text())["guidance"]["hints"]
    words = [word for one in points for word in ("--hint", f"{one['x']},{one['y']}={one['color']}")]
    options = ("--samples", 4, "--seed", 11, "--no-sheet", "-o", tmp_path / "out")
    cli("run", "vae-mdn:faces", photo, *options, *words)
    (made,) = (tmp_path / "out").glob("photo-*-3.png")
    assert (tmp_path / "page.png").read_bytes() == made.read_bytes()

    assert objections(tab) == []
    tab.click("#undo")
    assert tab.locator(".pin").count() == 3  # the last thing done was to choose a colour
    tab.click("#clear")
    assert tab.locator(".pin").count() == 0
    assert tab.problems == []


def test_a_book_is_a_row_of_pages_and_comes_back_whole(tab, tmp_path):
    content = {f"{number}.png": gray_page(number) for number in (1, 2, 4)}
    path = cbz(tmp_path / "book.cbz", {**content, "3.png": page(3), "notes.txt": b"words"})
    tab.select_option("#model", "unet:default")
    tab.fill("#option-seed", "5")
    drop(tab, path)
    settle(tab)
    tab.wait_for_selector("#items li[data-status=kept] img")
    states = [one.get_attribute("data-status") for one in tab.locator("#items li").all()]
    assert states == ["done", "done", "kept", "done"]
    assert tab.is_checked("#book")
    with tab.expect_download() as download:
        tab.click("#whole")
    assert download.value.suggested_filename == "book-unet.cbz"
    made = by_the_command_line(path, tmp_path / "out.cbz", "--consistent")
    assert download.value.path().read_bytes() == made
    tab.locator("#items .thumb").nth(2).click()  # the page that stays
    tab.wait_for_selector("#items li:nth-child(3) [aria-current]")
    assert tab.is_disabled("#download")
    assert objections(tab) == []
    assert tab.problems == []


def test_frames_of_an_animation_come_back_as_one(tab, tmp_path):
    tab.set_input_files("#file", [book("gif", tmp_path)])
    settle(tab)
    assert tab.locator("#items li[data-status=done]").count() == 3
    with tab.expect_download() as download:
        tab.click("#whole")
    assert download.value.path().read_bytes().startswith(b"GIF89a")
    assert tab.problems == []


def test_the_keyboard_does_it_all_and_errors_are_told(tab, photo, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    tab.set_input_files("#file", [photo])
    settle(tab)
    tab.locator("#stage").focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        tab.keyboard.press(key)
    tab.keyboard.press("Escape")
    assert tab.locator(".pin").count() == 1
    assert tab.evaluate("document.activeElement.className") == "pin"
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Delete")
    assert tab.locator(".pin").count() == 0
    settle(tab)
    assert tab.problems == []
    tab.set_input_files("#file", [tmp_path / "notes.txt"])
    tab.wait_for_selector(".toast.error >> text=not a picture")
    long = {f"{number}.png": gray_page(1) for number in range(7)}
    tab.set_input_files("#file", [cbz(tmp_path / "long.cbz", long)])
    tab.wait_for_selector(".toast.error >> text=7 pictures, at most 6 are taken here; --max-frames")


def test_pictures_are_seen_while_the_server_has_not_drawn_any(tab, tmp_path):
    following, counts, held = set(), [], []

    def follow(request):
        following.update({request} if request.url.endswith("/events") else ())
        counts.append(len(following))

    tab.route("**/v1/pictures/*", lambda route: held.append(route))
    tab.on("request", follow)
    for event in ("requestfinished", "requestfailed"):
        tab.on(event, lambda request: following.discard(request))
    for number in range(7):
        (tmp_path / f"{number}.png").write_bytes(gray_page(number))
    tab.select_option("#model", "unet:default")
    tab.set_input_files("#file", sorted(tmp_path.glob("*.png")))
    tab.wait_for_function("document.getElementById('before').width > 1")
    tab.wait_for_selector("#items li:nth-child(7)[data-status=done]")
    assert 0 < max(counts) < 6  # as many connections as a browser opens
    for route in held:
        route.continue_()
    settle(tab)
    assert tab.problems == []


@pytest.mark.parametrize("width", [1440, 820, 390])
def test_nothing_hangs_over_the_edge(tab, width):
    tab.set_viewport_size({"width": width, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
