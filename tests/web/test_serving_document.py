"""docs/serving.md: its curl lines and its Python are run, and every option of its text is there."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.plugins.books import cbz
from tests.web.conftest import ROOT

TEXT = (ROOT / "docs" / "serving.md").read_text()
CURL = re.findall(r"^curl .+$", TEXT, re.M)


@pytest.mark.slow
def test_the_curl_lines_do_what_they_say(server, photo, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("no curl on this machine")
    for name in ("page1.png", "page2.png"):
        (tmp_path / name).write_bytes(photo.read_bytes())
    cbz(tmp_path / "book.cbz")
    assert len(CURL) >= 7
    for line in CURL:
        words = shlex.split(line.replace("http://127.0.0.1:8000", server.url))
        done = subprocess.run(
            [*words, "--fail-with-body", "-sS"], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr!r} {done.stdout!r}"
    assert (tmp_path / "coloured.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "hinted.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.slow
def test_the_python_does_what_it_says(server, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    exec(block.replace("http://127.0.0.1:8000", server.url))
    assert Path("coloured.png").read_bytes().startswith(b"\x89PNG")


def test_the_image_of_docker_holds_what_the_package_is_made_of():
    docker = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    for name in re.findall(r"^COPY (\w+) \w+$", docker, re.M):
        assert (ROOT / name).is_dir()
        assert f"!{name}" in ignored
    assert "USER 10001:10001" in docker
    assert "HEALTHCHECK" in docker
    assert (
        f"torch=={re.search(r'^torch==(.+)$', (ROOT / 'constraints.txt').read_text(), re.M)[1]}" in docker
    )
