"""Encodes a video in segments, each a file that is there whole or not at all and begins with a key frame.

Segments do not depend on each other: a film that was left between two goes on to the same bytes. No frame
is stored before one that is shown earlier, so that decoding times are display times, which every format can
hold exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import atomic_path
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.isolation import reason
from colorzoo.datasources.containers.video_frames import Look, to_frame
from colorzoo.datasources.containers.video_reader import VideoSource

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer

SEGMENT = 120
"""Frames a segment, five seconds of a film: what a kill costs at most."""
NAME = re.compile(r"(\d{9})-(\d{9})\.nut")
"""Of a segment: the number of its first frame, and of the first behind it."""


class Encoder(NamedTuple):
    """An encoder of libavcodec: its constant rate factor where none is asked for, and its options."""

    name: str
    crf: int
    options: dict[str, str]


H264 = Encoder("libx264", 16, {"preset": "medium", "bf": "0"})
VP9 = Encoder("libvpx-vp9", 18, {"b": "0", "deadline": "good", "cpu-used": "4"})
AV1 = Encoder("libsvtav1", 18, {"preset": "7"})
ENCODERS = {".webm": (VP9, AV1)}
OTHER_ENCODERS = (H264, AV1, VP9)
"""By falling preference; a build of FFmpeg has them all or not."""


def encoder_for(suffix: str, crf: int | None) -> Encoder:
    """Return the encoder for files of an ending.

    Raises:
        DataError: this build of FFmpeg has none of them.
    """
    from av import codecs_available

    wanted = ENCODERS.get(suffix, OTHER_ENCODERS)
    found = next((one for one in wanted if one.name in codecs_available), None)
    if found is None:
        names = ", ".join(one.name for one in wanted)
        raise DataError(f"{suffix}: FFmpeg has no encoder for it; one of {names} is needed")
    return found._replace(crf=found.crf if crf is None else min(crf, 51 if found is H264 else 63))


class Segments:
    """The segments of one film in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def finished(self) -> list[Path]:
        """Return those that follow each other from the first frame on."""
        paths, count = [], 0
        for path in sorted(self.folder.glob("*.nut")):
            name = NAME.fullmatch(path.name)
            if name and int(name[1]) == count:
                paths.append(path)
                count = int(name[2])
        return paths

    @property
    def count(self) -> int:
        """How many frames they hold."""
        return max((int(path.stem.split("-")[1]) for path in self.finished()), default=0)

    def last_time(self, source: VideoSource) -> int | None:
        """Return the time of the last frame in units of its source, None if there is none."""
        from av import open as open_file

        for path in self.finished()[-1:]:
            with open_file(f"file:{path}") as file:
                times = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
                unit = file.streams.video[0].time_base
                return int(max(times) * unit / source.time_base) if times and unit else None
        return None

    def add(
        self, source: VideoSource, encoder: Encoder, colored: Iterator[tuple[VideoFrame, Picture | None]]
    ) -> None:
        """Encode what follows on the finished ones, segment by segment.

        Raises:
            DataError: the encoder refuses it.
        """
        count = self.count
        for first in colored:
            part = chain([first], islice(colored, SEGMENT - 1))
            with atomic_path(self.folder / "segment.nut") as file:
                end = count + write_segment(file, source, encoder, part)
            (self.folder / "segment.nut").replace(self.folder / f"{count:09}-{end:09}.nut")
            count = end


def write_segment(
    path: Path,
    source: VideoSource,
    encoder: Encoder,
    colored: Iterable[tuple[VideoFrame, Picture | None]],
) -> int:
    """Encode frames with the colours of their pictures; return how many."""
    import av

    count, stream, look = 0, None, None  # of the first frame
    try:
        with av.open(f"file:{path}", "w", format="nut") as out:
            for frame, picture in colored:
                look = look or Look.of(frame)
                stream = stream or _stream(out, source, encoder, frame, look)
                out.mux(stream.encode(to_frame(frame, picture, stream.pix_fmt or "", look)))
                count += 1
                del frame, picture
            out.mux(stream.encode(None) if stream else [])
    except (av.FFmpegError, ValueError) as error:
        name = printable(str(source.path))
        raise DataError(f"{name}: {encoder.name} cannot encode it ({reason(error)})") from None
    return count


def _stream(
    out: OutputContainer, source: VideoSource, encoder: Encoder, frame: VideoFrame, look: Look
) -> Any:
    """Return a stream for frames like one: of its size, shape of pixels, matrix, range and fields."""
    from av.codec.context import Flags

    options = {**encoder.options, "crf": str(encoder.crf)}
    stream: Any = out.add_stream(
        encoder.name, rate=source.rate, options=options, width=frame.width, height=frame.height,
        time_base=source.time_base,
    )  # fmt: skip
    context = stream.codec_context
    even = frame.width % 2 == 0 == frame.height % 2
    context.pix_fmt = "yuv420p" if even else "yuv444p"
    context.color_range, context.colorspace = look.range, look.matrix
    context.color_primaries, context.color_trc = look.primaries, look.transfer
    context.flags |= int(Flags.global_header)
    context.sample_aspect_ratio = source.pixel_shape or Fraction(0)
    if frame.interlaced_frame and encoder is not AV1:
        context.flags |= int(Flags.interlaced_dct | Flags.interlaced_me)
        context.field_order = source.field_order
    return stream
