"""Archives that may be hostile: which members are pictures, and unpacking them with care."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath

from colorzoo.core.errors import DataError, printable
from colorzoo.core.imaging.image_io import SUFFIXES


def extract_pictures(archive: Path, folder: Path, max_bytes: int) -> Path:
    """Unpack the picture files of a tar archive into `folder`, whole or not at all.

    Only plain files with a picture's suffix are taken; paths that leave the folder, links and more
    than max_bytes in all are refused.
    """
    staging = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            total = 0
            for member in (m for m in tar if m.isfile() and is_picture(m.name, archive)):
                total += member.size
                if total > max_bytes:
                    raise DataError(f"{archive}: unpacks to more than {max_bytes} bytes")
                tar.extract(member, staging, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise DataError(f"{archive}: damaged or unsafe archive ({error})") from None
    except DataError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    staging.replace(folder)
    return folder


def is_picture(name: str, archive: Path) -> bool:
    """Say whether a member of an archive is a picture to read; DataError if its path leaves the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise DataError(f"{archive}: unsafe path {printable(name)!r} in the archive")
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden
