"""The samples of a training over time: its preview sheets, made smaller and put into the page."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from pathlib import Path

from PIL import Image

MAX_SHEETS = 12
WIDTH = 640
"""Pixels; the sheets of a long training would make the page tens of megabytes."""


def previews(run: Path, stage: str) -> str:
    """Return figures of a stage's sheets, twelve at most, spread over its steps; empty if none are kept."""
    name = re.compile(rf"{re.escape(stage)}-(\d+)\.png")
    sheets = [
        (int(found[1]), path)
        for path in (run / "previews").glob("*.png")
        if (found := name.fullmatch(path.name))
    ]
    sheets.sort()
    count = min(MAX_SHEETS, len(sheets))
    chosen = [sheets[index * (len(sheets) - 1) // max(1, count - 1)] for index in range(count)]
    figures = [_figure(step, path) for step, path in chosen]
    return f'<div class="previews">{"".join(figures)}</div>\n' if figures else ""


def _figure(step: int, path: Path) -> str:
    try:
        with Image.open(path) as sheet:
            small = sheet.convert("RGB")
    except (OSError, ValueError):  # half-written, or no picture
        return ""
    small.thumbnail((WIDTH, 4 * WIDTH))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=82)
    data = base64.b64encode(file.getvalue()).decode()
    label = escape(f"samples at step {step:,}")
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{label}" width="{small.width}" '
        f'height="{small.height}"><figcaption>{label}</figcaption></figure>'
    )
