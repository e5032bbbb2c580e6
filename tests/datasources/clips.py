"""Short videos that tests make: a grey pan over a picture, with sound."""

from fractions import Fraction

import cv2
import numpy as np

from colorzoo.testing import synthetic_picture

SIZE = 64, 48
"""Width and height."""
ENCODERS = {".webm": "libvpx-vp9", ".ts": "mpeg2video", ".avi": "mpeg4"}
SOUND = {".webm": "libopus", ".ts": "mp2", ".avi": "libmp3lame"}
FRAME = Fraction(1, 25)


def grays(count, size=SIZE):
    """Return the luma of a pan over a picture, smooth enough to be followed."""
    picture = synthetic_picture(3, 2 * size[0] + 2 * count, 2 * size[1] + count)
    gray = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 2)
    return [
        np.ascontiguousarray(gray[n // 2 :, n:][: size[1], : size[0]]) for n in range(count)
    ]  # two pixels to the right, one down every second frame


def clip(path, count=12, *, encoder="", size=SIZE, times=None, sound=True, full=False, before=(), **stream):
    """Write a video of `count` frames, luma as `grays` has it from 16 to 235, or from 0 to 255 if full.

    times: of the frames, in 1/12800 s. before: called with the output before anything is written. stream:
    attributes of the stream of pictures.
    """
    import av

    encoder = encoder or ENCODERS.get(path.suffix, "libx264")
    with av.open(str(path), "w") as out:
        unit = Fraction(1, 25) if path.suffix in (".avi", ".ts") else Fraction(1, 12800)
        video = out.add_stream(encoder, rate=25, width=size[0], height=size[1], time_base=unit)
        video.pix_fmt = "yuv420p"
        if encoder == "libx264":
            video.options = {"crf": "4", "preset": "ultrafast"}
        video.codec_context.color_range = 2 if full else 1
        for name, value in stream.items():
            setattr(video.codec_context, name, value)
        audio = out.add_stream(SOUND.get(path.suffix, "aac"), rate=48000) if sound else None
        for change in before:
            change(out, video)
        for number, gray in enumerate(grays(count, size)):
            frame = framed(gray, full)
            frame.pts = times[number] if times else int(number * FRAME / unit)
            frame.time_base = unit
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio:
            tone(out, audio, count * FRAME)
    return path


def framed(gray, full=False):
    """Return a frame of that luma, and no colour."""
    import av

    height, width = gray.shape
    luma = gray if full else np.round(16 + gray * (219 / 255)).astype(np.uint8)
    chroma = np.full((height // 2, width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), "yuv420p")
    frame.color_range = 2 if full else 1
    return frame


def tone(out, stream, seconds):
    """Write a tone to a stream of sound, whole."""
    import av

    rate, layout = 48000, stream.codec_context.layout
    format = stream.codec_context.format.name
    wave = np.sin(np.arange(int(seconds * rate)) * 0.05) * 8000
    frame = av.AudioFrame.from_ndarray(
        np.repeat(wave.astype(np.int16)[None], layout.nb_channels, 0), "s16p", layout.name
    )
    frame.sample_rate, frame.pts = rate, 0
    size = stream.codec_context.frame_size or 1024
    for part in av.AudioResampler(format, layout, rate, size).resample(frame):
        out.mux(stream.encode(part))
    out.mux(stream.encode(None))


def packets(path, kind):
    """Return time, duration and bytes of the packets of the first stream of a kind."""
    import av

    with av.open(str(path)) as file:
        stream = file.streams.get({kind: 0})[0]
        parts = [one for one in file.demux(stream) if one.size]
        return [(one.pts * one.time_base, bytes(one)) for one in parts]


def frames(path):
    """Return the decoded frames of a video."""
    import av

    with av.open(str(path)) as file:
        return list(file.decode(video=0))


def luma(frame):
    """Return the stored luma of a frame."""
    stored = frame.planes[0]
    rows = np.frombuffer(stored, np.uint8).reshape(stored.height, stored.line_size)
    return rows[:, : stored.width].astype(int)
