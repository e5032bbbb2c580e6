"""Puts encoded segments in the place of a video's pictures; its other streams are copied as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorzoo.core.errors import DataError, printable
from colorzoo.core.isolation import reason
from colorzoo.datasources.containers.video_reader import (
    MICROSECONDS,
    VideoSource,
    is_cover,
    open_input,
    undamaged,
)

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi"}
"""Formats that are written, by ending."""
OPTIONS = {"movflags": "+faststart"}
"""A film that is watched while it is loaded has its index in front."""
KINDS = {"data": "data", "attachment": "attachments", "subtitle": "subtitles"}
"""Kinds of streams that may be left out where a format does not hold them, in this order."""
COVERS = {"png": "image/png", "mjpeg": "image/jpeg", "webp": "image/webp", "bmp": "image/bmp"}
"""Kinds of attached pictures by the decoder."""
STARTING_ANYWHERE = ("mpegts", "mpeg")
"""Formats whose times are those of a transmission."""
OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")
OF_THE_ENCODING = ("BPS", "DURATION", "NUMBER_OF", "_STATISTICS", "ENCODER", "encoder")
"""Beginnings of tags that are true of the file that was read, or of its encoding, alone."""


class Remux:
    """One writing of a film: its source, the segments, and what the format does not hold."""

    def __init__(self, source: VideoSource, segments: Sequence[Path], display: bytes | None) -> None:
        self.source, self.segments, self.display = source, segments, display
        self.notes: list[str] = []
        self.name = printable(str(source.path))

    def write(self, target: Path, suffix: str) -> None:
        """Write the film in the format of an ending, without streams that the format refuses.

        Raises:
            DataError: the format holds neither pictures nor sound of it, or the file is damaged.
        """
        import av

        refused: Exception | None = None
        for count in range(len(KINDS) + 1):
            left_out = list(KINDS)[:count]
            try:
                self._write(target, MUXERS[suffix], left_out)
            except _RefusedError as error:
                refused = error
            except (av.FFmpegError, ValueError) as error:
                raise DataError(
                    f"{self.name}: cannot be written as {suffix[1:]} ({reason(error)})"
                ) from None
            else:
                return
        raise DataError(f"{self.name}: its sound does not go into {suffix[1:]} ({refused})")

    def _write(self, target: Path, muxer: str, left_out: Sequence[str]) -> None:
        import av

        options = OPTIONS if muxer in ("mp4", "mov") else {}
        with (
            open_input(self.source.path) as source,
            av.open(f"file:{self.segments[0]}") as pictures,
            av.open(f"file:{target}", "w", format=muxer, container_options=options) as out,
        ):
            try:
                streams = self._streams(source, pictures, out, left_out)
                self._copy_tags(source, out)
                out.start_encoding()
            except (av.FFmpegError, ValueError) as error:
                raise _RefusedError(reason(error)) from None
            for packet in self._packets(source, streams):
                out.mux(packet)

    def _streams(
        self,
        source: InputContainer,
        pictures: InputContainer,
        out: OutputContainer,
        left_out: Sequence[str],
    ) -> dict[int, Stream]:
        """Add the streams to the output in their order; return them by their number in the source."""
        streams, dropped = {}, []
        for stream in source.streams:
            if stream.index == self.source.index:
                added = self._add_pictures(out, pictures.streams.video[0])
            elif is_made_anew(stream, source):
                continue
            elif "matroska" in out.format.name and is_cover(stream):
                out.add_attachment(*cover(self.source.path, stream))
                continue
            elif stream.type in left_out:
                dropped.append(KINDS[stream.type])
                continue
            else:
                added = out.add_stream_from_template(stream, opaque=True)
            added.disposition = stream.disposition
            added.metadata.update(_kept(stream.metadata, stream.index == self.source.index))
            streams[stream.index] = added
        kinds = dict.fromkeys(dropped)
        self.notes = [f"its {kind} left out, which the format does not hold" for kind in kinds]
        return streams

    def _add_pictures(self, out: OutputContainer, segment: Any) -> Any:
        added: Any = out.add_stream_from_template(segment, opaque=True)
        added.time_base, added.codec_context.framerate = self.source.time_base, self.source.rate
        added.codec_context.bit_rate = 0  # else that of the first segment
        if self.display:
            added.set_display_matrix(memoryview(self.display).cast("i"))
        return added

    def _copy_tags(self, source: InputContainer, out: OutputContainer) -> None:
        out.metadata.update({k: v for k, v in source.metadata.items() if k not in OF_THE_FILE})
        if not self.source.is_part:
            out.set_chapters(source.chapters())

    def _packets(self, source: InputContainer, streams: dict[int, Stream]) -> Iterator[Any]:
        """Yield all packets as nearly in their order as the source has them, for the output."""
        own, lasts = streams[self.source.index], dict[int, int]()
        colored = self._lasting(lasts)
        shift = self._shift(source)
        for packet in self._of_the_part(source.demux(list(_streams_of(source, streams))), shift):
            if packet.stream_index != self.source.index:
                packet.stream = streams[packet.stream_index]
                yield _shifted(packet, shift)
                continue
            if packet.pts is not None:
                lasts[packet.pts] = packet.duration or 0
            yield from (_shifted(one, shift, own) for one in islice(colored, 1))
        yield from (_shifted(one, shift, own) for one in colored)

    def _shift(self, source: InputContainer) -> Fraction:
        """Return the seconds that times are moved by: a part begins at its first frame."""
        if self.source.is_part:
            return Fraction(next(self._colored()).pts * self.source.time_base)
        anywhere = source.format.name in STARTING_ANYWHERE
        return Fraction(source.start_time or 0, MICROSECONDS) if anywhere else Fraction(0)

    def _of_the_part(self, packets: Iterator[Any], shift: Fraction) -> Iterator[Any]:
        """Yield packets of the source that are shown in the part."""
        end = None if self.source.last is None else self.source.last * self.source.time_base
        for packet in undamaged(packets):
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is None and packet.size:  # a cover
                packet.pts = packet.dts = 0
                yield packet
            elif stamp is not None:
                time = stamp * packet.time_base
                if not self.source.is_part or (time >= shift and (end is None or time < end)):
                    yield packet

    def _colored(self) -> Iterator[Any]:
        """Yield the packets of all segments, their times in units of the source."""
        import av

        for path in self.segments:
            with av.open(f"file:{path}") as file:
                for packet in file.demux(video=0):
                    if packet.pts is None:
                        continue
                    packet.pts = int(packet.pts * packet.time_base / self.source.time_base)
                    packet.dts, packet.time_base = packet.pts, self.source.time_base
                    yield packet

    def _lasting(self, lasts: dict[int, int]) -> Iterator[Any]:
        """Yield the same, each until the next begins; the last as long as in the source, by `lasts`."""
        held = None
        for packet in self._colored():
            if held is not None:
                held.duration = packet.pts - held.pts
                lasts.pop(held.pts, None)
                yield held
            held = packet
        if held is not None:
            held.duration = lasts.get(held.pts) or int(1 / self.source.rate / self.source.time_base)
            yield held


def is_made_anew(stream: Stream, source: InputContainer) -> bool:
    """Say whether a stream is one that writers of MP4 and MOV make: titles of chapters, a time code."""
    chapters = stream.name == "bin_data" and bool(source.chapters())
    return stream.type == "data" and (chapters or "timecode" in stream.metadata)


def cover(path: Path, stream: Any) -> tuple[str, str, bytes]:
    """Return name, kind and bytes of a picture that is attached to a film."""
    with open_input(path) as file:
        data = next((bytes(one) for one in file.demux(file.streams[stream.index]) if one.size), b"")
    kind = COVERS.get(stream.codec_context.name, "image/jpeg")
    return stream.metadata.get("filename", "cover"), stream.metadata.get("mimetype", kind), data


class _RefusedError(Exception):
    """The format does not hold a stream."""


def _streams_of(source: InputContainer, streams: dict[int, Stream]) -> Iterator[Stream]:
    return (one for one in source.streams if one.index in streams and one.type != "attachment")


def _kept(tags: dict[str, str], encoded_anew: bool) -> dict[str, str]:
    return {k: v for k, v in tags.items() if not (encoded_anew and k.startswith(OF_THE_ENCODING))}


def _shifted(packet: Any, shift: Fraction, stream: Stream | None = None) -> Any:
    """Return a packet, for a stream of the output if that is not known, moved by seconds."""
    if stream is not None:
        packet.stream = stream
    if shift:
        moved = int(shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - moved
        packet.dts = None if packet.dts is None else packet.dts - moved
    return packet
