"""The built-in dataset sources: folders, Labeled Faces in the Wild, pages of comics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_datasets() -> list[Entry]:
    """Announce the sources."""
    here = "colorzoo.datasources"
    return [
        Entry("folder", f"{here}.folder:Folder", "pictures below a folder, recursively"),
        Entry("lfw", f"{here}.lfw:LFW", "Labeled Faces in the Wild, deep funneled, split by person"),
        Entry("pages", f"{here}.pages:Pages", "pages of comics, a folder per chapter, split by chapter"),
        Entry("panels", f"{here}.pages:Panels", "the same pages cut into squares, for training"),
    ]
