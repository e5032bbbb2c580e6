"""Files in the options of a stranger's plugin: checked, hashed, and part of what results are kept under."""

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.core.asset import Asset, Assets
from colorzoo.core.config import RunOptions, from_pairs, validate
from colorzoo.core.errors import ConfigError
from colorzoo.testing import synthetic_picture
from tests.zoo.strangers import installed

MODEL = """
import torch
from colorzoo.core import Asset, Assets, Colorizer, RunOptions, color
from pydantic import Field

class LutOptions(RunOptions):
    table: Asset | None = Field(None, description="red and blue chroma")
    looks: Assets = Field((), description="more of them")

class Lut(Colorizer):
    Options = LutOptions
    deterministic = True

    def colorize(self, gray, options):
        files = [*filter(None, [options.table]), *options.looks]
        values = [[float(number) for number in file.path.read_text().split()] for file in files]
        tint = torch.tensor(values or [[0.0, 0.0]]).mean(0).view(2, 1, 1)
        return color.recombine(gray, tint.expand(len(gray), 2, *gray.shape[2:]))[:, None]
"""


@pytest.fixture
def lut(cli, tmp_path):
    """Return the command line with the plugin installed, two tables and a picture in the working folder."""
    installed(tmp_path / "site", "zz-lut", model=MODEL, cls="Lut")
    (tmp_path / "warm.txt").write_text("-0.1 0.1")
    (tmp_path / "cold.txt").write_text("0.1 -0.1")
    Image.fromarray(synthetic_picture(0, 20, 24)).save(tmp_path / "photo.png")

    def run(*words, code=0):
        return cli(*words, code=code, PYTHONPATH=str(tmp_path / "site"))

    return run


def rows(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out" / "colorized.jsonl").read_text().splitlines()]


def test_a_run_notes_the_files_and_makes_it_again_only_where_they_are_the_same(lut, tmp_path):
    words = ("run", "zz-lut", "photo.png", "-o", "out", "-O", "table=@warm.txt", "--no-sheet")
    lut(*words)
    warm = tmp_path / "warm.txt"
    sha256 = hashlib.sha256(warm.read_bytes()).hexdigest()
    assert rows(tmp_path)[0]["options"]["table"] == {"path": str(warm.resolve()), "sha256": sha256}
    lut(*words)
    assert len(rows(tmp_path)) == 1, "made anew although nothing has changed"
    lut("run", "--again", "out/colorized.jsonl", "-o", "again")
    warm.write_text("-0.2 0.2")
    said = lut("run", "--again", "out/colorized.jsonl", "-o", "changed", code=2).stderr
    assert "warm.txt: has another content" in said
    lut(*words)
    assert len({row["options"]["table"]["sha256"] for row in rows(tmp_path)}) == 2


def test_one_line_where_a_file_is_not_there_and_several_where_several_are_taken(lut, tmp_path):
    said = lut("run", "zz-lut", "photo.png", "-o", "out", "-O", "table=@none.txt", code=2).stderr
    assert f"-O: table: {(tmp_path / 'none.txt').resolve()}: no such file, got '@none.txt'" in said
    lut("run", "zz-lut", "photo.png", "-o", "out", "-O", "looks=@warm.txt", "-O", "looks=@cold.txt")
    assert [Path(file["path"]).name for file in rows(tmp_path)[0]["options"]["looks"]] == [
        "warm.txt", "cold.txt"
    ]  # fmt: skip
    twice = lut("run", "zz-lut", "photo.png", "-O", "table=@warm.txt", "-O", "table=@cold.txt", code=2)
    assert "table: given twice" in twice.stderr


@pytest.mark.slow
def test_the_contract_holds_and_a_comparison_depends_on_the_content(lut, tmp_path, pictures):
    checked = lut("plugins", "check", "zz-lut", "-O", "table=@warm.txt", "-O", "looks=@cold.txt").stdout
    assert "0 do not" in checked
    compared = ("compare", "zz-lut,table=@warm.txt", "--data", pictures, "--split", "all", "--side", "24",
                "--metrics", "mse255@1", "--limit", "2", "--workers", "1")  # fmt: skip
    lut(*compared, "-o", "one")
    (tmp_path / "warm.txt").write_text("-0.3 0.3")
    lut(*compared, "-o", "two")
    one, two = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two"))
    digests = [results["methods"][0]["depends"]["option table.path"] for results in (one, two)]
    assert digests[1] == hashlib.sha256((tmp_path / "warm.txt").read_bytes()).hexdigest() != digests[0]
    assert one["methods"][0]["values"] != two["methods"][0]["values"]


class Options(RunOptions):
    file: Asset | None = None
    files: Assets = ()


def test_text_json_and_python_name_the_same_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "a file"
    file.write_text("content")
    asset = Asset.of(file)
    given = ["@~/a file", "~/a file", file, asset, asset.record(), json.dumps(asset.record())]
    assert [validate(Options, {"file": value}, "").file for value in given] == [asset] * len(given)
    several = [file, [file], json.dumps([str(file)]), [asset.record()]]
    assert [validate(Options, {"files": value}, "").files for value in several] == [(asset,)] * 4
    options = from_pairs(Options, [f"files={file}", f"files=@{file}"], "-O")
    assert Options.model_validate_json(options.model_dump_json()) == options
    assert options.files == (asset, asset)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("@", "expected a path"), ("", "expected a path"), (7, "expected a path"),
        ({"sha256": "a" * 64}, "expected a path"),
        ({"path": "/", "size": 1}, "expected a path"), ("/", "a folder, expected a file"),
        ({"path": __file__, "sha256": "0" * 64}, "another content"),
        ({"path": __file__, "sha256": "x"}, "64 hexadecimal"),
        ("~nobody-has-this-name/x", "home"), ("{", "JSON|EOF|column"), ("a\0b", "null"),
    ],
)  # fmt: skip
def test_what_names_no_file_is_one_line(value, said):
    with pytest.raises(ConfigError, match=said) as raised:
        validate(Options, {"file": value}, "-O")
    assert "\n" not in str(raised.value)
