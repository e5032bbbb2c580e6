import pytest
from pydantic import Field

from colorzoo.core.config import (
    ColorizerConfig,
    RunOptions,
    Strict,
    fields_of,
    from_preset,
    parse_pairs,
    validate,
)
from colorzoo.core.errors import ConfigError, UnknownNameError


class Inner(Strict):
    depth: int = Field(2, description="how deep")
    rate: float = 0.5


class Config(ColorizerConfig):
    width: int = 8
    inner: Inner | None = Inner()
    presets = {"default": {}, "wide": {"width": 64, "inner": {"depth": 9}}}


def test_a_preset_with_overrides_keeps_the_other_nested_values():
    config = from_preset(Config, "wide", ["inner.rate=0.1"])
    assert config == Config(width=64, inner=Inner(depth=9, rate=0.1))


def test_all_problems_are_listed_at_once():
    with pytest.raises(ConfigError) as caught:
        from_preset(Config, "default", ["widht=3", "inner.depth=deep"])
    message = str(caught.value)
    assert "did you mean width" in message
    assert "inner.depth" in message
    assert "'deep'" in message


def test_a_nested_part_can_be_left_out():
    assert from_preset(Config, "default", ["inner=none"]).inner is None


def test_an_unknown_preset_names_the_close_one():
    with pytest.raises(UnknownNameError, match="did you mean wide"):
        from_preset(Config, "wid", [])


@pytest.mark.parametrize("text", ["width", "=3"])
def test_pairs_need_an_equals_sign(text):
    with pytest.raises(ConfigError, match="expected key=value"):
        parse_pairs([text])


def test_pairs_nest_and_none_is_none():
    assert parse_pairs(["a.b=1", "a.c=x=y", "d=none"]) == {"a": {"b": "1", "c": "x=y"}, "d": None}
    with pytest.raises(ConfigError, match="already given"):
        parse_pairs(["a=1", "a.b=2"])


def test_options_are_frozen_and_bounded():
    with pytest.raises(ConfigError, match="samples"):
        validate(RunOptions, {"samples": 0}, "options")
    with pytest.raises(ValueError, match="frozen"):
        RunOptions().samples = 2


def test_fields_are_listed_with_dots():
    rows = {row["name"]: row for row in fields_of(Config)}
    assert set(rows) == {"width", "inner.depth", "inner.rate"}
    assert rows["inner.depth"]["description"] == "how deep"
