"""Weights that others published: named by a catalogue or converted, pulled from a Hub on loopback."""

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from colorzoo.core.imaging.image_io import read
from colorzoo.core.weights.folder import WeightsInfo, read_info, write_info
from colorzoo.core.weights.weights_info import AdoptedFrom
from colorzoo.hub import adopted_weights
from colorzoo.hub.card import card
from colorzoo.hub.catalog_entry import CatalogEntry
from colorzoo.hub.published_file import FetchedFile, parse_published, url_target
from colorzoo.hub.pull import HubId
from colorzoo.testing import synthetic_picture
from tests import hostile_checkpoints as hostile
from tests.zoo.strangers import installed

HOOKS = """
from pathlib import Path
from colorzoo.core import Entry, hookimpl

@hookimpl
def register_colorizers():
    return [Entry("tiny", "tiny_model:Tiny", "colours by one convolution")]

@hookimpl
def register_weights():
    return [Path(__file__).with_name("known.toml")]
"""
MODEL = """
import torch
from colorzoo.core import Colorizer, ColorizerConfig

class Config(ColorizerConfig):
    width: int = 1

class Tiny(Colorizer, torch.nn.Module):
    deterministic = True
    Config = Config

    def __init__(self, config=None):
        super().__init__(config)
        self.mix = torch.nn.Conv2d(1, 3, self.config.width)

    def colorize(self, gray, options):
        return self.mix(gray).sigmoid()[:, None]

    @classmethod
    def adopt(cls, tensors, config):
        return {"mix.weight": tensors["conv.W"], "mix.bias": tensors["conv.b"]}
"""
TENSORS = {
    "conv.W": torch.tensor([0.5, 1.0, -2.0]).view(3, 1, 1, 1),
    "conv.b": torch.tensor([0.1, 0.2, 0.3]),
}
PUBLISHED = hostile.saved(
    {"params": {f"module.{name}": tensor for name, tensor in TENSORS.items()}, "step": 9}
)
OTHER = hostile.saved({name: tensor + 1 for name, tensor in TENSORS.items()})
STATED = {"plugin": "tiny", "name": "default", "license": "cc-by-nc-4.0", "credit": "Somebody 2020"}


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def known(zoo, tmp_path):
    """Install a plugin; return what writes its catalogue, and runs the command line beside it."""
    site = tmp_path / "site"
    installed(site, "tiny", hooks=HOOKS, model=MODEL)
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "photo.jpg")
    (tmp_path / "tmp").mkdir()

    def write(**fields):
        config = fields.pop("config", {})
        lines = [f"{name} = {json.dumps(value)}" for name, value in {**STATED, **fields}.items()]
        lines += ["[weights.config]", *(f"{name} = {value}" for name, value in config.items())]
        (site / "known.toml").write_text("[[weights]]\n" + "\n".join(lines) + "\n")

    def run(*words, code=0, **env):
        done = zoo(*words, code=code, PYTHONPATH=str(site), TMPDIR=str(tmp_path / "tmp"), **env)
        lines = done.stderr.splitlines(keepends=True)  # a slow machine is told what is under way
        done.stderr = "".join(line for line in lines if not line.startswith("starting:"))
        if code == 2:
            assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
        assert list((tmp_path / "tmp").iterdir()) == []
        return done

    (site / "known.toml").write_text("weights = []\n")
    run.write = write
    return run


def documented(start):
    """Return the words of the line of docs/hub.md that begins so, for our plugin."""
    lines = (Path(__file__).parents[2] / "docs" / "hub.md").read_text().splitlines()
    (line,) = [line for line in lines if line.strip().startswith(f"colorzoo {start}")]
    return shlex.split(line.replace("NAME", "tiny"))[1:]


def put(hub, repo="some/tiny", name="tiny.pth", data=PUBLISHED):
    if not hub.path(repo).exists():
        hub.create(repo)
    return hub.commit(repo, {name: data})


def adopted(tmp_path):
    return tmp_path / "colorzoo-cache" / "adopted" / "tiny" / "default"


def values(folder):
    return {name: tensor.tolist() for name, tensor in load_file(folder / "model.safetensors").items()}


EXPECTED = {"mix.weight": TENSORS["conv.W"].tolist(), "mix.bias": TENSORS["conv.b"].tolist()}


def test_one_command_pulls_verifies_adopts_and_colours_then_offline(known, hub, tmp_path):
    commit = put(hub, name="weights/tiny.pth")
    known.write(
        repo="some/tiny", file="weights/tiny.pth", commit=commit, sha256=digest(PUBLISHED), size=99_999
    )
    listed = {row["weights"]: row for row in json.loads(known("weights", "list", "--json").stdout)}
    assert listed["tiny:default"]["license"] == "cc-by-nc-4.0"
    assert listed["tiny:default"]["from"] == "to pull: some/tiny:weights/tiny.pth"
    shown = known("plugins", "show", "tiny").stdout
    assert "cc-by-nc-4.0" in shown
    assert "some/tiny:weights/tiny.pth" in shown
    assert hub.asked == []
    first = known("run", "tiny", "photo.jpg", "-o", "first")
    assert (
        first.stderr.count(f"tiny:default: adopting some/tiny@{commit}:weights/tiny.pth, licence cc-by-nc")
        == 1
    )
    assert values(adopted(tmp_path)) == EXPECTED
    hub.asked.clear()
    second = known("run", "tiny", "photo.jpg", "-o", "second", HF_HUB_OFFLINE="1")
    assert "adopting" not in second.stderr
    assert hub.asked == []
    one, other = (next((tmp_path / name).glob("photo-tiny*")) for name in ("first", "second"))
    assert read(one).pixels.tobytes() == read(other).pixels.tobytes()
    info = json.loads((adopted(tmp_path) / "config.json").read_text())
    assert info["adopted_from"]["address"] == f"some/tiny@{commit}:weights/tiny.pth"
    assert info["adopted_from"]["sha256"] == digest(PUBLISHED)
    assert (info["license"], info["credit"]) == ("cc-by-nc-4.0", "Somebody 2020")
    assert "as it should be" in known("weights", "verify", "tiny:default").stdout
    pulled = known("pull", "tiny").stdout
    assert "adopted from: some/tiny@" in pulled
    assert "licence: cc-by-nc-4.0" in pulled
    refused = known("run", "some/tiny", "photo.jpg", code=2).stderr
    assert (
        "adopted by name: colorzoo run tiny:default PICTURE" in refused or "has no config.json" in refused
    )
    assert "MB freed" in known("weights", "remove", "tiny:default").stdout
    assert not adopted(tmp_path).exists()


def test_where_no_commit_is_known_the_newest_is_taken_told_and_compared(known, hub, tmp_path):
    commit = put(hub)
    known.write(repo="some/tiny", file="tiny.pth")
    told = known("pull", "tiny:default").stderr
    assert f"took some/tiny@{commit}:tiny.pth, sha256 {digest(PUBLISHED)}: recorded" in told
    assert "took" not in known("pull", "tiny:default", "--offline").stderr
    newer = put(hub, data=OTHER)
    assert "took" not in known("run", "tiny", "photo.jpg", "-o", "out").stderr
    refused = known("pull", "tiny:default", code=2).stderr
    assert f"some/tiny@{newer}:tiny.pth: its sha256 is {digest(OTHER)[:16]}" in refused
    assert "colorzoo weights remove tiny:default" in refused
    assert values(adopted(tmp_path)) == EXPECTED
    known("weights", "remove", "tiny:default")
    assert f"took some/tiny@{newer}:tiny.pth" in known("pull", "tiny").stderr
    assert values(adopted(tmp_path)) != EXPECTED


def test_what_is_not_what_the_catalogue_names_is_not_downloaded(known, hub, tmp_path):
    commit = put(hub)
    at = {"repo": "some/tiny", "file": "tiny.pth", "commit": commit}
    known.write(**at, sha256="0" * 64)
    assert "its sha256 is" in known("run", "tiny", "photo.jpg", code=2).stderr
    known.write(**at, size=7)
    assert "expected at most 7" in known("run", "tiny", "photo.jpg", code=2).stderr
    known.write(**(at | {"file": "none.pth"}))
    assert (
        "has no file none.pth; it offers: .gitattributes, tiny.pth" in known("pull", "tiny", code=2).stderr
    )
    assert not any("/resolve/" in line for line in hub.asked)
    known.write(**at)
    assert "never pulled" in known("run", "tiny", "photo.jpg", code=2, HF_HUB_OFFLINE="1").stderr
    known.write(**at, config={"width": 3})
    assert "mix.weight is (3, 1, 1, 1), expected (3, 1, 3, 3)" in known("pull", "tiny", code=2).stderr
    assert not adopted(tmp_path).exists()


def test_a_file_at_an_address_is_fetched_goes_on_after_a_cut_and_has_its_digest(known, hub, tmp_path):
    data = hostile.saved({**TENSORS, "momentum": torch.ones(100_000)})
    put(hub, data=data)
    url = f"{hub.address}/some/tiny/resolve/main/tiny.pth"
    known.write(url=url, sha256_prefix="00000000")
    assert "the file was thrown away" in known("pull", "tiny", code=2).stderr
    known.write(url=url, sha256_prefix=digest(data)[:8])
    hub.faults["cut"] = 1
    known("run", "tiny", "photo.jpg", "-o", "out")
    assert values(adopted(tmp_path)) == EXPECTED
    hub.close()
    known("run", "tiny", "photo.jpg", "-o", "again")


def test_a_repository_of_others_is_converted_pushed_and_pulled(known, hub, tmp_path):
    commit = put(hub, "some/foreign", "net.pth")
    for words in (("pull", "some/foreign"), ("run", "some/foreign", "photo.jpg")):
        said = known(*words, code=2).stderr
        assert "colorzoo weights convert PLUGIN some/foreign -o DIR" in said
        assert said.strip().count("\n") == 0
    stated = ("--license", "mit", "--credit", "Somebody 2020")
    known("weights", "convert", "tiny", "some/foreign", "-o", "made", *stated)
    assert values(tmp_path / "made") == EXPECTED
    page = (tmp_path / "made" / "README.md").read_text()
    assert f"Adopted from `some/foreign@{commit}:net.pth`, sha256 `{digest(PUBLISHED)}`" in page
    assert "## Credit\n\nSomebody 2020" in page
    known("push", "made", "me/tiny")
    known("pull", "me/tiny")
    known("run", "me/tiny", "photo.jpg", "-o", "out")
    again = known("weights", "convert", "tiny", "some/foreign", "-o", "made", *stated, code=2).stderr
    assert "is there already" in again
    put(hub, "some/foreign", "other.pth", OTHER)
    several = known("weights", "convert", "tiny", "some/foreign", "-o", "more", *stated, code=2).stderr
    assert "as some/foreign:FILE; it offers net.pth, other.pth" in several
    put(hub, "owner/name", "net.pth")
    hub.git("owner/name", "tag", "v1", "main")
    known(*documented("weights convert NAME owner/name"))
    assert values(tmp_path / "mine") == EXPECTED


def test_a_file_of_this_machine_is_converted_or_refused_and_nothing_is_left(known, tmp_path):
    words = ("weights", "convert", "tiny")
    stated = ("--license", "mit", "--credit", "x", "--url", "https://example.org/tiny.pth")
    (tmp_path / "net.pth").write_bytes(PUBLISHED)
    known(*documented("weights convert NAME net.pth"), "--url", "https://example.org/tiny.pth")
    info = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert info["adopted_from"]["address"] == "https://example.org/tiny.pth"
    files = {**hostile.calling(tmp_path / "EVIL"), **hostile.damaged()}
    for name in ("reduce.pth", "lying.safetensors", "truncated.pth"):  # others: tests/core/weights
        data, said = files[name]
        (tmp_path / name).write_bytes(data)
        refused = known(*words, name, "-o", "out", *stated, code=2).stderr
        assert said in refused
        assert refused.strip().count("\n") == 0
    other = hostile.saved({"layer1.weight": torch.ones(2)})
    (tmp_path / "other.pth").write_bytes(other)
    assert "conv.W" in known(*words, "other.pth", "-o", "out", *stated, code=2).stderr
    assert "No such file" in known(*words, "none.pth", "-o", "out", *stated, code=2).stderr
    assert not (tmp_path / "EVIL").exists()
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} <= {
        "site",
        "tmp",
        "mine",
        "hub",
        "hf",
    }


def test_a_kill_leaves_nothing(known, tmp_path):
    (tmp_path / "tiny.pth").write_bytes(PUBLISHED)
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "TMPDIR": str(tmp_path / "tmp")}
    words = ["weights", "convert", "tiny", "tiny.pth", "-o", "out", "--license", "mit", "--credit", "x"]
    before = {path.name for path in tmp_path.iterdir()}
    process = subprocess.Popen(
        [sys.executable, "-m", "colorzoo", *words], env=env, cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        process.wait()
        pytest.skip("this system does not tell of children")
    while not (reading := children.read_text().split()) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert reading
    assert {path.name for path in tmp_path.iterdir()} == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_interrupt_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    from colorzoo.core.registry import registry

    cls = registry().find("colorizer", "unet").load()
    model = cls(cls.Config(width=4))
    path = tmp_path / "unet.pth"
    torch.save(model.state(), path)
    info = adopted_weights.new_info("unet", "mit", "x")
    monkeypatch.setattr("colorzoo.core.weights.adoption.read_published", lambda path: model.state())

    def interrupted(*_):
        assert (tmp_path / ".out.part" / "config.json").exists()
        raise KeyboardInterrupt

    source = FetchedFile(path, "unet.pth", "0" * 64)
    with monkeypatch.context() as broken:
        broken.setattr("colorzoo.core.weights.folder.load", interrupted)
        with pytest.raises(KeyboardInterrupt):
            adopted_weights.convert(source, tmp_path / "out", model.config, info)
    assert [one.name for one in tmp_path.iterdir()] == ["unet.pth"]
    (tmp_path / ".out.part").mkdir()  # of one that was killed
    adopted_weights.convert(source, tmp_path / "out", model.config, info)
    assert {one.name for one in tmp_path.iterdir()} == {"unet.pth", "out"}


@pytest.mark.parametrize("step", range(1, 7))
def test_a_kill_while_weights_are_replaced_leaves_the_old_or_the_new(tmp_path, monkeypatch, step):
    class Killed(BaseException):
        pass

    def made(fetched, out, config, info, stated):
        out.mkdir()
        source = AdoptedFrom(address="x", sha256="0" * 64, stated=stated)
        write_info(out, info.model_copy(update={"adopted_from": source, "config": {}}))

    def stopping(act):
        def stopped(*values, **named):
            steps.append(act)
            if len(steps) == step:
                raise Killed
            return act(*values, **named)

        return stopped

    monkeypatch.setenv("COLORZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(adopted_weights, "convert", made)
    monkeypatch.setattr(adopted_weights, "_tell", lambda text: None)
    fetched = FetchedFile(tmp_path, "x", "0" * 64)
    monkeypatch.setattr(adopted_weights, "_fetched", lambda *_: fetched)
    first, second = (
        CatalogEntry(**{**STATED, "plugin": "unet", "credit": credit}, url="https://a/x")
        for credit in ("one", "two")
    )
    out, steps = adopted_weights.adopt(first), []
    with monkeypatch.context() as killing:
        killing.setattr(Path, "rename", stopping(Path.rename))
        killing.setattr("shutil.rmtree", stopping(shutil.rmtree))
        with suppress(Killed):
            adopted_weights.adopt(second)
    assert len(steps) >= step, "it has fewer steps"
    monkeypatch.setattr(adopted_weights, "_fetched", None)  # nothing more comes
    if not (out.exists() and read_info(out).credit == "one"):
        assert read_info(adopted_weights.adopt(second)).credit == "two"
        assert {path.name for path in out.parent.iterdir()} == {"default", ".default.lock"}


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"repo": "a/b", "file": "x.pth"}, True),
        ({"repo": "a/b", "file": "folder/x y.pth", "commit": "a" * 40, "sha256": "b" * 64}, True),
        ({"url": "https://example.org/x.pth", "sha256_prefix": "9b330a0b", "size": 9}, True),
        ({"repo": "a/b", "file": "../x.pth"}, False),
        ({"repo": "a/b", "file": "/etc/x.pth"}, False),
        ({"repo": "a/b", "file": ".git/x"}, False),
        ({"repo": "a/b"}, False),
        ({"repo": "a/b", "commit": "a" * 40}, False),
        ({"folder": "x"}, False),
        ({"folder": "x", "file": "y", "sha256": "b" * 64}, False),
        ({"file": "x.pth"}, False),
        ({"url": "http://example.org/x.pth"}, False),
        ({"url": "file:///etc/passwd"}, False),
        ({"url": "https://a b"}, False),
        ({"url": "https://a/x", "repo": "a/b", "file": "x"}, False),
        ({"repo": "a/b", "file": "x.pth", "sha256_prefix": "9B"}, False),
    ],
)
def test_a_catalogue_names_published_files_and_nothing_else(fields, fits):
    if fits:
        assert CatalogEntry(**STATED, **fields).is_published
    else:
        with pytest.raises(ValueError, match=r"expected|match"):
            CatalogEntry(**STATED, **fields)


def test_names_of_published_files():
    commit = "a" * 40
    assert parse_published("a/b") == (HubId("a/b"), "")
    assert parse_published(f"a/b@{commit}:c/d.pth") == (HubId("a/b", commit), "c/d.pth")
    assert [parse_published(text) for text in ("a", "a/b:../c", "a/b:/c", "a:b")] == [None] * 4
    assert url_target("https://a/b/../%2e%2e/..").name == "file"
    assert url_target("https://a/b c?x").parent != url_target("https://a/b c?y").parent


def test_a_card_without_a_source_says_none():
    info = WeightsInfo(plugin="unet", colorzoo_version="0", license="mit", config={})
    assert "Source" not in card(info)
