"""Files made by independent tools, coloured, judged by others: each feature is kept, noted or refused."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer
from colorzoo.jobs.inputs import distinct
from colorzoo.jobs.run import RunSettings, run
from tests import picture_files
from tests.picture_files import KINDS


class Bluish(ChromaColorizer):
    """The same pale blue everywhere."""

    deterministic = True

    def chroma(self, small, options):
        return (
            small.new_tensor([0.04, -0.02]).view(1, 1, 2, 1, 1).expand(len(small), 1, 2, *small.shape[-2:])
        )


def judged(paths):
    """Return what exiftool reads from files, by path."""
    done = subprocess.run(
        ["exiftool", "-json", "-G1", "-a", "-struct", "-n", *paths],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return {Path(one["SourceFile"]): one for one in json.loads(done.stdout)}


def tell(folder, made) -> Iterator[str]:
    for kind, path in made:
        if kind.told:
            words = (word.replace("THUMBNAIL", str(folder / "thumbnail.jpg")) for word in kind.told)
            yield from (*words, str(path), "-execute")


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    """Return what became of all files, what exiftool says of them, and their folder."""
    if missing := picture_files.missing_tool():
        pytest.skip(
            f"no {missing} (apt-get install libimage-exiftool-perl exiv2 libtiff-tools imagemagick)"
        )
    folder = tmp_path_factory.mktemp("files")
    Image.new("RGB", (16, 12), "red").save(folder / "thumbnail.jpg")
    made = [(kind, folder / kind.name) for kind in KINDS if not kind.needs or Path(kind.needs).exists()]
    for kind, path in made:
        kind.make(path)
    told = [*tell(folder, made), "-common_args", "-q", "-P", "-overwrite_original"]
    subprocess.run(["exiftool", *told], check=True)
    results = {}
    for suffix in (None, "jpg", "png", "webp", "tif"):
        files = distinct([(path, Path(path.name)) for kind, path in made if kind.format == suffix])
        settings = RunSettings("bluish", {"samples": 1, "seed": 3}, format=suffix, sheet=False)
        results[suffix] = run(Bluish(), files, folder / f"out-{suffix}", settings)
    written = [result.files[path][0] for result in results.values() for path in result.files]
    return results, judged([*(path for _, path in made), *written]), folder


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_comes_out_is_what_the_table_says(coloured, kind):
    results, said, folder = coloured
    result, source = results[kind.format], folder / kind.name
    if not source.exists():
        pytest.skip(f"no {kind.needs}")
    failures = {path: str(error) for path, error in result.failures}
    if kind.outcome.startswith("refused: "):
        assert failures[source].removeprefix(f"{source}: ") == kind.outcome.removeprefix("refused: ")
        return
    assert failures.get(source) is None
    (written,) = result.files[source]
    kind.check(source, written)
    before, after = said[source], said[written]
    assert {tag: after.get(tag) for tag in kind.kept} == {tag: before[tag] for tag in kind.kept}
    assert [tag for tag in kind.gone if tag in after] == []
    history = after["XMP-xmpMM:History"]
    assert history[-1]["Action"] == "colorized"
    assert history[-1]["SoftwareAgent"].startswith("colorzoo ")
    assert history[-1]["Parameters"] == "bluish, seed 3"
    for note, paths in result.notes.items():
        assert source not in paths or note in kind.outcome


def problems(said):
    return {value for tag, value in said.items() if tag.split(":")[-1] in ("Warning", "Error")}


def test_other_readers_find_nothing_wrong(coloured):
    results, said, _ = coloured
    written = {files[0]: path for result in results.values() for path, files in result.files.items()}
    for path, source in written.items():
        assert problems(said[path]) <= problems(said[source]), path
    done = subprocess.run(["exiv2", "-pa", *written], check=False, capture_output=True, text=True)
    assert done.stderr == ""


def test_the_same_run_writes_the_same_bytes(coloured):
    _, _, folder = coloured
    source, settings = folder / "b.jpg", RunSettings("bluish", {"samples": 1, "seed": 3}, sheet=False)
    for name in ("once", "twice"):
        run(Bluish(), [(source, Path(source.name))], folder / name, settings)
    once, twice = ((folder / name / "b-bluish-1.jpg").read_bytes() for name in ("once", "twice"))
    assert once == twice


def test_results_can_be_silent_about_it(coloured):
    _, _, folder = coloured
    source = folder / "a.png"
    settings = RunSettings("bluish", {"samples": 1, "seed": 3}, sheet=False, mark=False)
    result = run(Bluish(), [(source, Path(source.name))], folder / "silent", settings)
    assert b"colorzoo" not in result.files[source][0].read_bytes()


def test_a_quality_that_is_asked_for_is_taken(coloured):
    _, _, folder = coloured
    source, tables = folder / "h.jpg", []
    for quality in (None, 95):
        settings = RunSettings("bluish", {"samples": 1, "seed": 3}, sheet=False, quality=quality)
        result = run(Bluish(), [(source, Path(source.name))], folder / "quality", settings)
        with Image.open(result.files[source][0]) as written:
            tables.append(written.quantization[0])
    assert max(tables[1]) < max(tables[0])
