"""Scans in stripes: the same as a computation in memory, or refused in one line."""

import shutil
import subprocess

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging.image_io import Picture, read, write
from colorzoo.core.imaging.scan_file import scanned
from colorzoo.core.inference.colorize import predict
from colorzoo.core.inference.prediction import NOTHING, to_pixels
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer
from colorzoo.core.interfaces.guidance import Guidance, Hint

pytest.importorskip("pyvips")
HEIGHT, WIDTH = 1700, 300
RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (HEIGHT, WIDTH, 4)).astype(np.uint16)


class Sloped(ChromaColorizer):
    """Colours that follow the grey."""

    deterministic = True

    def chroma(self, small, options):
        return (small[:, None] - 0.5) * small.new_tensor([0.3, -0.2]).view(1, 1, 2, 1, 1)


def in_memory(path, reduced):
    """Return what a scan is in colours, from all of its pixels at once."""
    whole = read(path)
    prediction = predict(Sloped(), reduced)
    (rows,) = prediction.by_rows(NOTHING, None, whole.size, whole.luma)
    return to_pixels(rows(0, HEIGHT), whole.pixels.dtype), whole.alpha


def kinds():
    return {
        "gray.tif": lambda path: tifffile.imwrite(path, DEEP[..., 0]),
        "rgba.tif": lambda path: tifffile.imwrite(
            path, DEEP, photometric="rgb", extrasamples=["unassalpha"]
        ),
        "tiled.tif": lambda path: tifffile.imwrite(path, DEEP[..., :3], photometric="rgb", tile=(64, 64)),
        "gray.png": lambda path: Image.fromarray(DEEP[..., 0]).save(path),
        "rgb.png": lambda path: Image.fromarray((DEEP[..., :3] >> 8).astype(np.uint8)).save(path),
    }


@pytest.mark.parametrize("name", kinds())
def test_stripes_are_the_whole(tmp_path, name):
    kinds()[name](tmp_path / name)
    reduced = scanned(tmp_path / name, most=1000)
    assert (reduced.full_size, max(reduced.size)) == ((HEIGHT, WIDTH), 1024)
    (colored,) = predict(Sloped(), reduced).pictures()
    for suffix in ("tif", "png"):
        write(tmp_path / f"out.{suffix}", colored)
        written = read(tmp_path / f"out.{suffix}")
        expected, alpha = in_memory(tmp_path / name, reduced)
        assert written.pixels.dtype == expected.dtype
        assert np.abs(written.pixels.astype(int) - expected).max() <= 1  # of 65535: rows are added up alike
        assert (written.alpha is None) if alpha is None else np.array_equal(written.alpha, alpha)


def test_hints_are_in_pixels_of_the_scan(tmp_path):
    gray = np.full((HEIGHT, WIDTH), 30_000, np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", gray)
    told = Guidance(hints=(Hint(x=150, y=1600, color=(200, 40, 40)),), reach=0.05)
    (colored,) = predict(Sloped(), scanned(tmp_path / "a.tif", most=1000), guidance=told).pictures(told)
    write(tmp_path / "b.tif", colored)
    redness = np.ptp(read(tmp_path / "b.tif").pixels.astype(int), axis=2)
    assert redness[1600, 150] > 5 * redness[300, 150]


def test_what_is_no_scan_is_none_and_others_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DEEP[..., 0])
    assert scanned(tmp_path / "a.tif") is None
    assert scanned(tmp_path / "none.tif") is None
    tifffile.imwrite(tmp_path / "b.tif", DEEP[..., 0].astype(np.float32))
    with pytest.raises(ImageError, match="save it as grey or RGB"):
        scanned(tmp_path / "b.tif", most=1000)
    with pytest.raises(ImageError, match="write it as tif or png"):
        write(tmp_path / "a.jpg", scanned(tmp_path / "a.tif", most=1000))
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "c.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError):
        write(tmp_path / "c.png", scanned(tmp_path / "c.tif", most=1000))


def test_what_is_larger_than_four_gigabytes_is_a_bigtiff(tmp_path, monkeypatch):
    from colorzoo.core.imaging import tiff_file

    monkeypatch.setattr(tiff_file, "LARGEST", 1000)
    write(tmp_path / "a.tif", Picture(DEEP[..., :3], DEEP[..., 3]), mark="colorzoo 1: x")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_bigtiff
        assert file.pages[0].shape == (HEIGHT, WIDTH, 4)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, DEEP[..., :3])
    if shutil.which("tiffinfo"):
        assert (
            subprocess.run(["tiffinfo", tmp_path / "a.tif"], check=False, capture_output=True).returncode
            == 0
        )
