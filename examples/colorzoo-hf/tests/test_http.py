"""The colorizer http against a server that is really there: what it sends, takes and refuses."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from colorzoo_hf.config import HttpConfig
from colorzoo_hf.exchange import MAX_ANSWER, EndpointError, Question, ask
from colorzoo_hf.http_colorizer import Http
from PIL import Image
from stand_in import StandIn

from colorzoo.core import ConfigError, Guidance, color
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.config import from_preset, validate
from colorzoo.testing import ColorizerContract, synthetic_picture

README = Path(__file__).parents[1] / "README.md"
SECRET = "sk-not-to-be-seen"
FAULTS = {
    "broken": "answers 500, asked 2 times",
    "refuses": "answers 401; set the environment variable",
    "html": "answers with text/html, expected a picture",
    "redirects": "redirects to http://elsewhere.example/png",
    "bomb": "50000x50000 pixels; too large",
    "compressed": "answers compressed",
    "short": "ends 996 bytes too early, asked 2 times",
    "claims-much": "more than 64 MiB",
    "endless": "more than 64 MiB",
    "drips": "no whole answer within 0.5 s",
    "drips-headers": "no whole answer within 0.5 s",
    "other-shape": "expected the same proportions",
}


@pytest.fixture(scope="module")
def server():
    stand_in = StandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture
def page():
    return torch.rand(1, 1, 30, 20, generator=torch.Generator().manual_seed(0))


class TestHttp(ColorizerContract):
    plugin = "http"
    tolerance = 1e-6

    @pytest.fixture(autouse=True)
    def address(self, server):
        self.url = f"{server.address}/png"

    def build(self, **changes):
        return self.ready(Http(HttpConfig(url=self.url)))


@pytest.mark.parametrize(
    ("preset", "path"), [("default", "png"), ("a1111", "json"), ("colorzoo-serve", "form")]
)
def test_every_way_of_sending_gives_the_same_colours(server, page, preset, path):
    model = Http(from_preset(HttpConfig, preset, [f"url={server.address}/{path}"]))
    expected = Http(HttpConfig(url=f"{server.address}/png"))(page, seed=3)
    found = model(page, seed=3)
    assert torch.equal(found, expected)
    np.testing.assert_allclose(color.luma(found[:, 0]), page, atol=1e-5, rtol=0)
    assert found.var(2).mean() > 1e-3


def test_an_answer_of_half_the_size_is_brought_back(server, page):
    out = Http(HttpConfig(url=f"{server.address}/half"))(page)
    assert out.shape == (1, 1, 3, 30, 20)
    np.testing.assert_allclose(color.luma(out[:, 0]), page, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("fault", "message"), FAULTS.items(), ids=FAULTS)
def test_what_fails_is_said_in_one_line(server, page, fault, message):
    model = Http(HttpConfig(url=f"{server.address}/{fault}"))
    timeout = 0.5 if "drips" in fault else 20
    with pytest.raises(EndpointError) as error:
        model(page, retries=1, timeout=timeout)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_nobody_there_is_said(page):
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9.*refused"):
        Http(HttpConfig(url="http://127.0.0.1:9/"))(page, retries=0)


def test_json_without_a_picture_is_said(server, page):
    config = from_preset(HttpConfig, "a1111", [f"url={server.address}/no-picture-in-json"])
    with pytest.raises(EndpointError, match=r"no picture in base64 at 'images\.0'"):
        Http(config)(page)


def test_a_busy_server_is_asked_again(server, page):
    server.failures = 2
    assert ask(Question(f"{server.address}/html", "POST"), 5, retries=2, first_pause=0.01).body.startswith(
        b"<"
    )
    assert server.failures == 0


def test_the_limit_is_not_a_byte_more():
    assert MAX_ANSWER == 64 * 2**20


def test_prompt_text_and_other_fields_are_sent(server, page):
    config = from_preset(HttpConfig, "a1111", [
        f"url={server.address}/json", "prompt=Colour it.", "fields.steps=7", "seed_field=seed",
    ])  # fmt: skip
    Http(config)(page, [Guidance(text="A red coat.")])
    said = json.loads(server.asked[-1][2])
    assert (said["prompt"], said["steps"], said["denoising_strength"]) == ("Colour it. A red coat.", 7, 0.5)
    assert len(said["init_images"]) == 1


def test_a_token_goes_where_it_should_and_nowhere_else(server, page, monkeypatch):
    monkeypatch.setenv("COLORZOO_HTTP_TOKEN", SECRET)
    Http(HttpConfig(url=f"{server.address}/png"))(page)
    assert server.asked[-1][1]["Authorization"] == f"Bearer {SECRET}"
    with pytest.raises(EndpointError, match="by https alone") as error:
        Http(HttpConfig(url="http://models.example/png"))(page)
    assert SECRET not in str(error.value)
    with pytest.raises(ConfigError, match="environment variable"):
        validate(HttpConfig, {"url": "https://me:secret@models.example/"}, "config")
    with pytest.raises(ConfigError, match="on the host of url"):
        validate(HttpConfig, {"url": "https://a.example/", "version_url": "https://b.example/"}, "config")


def test_results_are_kept_by_address_prompt_and_version(server):
    def depends(**changes):
        config = {"url": f"{server.address}/png", "version_url": f"{server.address}/version", **changes}
        return tuple(Http(HttpConfig(**config)).depends())

    before = depends()
    assert before == depends()
    assert before != depends(prompt="Another.")
    assert before != depends(url=f"{server.address}/half")
    server.model = "two"
    assert before != depends()
    assert ComparedMethod("http", "http", Http).depends.keys() >= {"code", "member 0"}


def test_one_that_is_said_to_be_deterministic_is_asked_once(server, page):
    model, before = Http(HttpConfig(url=f"{server.address}/png", deterministic=True)), len(server.asked)
    assert model(page, samples=5).shape == (1, 5, 3, 30, 20)
    assert len(server.asked) == before + 1


def test_without_an_address_it_says_how_to_give_one(page):
    with pytest.raises(ConfigError, match="--set url="):
        Http()(page)


def test_the_commands_of_the_readme_run(server, tmp_path):
    for number in range(2):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(synthetic_picture(number)).save(tmp_path / "photos" / f"{number}.png")
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "photo.jpg")
    lines = re.findall(r"^    colorzoo (.*(?:http|editor).*?)(?:   .*)?$", README.read_text(), re.M)
    assert len(lines) == 4
    said = ""
    for line in lines:
        words = line.replace("https://models.example/colour", f"{server.address}/png").split()
        more = ["--metrics", "psnr", "--split", "all"] if words[0] == "compare" else []
        env = {**os.environ, "COLORZOO_HTTP_TOKEN": SECRET}
        command = [sys.executable, "-m", "colorzoo", *words, *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    results = json.loads((tmp_path / "compared" / "results.json").read_text())
    assert {"http:runs/editor", "grey"} <= {method["label"] for method in results["methods"]}
    assert SECRET not in said
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    (colored,) = (path for path in written if path.name.startswith("photo-http") and "-1." in path.name)
    assert np.asarray(Image.open(colored)).std(2).mean() > 1
