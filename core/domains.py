"""What pictures are of, as colorizers and weights say what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Domain = Literal["face", "photo", "painted", "inked"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
DESCRIPTIONS: Mapping[Domain, str] = {
    "face": "a portrait",
    "photo": "an everyday photo",
    "painted": "a painted page",
    "inked": "an inked page",
}
"""Inked: lines and tones in black and white."""
