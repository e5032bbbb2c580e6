"""The pictures that the embedded weights were trained on are still the same ones."""

import pytest

from colorzoo.core.weights.folder import read_info
from colorzoo.datasources.lfw import LFW
from colorzoo.hub import catalog
from colorzoo.jobs.datasets import open_dataset
from tests.conftest import REAL_DATA

pytestmark = pytest.mark.skipif(
    not REAL_DATA, reason="needs real pictures: set COLORZOO_DATA to the folder that holds lfw-deepfunneled"
)


def test_the_faces_to_measure_on_are_those_of_the_cards(monkeypatch):
    """Those trained on, nine times as many, are looked at by `python -m bench.cards`."""
    monkeypatch.setenv("COLORZOO_DATA", REAL_DATA)
    info, faces = read_info(catalog.find("vae-mdn", "faces")), LFW(None, "test")
    assert {metric.fingerprint for metric in info.metrics} == {faces.fingerprint}
    assert len(faces) >= 1000
    assert info.trained_on.fingerprint != faces.fingerprint


def test_the_comics_are_those_of_the_cards():
    root = f"{REAL_DATA}/comics/peppercarrot"
    for name in ("default", "paper"):
        info = read_info(catalog.find("cgan", name))
        trained = info.trained_on
        while not trained.dataset.startswith(("panels:", "pages:")):  # hints were learned after the pages
            trained = trained.after
        source = trained.dataset.partition(":")[0]
        assert trained.fingerprint == open_dataset(f"{source}:{root}", "train").fingerprint
        assert "David Revoy" in info.credit
        measured = {open_dataset(f"pages:{root}", split).fingerprint for split in ("train", "test")}
        assert {metric.fingerprint for metric in info.metrics} == measured
