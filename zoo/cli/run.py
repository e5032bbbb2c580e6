"""`colorzoo run`: colour pictures."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from colorzoo.cli.options import Device, Offline

if TYPE_CHECKING:
    from colorzoo.core.colorizer import Colorizer
    from colorzoo.core.images import Picture
    from colorzoo.core.sheet import Cell

SHEET_ROWS = 24


def run(
    name: Annotated[str, typer.Argument(help="colorizer, see `colorzoo plugins`")],
    inputs: Annotated[list[str], typer.Argument(help="pictures, folders or globs", metavar="INPUT...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the results")] = Path("colorized"),
    samples: Annotated[int, typer.Option(min=1, max=1000, help="colourings per picture")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="same seed, same colourings")] = None,
    weights: Annotated[str | None, typer.Option(help="name, folder, or owner/name[@revision]")] = None,
    option: Annotated[list[str], typer.Option("-O", help="run option, key=value")] = [],  # noqa: B006  typer copies it
    format: Annotated[str, typer.Option(help="png, jpg, webp, bmp or tiff")] = "png",
    device: Device = "auto",
    offline: Offline = False,
) -> None:
    """Colour pictures: writes every colouring and a labelled contact sheet."""
    from colorzoo.api import load
    from colorzoo.core.config import from_pairs
    from colorzoo.core.errors import ConfigError
    from colorzoo.core.images import SUFFIXES

    if f".{format}" not in SUFFIXES:
        raise ConfigError(f"--format {format}: expected one of {', '.join(s[1:] for s in SUFFIXES)}")
    files = gather(inputs)
    colorizer = load(name, weights, device=device)
    seed = secrets.randbelow(2**31) if seed is None else seed
    options = from_pairs(colorizer.Options, option, "-O", samples=samples, seed=seed).model_dump()
    if colorizer.deterministic and samples > 1:
        typer.echo(f"{name} is deterministic: all {samples} samples are the same", err=True)
    job = _Job(name, colorizer, options, out, format)
    failures = job.work(files)
    job.write_sheet(files)
    typer.echo(f"{len(files) - len(failures)} of {len(files)} coloured, seed {options['seed']}")
    typer.echo(f"contact sheet: {job.sheet_path(files)}")
    if failures:
        typer.echo("left out:\n" + "\n".join(f"  {line}" for line in failures), err=True)
        raise typer.Exit(1)


class _Job:
    """One run over some files."""

    def __init__(
        self, name: str, colorizer: Colorizer, options: dict[str, Any], out: Path, format: str
    ) -> None:
        self.name, self.colorizer, self.options = name, colorizer, options
        self.out, self.format = out, format
        self.rows: list[list[Cell]] = []

    def work(self, files: list[tuple[Path, Path]]) -> list[str]:
        """Colour all files; a single bad one is an error, among several it is reported at the end."""
        from rich.progress import track

        from colorzoo.core.errors import ImageError

        if len(files) == 1:
            self._one(*files[0])
            return []
        failures = []
        for path, target in track(files, description=self.name):
            try:
                self._one(path, target)
            except ImageError as error:
                failures.append(str(error))
        return failures

    def sheet_path(self, files: list[tuple[Path, Path]]) -> Path:
        """Return where the contact sheet goes."""
        stem = f"{files[0][1].stem}-" if len(files) == 1 else ""
        return self.out / f"{stem}{self.name}-sheet.png"

    def write_sheet(self, files: list[tuple[Path, Path]]) -> None:
        """Write the contact sheet of the first pictures."""
        from colorzoo.core.images import Picture, write
        from colorzoo.core.sheet import contact_sheet

        if self.rows:
            write(self.sheet_path(files), Picture(contact_sheet(self.rows)))

    def _one(self, path: Path, target: Path) -> None:
        from colorzoo.core.colorize import colorize
        from colorzoo.core.images import read, write

        picture = read(path)
        colored = colorize(self.colorizer, picture, self.options)
        for number, sample in enumerate(colored, start=1):
            stem = self.out / target.parent / f"{target.stem}-{self.name}-{number}"
            write(stem.with_name(f"{stem.name}.{self.format}"), sample)
        if len(self.rows) < SHEET_ROWS:
            self.rows.append(_row(picture, colored[:8]))


def gather(inputs: list[str]) -> list[tuple[Path, Path]]:
    """Expand files, folders and globs to (file, where its result goes below the output folder)."""
    import glob

    from colorzoo.core.dataset import picture_files

    found: list[tuple[Path, Path]] = []
    for text in inputs:
        path = Path(text).expanduser()
        if path.is_dir():
            found += [(file, file.relative_to(path)) for file in picture_files(path)]
        elif not path.exists() and glob.has_magic(text):
            found += _globbed(text)
        else:
            found.append((path, Path(path.name)))
    return _distinct(found)


def _globbed(pattern: str) -> list[tuple[Path, Path]]:
    import glob

    from colorzoo.core.errors import ImageError

    files = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())  # noqa: PTH207  may be absolute
    if not files:
        raise ImageError(f"{pattern}: matches no file")
    return [(file, Path(file.name)) for file in files]


def _distinct(found: list[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Number targets that would overwrite each other: a.png and a.jpg, or x/a.png and y/a.png."""
    taken: dict[Path, int] = {}
    result = []
    for file, target in found:
        stem = target.with_suffix("")
        taken[stem] = taken.get(stem, 0) + 1
        unique = (
            target if taken[stem] == 1 else target.with_name(f"{stem.name}~{taken[stem]}{target.suffix}")
        )
        result.append((file, unique))
    return result


def _row(picture: Picture, colored: list[Picture]) -> list[Cell]:
    from colorzoo.core.facts import mean_chroma
    from colorzoo.core.sheet import Cell

    cells = [Cell(picture.rgb, "original")] if mean_chroma(picture.rgb) > 1 else []
    cells.append(Cell(picture.gray, "grey"))
    return cells + [Cell(sample.rgb, f"sample {i}") for i, sample in enumerate(colored, start=1)]
