"""Videos: the pictures of a film decoded, coloured and encoded; its sound and all else as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from colorzoo.core.errors import DataError, printable
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.container import Container, Page, VideoOptions
from colorzoo.datasources.containers.video_frames import Look, to_picture
from colorzoo.datasources.containers.video_reader import counted_frames, video_source
from colorzoo.datasources.containers.video_remux import MUXERS, Remux
from colorzoo.datasources.containers.video_segments import SEGMENT, Segments, encoder_for
from colorzoo.datasources.containers.video_signature import is_video

BYTE = 8
"""Bits a sample of what is written."""


class Video(Container):
    """A video in a format that is written as it is read: MP4, MOV, MKV, WebM, AVI."""

    sequence = True
    part_length = SEGMENT

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.source = video_source(path)
        self.options = VideoOptions()
        self.segments: Segments | None = None

    def configure(self, options: VideoOptions) -> None:
        self.options = options
        self.source = self.source.part(options)

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return is_video(path)

    @property
    def page_count(self) -> int | None:
        stat = self.path.stat()
        return counted_frames(self.source, (stat.st_size, stat.st_mtime_ns))

    def pages(self) -> Iterator[Page]:
        return self.pages_after(0)

    def pages_after(self, count: int) -> Iterator[Page]:
        if not self.segments and count:
            return super().pages_after(count)
        return self._pages_behind(count)

    def _pages_behind(self, count: int) -> Iterator[Page]:
        """Yield the frames behind those that the segments hold."""
        after = self.segments.last_time(self.source) if count and self.segments else None
        for number, frame in enumerate(self.source.frames(after), start=count + 1):
            yield Page(f"frame {number}", partial(to_picture, frame))
            del frame

    def some_pages(self, count: int) -> Iterator[Page]:
        for frame in self.source.some_frames(count):
            yield Page(f"frame at {float(frame.time):.2f} s", partial(to_picture, frame))

    def resume(self, folder: Path) -> int:
        self.segments = Segments(folder)
        return self.segments.count

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with TemporaryDirectory(dir=target.parent, prefix=".") as folder:
            segments = self.segments or Segments(Path(folder))
            encoder = encoder_for(self.suffix, self.options.crf)
            frames = self.source.frames(segments.last_time(self.source))
            segments.add(self.source, encoder, zip(frames, colored, strict=True))
            finished = segments.finished()
            if not finished:
                raise DataError(f"{printable(str(self.path))}: damaged, no frame of it can be decoded")
            first = next(self.source.frames())
            remux = Remux(self.source, finished, Look.of(first).display)
            remux.write(target, self.suffix)
            losses = self._losses(Look.of(first), first.interlaced_frame, segments.count)
            self.notes = [*losses, *remux.notes]

    @property
    def suffix(self) -> str:
        """Ending of what is written."""
        return self.written_as or (
            self.path.suffix.lower() if self.path.suffix.lower() in MUXERS else ".mkv"
        )

    def _losses(self, look: Look, interlaced: bool, count: int) -> Iterator[str]:
        """Yield what of the pictures is not as it was, or is said to be."""
        if count < self.source.count and not self.source.is_part:
            yield f"damaged: {count} of the {self.source.count} frames that it says could be decoded"
        if look.depth > BYTE:
            yield f"its {look.depth} bits a sample are reduced to {BYTE}"
        if interlaced:
            yield "interlaced: coloured as it is stored, two fields a frame"


class OtherVideo(Video):
    """A video in a format that is read alone, such as MPEG, MPEG-TS or FLV, and written as MKV."""

    written_as = ".mkv"
