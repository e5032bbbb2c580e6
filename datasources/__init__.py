"""The built-in dataset sources: folders of pictures and Labeled Faces in the Wild."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_datasets() -> list[Entry]:
    """Announce the sources."""
    here = "colorzoo.datasources"
    return [
        Entry("folder", f"{here}.folder:Folder", "pictures below a folder, recursively"),
        Entry("lfw", f"{here}.lfw:LFW", "Labeled Faces in the Wild, deep funneled, split by person"),
    ]
