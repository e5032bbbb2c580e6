"""Pictures in archives: the same as in a folder, read in place, trusted in nothing."""

import io
import pickle
import stat
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from colorzoo.core.errors import ColorzooError, DataError, ImageError
from colorzoo.core.interfaces.dataset import NOTHING
from colorzoo.core.registry import registry
from colorzoo.datasources import archives
from colorzoo.jobs.datasets import open_dataset
from tests.datasources.mutations import mutated, picture, tricks


def zipped(folder, path, extra=()):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png"), reverse=True):
            archive.write(file, file.relative_to(folder).as_posix())
        for name, data in extra:
            archive.writestr(name, data)
    return path


def tarred(folder, path, extra=()):
    with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '').replace('tgz', 'gz')}") as archive:
        archive.add(folder, ".")
        for name, data in extra:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


MAKERS = {
    ".zip": zipped,
    ".cbz": zipped,
    ".tar": tarred,
    ".tar.gz": tarred,
    ".tgz": tarred,
    ".tar.xz": tarred,
}


@pytest.mark.parametrize("suffix", MAKERS)
def test_an_archive_is_as_the_folder_it_was_made_of(pictures, tmp_path, suffix):
    path = MAKERS[suffix](pictures, tmp_path / f"pages{suffix}")
    for split in ("all", "train", "test"):
        there, here = open_dataset(str(path), split), open_dataset(str(pictures), split)
        assert there.ids() == here.ids()
        assert there.fingerprint == here.fingerprint
    assert all(np.array_equal(a.image, b.image) for a, b in zip(there, here, strict=True))
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"pages{suffix}", "pictures"]


def test_bare_paths_and_addresses(pictures, tmp_path):
    path = zipped(pictures, tmp_path / "odd.name")
    assert len(open_dataset(f"zip:{path}")) == 12
    assert registry().find("dataset", "zip").entry.suffixes == (".zip", ".cbz")
    with pytest.raises(DataError, match=r"no such archive; expected zip:PATH"):
        open_dataset("none.cbz")


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "a/../../evil.png", "..\\evil.png"])
def test_paths_that_leave_are_refused(pictures, tmp_path, suffix, name):
    path = MAKERS[suffix](pictures, tmp_path / f"a{suffix}", [(name, b"evil")])
    with pytest.raises(DataError, match="unsafe path"):
        open_dataset(str(path))


def test_links_hidden_files_and_others_are_passed_over(pictures, tmp_path):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    extra = [(link, "/etc/passwd"), ("__MACOSX/._a.png", b"x"), (".hidden.png", b"x"), ("notes.txt", b"x")]
    assert len(open_dataset(str(zipped(pictures, tmp_path / "a.zip", extra)))) == 12
    path = tarred(pictures, tmp_path / "a.tar")
    with tarfile.open(path, "a") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"odd{kind!r}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    assert len(open_dataset(str(path))) == 12


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_sizes_are_bounded(pictures, tmp_path, suffix, monkeypatch):
    path = MAKERS[suffix](pictures, tmp_path / f"a{suffix}", [("big.png", bytes(100_000))])
    monkeypatch.setattr(archives, "MEMBER_BYTES", 50_000)
    with pytest.raises(DataError, match=r"big\.png has 100,000 bytes"):
        open_dataset(str(path))
    monkeypatch.setattr(archives, "MEMBER_BYTES", 200_000)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 5)
    with pytest.raises(DataError, match="more than 5 files"):
        open_dataset(str(path))


def test_a_bomb_is_an_error_of_the_picture(pictures, tmp_path):
    from tests.servers.manga_site import bomb

    data = open_dataset(str(zipped(pictures, tmp_path / "a.zip", [("bomb.png", bomb())])))
    with pytest.raises(ImageError, match=r"a\.zip: bomb\.png: .*too large"):
        data[data.ids().index("bomb.png")]


def test_what_is_wrong_is_said(pictures, tmp_path):
    path = zipped(pictures, tmp_path / "a.zip")
    (tmp_path / "cut.zip").write_bytes(path.read_bytes()[:3000])
    (tmp_path / "cut.tar").write_bytes(b"x" * 3000)
    for name in ("cut.zip", "cut.tar"):
        with pytest.raises(DataError, match="damaged archive"):
            open_dataset(str(tmp_path / name))
    with pytest.raises(DataError, match="no pictures"):
        open_dataset(str(zipped(tmp_path / "none", tmp_path / "empty.zip", [("a.txt", b"")])))
    body = bytearray(path.read_bytes())
    place = body.index(b"IDAT")
    body[place + 20] ^= 255
    (tmp_path / "flipped.zip").write_bytes(body)
    with pytest.raises((DataError, ImageError), match="damaged"):
        list(open_dataset(str(tmp_path / "flipped.zip")))
    locked = bytearray(path.read_bytes())
    for start in (i for i in range(len(locked)) if locked[i : i + 4] == b"PK\x01\x02"):
        locked[start + 8] |= 1  # encrypted, says the directory
    for start in (i for i in range(len(locked)) if locked[i : i + 4] == b"PK\x03\x04"):
        locked[start + 6] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with pytest.raises(DataError, match=r"cannot be read .*(encrypted|password)"):
        open_dataset(str(tmp_path / "locked.zip"))[0]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(pictures, tmp_path):
    twice = [("a.png", b"one"), ("a.png", b"two")]
    with pytest.raises(DataError, match=r"a\.png is in it twice"):
        open_dataset(str(zipped(pictures, tmp_path / "a.zip", twice)))


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_threads_and_copies_do_not_disturb_each_other(pictures, tmp_path, suffix):
    data = open_dataset(str(MAKERS[suffix](pictures, tmp_path / f"a{suffix}")))
    expected = [sample.image for sample in data]
    copied = pickle.loads(pickle.dumps(data))
    start = threading.Barrier(4)

    def read_all(which):
        start.wait()
        return [which[index].image for index in range(len(which))]

    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(read_all, [data, data, copied, copied]):
            assert all(np.array_equal(a, b) for a, b in zip(result, expected, strict=True))


READ = {
    "zip named 'x: y/z.png'": "x: y/z.png",
    "tar named 'x:y.png'": "x:y.png",
    "zip named 'a\\nb.png'": "a\\nb.png",
    "tar named 'a\\nb.png'": "a\\nb.png",
    "tar named '\\udcff\\udcfe.png'": "\\udcff\\udcfe.png",
    "tar with NUL in a name": "a\\x00b.png",
    "tar, a link that leads out": "in/passwd.png",
    "zip, encrypted": "secret.png",
    "zip, more than it says": "bomb.png",
    "zip in a zip": "inner.png",
}
PASSED_OVER = ["tar named ''", "tar named '.'", "zip with NUL in a name", "zip, a link"]


@pytest.mark.parametrize("trick", tricks())
def test_what_an_archive_tries_costs_at_most_that_archive(tmp_path, trick):
    """One line, or the sound picture is read; nothing is written beside the archive."""
    suffix, body = tricks()[trick]
    path = tmp_path / f"tricky.{suffix}"
    path.write_bytes(body)
    if trick in READ or trick in PASSED_OVER:
        data = open_dataset(str(path))
        assert len(data.fingerprint) == 64
        assert data[data.ids().index("sound.png")].image.shape == (24, 16, 3)
        assert set(data.ids()) == {"sound.png", READ.get(trick, "sound.png")}
        for index in range(len(data)):
            with suppress(ColorzooError):
                data[index]
    else:
        with pytest.raises(DataError) as error:
            open_dataset(str(path))
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 600
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_mutated_archives_raise_nothing_but_our_errors(tmp_path):
    opened = 0
    for seed in range(100):
        suffix, body = mutated(seed)
        path = tmp_path / f"{seed}.{suffix}"
        path.write_bytes(body)
        with suppress(ColorzooError):
            data = open_dataset(str(path))
            opened += 1
            assert len(data.fingerprint) == 64
            for index in range(len(data)):
                with suppress(ColorzooError):
                    data[index]
        path.unlink()
    assert opened > 10
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_member_is_left_out_of_the_fingerprint_only(pictures, tmp_path):
    body = bytearray(zipped(pictures, tmp_path / "a.zip").read_bytes())
    body[body.index(b"IDAT") + 20] ^= 255
    (tmp_path / "a.zip").write_bytes(body)
    data = open_dataset(str(tmp_path / "a.zip"))
    assert [data.digest(index) for index in range(len(data))].count(NOTHING) == 1
    assert data.fingerprint != open_dataset(str(pictures)).fingerprint


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_an_archive_that_is_replaced_is_noticed(pictures, tmp_path, suffix):
    data = open_dataset(str(MAKERS[suffix](pictures, tmp_path / f"a{suffix}")))
    assert data.fingerprint
    other = MAKERS[suffix](pictures, tmp_path / f"b{suffix}", [("new.png", picture(1))])
    other.replace(data.path)
    for use in (lambda: data.fingerprint, lambda: data[0], lambda: data.digest(0)):
        with pytest.raises(DataError, match="has changed since it was opened"):
            use()


def test_a_tar_that_ends_in_a_damaged_header_is_not_read_as_a_shorter_one(pictures, tmp_path):
    body = bytearray(tarred(pictures, tmp_path / "a.tar").read_bytes())
    body[body.rfind(b"ustar") - 257 + 2] ^= 1
    (tmp_path / "a.tar").write_bytes(body)
    with pytest.raises(DataError, match="a header is damaged"):
        open_dataset(str(tmp_path / "a.tar"))


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_that_unpacks_to_far_more_is_refused(pictures, tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(archives, "FREE_BYTES", 1_000_000)
    extra = [(f"{index}.bin", bytes(1_000_000)) for index in range(60)]
    path = MAKERS[suffix](pictures, tmp_path / f"a{suffix}", extra)
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in extra:
                archive.writestr(name, data)
    with pytest.raises(DataError, match=r"a bomb, it unpacks to more than [\d,]+ bytes"):
        open_dataset(str(path))


@pytest.mark.slow
def test_more_members_than_a_small_directory_holds(tmp_path):
    """A zip counts them with 16 bits, and more of them elsewhere."""
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for index in range(65_600):
            archive.writestr(f"{index % 100}/{index}.png", b"")
    data = open_dataset(str(tmp_path / "many.zip"))
    assert len(data) == 65_600
    with pytest.raises(ImageError, match="empty"):
        data[5]
