"""Colours what is dropped into folders, as soon as it is complete, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.errors import ConfigError, MissingExtraError, printable
from colorzoo.core.files import FileStamp, stamp_of
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.inputs import gather
from colorzoo.jobs.run import PictureProgress, run
from colorzoo.jobs.run_guidance import SIDECARS
from colorzoo.jobs.run_result import RunResult

if TYPE_CHECKING:
    from threading import Event

    from colorzoo.jobs.run_settings import RunSettings

SETTLED_SECONDS = 1.0
"""How long a file must stay as it is to be taken for complete."""
LOOK_MILLISECONDS = 250


def watch(
    colorizer: Colorizer,
    inputs: Sequence[str],
    out: Path,
    settings: RunSettings,
    progress: PictureProgress = lambda done, total, note: None,
    tell: Callable[[RunResult], None] = lambda result: None,
    stop: Event | None = None,
) -> RunResult:
    """Colour the pictures of folders and those that come, until Ctrl-C or `stop`; return all that was done.

    tell: called with what became of the pictures of each round.

    Raises:
        ConfigError: an input is no folder, or results would go into one.
        MissingExtraError: watchfiles is not installed.
    """
    try:
        import watchfiles
    except ImportError:
        raise MissingExtraError("--watch", "watchfiles", "watch") from None
    folders = checked(inputs, out)
    settings = replace(settings, sheet=bool(settings.sheet))
    arrivals, whole = Arrivals(folders, out), RunResult(0)
    arrivals.see(path for path, _ in gather(inputs, may_be_empty=True).files)
    try:
        for changes in watchfiles.watch(
            *folders, watch_filter=None, stop_event=stop, yield_on_timeout=True,
            rust_timeout=LOOK_MILLISECONDS, debounce=LOOK_MILLISECONDS, raise_interrupt=True,
        ):  # fmt: skip
            arrivals.see(Path(name) for change, name in changes if change != watchfiles.Change.deleted)
            if files := arrivals.complete():
                result = run(colorizer, files, out, settings, progress)
                whole.merge(result)
                tell(result)
                if result.interrupted:
                    break
    except KeyboardInterrupt:
        pass
    whole.interrupted = False  # there is no other end
    return whole


def checked(inputs: Sequence[str], out: Path) -> list[Path]:
    """Return the folders that are watched.

    Raises:
        ConfigError: an input is no folder, or results would go into one.
    """
    folders = [Path(text).expanduser() for text in inputs]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"--watch {printable(str(folder))}: no folder; pictures are dropped into one")
        if folder.resolve() == out.resolve():
            raise ConfigError(f"--watch -o {printable(str(out))}: results would be watched; give another")
    return folders


class Arrivals:
    """Files that have come or changed, and how long they have been as they are."""

    def __init__(self, folders: Sequence[Path], out: Path) -> None:
        self.folders, self.out = folders, out.resolve()
        self.waiting: dict[Path, tuple[FileStamp, float]] = {}

    def see(self, paths: Iterable[Path]) -> None:
        """Wait for the pictures among files to be complete; hints that come anew bring their picture."""
        for path in paths:
            if path.name.lower().endswith(SIDECARS):
                self.see(
                    other for other in path.parent.glob(f"{_picture_stem(path)}.*") if _is_picture(other)
                )
            elif _is_picture(path) and not path.resolve().is_relative_to(self.out):
                with suppress(OSError):
                    self.waiting[path] = stamp_of(path), time.monotonic()

    def complete(self) -> list[tuple[Path, Path]]:
        """Return the files that have settled, with their place below the folder they are in."""
        now, files = time.monotonic(), []
        for path, (stamp, since) in list(self.waiting.items()):
            try:
                current = stamp_of(path)
            except OSError:  # it is gone, or was renamed
                del self.waiting[path]
                continue
            if current != stamp:
                self.waiting[path] = current, now
            elif current.size and now - since >= SETTLED_SECONDS:
                del self.waiting[path]
                files.append((path, self._target(path)))
        return sorted(files)

    def _target(self, path: Path) -> Path:
        for folder in self.folders:
            for root, file in ((folder, path), (folder.resolve(), path.resolve())):
                if file.is_relative_to(root):
                    return file.relative_to(root)
        return Path(path.name)


def _is_picture(path: Path) -> bool:
    name = path.name.lower()
    return path.suffix.lower() in READABLE and not name.startswith(".") and not name.endswith(SIDECARS)


def _picture_stem(sidecar: Path) -> str:
    ending = next(ending for ending in SIDECARS if sidecar.name.lower().endswith(ending))
    return sidecar.name[: -len(ending)]
