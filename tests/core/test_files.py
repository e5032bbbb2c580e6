"""The one reader of files that others may have damaged, and what foreign text looks like in a message."""

from __future__ import annotations

from pathlib import Path

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, WeightsError, printable
from colorzoo.core.files import parse_model, read_model


class Note(Strict):
    name: str
    values: dict[str, pydantic.JsonValue] = {}


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text('{"name": "one", "values": {"a": [1, 2]}}')
    assert read_model(path, Note) == Note(name="one", values={"a": [1, 2]})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"name": 3}',
        b'{"name": "a", "other": 1}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "values": {"b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"<html>please log in</html>",
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"note\.json.*fetch it again") as caught:
        read_model(path, Note, error=WeightsError, advice="fetch it again")
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_absent_folder_and_large_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_model(tmp_path / "none.json", Note)
    with pytest.raises(DataError, match="directory"):
        read_model(tmp_path, Note)
    with pytest.raises(DataError, match="larger than 10 bytes"):
        parse_model(b'{"name": "a long one"}', Note, "note", max_bytes=10)


@given(st.text())
def test_foreign_text_is_one_bounded_line_without_control_characters(text: str) -> None:
    shown = printable(text, 80)
    assert len(shown) <= 80
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in shown)


def test_escape_sequences_and_eight_megabytes_are_harmless() -> None:
    assert "\x1b" not in printable("\x1b]0;owned\x07 \x1b[2Jok")
    assert "\n" not in printable("fine\ncolorzoo: error: fake")
    assert len(printable("x" * 8_000_000)) == 300
