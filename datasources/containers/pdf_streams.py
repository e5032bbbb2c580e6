"""Coloured pictures in place of those of a PDF, as streams that are never all in memory."""

from __future__ import annotations

import io
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from colorzoo.core.imaging.file_metadata import Metadata
from colorzoo.core.imaging.image_io import Picture, encode
from colorzoo.datasources.containers.png_chunks import compressed_rows

if TYPE_CHECKING:
    import pikepdf

HELD_BYTES = 32_000_000
"""Of coloured pictures that wait for a file of their own, from which the result is written."""
REPLACED = ("/Filter", "/DecodeParms", "/ColorSpace", "/BitsPerComponent", "/Decode", "/Length", "/F",
            "/FFilter", "/FDecodeParms", "/DL")  # fmt: skip
"""What says how the pixels of a picture are stored; everything else of it stays."""


class Encoded(NamedTuple):
    """The pixels of an RGB picture of 8 bits, as a PDF stores them."""

    data: bytes
    filter: str

    def stream(self, pdf: pikepdf.Pdf, like: pikepdf.Object) -> pikepdf.Object:
        """Return a stream of the size of another picture."""
        import pikepdf

        entries = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=like.Width, Height=like.Height,
            BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceRGB, Filter=pikepdf.Name(self.filter),
        )  # fmt: skip
        if self.filter == "/FlateDecode":
            entries.DecodeParms = pikepdf.Dictionary(
                Predictor=15, Colors=3, BitsPerComponent=8, Columns=like.Width
            )
        return pikepdf.Stream(pdf, self.data, entries)


class Supply:
    """Coloured pictures on their way into a PDF: in files of their own, from which it takes them at last.

    A PDF that is changed holds its new streams in memory until it is saved, unless they are another's.
    """

    def __init__(self, pdf: pikepdf.Pdf, stack: ExitStack) -> None:
        self._pdf, self._stack = pdf, stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._waiting: list[tuple[pikepdf.Object, Encoded]] = []
        self._files = 0
        self.replaced: dict[tuple[int, int], pikepdf.Object] = {}

    def add(self, image: pikepdf.Object, encoded: Encoded) -> None:
        """Take what stands in the place of a picture."""
        self._waiting.append((image, encoded))
        if sum(len(one.data) for _, one in self._waiting) > HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        import pikepdf

        path = self._folder / f"{self._files}.pdf"
        with pikepdf.new() as pdf:
            streams = [encoded.stream(pdf, image) for image, encoded in self._waiting]
            pdf.Root.Pictures = pdf.make_indirect(pikepdf.Array(streams))
            pdf.save(path, compress_streams=False)
        source = self._stack.enter_context(pikepdf.open(path))
        for index, (image, _) in enumerate(self._waiting):
            new = self._pdf.copy_foreign(source.Root.Pictures[index])
            for key in image.keys() - {*REPLACED, *new.keys()}:
                new[key] = image[key]
            self.replaced[image.objgen] = new
        self._waiting, self._files = [], self._files + 1


def encoded(image: pikepdf.Object, picture: Picture) -> Encoded:
    """Return JPEG where the picture was one, without losses for anything else."""
    filters = str(image.get("/Filter"))
    if "DCTDecode" not in filters and "JPXDecode" not in filters:
        return Encoded(compressed_rows(encode(picture, ".png")), "/FlateDecode")
    with suppress(OSError, ValueError), Image.open(io.BytesIO(image.read_raw_bytes())) as stored:
        tables = getattr(stored, "quantization", {})
        metadata = Metadata(tables=tuple(tuple(table) for _, table in sorted(tables.items())))
        picture = replace(picture, metadata=metadata)
    return Encoded(encode(picture, ".jpg"), "/DCTDecode")
