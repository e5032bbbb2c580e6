"""The same work on a Ray cluster, from and to stores of fsspec: each picture once, equal bytes."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import colorzoo
from colorzoo.core.data.packed import open_packed
from colorzoo.core.data.prepare import Preparation, PrepareOptions
from colorzoo.jobs.cluster_work import cluster_work
from colorzoo.jobs.compare import compare
from colorzoo.jobs.datasets import open_dataset
from colorzoo.jobs.remote_folder import RemoteBatch, RemoteFolder, RemotePictures, Store
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_manifest import MANIFEST
from colorzoo.jobs.run_picture import Task
from colorzoo.jobs.run_ray import run_ray, staged
from colorzoo.testing import synthetic_picture

fsspec = pytest.importorskip("fsspec", reason="the extra `ray` is not installed")
OPTIONS = {"samples": 1, "seed": 1}
SETTINGS = RunSettings("unet", OPTIONS, threads=1)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for number in range(40):
        Image.fromarray(synthetic_picture(number, 30, 40)).save(folder / f"{number:02}.png")
    (folder / "sub" / "bad.png").write_bytes(b"no picture")
    (folder / "00.hints.json").write_text('[{"x": 5, "y": 5, "color": "#c02020"}]')
    return folder


@pytest.fixture
def local(pictures, tmp_path):
    """What the engine on this machine makes of them."""
    files = [(path, path.relative_to(pictures)) for path in sorted(pictures.rglob("*.png"))]
    run(colorzoo.load("unet"), files, tmp_path / "local", replace(SETTINGS, workers=1))
    return results(tmp_path / "local")


def results(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def rows(text):
    found = [json.loads(line) for line in text.splitlines()]
    return {row["key"]: row.get("status", "done") for row in found}


def test_a_store_gets_results_and_manifest_and_the_next_run_finds_them(pictures, local):
    source, out = Store.of("memory://in"), Store.of("memory://out")
    source.fs.put(f"{pictures}/", f"{source.root}/", recursive=True)
    colorizer = colorzoo.load("unet")
    for done_before in (0, 40):
        stage = pictures.parent / f"stage{done_before}"
        stage.mkdir()
        folder = RemoteFolder(stage, out)
        batch = RemoteBatch(colorizer, folder, SETTINGS, RemotePictures.listed(["memory://in"]))
        tasks: list[Task] = list(batch.begin(batch.undone(batch.pictures.files)))
        folder.save()
        assert (len(tasks), batch.result.before) == (41 - done_before - bool(done_before), done_before)
        for task in tasks:
            outcome = staged(batch.work, task, source, out, batch.pictures.beside(task.path))
            content = outcome.content._replace(stamp=batch.stamps(task.path))
            files = tuple(stage / file for file in outcome.files)
            batch.settle(task, outcome.__class__(**{**vars(outcome), "content": content, "files": files}))
        batch.finish()
        folder.save(last=True)
        assert batch.result.passed_by == bool(done_before)
    found = {name.removeprefix(f"{out.root}/"): out.fs.cat_file(name) for name in out.fs.find(out.root)}
    manifest = found.pop(MANIFEST).decode()
    assert found == local
    assert sorted(rows(manifest).values()) == ["done"] * 40 + ["failed"]
    assert '"picture":"memory:///in/00.png"' in manifest
    source.fs.rm("/in", recursive=True)
    out.fs.rm("/out", recursive=True)


@pytest.fixture
def cluster(monkeypatch):
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_picture_is_done_once_where_a_node_dies(cluster, pictures, local, tmp_path):
    node = cluster.add_node(num_cpus=1)
    out = tmp_path / "out"

    def kill():
        while not list(out.glob("*.png")):
            time.sleep(0.05)
        cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    result = run_ray(colorzoo.load("unet"), [str(pictures)], str(out), SETTINGS, cluster.address)
    killer.join()
    assert (result.done, result.failed) == (40, 1)
    assert results(out) == local
    again = run_ray(colorzoo.load("unet"), [str(pictures)], str(out), SETTINGS, cluster.address)
    assert (again.done, again.before, again.passed_by) == (0, 40, 1)
    assert len((out / MANIFEST).read_text().splitlines()) == 41


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_from_and_to_s3(cluster, pictures, local, monkeypatch):
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(port=0)
    pytest.importorskip("s3fs", reason="the extra `ray` is not installed")
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        for name, value in {
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        fsspec.config.conf["s3"] = {"endpoint_url": endpoint, "key": "x", "secret": "x"}
        fs = fsspec.filesystem("s3")
        fs.mkdir("bucket")
        for path in pictures.rglob("*.*"):
            fs.put_file(str(path), f"bucket/in/{path.relative_to(pictures).as_posix()}")
        words = [colorzoo.load("unet"), ["s3://bucket/in"], "s3://bucket/out", SETTINGS, cluster.address]
        first, second = run_ray(*words), run_ray(*words)
        assert (first.done, first.failed, second.before) == (40, 1, 40)
        names = {name: fs.cat_file(name) for name in fs.find("bucket/out") if name.endswith(".png")}
        assert {name.removeprefix("bucket/out/"): data for name, data in names.items()} == local
    finally:
        fsspec.config.conf.pop("s3", None)
        server.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_comparing_and_preparing_spread_to_the_same_results(cluster, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(pictures.parent)  # relative paths are those of the command
    each = cluster_work("ray", cluster.address)
    folder, options = open_dataset("folder:in"), PrepareOptions(size=32, format="packed")
    prepared = [
        Preparation(folder, "folder:in", Path(name), options, spread).run() and Path(name)
        for name, spread in (("here", None), ("there", each))
    ]
    arrays = [open_packed(path) for path in prepared]
    assert (arrays[0][0] == arrays[1][0]).all()
    assert len(arrays[0][0]) == 40
    wanted = {"limit": 10, "samples": 1, "side": 32, "metrics": ["mse255"]}
    results = []
    for name, engine in (("here", {}), ("there", {"engine": "ray", "address": cluster.address})):
        monkeypatch.setenv(
            "COLORZOO_CACHE", str(tmp_path / f"cache-{name}")
        )  # where measured rows are kept
        results.append([method.values for method in compare(["unet"], "in", **wanted, **engine).methods])
    assert results[0] == results[1]
