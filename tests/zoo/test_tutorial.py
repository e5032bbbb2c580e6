"""The tutorial, block by block, in an environment of its own with a Hub on loopback."""

import os
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.servers.hub import TOKEN, SmallHub

TUTORIAL = Path(__file__).parents[2] / "docs" / "plugins" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.S | re.M)


@pytest.fixture
def hub(tmp_path):
    server = SmallHub(tmp_path / "hub")
    yield server
    server.close()


@pytest.fixture
def shell(environment, inside, hub, tmp_path):
    """Return a function that runs a command as the reader would."""
    (tmp_path / "pictures").mkdir()
    for seed, name in enumerate(("picture", "pictures/a", "pictures/b", "pictures/c", "pictures/d")):
        Image.fromarray(synthetic_picture(seed)).save(tmp_path / f"{name}.png")
    env = {
        **os.environ, "PATH": f"{environment.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1",
        "PIP_NO_BUILD_ISOLATION": "0", "HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "hf"), "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "colorzoo.testing.pytest_plugin",
    }  # fmt: skip

    def run(line):
        module, *words = shlex.split(line)
        done = inside.run(words, tmp_path, env, module)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_the_tutorial_works_as_it_is_written(shell, tmp_path):
    said = {}
    for language, place, text in BLOCK.findall(TUTORIAL.read_text()):
        if place:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text(text)
        elif language == "console":
            for line in text.splitlines():
                said[line] = shell(line.removeprefix("$ "))
        else:
            (tmp_path / "block.py").write_text(text)
            shell("block")
    everything = "\n".join(said.values())
    assert "new: colorizer dusk, of colorzoo-dusk 0.1.0" in everything
    assert "0 do not" in said["$ colorzoo plugins check dusk"]
    assert "0 do not, 0 do not apply" in said["$ colorzoo plugins check dusk --set width=4"]
    assert "vae-mdn" in (tmp_path / "compared" / "results.json").read_text()
    for folder in ("out", "learned", "published"):
        assert (tmp_path / folder / "picture-dusk-1.png").exists()


def test_the_first_colorizer_is_short():
    blocks = BLOCK.findall(TUTORIAL.read_text())
    first: dict[str, str] = {}
    for _, place, text in blocks:
        if place.endswith(".py") and "/tests/" not in place:
            first.setdefault(place, text)
    lines = [line for text in first.values() for line in text.splitlines() if line.strip()]
    assert len(lines) <= 40
