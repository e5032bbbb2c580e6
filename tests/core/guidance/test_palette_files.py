"""Palettes are read strictly: what is none is one line that names it."""

from __future__ import annotations

import json
import struct

import pytest

from colorzoo.core.errors import ColorzooError, ConfigError, DataError
from colorzoo.core.guidance.palette_files import MAX_BYTES, read_palette

RED, BLUE = (192, 48, 32), (32, 64, 160)


def adobe(*colors, model=b"RGB "):
    """Return an .ase file with a group around the colours, as its programs write it."""
    name = "red\0".encode("utf-16-be")
    blocks = [struct.pack(">HIH", 0xC001, 2 + len(name), 4) + name]
    for values in colors:
        body = struct.pack(">H", 4) + name + model + struct.pack(f">{len(values)}fH", *values, 2)
        blocks.append(struct.pack(">HI", 1, len(body)) + body)
    blocks.append(struct.pack(">HI", 0xC002, 0))
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def as_shares(color):
    return tuple(level / 255 for level in color)


FILES = {
    "a.gpl": b"GIMP Palette\nName: two\nColumns: 2\n# comment\n192  48  32\tRed roof\n 32 64 160\n",
    "a.ase": adobe(as_shares(RED), as_shares(BLUE)),
    "list.json": b'["#c03020", "#2040a0"]',
    "strings.json": b'{"colors": ["#c03020", "#2040a0"]}',
    "shares.json": b'{"colors": [{"color": "#c03020", "share": 0.5}, {"color": "#2040a0", "share": 0.1}]}',
    "SHOUTED.JSON": b'["#C03020", "#2040A0", "#c03020"]',
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    assert read_palette(tmp_path / name) == (RED, BLUE)
    assert read_palette(str(tmp_path / name)) == (RED, BLUE)


def test_text_is_read():
    assert read_palette("#c03020,#2040a0") == (RED, BLUE)
    assert read_palette(" #fff, #000 ") == ((255, 255, 255), (0, 0, 0))


def test_grey_swatches(tmp_path):
    (tmp_path / "grey.ase").write_bytes(adobe((0.0,), (1.0,), model=b"Gray"))
    assert read_palette(tmp_path / "grey.ase") == ((0, 0, 0), (255, 255, 255))


DAMAGED = {
    "empty.gpl": b"",
    "first.gpl": b"1 2 3\n4 5 6\n",
    "high.gpl": b"GIMP Palette\n1 2 3\n1 2 256\n",
    "word.gpl": b"GIMP Palette\n1 2 3\nred\n",
    "one.gpl": b"GIMP Palette\n1 2 3\n1 2 3\n",
    "latin.gpl": b"GIMP Palette\n\xff\xfe",
    "empty.ase": b"",
    "cut.ase": FILES["a.ase"][:-30],
    "other.ase": b"ABCD" + FILES["a.ase"][4:],
    "cmyk.ase": adobe((0.1, 0.2, 0.3, 0.4), model=b"CMYK"),
    "beyond.ase": adobe((0.1, 2.0, 0.3), (0, 0, 0)),
    "nan.ase": adobe((0.1, float("nan"), 0.3), (0, 0, 0)),
    "blocks.ase": b"ASEF" + struct.pack(">HHI", 1, 0, 2**32 - 1),
    "none.json": b"",
    "number.json": b"5",
    "deep.json": b"[" * 100_000,
    "words.json": b'["red", "blue"]',
    "one.json": b'["#c03020"]',
    "many.json": json.dumps([f"#{i:06x}" for i in range(257)]).encode(),
    "large.json": b" " * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_one_line_that_names_them(tmp_path, name):
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(DataError) as problem:
        read_palette(tmp_path / name)
    assert name in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "text", ["#c03020", "#c0302", "#c03020,blue", "#c03020,", "", "blue", "a.txt", "#1,#2"]
)
def test_text_that_is_no_palette(text):
    with pytest.raises(ConfigError, match=r"palette|colour") as problem:
        read_palette(text)
    assert "\n" not in str(problem.value)


def test_absent_files_and_folders(tmp_path):
    (tmp_path / "folder.json").mkdir()
    for name in ("absent.gpl", "folder.json", "a\0b.json", "a\x1b[31m.gpl"):
        with pytest.raises(ColorzooError) as problem:
            read_palette(tmp_path / name)
        assert "\x1b" not in str(problem.value)
        assert len(str(problem.value).splitlines()) == 1
