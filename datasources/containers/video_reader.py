"""Videos as they are read: what a file is by its content, its stream of pictures, and their frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from heapq import heappop, heappush
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorzoo.core.errors import ConfigError, DataError, MissingExtraError, printable
from colorzoo.core.interfaces.container import Container, VideoOptions
from colorzoo.core.isolation import reason

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

DEMUXERS = "mov,mp4,m4a,matroska,webm,avi,mpeg,mpegts,flv,ogg,mxf,dv"
"""What opens a file; none of them opens another file that it names, as playlists do."""
MAX_FRAME_PIXELS = 8192 * 8192
UNTIMED = "avi"
"""A format that holds no times of display: frames get those of their packets, in order from the first."""
MICROSECONDS = 1_000_000


def open_input(path: Path) -> InputContainer:
    """Open a file, and nothing that it names.

    Raises:
        DataError: it is damaged or none of the formats. MissingExtraError: PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError(f"{printable(path.name)}: a video", "av", "video") from None
    options = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    try:
        return av.open(f"file:{path}", "r", container_options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise DataError(f"{printable(str(path))}: no video that can be read ({reason(error)})") from None


@dataclass(frozen=True)
class VideoSource:
    """The stream of a file that is coloured.

    index: of the stream. time_base: seconds a unit of its time. rate: frames a second, on the average.
    size: width and height. pixel_shape: width by height of a pixel, 0 or None if it is not said.
    field_order: of interlaced frames, as libavcodec numbers it. count: of frames, 0 if it is not said.
    first, last: the part, in units of time; last is exclusive.
    """

    path: Path
    index: int
    time_base: Fraction
    rate: Fraction
    size: tuple[int, int]
    pixel_shape: Fraction | None
    field_order: int
    count: int
    first: int | None = None
    last: int | None = None

    def part(self, options: VideoOptions) -> VideoSource:
        """Return the part of a video from one second to another.

        Raises:
            ConfigError: it ends before it begins, or begins behind the end.
        """
        if not options.start and options.end is None:
            return self
        with open_input(self.path) as file:
            zero = Fraction(file.start_time or 0, MICROSECONDS)
            length = Fraction(file.duration or 0, MICROSECONDS)
        end = math.inf if options.end is None else options.end
        if end <= options.start or (length and options.start >= length):
            told = f", which is {float(length):g} s long" if length else ""
            raise ConfigError(f"--start {options.start:g} --end {end:g}: no part of {self.path.name}{told}")
        first, last = (None if math.isinf(s) else math.ceil((Fraction(repr(s)) + zero) / self.time_base)
                       for s in (options.start or -math.inf, end))  # fmt: skip
        return replace(self, first=first, last=last)

    @property
    def is_part(self) -> bool:
        """Whether some of it is left out."""
        return self.first is not None or self.last is not None

    def frames(self, after: int | None = None) -> Iterator[VideoFrame]:
        """Yield decoded frames of rising time and one size; what cannot be decoded is passed by.

        after: the time of the last frame that is not wanted.

        Raises:
            DataError: the size changes, or is too large.
        """
        after = self.first - 1 if after is None and self.first is not None else after
        frames = self._decoded(after)
        if after is not None:
            landed = next(frames, None)
            late = landed is None or (landed.pts or 0) > after + 1
            frames = self._decoded(None) if landed is None or late else chain([landed], frames)
        for frame in frames:
            assert frame.pts is not None
            if self.last is not None and frame.pts >= self.last:
                return
            if after is None or frame.pts > after:
                self._check(frame)
                after = frame.pts
                yield frame

    def some_frames(self, count: int) -> Iterator[VideoFrame]:
        """Yield frames from all over it, as well as it can be sought in."""
        with open_input(self.path) as file:
            stream = file.streams[self.index]
            start, length = stream.start_time or 0, stream.duration or self._length(file.duration)
            first = start if self.first is None else self.first
            last = start + length if self.last is None else self.last
        for number in range(count):
            time = first + (last - first) * (2 * number + 1) // (2 * count)
            yield from islice(self._decoded(time), 1)

    def _length(self, duration: int | None) -> int:
        return int(Fraction(duration or 0, MICROSECONDS) / self.time_base)

    def _decoded(self, near: int | None) -> Iterator[VideoFrame]:
        """Yield frames from the last key frame before a time on, each with its time."""
        with open_input(self.path) as file:
            stream: Any = file.streams[self.index]
            stream.thread_type = "AUTO"
            is_untimed = file.format.name == UNTIMED
            if near is not None and not is_untimed:
                file.seek(near, stream=stream)
            times: list[int] = []
            for packet in undamaged(file.demux(stream)):
                if is_untimed and packet.dts is not None:
                    heappush(times, packet.dts)
                for frame in _decoded_packet(packet):
                    frame.pts = heappop(times) if times else frame.pts
                    if frame.pts is not None:
                        yield frame

    def _check(self, frame: VideoFrame) -> None:
        if (frame.width, frame.height) != self.size:
            before, now = (
                f"{width}x{height}" for width, height in (self.size, (frame.width, frame.height))
            )
            raise DataError(
                f"{printable(str(self.path))}: its frames change from {before} to {now} at "
                f"{frame.time:.2f} s; cut it there, --end and --start colour a part"
            )


def undamaged(packets: Iterator[Any]) -> Iterator[Any]:
    """Yield packets up to where a file is cut off."""
    import av

    with suppress(av.FFmpegError):
        yield from packets


def _decoded_packet(packet: Any) -> list[VideoFrame]:
    """Return the frames that a packet completes, none if it is damaged."""
    import av

    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


def video_source(path: Path) -> VideoSource:
    """Return the stream of a file that is coloured, the first that is no cover.

    Raises:
        DataError: there is none, or it is too large, or of a kind that is not decoded.
    """
    with open_input(path) as file:
        streams = [one for one in file.streams.video if not is_cover(one)]
        if not streams:
            what = "sound alone" if file.streams.audio else "nothing to be seen"
            raise DataError(f"{printable(str(path))}: no pictures in it, {what}")
        stream: Any = streams[0]
        size = _checked_size(stream, printable(str(path)))
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        shape, fields = stream.sample_aspect_ratio, stream.codec_context.field_order
        return VideoSource(path, stream.index, stream.time_base, rate, size, shape, fields, stream.frames)


def _checked_size(stream: Any, name: str) -> tuple[int, int]:
    if stream.codec_context is None:
        raise DataError(f"{name}: its pictures are of a kind that is not decoded")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > min(MAX_FRAME_PIXELS, Container.max_pixels):
        most = min(MAX_FRAME_PIXELS, Container.max_pixels) // 1_000_000
        raise DataError(f"{name}: frames of {width}x{height}, at most {most} million pixels are read")
    if not (width and height and stream.time_base):
        raise DataError(f"{name}: damaged, no frame of it can be decoded")
    return width, height


def is_cover(stream: Any) -> bool:
    """Say whether a stream is a single picture beside the film."""
    from av.stream import Disposition

    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


@lru_cache(maxsize=64)
def counted_frames(source: VideoSource, stamp: tuple[int, int]) -> int:
    """Return how many frames a video has, or a part of it, by its packets where it does not say.

    stamp: of the file, by which the answer is kept.
    """
    if source.count and not source.is_part:
        return source.count
    first = -math.inf if source.first is None else source.first
    last = math.inf if source.last is None else source.last
    return sum(first <= time < last for time in _packet_times(source))


def _packet_times(source: VideoSource) -> Iterator[int]:
    """Yield times of packets, from about the beginning of a part to behind its end."""
    import av

    with open_input(source.path) as file, suppress(av.FFmpegError):
        stream = file.streams[source.index]
        if source.first is not None:
            file.seek(source.first, stream=stream)
        for packet in file.demux(stream):
            time = packet.dts if packet.pts is None else packet.pts
            if time is not None:
                yield time
            if source.last is not None and (packet.dts or 0) >= source.last:
                return
