"""Pull and push against a Hub on loopback, through the Hub's own client in processes of their own."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.core.imaging.image_io import read
from colorzoo.hub import catalog
from colorzoo.hub.pull import HubId
from colorzoo.testing import synthetic_picture
from tests.zoo.strangers import installed

WANTED = {"config.json", "model.safetensors", "README.md", "samples.jpg", "metrics.json"}


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def embedded(name="unet"):
    return catalog.find(name, "default")


def put(hub, repo="some/unet", **changes):
    """Put the embedded U-Net into a repository, with files changed; None takes one away."""
    files = {f.name: f.read_bytes() for f in embedded().iterdir()}
    for name, data in changes.items():
        files.pop(name) if data is None else files.__setitem__(name, data)
    hub.create(repo)
    return hub.commit(repo, files)


def config(**changes):
    return json.dumps({**json.loads((embedded() / "config.json").read_text()), **changes}).encode()


def forget(tmp_path):
    for name in ("hf", "colorzoo-cache"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("a/b", "a/b", None),
        ("a-1/b.c_d@v1.0", "a-1/b.c_d", "v1.0"),
        ("a/b@refs/pr/1", "a/b", "refs/pr/1"),
    ],
)
def test_names_on_the_hub(text, repo, revision):
    assert HubId.parse(text) == HubId(repo, revision)
    assert str(HubId.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["a", "a/b/c", "../b", "a/..", "a/b@", "a/b@../c", "/a/b", "a b/c", "", "a/b@-x"]
)
def test_what_is_no_name_on_the_hub(text):
    assert HubId.parse(text) is None


def test_from_training_to_the_hub_and_back(zoo, hub, pictures, picture, tmp_path):
    zoo("train", "vae-mdn", "--data", pictures, "--split", "all", "-o", "run", "--threads", 1,
        *(word for field in ("width=4", "size=64", "vae.steps=2", "vae.batch_size=4", "mdn.steps=2",
                             "mdn.batch_size=4", "refine=none", "mean_share=0")
          for word in ("--set", field)))  # fmt: skip
    zoo("run", "vae-mdn", picture, "--weights", "run", "--seed", 1, "-o", "before")
    dry = zoo("push", "run", "me/tiny", "--dry-run")
    assert "would upload" in dry.stdout
    assert not hub.asked
    done = zoo("push", "run", "me/tiny", "--picture", picture)
    assert f"{hub.address}/me/tiny" in done.stdout
    commit = hub.resolve("me/tiny", "main")
    assert f"pin it: me/tiny@{commit}" in done.stdout
    there = {entry["path"] for entry in hub.tree("me/tiny", "main")}
    assert there == {".gitattributes", *WANTED}  # no checkpoints, no logs
    card = hub.read("me/tiny", "main", "README.md").decode()
    assert "library_name: colorzoo" in card
    assert "colorzoo train vae-mdn" in card
    assert "colorzoo run vae-mdn picture.jpg --weights me/tiny" in card
    hub.git("me/tiny", "tag", "v1", commit)
    hub.commit("me/tiny", {"config.json": b"{}"})  # the branch moves on; what is pinned does not
    for number, revision in enumerate(("v1", commit)):
        forget(tmp_path)
        pulled = zoo("pull", f"me/tiny@{revision}")
        assert commit in pulled.stdout
        assert "plugin: vae-mdn (colorzoo)" in pulled.stdout
        zoo(
            "run",
            "vae-mdn",
            picture,
            "--weights",
            f"me/tiny@{revision}",
            "--seed",
            1,
            "-o",
            f"after{number}",
        )
        before, after = (
            read(tmp_path / name / "picture-vae-mdn-1.png") for name in ("before", f"after{number}")
        )
        assert after.pixels.tobytes() == before.pixels.tobytes()  # the files name their weights
    refused = zoo("run", "vae-mdn", picture, "--weights", "me/tiny", code=2)
    assert "has no model.safetensors" in refused.stderr or "plugin" in refused.stderr


def test_from_python(zoo, hub, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import colorzoo, torch\n"
        "model = colorzoo.load('unet')\n"
        "colorzoo.save_pretrained(model, __import__('pathlib').Path('saved'))\n"
        "pushed = colorzoo.push_to_hub(model, 'me/unet')\n"
        "again = colorzoo.load('me/unet', revision=pushed.commit)\n"
        "same = colorzoo.load('unet', 'me/unet')\n"
        "gray = torch.rand(1, 1, 40, 30)\n"
        "assert torch.equal(model(gray), again(gray)) and torch.equal(model(gray), same(gray))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, **zoo.env}, cwd=tmp_path, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "saved" / "model.safetensors").exists()
    assert json.loads(hub.read("me/unet", "main", "config.json"))["plugin"] == "unet"


def test_the_page_on_python_runs_from_top_to_bottom(zoo, hub, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
    Image.fromarray(synthetic_picture(0, 120, 110)).save(tmp_path / "photo.jpg")
    script = "\n".join(re.findall(r"```python\n(.*?)```", page, re.S))
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **zoo.env}, cwd=tmp_path, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(hub.read("me/colorizer", "main", "config.json"))["plugin"] == "vae-mdn"


def test_only_what_is_needed_is_downloaded(zoo, hub):
    put(hub, **{"checkpoint.safetensors": b"x" * 1000, "evil.py": b"boom"})
    zoo("pull", "some/unet")
    asked = {
        line.rsplit("/", 1)[-1] for line in hub.asked if line.startswith("GET") and "/resolve/" in line
    }
    assert asked <= {"config.json", "model.safetensors", "README.md", "metrics.json"}
    hub.asked.clear()
    zoo("pull", "some/unet", "--offline")
    assert not hub.asked


def test_a_flipped_byte_is_found_and_dropped(zoo, hub, tmp_path):
    put(hub)
    hub.faults["flip"] = 1
    refused = zoo("pull", "some/unet", code=2)
    assert "model.safetensors: arrived damaged" in refused.stderr
    assert "dropped from the cache: pull again" in refused.stderr
    blobs = [path for path in (tmp_path / "hf").rglob("blobs/*") if path.stat().st_size > 1_000_000]
    assert not blobs
    assert "verified" in zoo("pull", "some/unet").stdout


def test_a_cut_download_goes_on(zoo, hub):
    put(hub)
    hub.faults["cut"] = 1
    assert "3 files verified" in zoo("pull", "some/unet").stdout


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "hf auth login"),
        ("gated", "access must be granted first"),
        ("429", "the Hub asks to wait 7 seconds"),
        ("503", "the Hub is in trouble (status 503); try again later"),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_line(zoo, hub, fault, said):
    put(hub)
    hub.faults[fault] = 100
    refused = zoo("pull", "some/unet", code=2)
    assert said in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


def test_what_is_not_there(zoo, hub, tmp_path):
    assert "no such repository" in zoo("pull", "some/nothing", code=2).stderr
    put(hub)
    assert "has no revision 'v9'" in zoo("pull", "some/unet@v9", code=2).stderr
    assert "expected owner/name" in zoo("pull", "nothing", code=2).stderr
    assert (
        "never" in zoo("pull", "some/unet", "--offline", code=2).stderr
        or "cache" in zoo("pull", "some/unet", "--offline", code=2).stderr
    )


def test_without_a_hub_the_cache_serves(zoo, hub, picture):
    commit = put(hub)
    zoo("pull", "some/unet")
    hub.close()
    for name in ("some/unet", f"some/unet@{commit}"):
        zoo("run", "unet", picture, "--weights", name, "-o", "out")
    refused = zoo("pull", "some/other", code=2)
    assert "cannot be reached" in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model.safetensors": None, "pytorch_model.bin": b"x"}, "only safetensors are loaded"),
        ({"model.safetensors": None}, "has no model.safetensors"),
        ({"config.json": None}, "has no config.json"),
        ({"config.json": b" " * 2_000_000}, "expected at most 1,000,000"),
        ({"config.json": b"[]"}, "config.json"),
        ({"config.json": config(surprise=1)}, "surprise"),
        ({"config.json": config(config={"width": 1000}, sha256="")}, "weights do not fit"),
        ({"config.json": config(config={"width": 10**9}, sha256="")}, "width: input should be less than"),
        ({"config.json": config(config={"width": -1})}, "width"),
        ({"config.json": config(plugin="cgan")}, "weights of 'cgan', not of 'unet'"),
        ({"model.safetensors": b"\xff" * 8 + b"{}"}, "sha256"),
    ],
)
def test_bad_weights_are_refused_with_the_reason(zoo, hub, picture, tmp_path, changes, said):
    put(hub, **changes)
    refused = zoo("run", "unet", picture, "--weights", "some/unet", "-o", "out", code=2)
    assert said in refused.stderr
    assert refused.stderr.strip().count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_a_plugin_that_is_not_installed_is_named(zoo, hub):
    put(hub, **{"config.json": config(plugin="sepia", distribution="colorzoo-sepia")})
    pulled = zoo("pull", "some/unet")
    assert "pip install colorzoo-sepia" in pulled.stderr


def test_push_checks_before_it_asks(zoo, hub, tmp_path):
    shutil.copytree(embedded(), tmp_path / "mine")
    data = bytearray((tmp_path / "mine" / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "mine" / "model.safetensors").write_bytes(data)
    assert "sha256" in zoo("push", "mine", "me/mine", code=2).stderr
    assert "no config.json" in zoo("push", tmp_path, "me/mine", code=2).stderr
    assert not hub.asked
    assert "hf auth login" in zoo("push", embedded(), "me/mine", code=2, HF_TOKEN="wrong").stderr


def test_push_to_a_branch_and_again(zoo, hub):
    zoo("push", embedded(), "me/mine", "--revision", "trial")
    first = hub.resolve("me/mine", "trial")
    assert hub.resolve("me/mine", "main") != first
    zoo("push", embedded(), "me/mine", "--revision", "trial")
    assert hashlib.sha256(hub.read("me/mine", "trial", "model.safetensors")).hexdigest() in (
        (embedded() / "config.json").read_text()
    )


def test_a_cache_that_cannot_be_written_is_said_in_one_line(zoo, hub, picture):
    put(hub)
    refused = zoo("pull", "some/unet", code=2, HF_HOME=str(picture / "cache"))
    assert "Not a directory; HF_HOME says where the cache is" in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


def test_a_full_disk_is_said_in_one_line_and_leaves_nothing_that_loads(zoo, hub, tmp_path):
    put(hub)
    words = [
        "bash",
        "-c",
        'ulimit -f 500; exec "$@"',
        "-",
        sys.executable,
        "-m",
        "colorzoo",
        "pull",
        "some/unet",
    ]
    full = subprocess.run(
        words, env={**os.environ, **zoo.env}, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert full.returncode == 2, full.stderr
    assert "File too large; HF_HOME says where the cache is" in full.stderr
    assert full.stderr.strip().count("\n") == 0
    assert not list((tmp_path / "colorzoo-cache" / "hub").glob("**/*.json"))
    assert "verified" in zoo("pull", "some/unet").stdout


def test_two_pull_at_once(zoo, hub, tmp_path):
    put(hub)
    hub.faults["slow"] = 2
    words = [sys.executable, "-m", "colorzoo", "pull", "some/unet"]
    env = {**os.environ, **zoo.env}
    both = [subprocess.Popen(words, env=env, stdout=subprocess.PIPE, cwd=tmp_path) for _ in range(2)]
    assert [process.wait(timeout=200) for process in both] == [0, 0]
    assert all(b"verified" in process.stdout.read() for process in both)
    for process in both:
        process.stdout.close()
    zoo("weights", "verify", "some/unet")


def test_the_weights_on_this_machine(zoo, hub, tmp_path):
    commit = put(hub)
    zoo("pull", "some/unet")
    rows = json.loads(zoo("weights", "list", "--json").stdout)
    names = {row["weights"]: row for row in rows}
    assert {"vae-mdn:default", "cgan:default", "unet:default"} <= names.keys()
    ours = names[f"some/unet@{commit[:12]}"]
    assert ours["from"] == "Hub"
    assert ours["sha256"] == names["unet:default"]["sha256"]
    assert "trained on: 11,091 pictures" in zoo("weights", "show", "some/unet").stdout
    assert zoo("weights", "verify").stdout.count("as it should be") == len(rows)
    blob = next(p for p in (tmp_path / "hf").rglob("blobs/*") if p.stat().st_size > 1_000_000)
    blob.chmod(0o644)
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    wrong = zoo("weights", "verify", code=1)
    assert "arrived damaged" in wrong.stderr
    zoo("pull", "some/unet")
    assert "MB freed" in zoo("weights", "remove", "some/unet").stdout
    assert "no pulled weights named" in zoo("weights", "remove", "some/unet", code=2).stderr
    assert "did you mean" in zoo("weights", "show", "unet:defualt", code=2).stderr


def test_a_catalogue_of_a_plugin_pins_weights_on_the_hub(zoo, hub, picture, tmp_path):
    commit = put(hub)
    package = tmp_path / "site"
    info = package / "added-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: added\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[colorzoo]\nadded = added\n")
    (package / "added.py").write_text(
        "from pathlib import Path\nfrom colorzoo.core import hookimpl\n"
        "@hookimpl\ndef register_weights():\n    return [Path(__file__).with_name('known.toml')]\n"
    )
    digest = json.loads((embedded() / "config.json").read_text())["sha256"]

    def known(sha256):
        (package / "known.toml").write_text(
            f'[[weights]]\nplugin = "unet"\nname = "theirs"\nlicense = "mit"\nsha256 = "{sha256}"\n'
            f'repo = "some/unet"\ncommit = "{commit}"\n'
        )

    known(digest)
    zoo("run", "unet", picture, "--weights", "theirs", "-o", "out", PYTHONPATH=str(package))
    known("0" * 64)
    refused = zoo(
        "run", "unet", picture, "--weights", "theirs", "-o", "out", code=2, PYTHONPATH=str(package)
    )
    assert "the catalogue expects 0000" in refused.stderr


def test_a_configuration_without_parameters_travels_as_weights(zoo, hub, picture, tmp_path):
    package = tmp_path / "site"
    installed(package, "plain")
    env = {"PYTHONPATH": str(package)}
    zoo("weights", "new", "plain", "-o", "configured", **env)
    zoo("run", "plain", picture, "--weights", "configured", "-o", "here", **env)
    zoo("push", "configured", "me/plain", **env)
    zoo("run", "plain", picture, "--weights", "me/plain", "-o", "there", **env)
    here, there = (tmp_path / name / "picture-plain-1.png" for name in ("here", "there"))
    assert read(here).pixels.tobytes() == read(there).pixels.tobytes()  # the files name their weights
    assert (
        "holds weights already" in zoo("weights", "new", "plain", "-o", "configured", code=2, **env).stderr
    )
    assert "has to be trained" in zoo("weights", "new", "unet", "-o", "other", code=2).stderr


ANNOUNCED = """
from pathlib import Path
from colorzoo.core import Entry, hookimpl

@hookimpl
def register_colorizers():
    return [Entry("plain", "plain_model:Grey", "a colorizer of a stranger")]

@hookimpl
def register_weights():
    return [Path(__file__).with_name("known.toml")]
"""


@pytest.fixture
def stranger(zoo, tmp_path):
    """Return the environment of a plugin whose catalogue names two weights, one of them damaged."""
    site = tmp_path / "site"
    installed(site, "plain", hooks=ANNOUNCED)
    (site / "known.toml").write_text("weights = []\n")
    env = {"PYTHONPATH": str(site)}
    zoo("weights", "new", "plain", "-o", site / "mine", **env)
    (site / "damaged").mkdir()
    (site / "damaged" / "config.json").write_text("{")
    sha256 = json.loads((site / "mine" / "config.json").read_text())["sha256"]
    rows = (("theirs", "mine", sha256), ("broken", "damaged", "0" * 64))
    (site / "known.toml").write_text(
        "".join(
            f'[[weights]]\nplugin = "plain"\nname = "{name}"\nlicense = "cc-by-4.0"\nsha256 = "{digest}"\n'
            f'folder = "{folder}"\n'
            for name, folder, digest in rows
        )
    )
    return env


def test_the_license_that_a_catalogue_states_is_the_one_shown(zoo, stranger, tmp_path):
    own = json.loads((tmp_path / "site" / "mine" / "config.json").read_text())["license"]
    assert own == "unknown"
    listed = json.loads(zoo("weights", "list", "--json", code=1, **stranger).stdout)
    assert {row["weights"]: row["license"] for row in listed}["plain:theirs"] == "cc-by-4.0"
    for name in ("plain:theirs", tmp_path / "site" / "mine"):
        shown = zoo("weights", "show", name, **stranger).stdout
        assert "cc-by-4.0" in shown
        assert "unknown" not in shown


def test_the_list_of_weights_goes_on_past_a_damaged_folder(zoo, stranger):
    done = zoo("weights", "list", code=1, **stranger)
    for name in ("plain:theirs", "unet:default", "vae-mdn:default"):
        assert name in done.stdout
    assert done.stderr.startswith("plain:broken: ")
    assert done.stderr.strip().count("\n") == 0
    assert "plain:broken" not in done.stdout


@pytest.mark.parametrize("name", ["unet; rm -rf ~", "", "x" * 101, "../unet"])
def test_a_catalogue_names_plugins_and_nothing_else(name):
    entry = {"plugin": "unet", "name": "mine", "license": "mit", "sha256": "0" * 64, "folder": "mine"}
    catalog.CatalogEntry.model_validate(entry)
    with pytest.raises(ValueError, match="plugin"):
        catalog.CatalogEntry.model_validate(entry | {"plugin": name})


@pytest.mark.parametrize(
    ("env", "said"),
    [({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE keeps from asking"), ({}, "cannot be reached")],
)
def test_a_push_without_a_network_is_one_line(zoo, hub, env, said):
    hub.close()
    refused = zoo("push", embedded(), "me/mine", code=2, **env)
    assert said in refused.stderr
    assert "nothing was uploaded" in refused.stderr
    assert refused.stderr.strip().count("\n") == 0


def test_the_live_hub():
    """Against the public Hub, where there is a way to it and a token for it."""
    if not (os.environ.get("COLORZOO_LIVE_HUB") and os.environ.get("HF_TOKEN")):
        pytest.skip("needs the network: set COLORZOO_LIVE_HUB to a repository and HF_TOKEN")
    time.sleep(0)
    env = {**os.environ, "HF_HUB_OFFLINE": "0"}
    words = [sys.executable, "-m", "colorzoo", "pull", os.environ["COLORZOO_LIVE_HUB"]]
    assert subprocess.run(words, env=env, timeout=600, check=False).returncode == 0


@pytest.fixture
def olah(hub, tmp_path):
    """Serve the same git repositories by olah, a Hub mirror that others wrote."""
    program = os.environ.get("COLORZOO_OLAH") or shutil.which("olah-cli")
    if not program:
        pytest.skip("no olah: install it apart (its own environment) and set COLORZOO_OLAH to olah-cli")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "olah.toml"
    settings.write_text(
        f'[basic]\nhost = "127.0.0.1"\nport = {port}\nrepos-path = "{tmp_path}/olah"\n'
        f'mirrors-path = ["{hub.root}"]\nhf-netloc = "127.0.0.1:9"\nhf-scheme = "http"\n'
        "[accessibility]\noffline = true\n"
        '[[accessibility.proxy]]\nrepo = "*/*"\nallow = true\n'
    )
    log = (tmp_path / "olah.log").open("wb")
    process = subprocess.Popen([program, "-c", str(settings)], stdout=log, stderr=log, cwd=tmp_path)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_for(port, process):
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, "olah ended"
        time.sleep(0.1)
    raise TimeoutError("olah does not answer")


def test_what_was_pushed_is_pulled_from_an_independent_server(zoo, hub, olah, tmp_path):
    zoo("push", embedded(), "me/unet")
    commit = hub.resolve("me/unet", "main")
    pulled = zoo("pull", f"me/unet@{commit}", HF_ENDPOINT=olah)
    folder = pulled.stdout.splitlines()[0].rpartition(": ")[2]
    for name in ("model.safetensors", "config.json", "README.md"):
        assert (tmp_path / folder / name).read_bytes() == hub.read("me/unet", "main", name)
    assert "model.safetensors" in (tmp_path / "olah.log").read_text(errors="replace")
