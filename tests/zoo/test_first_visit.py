"""What a newcomer types, right and wrong, on a terminal, and what must be seen."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.datasources.clips import clip
from tests.plugins.books import cbz

README = Path(__file__).parents[2] / "README.md"
EXAMPLE = README.with_name("examples") / "astronaut.png"
VISIT = [
    ("colorzoo", 2, "Commands:"),
    ("colorzoo -h", 0, "Colour pictures"),
    ("colorzoo -V", 0, r"colorzoo \d"),
    ("colorzoo --version", 0, r"colorzoo \d"),
    ("colorzoo help", 2, "No such command 'help'"),
    ("colorzoo rnu photo.jpg", 2, "No such command 'rnu'. Did you mean 'run'?"),
    ("colorzoo run", 2, "no picture named"),
    ("colorzoo run -h", 0, "colorzoo run photo.jpg"),
    ("colorzoo run photo.jpg", 0, "a portrait: coloured by vae-mdn; name another to choose"),
    ("colorzoo run photo.jpg", 0, "1 of 1 coloured, 1 of them before"),
    ("colorzoo run photo.jpg --overwrite", 0, r"by vae-mdn, weights default, on cpu with 1 thread: "),
    ("colorzoo run vae-mdn", 2, "no picture named; colorzoo run vae-mdn photo.jpg"),
    ("colorzoo run vae-mdn foto.jpg", 2, "foto.jpg: no such file"),
    ("colorzoo run vaemdn photo.jpg", 2, "did you mean vae-mdn"),
    ("colorzoo run photo.jpg VAE-MDN", 0, "1 of 1 coloured, 1 of them before"),
    ("colorzoo run photo.jpg vae-mdn --samples 2", 0, "photo-vae-mdn-samples=2-sheet.png"),
    ("colorzoo run vae-mdn:faces photo.jpg", 0, "weights faces"),
    ("colorzoo run vae-mdn:face photo.jpg", 2, "did you mean faces"),
    ("colorzoo run cgan photo.jpg --samples 2", 0, "1 of its 2 samples equal others"),
    ("colorzoo run photo.jpg -o one.png", 0, "results: one.png"),
    ("colorzoo run photo.jpg -o one.png", 2, "is there already; --overwrite"),
    ("colorzoo run photo.jpg -o one.png --samples 3", 2, "one file holds one of 3 samples"),
    ("colorzoo run holiday -o one.tif", 2, "one file holds one picture"),
    ("colorzoo run holiday", 0, "2 left out: 1 pdf, 1 mp4"),
    ("colorzoo run holiday", 0, "3 of 3 coloured, 3 of them before"),
    ("colorzoo run .", 1, "left out: results of earlier runs"),
    ("colorzoo run colorized", 2, "all of its pictures are results of earlier runs"),
    ("colorzoo run holiday --quiet -o quiet", 0, r"\A\Z"),
    ("colorzoo run holiday --json -o json", 0, r'\A\{\n  "colorizer": "vae-mdn"'),
    ("colorzoo run https://example.org/a.jpg", 2, "addresses are not read"),
    ("colorzoo run phone.heic", 2, "phone.heic: damaged picture"),
    ("colorzoo run notes.pdf", 2, "damaged PDF"),
    ("colorzoo run photo.jpg --format gif", 2, "expected one of jpg"),
    ("colorzoo run photo.jpg -O mode=best", 2, "mode"),
    ("colorzoo run photo.jpg --seed -1", 2, "Invalid value for '--seed'"),
    ("colorzoo run photo.jpg --weights runs/none", 2, "runs/none: was never pulled to this machine"),
    ("colorzoo plugins", 0, "vae-mdn"),
    ("colorzoo plugins show cgan", 0, "Run options"),
    ("colorzoo weights", 2, "Commands:"),
    ("colorzoo weights list", 0, "vae-mdn:faces"),
    ("colorzoo compare vae-mdn", 2, "Missing option '--data'"),
    ("colorzoo compare vea-mdn --data holiday", 2, "did you mean vae-mdn"),
    ("colorzoo data info holiday", 0, "Pictures of a folder"),
    ("colorzoo doctor --offline", 0, "ok      colorzoo"),
]  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    """Return a folder as newcomers have one: photos, a page, and other files."""
    for index, name in enumerate(
        ("photo.jpg", "portrait.jpg", "page.jpg", "holiday/a.jpg", "holiday/b.png")
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(synthetic_picture(index, 96, 80)).save(tmp_path / name)
    Image.open(EXAMPLE).convert("RGB").resize((96, 96)).save(tmp_path / "photo.jpg")
    Image.fromarray(synthetic_picture(9, 40, 40)).save(tmp_path / "holiday" / "c.gif")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(32))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "holiday" / "d.pdf").write_bytes(b"words")
    cbz(tmp_path / "book.cbz")
    shutil.copytree(
        tmp_path / "holiday", tmp_path / "archive", ignore=shutil.ignore_patterns("*.pdf", "*.mp4")
    )
    clip(tmp_path / "film.mp4", 3)
    (tmp_path / "holiday" / "e.mp4").write_bytes(b"film")
    return tmp_path


@pytest.fixture
def type_line(command_line, desk):
    """Return what types a line and looks at the terminal."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "TERM": "dumb"}
    return lambda line: command_line.type(line, desk, env)


def test_forty_lines_of_a_newcomer(type_line):
    wrong = []
    for line, status, expected in VISIT:
        ended, seen = type_line(line)
        if (ended, bool(re.search(expected, seen))) != (status, True) or "Traceback" in seen:
            wrong.append(f"$ {line}\n{seen}[status {ended}, expected {status} and {expected!r}]")
    assert not wrong, "\n".join(wrong)


def test_the_readme_line_by_line(type_line):
    """Of the lines that need neither a network nor an hour; the others have tests of their own."""
    here = re.compile(
        r"^ +(colorzoo (?:run|plugins show|weights list|metrics show)[^\n]*?)(?:  +.*)?$", re.M
    )
    lines = [
        line for line in here.findall(README.read_text()) if "runs/" not in line and "someone/" not in line
    ]
    assert len(lines) >= 9
    seen = {line: type_line(line) for line in lines}
    assert {line: text for line, (status, text) in seen.items() if status} == {}
    files = [path.name for path in (type_line.__closure__[1].cell_contents / "colorized").iterdir()]
    assert len(files) == len(set(files))
