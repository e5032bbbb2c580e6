"""Archives as nobody should make them: mutated ones without end, and the known tricks by name."""

from __future__ import annotations

import io
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from zlib import crc32

from tests.servers.manga_site import jpeg, painted, png

LENGTHS = (0, 1, 2**15, 2**31 - 1, 2**31, 2**32 - 1)
TAR_SUFFIXES = ("tar", "tar.gz", "tar.bz2", "tar.xz")


def mutated(seed: int) -> tuple[str, bytes]:
    """Return the suffix and the bytes of an archive that was sound before; the same for the same seed."""
    rng = random.Random(seed)
    suffix = rng.choice(("zip", "zip", *TAR_SUFFIXES))
    body = bytearray(sound(suffix, rng))
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        rng.choice(MUTATIONS)(body, rng)
    return suffix, bytes(body)


def sound(suffix: str, rng: random.Random) -> bytes:
    """Return a small archive of pictures, folders, links and other files."""
    files = {f"series {n}/page{n}.{'png' if n % 2 else 'jpg'}": picture(n) for n in range(3)}
    files |= {
        "notes.txt": b"no picture",
        "inner.zip": b"PK\x03\x04",
        "a/" * 60 + "long.png": picture(3),
    }
    file = io.BytesIO()
    if suffix == "zip":
        methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        with zipfile.ZipFile(file, "w", rng.choice(methods)) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return file.getvalue()
    form = rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=file, mode=f"w:{suffix[4:]}", format=form) as tar:
        for name, data in files.items():
            tar.addfile(member(name, len(data)), io.BytesIO(data))
    return file.getvalue()


def picture(seed: int) -> bytes:
    """Return a small picture file."""
    return (png if seed % 2 else jpeg)(painted(seed)[:24, :16])


def member(name: str, size: int, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """Return the header of a file in a tar archive."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname = size, kind, link
    return entry


def _flip(body: bytearray, rng: random.Random) -> None:
    if body:
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)


def _overwrite(body: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(body) + 1)
    body[start : start + rng.randrange(1, 16)] = rng.randbytes(rng.randrange(0, 16))


def _number(body: bytearray, rng: random.Random) -> None:
    """Put a length that matters where a length may be."""
    start = rng.randrange(len(body) + 1)
    body[start : start + 4] = struct.pack("<I", rng.choice(LENGTHS))


def _cut(body: bytearray, rng: random.Random) -> None:
    del body[rng.randrange(len(body) + 1) :]


def _remove(body: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(body) + 1)
    del body[start : start + rng.randrange(1, 600)]


def _repeat(body: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(body) + 1)
    body[start:start] = body[start : start + rng.randrange(1, 600)]


def _header(body: bytearray, rng: random.Random) -> None:
    """Change a byte of a zip header or of a tar header, which mutations elsewhere seldom reach."""
    starts = [at for mark in (b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04") for at in _each(body, mark)]
    starts += [at - 257 for at in _each(body, b"ustar")]
    if starts:
        at = rng.choice(starts) + rng.randrange(4, 160)
        if 0 <= at < len(body):
            body[at] = rng.choice((0, 1, 0x20, 0x37, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _signed(body: bytearray, rng: random.Random) -> None:
    """Change a tar header and make its checksum right again."""
    starts = [at - 257 for at in _each(body, b"ustar") if at >= 257]
    if starts:
        start = rng.choice(starts)
        field, length = rng.choice(((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (345, 155)))
        values = (rng.randbytes(length), b"\x80" + rng.randbytes(length - 1), b"-1".ljust(length, b"\0"))
        body[start + field : start + field + length] = rng.choice(values)[:length]
        sign(body, start)


def sign(body: bytearray, start: int) -> None:
    """Write the checksum of the tar header that begins at `start`."""
    body[start + 148 : start + 156] = b" " * 8
    body[start + 148 : start + 156] = b"%06o\0 " % sum(body[start : start + 512])


def _each(body: bytearray, mark: bytes) -> Iterator[int]:
    at = body.find(mark)
    while at >= 0:
        yield at
        at = body.find(mark, at + 1)


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _overwrite, _number, _cut, _remove, _repeat, _header, _header, _header, _signed, _signed,
)  # fmt: skip


def tricks() -> dict[str, tuple[str, bytes]]:
    """Return archives that try something, each beside one sound picture: name, then suffix and bytes."""
    made: dict[str, tuple[str, bytes]] = {}
    for name in (
        "../out.png",
        "/out.png",
        "..\\out.png",
        "",
        ".",
        "a\nb.png",
        "x:y.png",
        "\udcff\udcfe.png",
    ):
        made[f"tar named {name!r}"] = "tar", tar_of((member(name, 5), b"12345"))
    made["tar with NUL in a name"] = "tar", tar_of((_pax({"path": "a\0b.png"}), b"12345"))
    made["tar, a link that leads out"] = (
        "tar",
        tar_of((member("in", 0, tarfile.SYMTYPE, "/etc"), b""), (member("in/passwd.png", 5), b"12345")),
    )
    made["tar, a name of 4 GB"] = "tar", _claims(tarfile.GNUTYPE_LONGNAME, 2**32)
    made["tar, a header of -512 bytes"] = "tar", _claims(tarfile.REGTYPE, -512)
    made["tar, a file of 2**60 bytes"] = "tar", _claims(tarfile.REGTYPE, 2**60)
    for name in ("../out.png", "/out.png", "a\nb.png", "x: y/z.png", "..\\out.png"):
        made[f"zip named {name!r}"] = "zip", zip_of((name, b"12345"))
    accents = zip_of(("\u00e9\u00e9.png", b"12345"))
    made["zip, not UTF-8"] = "zip", accents.replace("\u00e9".encode(), b"\xff\xfe")
    made["zip with NUL in a name"] = "zip", zip_of(("aXb.png", b"12345")).replace(b"aXb", b"a\0b")
    made["zip, a name of NUL"] = "zip", zip_of(("X.png", b"12345")).replace(b"X.png", b"\0.png")
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    made["zip, a link"] = "zip", zip_of((link, b"/etc/passwd"))
    made["zip, more than it says"] = "zip", _understated()
    made["zip in a zip"] = "zip", zip_of(("inner.png", zip_of(("deep.png", b"1"))))
    made["zip, encrypted"] = "zip", _encrypted()
    return made


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar archive of a sound picture and these."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(member("sound.png", len(picture(1))), io.BytesIO(picture(1)))
        for entry, data in entries:
            tar.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def zip_of(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip archive of a sound picture and these."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for entry, data in (("sound.png", picture(1)), *entries):
            archive.writestr(entry, data)
    return file.getvalue()


def _pax(headers: dict[str, str]) -> tarfile.TarInfo:
    entry = member("plain.png", 5)
    entry.pax_headers = headers
    return entry


def _claims(kind: bytes, size: int) -> bytes:
    """Return a tar archive with a header that claims a size which is not there."""
    body = bytearray(tar_of((member("liar.png", 5, tarfile.REGTYPE), b"12345")))
    start = body.rfind(b"liar.png")
    body[start + 124 : start + 136] = b"\x80" + b"\0" * 3 + struct.pack(">q", size)
    if size < 0:
        body[start + 124 : start + 136] = b"\xff" * 4 + struct.pack(">q", size)
    body[start + 156 : start + 157] = kind
    sign(body, start)
    return bytes(body)


def _understated() -> bytes:
    """Return a zip whose member unpacks to ten million bytes and says that it has five."""
    data = bytes(10_000_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", data)
        archive.writestr("sound.png", picture(1))
    body = file.getvalue()
    for value, lie in {crc32(data): crc32(bytes(5)), len(data): 5}.items():
        body = body.replace(struct.pack("<I", value), struct.pack("<I", lie))
    return body


def _encrypted() -> bytes:
    body = bytearray(zip_of(("secret.png", picture(2))))
    for at in list(_each(body, b"PK\x01\x02"))[1:]:
        body[at + 8] |= 1
    for at in list(_each(body, b"PK\x03\x04"))[1:]:
        body[at + 6] |= 1
    return bytes(body)
