"""The built wheel is whole: what is in the tree is in it, and it works from anywhere."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
import venv
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
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, check=True, capture_output=True, text=True
    )
    return source / done.stdout.splitlines()[-1]


def test_nothing_of_the_tree_is_missing(wheel):
    members = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"colorzoo/{inside}{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(wanted - members) == []


def test_the_trunk_is_there_with_its_license(wheel):
    members = set(zipfile.ZipFile(wheel).namelist())
    names = ("efficientnet_lite0.safetensors", "LICENSE", "README.md")
    assert members >= {f"colorzoo/core/trunk/{name}" for name in names}


@pytest.fixture
def empty(tmp_path):
    """Return the folder of the programs of an environment that holds nothing."""
    venv.create(tmp_path / "environment", symlinks=True)
    return tmp_path / "environment" / "bin"


def pip(programs: Path, *words: object) -> list[object]:
    """Return the command that has our pip work on an environment."""
    return [sys.executable, "-m", "pip", "--python", programs / "python", *words]


def test_it_colours_from_an_empty_environment(wheel, empty, tmp_path):
    subprocess.run(
        pip(empty, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", wheel), check=True
    )
    (libraries,) = empty.parent.glob("lib/python*/site-packages")
    ours = (line for line in site.getsitepackages() if Path(line).is_dir())
    (libraries / "needed.pth").write_text("\n".join(ours))  # torch alone is a gigabyte; not our plugins
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "photo.png")

    def said(*words: str) -> str:
        done = subprocess.run(
            [empty / "colorzoo", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert not done.stderr or words[0] == "run"
        return done.stdout

    said("run", "photo.png")
    assert (tmp_path / "colorized" / "photo-vae-mdn-1.png").is_file()
    assert str(libraries) in said("weights", "show", "vae-mdn:faces")
    rows = json.loads(said("plugins", "--json"))
    assert {"vae-mdn", "lfw", "mse255"} <= {row["name"] for row in rows}
    assert {(row["health"], row["distribution"]) for row in rows} == {("ok", "colorzoo 0.1.0")}
    assert "colorzoo 0.1.0, built in" in said("doctor", "--offline")


def test_what_it_needs_can_be_had(wheel, empty):
    """Ask an index for all that the wheel declares, and download none of it."""
    ask = pip(empty, "install", "--dry-run", "--quiet", "--retries", "0")
    if subprocess.run([*ask, "pluggy"], capture_output=True).returncode:
        pytest.skip("pip reaches no index")
    subprocess.run([*ask, wheel], check=True)
