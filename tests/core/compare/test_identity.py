"""What a comparison remembers is forgotten when code, files or members that it depends on change."""

import importlib
import sys

import pytest
import torch
from pydantic import Field

from colorzoo.core.compare.identity import code_digest, content_digest, digest_of, files_in
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.config import RunOptions
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.weights import folder as weights
from tests.core.compare.test_compare import Guess


class Named(RunOptions):
    table: str = Field("", description="a file")


class Reads(Guess):
    """Has an option that names a file."""

    Options = Named


class Linear(torch.nn.Module, Colorizer):
    def __init__(self, config=None):
        super().__init__()
        Colorizer.__init__(self, config)
        self.layer = torch.nn.Linear(2, 2)

    def colorize(self, gray, options):
        return gray[:, None].expand(-1, options.samples, 3, -1, -1)


class Ensemble(Guess):
    """Names a file and another colorizer as what it depends on."""

    member, file = None, ""

    def depends(self):
        return [digest_of(self.member), self.file]


def of(kind, **changes):
    return ComparedMethod("label", "plugin", kind, **changes).identity("train")


def test_a_file_that_an_option_names_is_known_by_its_content(tmp_path):
    table = tmp_path / "table.bin"
    table.write_bytes(b"one")
    options = {"table": str(table)}
    first = of(Reads, options=options)
    assert of(Reads, options=options) == first
    table.write_bytes(b"two")
    assert of(Reads, options=options) != first
    table.write_bytes(b"one")
    assert of(Reads, options=options) == first
    assert ComparedMethod("l", "p", Reads, options=options).depends["option table"] == content_digest(table)


def test_a_folder_and_the_weights_of_a_member_are_files_too(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"1")
    options = {"table": f"cgan:{tmp_path}"}
    first = of(Reads, options=options)
    (tmp_path / "inner" / "a").rename(tmp_path / "inner" / "b")
    assert of(Reads, options=options) != first
    nested = {
        "a": [{"b": tmp_path / "inner" / "b"}, 3, None],
        "c": "no such file",
        "d": "\0",
        "e": "x" * 5000,
    }
    assert list(files_in(nested)) == [("a.0.b", tmp_path / "inner" / "b")]


def test_weights_without_a_stated_hash_are_known_by_their_content(tmp_path):
    info = weights.WeightsInfo(plugin="plugin", colorzoo_version="1", license="cc0", config={})
    weights.save(tmp_path, Linear(), info, "")
    weights.write_info(tmp_path, info)
    first = of(Linear, folder=tmp_path)
    weights.save(tmp_path, Linear(), info, "")
    weights.write_info(tmp_path, info)
    assert of(Linear, folder=tmp_path) != first


def test_what_a_colorizer_says_it_depends_on_is_part_of_it(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_bytes(b"1")
    member = Linear()
    monkeypatch.setattr(Ensemble, "member", member)
    monkeypatch.setattr(Ensemble, "file", str(file))
    first = of(Ensemble)
    assert of(Ensemble) == first
    with torch.no_grad():
        member.layer.weight += 1
    second = of(Ensemble)
    assert second != first
    file.write_bytes(b"2")
    assert of(Ensemble) not in (first, second)


def test_a_colorizer_that_cannot_say_it_is_left_to_the_run():
    assert ComparedMethod("l", "p", Ensemble).depends.keys() == {"code"}  # its member is None


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return the folder of a package with a subpackage, and a data file, that can be imported."""
    folder = tmp_path / "made_package"
    (folder / "inner").mkdir(parents=True)
    for name in ("__init__.py", "model.py", "inner/__init__.py", "inner/deep.py", "inner/table.txt"):
        (folder / name).write_text("")
    (tmp_path / "made_module.py").write_text("")
    (tmp_path / "beside.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith("made_package")]:
        del sys.modules[name]


def test_code_is_all_of_the_package(package):
    def digest(module):
        code_digest.cache_clear()
        return code_digest(module)

    first, module = digest("made_package.model"), digest("made_module")
    for name in ("inner/deep.py", "inner/table.txt", "model.py", "inner/new.py"):
        (package / name).write_text("changed = True")
        changed = digest("made_package.model")
        assert changed != first, name
        first = changed
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "model.pyc").write_bytes(b"x")
    (package.parent / "beside.py").write_text("changed = True")
    assert digest("made_package.model") == first
    assert digest("made_module") == module
    (package.parent / "made_module.py").write_text("changed = True")
    assert digest("made_module") != module


def test_our_own_plugins_are_packages_of_their_own():
    cgan, again = code_digest("colorzoo.plugins.cgan.model"), code_digest("colorzoo.plugins.cgan.style")
    assert cgan == again != code_digest("colorzoo.plugins.unet.model")
    assert code_digest("__main__") != cgan
