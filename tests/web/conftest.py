"""One server for the tests of a module."""

from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.servers.web_server import WebServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with WebServer(tmp_path_factory.mktemp("serve"), "--max-body", "4", "--max-frames", "6") as running:
        yield running


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(synthetic_picture(3)).resize((96, 80)).save(path)
    return path
