"""The built wheel is whole: what is in the tree is in it, and it works from anywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture

ROOT = Path(__file__).parents[1]
FOLDERS = {"zoo": "", "core": "core/", "plugins": "plugins/", "datasources": "datasources/"}
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE", *FOLDERS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel, built of a copy, since building writes into the tree."""
    source = tmp_path_factory.mktemp("source")
    for name in NEEDED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", source / "dist", source], check=True, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_nothing_of_the_tree_is_missing(wheel):
    members = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"colorzoo/{inside}{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(wanted - members) == []


def test_it_colours_where_nothing_else_is(wheel, cli, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "photo.png")
    done = cli("run", "photo.png", "--json", PYTHONPATH=str(site))
    assert '"colorizer": "vae-mdn"' in done.stdout
    assert (tmp_path / "colorized" / "photo-vae-mdn-1.png").is_file()
    assert str(site) in cli("weights", "show", "vae-mdn:photos", PYTHONPATH=str(site)).stdout
