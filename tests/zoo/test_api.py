"""The zoo from Python, with the embedded weights."""

import inspect
import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import colorzoo
from colorzoo.core import devices
from colorzoo.core.errors import ConfigError, ImageError, StoppedError, UnknownNameError
from colorzoo.core.registry import registry
from colorzoo.core.weights import folder as weights
from colorzoo.hub import catalog
from colorzoo.testing import synthetic_picture

EMBEDDED = [(plugin, name) for plugin in registry().names("colorizer") for name in catalog.embedded(plugin)]


def test_the_promised_weights_are_embedded():
    names = {(plugin, name) for plugin in ("vae-mdn", "cgan") for name in ("default", "paper")}
    assert names | {("unet", "default"), ("vae-mdn", "faces")} <= set(EMBEDDED)


@pytest.mark.parametrize(("plugin", "name"), EMBEDDED)
def test_embedded_weights_load_and_tell_where_they_come_from(plugin, name):
    colorizer = colorzoo.load(plugin, name)
    with torch.inference_mode():
        assert colorizer(torch.rand(1, 1, 64, 64), seed=0).shape == (1, 1, 3, 64, 64)
    folder = catalog.find(plugin, name)
    info = weights.read_info(folder)
    assert (info.plugin, info.name) == (plugin, name)
    assert info.trained_on
    assert info.metrics
    assert info.license
    assert (folder / "model.safetensors").stat().st_size <= (30_000_000 if plugin == "cgan" else 15_000_000)
    assert info.trained_on.fingerprint in (folder / "README.md").read_text()


def test_one_call_colours_an_array_or_a_path(tmp_path):
    gray = synthetic_picture(0)[..., 0]
    one, two = colorzoo.colorize(gray, samples=2, seed=0)
    assert one.shape == (*gray.shape, 3)
    assert not np.array_equal(one, two)
    with pytest.raises(ImageError, match=r"expected 0 to 1; divide by 255"):
        colorzoo.colorize(gray.astype(float))
    with pytest.raises(ImageError, match="no such file"):
        colorzoo.colorize(tmp_path / "none.png")


def test_unknown_names_are_helped():
    with pytest.raises(UnknownNameError, match="did you mean vae-mdn"):
        colorzoo.load("vaemdn")
    with pytest.raises(AttributeError):
        colorzoo.nothing  # noqa: B018


@pytest.mark.parametrize(("plugin", "name"), [("vae-mdn", None), ("cgan", None), ("grey", None)])
def test_loading_changes_no_random_state_and_asks_for_no_gradients(plugin, name):
    before = torch.get_rng_state()
    colorizer = colorzoo.load(plugin, name)
    assert torch.equal(before, torch.get_rng_state())
    assert not any(tensor.requires_grad for tensor in getattr(colorizer, "parameters", list)())


@settings(max_examples=8, deadline=None)
@given(
    size=st.tuples(st.integers(8, 80), st.integers(8, 80)),
    number=st.integers(0, 99),
    seed=st.integers(0, 2**63 - 1),
)
def test_the_same_picture_gives_the_same_colours_whatever_it_comes_in(small, folder, size, number, seed):
    array = synthetic_picture(number, *size)
    path = folder / "a.png"
    Image.fromarray(array).save(path)
    chw = torch.from_numpy(array).permute(2, 0, 1)
    forms = [
        path,
        str(path),
        path.read_bytes(),
        io.BytesIO(path.read_bytes()),
        Image.fromarray(array),
        array,
    ]
    forms += [array / 255, chw, chw / 255, colorzoo.read(path), array.astype(np.uint16) * 257]
    first, *others, deep = colorzoo.colorize(forms, small, seed=seed)
    assert deep[0].dtype == np.uint16
    assert np.abs(deep[0] / 257 - first[0]).max() < 2  # its luma is not rounded to eight bits
    for other in others:
        np.testing.assert_array_equal(other[0], first[0])
        assert other[0].record == first[0].record


@pytest.fixture(scope="module")
def small():
    return colorzoo.load("vae-mdn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("forms")


def test_a_list_gives_a_list_and_loads_once(small, monkeypatch):
    loads = []
    monkeypatch.setattr("colorzoo.api.load", lambda *names, **options: loads.append(names) or small)
    array = synthetic_picture(0)
    rows = colorzoo.colorize([array, array[:30]], "vae-mdn", samples=3, seed=1)
    assert loads == [("vae-mdn", None)]
    assert [[one.shape for one in row] for row in rows] == [[(72, 64, 3)] * 3, [(30, 64, 3)] * 3]
    np.testing.assert_array_equal(rows[0], colorzoo.colorize((array,), small, samples=3, seed=1)[0])
    assert colorzoo.colorize([]) == []
    assert len(loads) == 1


def test_a_wrong_picture_of_a_list_costs_no_work(monkeypatch):
    monkeypatch.setattr("colorzoo.api.load", lambda *names, **options: pytest.fail("a model was loaded"))
    with pytest.raises(ImageError, match=r"^item 1 of the list: got None"):
        colorzoo.colorize([synthetic_picture(0), None])


def test_a_record_makes_the_picture_again():
    array = synthetic_picture(0)
    picture = colorzoo.colorize(array, "vae-mdn", weights="faces", samples=2)[1]
    made = picture.record
    assert (made.model, made.weights, made.sample) == ("vae-mdn", "faces", 1)
    assert made.sha256 == weights.read_info(catalog.find("vae-mdn", "faces")).sha256
    assert made.colorzoo_version == colorzoo.__version__
    assert isinstance(made.options["seed"], int)
    assert made == type(made).model_validate_json(made.model_dump_json())
    again = colorzoo.colorize(array, made.model, weights=made.weights, **made.options)
    np.testing.assert_array_equal(again[made.sample], picture)
    other = colorzoo.colorize(array, "vae-mdn", weights="faces")[0].record.options["seed"]
    assert other != made.options["seed"]


def test_a_record_names_what_has_no_weights_and_weights_in_a_folder(tmp_path):
    array = synthetic_picture(0)
    made = colorzoo.colorize(array, "grey")[0].record
    assert (made.model, made.weights, made.sha256) == ("grey", None, None)
    model = colorzoo.load("unet")
    info = colorzoo.save_pretrained(model, tmp_path / "saved")
    by_model = colorzoo.colorize(array, colorzoo.load("unet", tmp_path / "saved"), seed=0)
    by_name = colorzoo.colorize(array, "unet", weights=tmp_path / "saved", seed=0)
    for made in (by_model[0].record, by_name[0].record):
        assert (made.model, made.weights, made.sha256) == ("unet", str(tmp_path / "saved"), info.sha256)


def test_alpha_goes_through_and_into_files(small, tmp_path):
    rgba = np.dstack([synthetic_picture(0), np.full((72, 64), 99, np.uint8)])
    picture = colorzoo.colorize(rgba, small, seed=0)[0]
    assert picture.pil.mode == "RGBA"
    picture.save(tmp_path / "new" / "a.png")
    saved = colorzoo.read(tmp_path / "new" / "a.png")
    np.testing.assert_array_equal(saved.rgb, picture)
    assert (saved.alpha == 99).all()
    again = colorzoo.colorize(picture, small, seed=0)[0]
    np.testing.assert_array_equal(again.alpha, picture.alpha)
    with pytest.warns(UserWarning, match="transparency is dropped"):
        picture.save(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="unknown picture suffix"):
        picture.save(tmp_path / "a.xyz")


def test_a_loaded_colorizer_keeps_its_weights_and_device(small):
    for options in ({"weights": "faces"}, {"device": "cpu"}):
        with pytest.raises(ConfigError, match="of the loaded colorizer; give them to"):
            colorzoo.colorize(synthetic_picture(0), small, **options)


@pytest.mark.parametrize("call", [lambda: colorzoo.load(3), lambda: colorzoo.load("unet", 3),
                                  lambda: colorzoo.colorize(np.zeros((9, 9)), type)])  # fmt: skip
def test_what_is_no_name_is_one_line(call):
    with pytest.raises(ConfigError, match=r"got (int|type); expected"):
        call()


def test_the_best_device_is_the_default(monkeypatch):
    monkeypatch.setattr(devices, "available", lambda: ["meta", "cpu"])
    assert devices.device_of(colorzoo.load("unet")).type == "meta"
    assert devices.device_of(colorzoo.load("unet", device="cpu")).type == "cpu"


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_wrong_device_is_told_to_python_without_options_of_the_command_line(device):
    with pytest.raises(ConfigError, match=rf"^device '{device}': .*expected auto") as error:
        colorzoo.load("unet", device=device)
    assert "--" not in str(error.value)


def test_a_colorizer_takes_tensors_of_any_device(small):
    class Moved(torch.Tensor):
        """A tensor that says where it was sent."""

        sent = []

        def to(self, target):
            self.sent.append(str(target))
            return self.as_subclass(torch.Tensor)

    colored = small(torch.rand(1, 1, 16, 16).as_subclass(Moved), seed=0)
    assert Moved.sent == ["cpu"]
    assert colored.device.type == "cpu"


def test_the_lists_name_what_is_installed():
    names = [one.name for one in colorzoo.colorizers()]
    assert {"cgan", "unet", "vae-mdn"} <= set(names)
    assert "grey" not in names
    everything = colorzoo.colorizers(baselines=True)
    assert [one.name for one in everything] == registry().names("colorizer")
    assert [one.name for one in colorzoo.datasets()] == registry().names("dataset")
    assert [one.name for one in colorzoo.metrics()] == registry().names("metric")
    for one in [*everything, *colorzoo.datasets(), *colorzoo.metrics()]:
        assert one.summary
        assert one.distribution


def test_the_weights_of_a_name_are_those_in_the_package():
    first, *others = colorzoo.weights("cgan")
    assert first.name == "default"
    for one in [first, *others]:
        folder = catalog.find("cgan", one.name)
        info = weights.read_info(folder)
        assert (one.license, one.sha256) == (info.license, info.sha256)
        assert one.size == (folder / "model.safetensors").stat().st_size
    assert colorzoo.weights("grey") == []
    with pytest.raises(UnknownNameError, match="did you mean cgan"):
        colorzoo.weights("cgam")


@pytest.mark.slow
def test_listing_loads_neither_torch_nor_opencv():
    script = (
        "import sys, json, colorzoo; names = dir(colorzoo)\n"
        "lists = [colorzoo.colorizers(), colorzoo.datasets(), colorzoo.metrics()]\n"
        "lists.append(colorzoo.weights('cgan'))\n"
        "print(json.dumps([all(lists), names, sorted({'torch', 'cv2'} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    full, names, loaded = json.loads(done.stdout)
    assert full
    assert {"colorize", "load", "colorizers", "weights", "Picture", "__version__"} <= set(names)
    assert loaded == []


def test_every_public_name_is_listed_and_resolves():
    assert set(colorzoo.__all__) <= set(dir(colorzoo))
    for name in dir(colorzoo):
        thing = getattr(colorzoo, name)
        assert isinstance(thing, str) or inspect.isclass(thing) or inspect.isfunction(thing)


def test_guidance_colours_and_is_in_the_record(small):
    array = np.full((40, 60, 3), 120, np.uint8)
    hint = colorzoo.Hint(x="50%", y=20, color="#c82828")
    (told,) = colorzoo.colorize(array, "grey", guidance=colorzoo.Guidance(hints=[hint]))
    assert told[20, 30, 0] > told[20, 30, 2] + 50
    made = told.record.guidance
    assert made == {"hints": [{"x": "50%", "y": 20.0, "color": "#c82828"}]}
    again = colorzoo.colorize(array, "grey", guidance=colorzoo.Guidance(**made))[0]
    np.testing.assert_array_equal(again, told)
    assert colorzoo.colorize(array, small)[0].record.guidance == {}


def test_a_list_has_one_guidance_or_one_for_each(small):
    array = synthetic_picture(0, 40, 60)
    pale, plain = colorzoo.Guidance(strength=0), colorzoo.Guidance()
    grey, colored = colorzoo.colorize([array, array], small, seed=0, guidance=[pale, plain])
    assert np.ptp(grey[0], axis=-1).max() <= 1 < np.ptp(colored[0], axis=-1).max()
    both = colorzoo.colorize([array, array], small, seed=0, guidance=pale)
    assert all(np.ptp(row[0], axis=-1).max() <= 1 for row in both)
    with pytest.raises(ConfigError, match="got guidance for 1 pictures, expected one for each of 2"):
        colorzoo.colorize([array, array], small, guidance=[pale])


def test_many_pictures_are_read_as_they_are_wanted_and_coloured_as_alone(small):
    arrays = [synthetic_picture(index, 40, 60 + (index == 2)) for index in range(5)]
    seeds = [3, 3, 3, 4, 4]
    read = []

    def source():
        for array in arrays:
            read.append(1)
            yield array

    guidance = (colorzoo.Guidance(seed=seed) for seed in seeds)
    rows = colorzoo.colorize_many(small, source(), batch=2, guidance=guidance, samples=2)
    first = next(rows)
    assert len(read) <= 3
    for row, array, seed in zip([first, *rows], arrays, seeds, strict=True):
        alone = colorzoo.colorize(array, small, samples=2, seed=seed)
        for sample, other in zip(row, alone, strict=True):
            assert np.abs(sample.rgb.astype(int) - other.rgb).max() <= 1
        assert row[0].record.guidance["seed"] == seed
    with pytest.raises(ConfigError, match="batch=0"):
        next(colorzoo.colorize_many(small, arrays, batch=0))


def test_a_call_can_be_stopped(small):
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(StoppedError):
        colorzoo.colorize([synthetic_picture(index) for index in range(3)], small, stop=stop)
    assert len(asked) == 3
    assert colorzoo.colorize(synthetic_picture(0), small, stop=lambda: False)
