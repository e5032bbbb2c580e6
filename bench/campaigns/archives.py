"""Hostile and damaged archives: opened, listed, read, and prepared."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zipfile
from pathlib import Path

from PIL import Image

from bench.campaigns import campaign
from bench.campaigns.mutate import clouds, encoded, mutated
from bench.campaigns.watch import Outcome, call, verb, worst
from colorzoo.core.errors import ColorzooError, DataError, ImageError

NAMES = (
    "../victim.png", "../../victim.png", "/etc/victim.png", "a/../../victim.png", "..\\victim.png",
    "C:\\x.png", "C:/x.png", "Batman: Year One/1.png", "a\nb.png",
    "a\x1b[31m.png", "a\0b.png", "", ".png", "./x.png",
    "//x.png", "a//b.png", "a/./b.png", " .png", "x" * 300 + ".png", "d/" * 300 + "x.png", "A.PNG", "a.png",
    ".hidden/x.png", "__MACOSX/._x.png", "\u202egnp.x.png", "ä漫画.png", "\ud800.png", "a#1.png", "a?.png",
    "con.png", "x.png/", "a.txt",
)  # fmt: skip
MOST_READ, VERBS_SHARE = 12, 0.15
ENDINGS = {"": ".tar", "gz": ".tar.gz", "bz2": ".tar.bz2", "xz": ".tar.xz"}


class Campaign(campaign.Campaign):
    """Half of the archives are odd in what they hold, half damaged in their bytes, some both."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.pictures = [
            encoded(Image.fromarray(clouds(seed)), format)
            for seed, format in enumerate(("PNG", "JPEG", "WEBP", "BMP", "TIFF"))
        ]
        sound = campaign.emptied(home / "first") / "sound.zip"
        with zipfile.ZipFile(sound, "w") as archive:
            archive.writestr("a.png", self.pictures[0])
        self.verbs(sound, home / "first")  # now torch is loaded

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        path = self.zipped(chance, folder) if chance.random() < 0.6 else self.tarred(chance, folder)
        if chance.random() < 0.5:
            path.write_bytes(mutated(path.read_bytes(), chance, self.pictures))
        outcomes = [call(lambda: read_all(path))]
        if chance.random() < VERBS_SHARE:
            outcomes += self.verbs(path, folder, chance.choice(("jpg", "packed")))
        return worst(*outcomes)

    def verbs(self, path: Path, folder: Path, format: str = "jpg") -> list[Outcome]:
        """Show and prepare an archive by the command line."""
        words = ("data", "prepare", path, "-o", folder / "out", "--size", 16, "--format", format)
        return [
            verb("data", "info", path),
            verb(*words, "--workers", 1),
            call(lambda: only_pictures(folder / "out")),
        ]

    def members(self, chance: random.Random) -> list[tuple[str, bytes]]:
        """Return names and contents: sound ones, odd names, damaged pictures."""
        members = [(f"chapter/{number}.png", self.pictures[0]) for number in range(chance.randint(0, 2))]
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(self.pictures)
            if chance.random() < 0.3:
                data = mutated(data, chance, self.pictures)
            members.append((chance.choice(NAMES), data))
        return members

    def zipped(self, chance: random.Random, folder: Path) -> Path:
        """Write a .zip or .cbz."""
        path = folder / f"{chance.choice(('pages', 'Batman: Year One'))}.{chance.choice(('zip', 'cbz'))}"
        ways = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        with zipfile.ZipFile(path, "w", chance.choice(ways)) as archive:
            for name, data in self.members(chance):
                entry = zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "x.png")
                entry.filename = entry.filename if name else ""
                entry.compress_type = chance.choice(ways)
                entry.external_attr = chance.choice((0o100644, 0o120777, 0o010644, 0o40755)) << 16
                archive.writestr(entry, data)
        if chance.random() < 0.3:
            path.write_bytes(self.relabelled(path.read_bytes(), chance))
        return path

    def relabelled(self, data: bytes, chance: random.Random) -> bytes:
        """Change fields of a zip's headers: flags (a password), method, sizes, checksum, names of bytes."""
        changed = bytearray(data)
        mark, offsets = chance.choice(
            ((b"PK\x03\x04", (6, 8, 14, 18, 22, 26)), (b"PK\x01\x02", (8, 10, 16, 20, 24, 42)))
        )
        start = data.find(mark)
        if start >= 0:
            place = start + chance.choice(offsets)
            struct.pack_into("<H", changed, place, chance.choice((1, 9, 99, 0x800, 0xFFFF, 0x7FFF, 0)))
        return (
            bytes(changed).replace(b"chapter", b"ch\xff\xfept\0")
            if chance.random() < 0.3
            else bytes(changed)
        )

    def tarred(self, chance: random.Random, folder: Path) -> Path:
        """Write a .tar, plain or compressed."""
        way = chance.choice(list(ENDINGS))
        path = folder / f"pages{ENDINGS[way]}"
        with tarfile.open(
            path, f"w:{way}", format=chance.choice((0, 1, 2)), errors="surrogateescape"
        ) as archive:
            for name, data in self.members(chance):
                entry = tarfile.TarInfo(name.encode("utf-8", "replace").decode().replace("\0", "?"))
                entry.size, entry.type = (
                    len(data),
                    chance.choice((b"0", b"0", b"0", b"1", b"2", b"3", b"5", b"6")),
                )
                entry.linkname = chance.choice(("../victim.png", "/etc/passwd", "chapter/0.png"))
                try:
                    archive.addfile(entry, io.BytesIO(data))
                except ValueError:
                    continue  # a name too long for this format
        return path


def read_all(path: Path) -> None:
    """Open an archive and read what is in it; a picture that is refused spoils no other."""
    from colorzoo.jobs.datasets import open_dataset

    dataset = open_dataset(str(path))
    problems: list[ColorzooError] = []
    for index in range(min(len(dataset), MOST_READ)):
        try:
            dataset[index]
            dataset.load_at_least(index, 8)
        except (ImageError, DataError) as error:
            problems.append(error)
    dataset.fingerprint  # noqa: B018  reads every byte
    if problems:
        raise problems[-1]


def only_pictures(folder: Path) -> None:
    """See that a preparation left nothing half-written."""
    left = [path.name for path in folder.rglob("*.part")]
    if left:
        raise AssertionError(f"left behind: {left}")
