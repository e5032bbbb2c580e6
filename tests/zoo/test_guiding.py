"""Guidance from the command line: it colours, it is recorded, and what is bad is refused."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.image_io import read
from colorzoo.jobs.run_guidance import GuidanceRequest, layer_hints, parse_hint
from colorzoo.testing import synthetic_picture

ROOT = Path(__file__).parents[2]
RED = (200, 40, 40, 255)


@pytest.fixture
def page(tmp_path):
    """A smooth grey picture, 120x90."""
    level = np.linspace(90, 160, 120).astype(np.uint8)[None].repeat(90, 0)
    Image.fromarray(level).save(tmp_path / "page.png")
    return tmp_path / "page.png"


def layer(path, size=(90, 120), strokes=()):
    pixels = np.zeros((*size, 4), np.uint8)
    for row, column in strokes:
        pixels[row : row + 3, column : column + 20] = RED
    Image.fromarray(pixels).save(path)


def redness(path):
    rgb = read(path).rgb.astype(int)
    return (rgb[..., 0] - rgb[..., 2]).mean()


GIVEN = {
    "a hint": ["--hint", "60,45=#c82828"],
    "in percent": ["--hint", "50%,50%=200,40,40"],
    "a file": ["--hints", "points.json"],
    "a layer": ["--hints", "layer.png"],
}


@pytest.mark.slow
def test_hints_colour_and_are_recorded(cli, page, tmp_path):
    hint = {"x": 60, "y": "50%", "color": "#c82828", "radius": 3}
    (tmp_path / "points.json").write_text(json.dumps([hint]))
    layer(tmp_path / "layer.png", strokes=[(45, 50)])
    for number, (name, arguments) in enumerate(GIVEN.items()):
        cli("run", "grey", page, *arguments, "-o", f"out{number}", "--no-sheet")
        assert redness(tmp_path / f"out{number}" / "page-grey-1.png") > 10, name
        (line,) = (tmp_path / f"out{number}" / "colorized.jsonl").read_text().splitlines()
        row = json.loads(line)
        assert row["guidance"]["hints" if arguments[0] == "--hint" else "hint_files"] == [arguments[1]]
        assert (arguments[1] in row["guidance"].get("files", {})) == (arguments[0] == "--hints")
        assert row["files"] == ["page-grey-1.png"]
        assert row["options"]["seed"] is not None


@pytest.mark.slow
def test_guidance_decides_what_is_done_already(cli, page, tmp_path):
    again = ("run", "grey", page, "--hint", "60,45=#c82828", "-o", "out", "--no-sheet")
    cli(*again)
    assert "by the same options" in cli(*again).stdout
    other = cli(*again, "--hint", "5,5=#2828c8")
    assert "by the same options" not in other.stdout
    assert len(list((tmp_path / "out").glob("page-grey*.png"))) == 2
    assert redness(tmp_path / "out" / "page-grey-1.png") > 10


@pytest.mark.slow
def test_files_beside_a_picture_are_its_hints_and_no_pictures(cli, page, tmp_path):
    folder = tmp_path / "chapter"
    folder.mkdir()
    page.rename(folder / "a.png")
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes())
    layer(folder / "a.hints.png", strokes=[(45, 50)])
    (folder / "b.hints.json").write_text('[{"x": 60, "y": 45, "color": "#2828c8"}]')
    done = cli("run", "grey", folder, "-o", "out", "--no-sheet")
    assert "2 of 2 coloured" in done.stdout
    assert redness(tmp_path / "out" / "a-grey-1.png") > 10
    assert redness(tmp_path / "out" / "b-grey-1.png") < -10
    rows = [json.loads(line) for line in (tmp_path / "out" / "colorized.jsonl").read_text().splitlines()]
    assert [list(row["guidance"]["files"]) for row in rows] == [
        [str(folder / "a.hints.png")], [str(folder / "b.hints.json")],
    ]  # fmt: skip
    (folder / "b.hints.json").unlink()
    done = cli("run", "grey", folder, "-o", "out", "--no-sheet")
    assert "1 of them before" in done.stdout


@pytest.mark.slow
def test_strength_palette_and_one_file(cli, page, tmp_path):
    cli("run", "vae-mdn", page, "--strength", "0", "-o", "grey.png")
    assert np.ptp(read(tmp_path / "grey.png").rgb, axis=-1).max() <= 1
    cli("run", "vae-mdn", page, "--palette", "#c02020,#a03030", "-o", "red.png")
    assert redness(tmp_path / "red.png") > 5


BAD = {
    "a hint outside": (["--hint", "120,5=#c03020"], "outside the picture, which is 120x90"),
    "no colour": (["--hint", "5,5=reddish"], 'expected a colour, "#rrggbb" or "r,g,b"'),
    "no hint": (["--hint", "5;5"], "expected x,y=colour, such as 120,80=#c03020"),
    "a colour beyond": (["--hint", "5,5=300,0,0"], "less than or equal to 255"),
    "a layer of another size": (["--hints", "small.png"], "a layer of 50x40 on a picture of 120x90"),
    "a layer that covers all": (["--hints", "page.png"], "not transparent"),
    "an absent file": (["--hints", "none.json"], "none.json"),
    "an absent layer": (["--hints", "none.png"], "none.png: no such file"),
    "no JSON": (["--hints", "bad.json"], "bad.json: damaged"),
    "a reference that is none": (["--reference", "bad.json"], "bad.json: "),
    "an absent reference": (["--reference", "none.png"], "none.png: no such file"),
    "a palette of one": (["--palette", "#c03020"], "one colour is no palette"),
    "an unknown style": (["--style", "loud"], "style"),
    "too strong": (["--strength", "3"], "--strength"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_bad_guidance_is_one_line_and_no_file(cli, page, tmp_path, name):
    arguments, message = BAD[name]
    layer(tmp_path / "small.png", (40, 50), [(5, 5)])
    (tmp_path / "bad.json").write_text("{")
    before = sorted(tmp_path.iterdir())
    done = cli("run", "grey", page, *arguments, "-o", "out", code=2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 or name == "too strong"
    assert sorted(tmp_path.iterdir()) == before


def test_a_stroke_is_a_hint_for_each_cell_it_touches(tmp_path, page):
    layer(tmp_path / "layer.png", strokes=[(45, 50)])
    hints = layer_hints(tmp_path / "layer.png", read(page))
    assert len(hints) == 60
    assert {hint.color for hint in hints} == {RED[:3]}
    big = tmp_path / "big.png"
    layer(big, (1024, 2048), [(45, 50)])
    Image.fromarray(synthetic_picture(0, 1024, 2048)).save(tmp_path / "photo.png")
    hints = layer_hints(big, read(tmp_path / "photo.png"))
    assert 5 <= len(hints) <= 12  # cells of four pixels


def test_a_digest_is_empty_where_nothing_is_said():
    assert GuidanceRequest().digest == ""
    assert GuidanceRequest(hints=("1,2=#fff",)).digest != GuidanceRequest(hints=("1,3=#fff",)).digest
    assert GuidanceRequest(strength=1.2).digest


@pytest.mark.parametrize("text", ["1,2", "1=#fff", "1,2,3=#fff", "=#fff", ""])
def test_what_is_no_hint_is_refused(text):
    with pytest.raises(ConfigError, match="expected x,y=colour"):
        parse_hint(text)


COMMANDS = re.findall(r"^\$ colorzoo (.*)$", (ROOT / "docs" / "guiding.md").read_text(), re.M)


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in COMMANDS if "--again" not in line])
def test_the_page_on_guidance_works_as_it_is_written(cli, tmp_path, line):
    (tmp_path / "album").mkdir()
    for name, size in {"photo.jpg": (120, 200), "album/a.jpg": (60, 80), "page.png": (120, 90)}.items():
        Image.fromarray(synthetic_picture(0, *size)).save(tmp_path / name)
    Image.fromarray(synthetic_picture(1, 80, 80)).save(tmp_path / "other.png")
    layer(tmp_path / "layer.png", (120, 200), [(45, 50)])
    layer(tmp_path / "album" / "a.hints.png", (60, 80), [(30, 40)])
    (tmp_path / "points.json").write_text('[{"x": "80%", "y": "40%", "color": "192,96,48", "radius": 4}]')
    for name in ("chapter/1.png", "chapter/2.png", "chapter2/1.png", "frames/1.png", "frames/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(synthetic_picture(int(Path(name).stem), 96, 80)).save(tmp_path / name)
    words = shlex.split(line)
    if "next" in words:
        cli("run", "cgan", "chapter", "-o", "agreeing", "--consistent")
    done = cli(*words, "--seed", "0")
    assert re.search(r"^(\d) of \1 coloured", done.stdout)
    out = tmp_path / words[words.index("-o") + 1]
    assert (out / "colorized.jsonl").is_file()


@pytest.mark.slow
def test_a_record_is_made_again_as_the_page_on_guidance_says(cli, tmp_path):
    Image.fromarray(synthetic_picture(0, 120, 200)).save(tmp_path / "photo.jpg")
    (again,) = (line for line in COMMANDS if "--again" in line)
    cli(*shlex.split(COMMANDS[0]))
    assert "1 of 1 made again" in cli(*shlex.split(again)).stdout
