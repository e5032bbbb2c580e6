"""Videos: pictures replaced, everything else as it was; what is damaged or not meant is one line."""

import re
import shutil
import subprocess
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

from colorzoo.core.errors import ColorzooError, ConfigError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.container import VideoOptions
from colorzoo.datasources.containers import video_segments
from tests.datasources.clips import SIZE, clip, framed, frames, grays, luma, packets, tone

av = pytest.importorskip("av", reason="no PyAV; pip install 'colorzoo[video]'")
from colorzoo.datasources.containers.video import OtherVideo, Video  # noqa: E402  needs PyAV to be of use

OFFSET = np.array([28, -10, -24])
"""Of a colour against grey; its luma by BT.601 is nearly none."""
BT709 = 1


def tinted(page):
    """Return a page in one colour, as far as it is neither black nor white."""
    picture = page.read()
    middle = ((picture.gray > 50) & (picture.gray < 200))[..., None]
    return Picture((picture.rgb + OFFSET * middle).clip(0, 255).astype(np.uint8))


def colored(path, target, color=tinted, cls=Video, options=VideoOptions(), folder=None):  # noqa: B008
    with cls(path) as video:
        video.configure(options)
        first = video.resume(folder) if folder else 0
        video.write(target, (color(page) for page in video.pages_after(first)))
        return video.notes


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm", ".avi"])
def test_everything_but_colour_stays(tmp_path, suffix):
    path = clip(tmp_path / f"film{suffix}")
    colored(path, target := tmp_path / f"out{suffix}")
    assert packets(target, "audio") == packets(path, "audio")
    before, after = (list(Video(file).source.frames()) for file in (path, target))
    assert [frame.time for frame in after] == [frame.time for frame in before]
    for old, new in zip(before, after, strict=True):
        assert np.abs(luma(old) - luma(new)).mean() < 2
    with av.open(str(path)) as old, av.open(str(target)) as new:
        assert abs(new.duration - old.duration) <= 40_000, "by a frame at most, which AVI and MKV round to"
        assert new.start_time == old.start_time


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [BT709, 6])
def test_colours_are_those_of_the_picture_in_every_matrix_and_range(tmp_path, full, matrix):
    path = clip(tmp_path / "film.mp4", 4, full=full, colorspace=matrix, color_primaries=1, color_trc=1)
    colored(path, target := tmp_path / "out.mp4")
    with Video(path) as video:
        wanted = [tinted(page).rgb.astype(int) for page in video.pages()]
        grey = [page.read().gray for page in video.pages()]
    for gray, expected in zip(grey, grays(4), strict=True):
        assert np.abs(gray.astype(int) - expected).mean() < 1.5, "not the grey that was stored"
    with Video(target) as video:
        for page, picture in zip(video.pages(), wanted, strict=True):
            assert np.abs((page.read().rgb - picture).mean((0, 1))).max() < 4, (
                "the luma of BT.709 is another"
            )
    frame = frames(target)[0]
    assert (frame.color_range, frame.colorspace) == (2 if full else 1, matrix)
    assert (frame.color_primaries, frame.color_trc) == (1, 1)


def test_times_stay_exact_where_the_rate_varies(tmp_path):
    times = [0, 512, 1024, 3333, 3400, 9001, 9002, 20000]
    path = clip(tmp_path / "film.mp4", len(times), times=times)
    colored(path, target := tmp_path / "out.mp4")
    assert [frame.time for frame in frames(target)] == [frame.time for frame in frames(path)]


def test_titles_chapters_attachments_and_subtitles_stay(tmp_path):
    unit = Fraction(1, 1000)
    chapters = [
        {"id": 0, "start": 0, "end": 200, "time_base": unit, "metadata": {"title": "one"}},
        {"id": 1, "start": 200, "end": 400, "time_base": unit, "metadata": {"title": "two"}},
    ]

    def more(out, video):
        out.metadata.update(title="A film", artist="somebody")
        out.set_chapters(chapters)
        out.add_attachment("font.ttf", "font/ttf", b"letters")
        out.streams.audio[0].metadata["language"] = "fra"

    path = clip(tmp_path / "film.mkv", before=[more])
    colored(path, target := tmp_path / "out.mkv")
    with av.open(str(target)) as file:
        assert {key.lower(): value for key, value in file.metadata.items()}["artist"] == "somebody"
        assert [one["metadata"]["title"] for one in file.chapters()] == ["one", "two"]
        assert [one.data for one in file.streams.attachments] == [b"letters"]
        assert file.streams.audio[0].metadata["language"] == "fra"


def test_a_turned_video_is_seen_upright_and_stays_turned(tmp_path):
    path = clip(tmp_path / "film.mp4", 3, before=[lambda out, video: video.set_display_rotation(90)])
    seen = []
    colored(path, target := tmp_path / "out.mp4", lambda page: seen.append(page.read()) or seen[-1])
    assert seen[0].gray.shape == (SIZE[0], SIZE[1])
    upright = np.rot90(grays(1)[0]).astype(int)
    assert np.abs(upright - seen[0].gray).mean() < 2
    assert frames(target)[0].rotation == frames(path)[0].rotation == 90
    assert np.abs(luma(frames(target)[0]) - luma(frames(path)[0])).mean() < 2


def test_the_shape_of_pixels_and_odd_sizes_stay(tmp_path):
    path = clip(tmp_path / "film.mp4", 3, sample_aspect_ratio=Fraction(16, 11))
    colored(path, target := tmp_path / "out.mp4")
    with av.open(str(target)) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(16, 11)
    odd = tmp_path / "odd.mkv"
    with av.open(str(odd), "w") as out:
        stream = out.add_stream("ffv1", rate=25, width=63, height=47)
        stream.pix_fmt = "gray"
        for gray in grays(3, (63, 47)):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(gray, "gray")))
        out.mux(stream.encode(None))
    colored(odd, target := tmp_path / "out.mkv")
    for frame, gray in zip(frames(target), grays(3, (63, 47)), strict=True):
        assert np.abs(luma(frame) - gray).max() <= 6


def test_other_formats_become_mkv(tmp_path):
    path = clip(tmp_path / "film.ts")
    colored(path, target := tmp_path / "out.mkv", cls=OtherVideo)
    assert [data for _, data in packets(target, "audio")] == [data for _, data in packets(path, "audio")]
    assert len(frames(target)) == 12
    with av.open(str(target)) as file:
        assert abs(file.start_time) < 100_000, "of a transmission, which begins anywhere"


def test_a_part_has_its_sound(tmp_path):
    path = clip(tmp_path / "film.mp4", 25)
    colored(path, target := tmp_path / "out.mp4", options=VideoOptions(start=0.2, end=0.6))
    after = frames(target)
    assert [frame.time for frame in after] == pytest.approx([n / 25 for n in range(10)])
    assert np.abs(luma(after[0]) - luma(frames(path)[5])).mean() < 2
    sound, whole = packets(target, "audio"), packets(path, "audio")
    inside = [data for time, data in whole if Fraction("0.2") <= time < Fraction("0.6")]
    assert [data for _, data in sound] == inside
    for options in (VideoOptions(start=5), VideoOptions(start=0.5, end=0.2)):
        with Video(path) as video, pytest.raises(ConfigError, match=r"no part of film\.mp4"):
            video.configure(options)


def test_what_a_kill_leaves_is_gone_on_with_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(video_segments, "SEGMENT", 4)
    path, folder = clip(tmp_path / "film.mp4", 14), tmp_path / "parts"
    colored(path, tmp_path / "whole.mp4")
    folder.mkdir()
    seen = []

    def killed(page):
        seen.append(page.name)
        if len(seen) == 11:
            raise KeyboardInterrupt
        return tinted(page)

    with suppress(KeyboardInterrupt):
        colored(path, tmp_path / "out.mp4", killed, folder=folder)
    assert len(list(folder.glob("*.nut"))) == 2
    seen.clear()
    colored(path, tmp_path / "out.mp4", lambda page: seen.append(page.name) or tinted(page), folder=folder)
    assert seen[0] == "frame 9"
    assert len(seen) == 6
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def shortened(avi):
    """Return an AVI cut in the sixth of its frames."""
    return b"00dc".join(avi.split(b"00dc")[:7])[:-20]


def hostile(folder):
    """Yield files with what is said of them, nothing where it is coloured as far as it goes."""
    whole = clip(folder / "film.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    yield folder / "half.mp4", "no video that can be read"
    (folder / "noise.mkv").write_bytes(b"\x1aE\xdf\xa3" + np.random.default_rng(1).bytes(4000))
    yield folder / "noise.mkv", "no video that can be read"
    avi = clip(folder / "film.avi", 12, sound=False).read_bytes()
    (folder / "half.avi").write_bytes(shortened(avi))
    yield folder / "half.avi", ""
    avi = clip(folder / "film.avi", 2, encoder="ffv1", sound=False).read_bytes()
    header = avi.index(b"strf") + 12
    huge = (100_000).to_bytes(4, "little")
    (folder / "huge.avi").write_bytes(avi[:header] + huge + huge + avi[header + 8 :])
    yield folder / "huge.avi", "100000x100000|no frame of it can be decoded"
    with av.open(str(folder / "sound.mp4"), "w") as out:
        tone(out, out.add_stream("aac", rate=48000), 1)
    yield folder / "sound.mp4", "sound alone"
    parts = [clip(folder / f"{n}.ts", 6, sound=False, size=size) for n, size in enumerate((SIZE, (96, 80)))]
    (folder / "changing.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    yield folder / "changing.ts", "change from 64x48 to 96x80"


def problem(path, target):
    """Return what is said of a file that cannot be coloured, nothing of one that can."""
    try:
        colored(path, target, cls=OtherVideo if path.suffix == ".ts" else Video)
    except ColorzooError as error:
        return str(error)
    return ""


def test_hostile_files_are_one_line_and_leave_nothing(tmp_path):
    (tmp_path / "files").mkdir()
    for path, said in hostile(tmp_path / "files"):
        (out := tmp_path / path.name).mkdir()
        told = problem(path, out / "film.mp4")
        assert bool(told) == bool(said), f"{path.name}: {told}"
        assert re.search(said, told), f"{path.name}: {told}"
        assert "\n" not in told
        assert len(list(out.iterdir())) == (not said), path.name


def test_a_file_that_says_more_than_it_holds_is_coloured_as_far_as_it_goes(tmp_path):
    avi = clip(tmp_path / "film.avi", 12, sound=False).read_bytes()
    (tmp_path / "short.avi").write_bytes(shortened(avi))
    notes = colored(tmp_path / "short.avi", target := tmp_path / "out.avi")
    assert 0 < len(frames(target)) < 12
    assert any("of the 12 frames" in note for note in notes), notes


def test_it_is_known_by_its_content(tmp_path):
    path = clip(tmp_path / "film.mp4", 2)
    assert Video.accepts(path)
    still = tmp_path / "still.mp4"
    still.write_bytes(b"\0\0\0\x1cftypavif" + bytes(100))
    assert not Video.accepts(still)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg to judge what is written")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi"])
def test_ffmpeg_finds_nothing_to_warn_of(tmp_path, suffix):
    path = clip(tmp_path / f"film{suffix}")
    colored(path, target := tmp_path / f"out{suffix}")
    judge = ["ffmpeg", "-nostdin", "-v", "warning", "-i"]
    run = subprocess.run([*judge, target, "-f", "null", "-"], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    copied = ["-map", "0:a", "-c", "copy", "-f", "md5", "-"]
    sums = [subprocess.run([*judge, f, *copied], capture_output=True, check=True) for f in (path, target)]
    assert sums[0].stdout == sums[1].stdout != b""


def test_frames_keep_their_neutral_grey():
    assert np.ptp(framed(grays(1)[0]).to_ndarray(format="rgb24").astype(int), axis=-1).max() <= 1
