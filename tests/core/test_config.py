import pytest
from pydantic import Field

from colorzoo.core.config import (
    ColorizerConfig,
    RunOptions,
    Strict,
    fields_of,
    from_pairs,
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


@pytest.mark.parametrize(
    "values",
    [
        {"width": "9" * 10**7},
        {"width": ["deep"] * 10**5},
        {"w" * 10**6: 1},
        {str(n): n for n in range(10_000)},
    ],
    ids=["a text", "a list", "a name", "many names"],
)
def test_a_message_about_values_is_bounded(values):
    with pytest.raises(ConfigError) as caught:
        validate(Config, values, "options")
    assert len(str(caught.value)) < 3000


def test_what_is_wrong_with_a_value_shows_no_control_characters():
    with pytest.raises(ConfigError) as caught:
        validate(Config, {"width": "a\x1b[2J\nb", "c\x1b[2J\nd": 1}, "options")
    assert str(caught.value).isprintable()


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


class Tuned(RunOptions):
    strength: float = Field(0.5, description="how much")
    inner: Inner = Field(Inner(depth=7), description="nested")
    several: list[Inner] = Field([], description="not settable by dots")


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "Infinity", "1e999"])
def test_infinity_and_nan_are_no_values_of_a_setting(text):
    with pytest.raises(ConfigError, match="strength: input should be a finite number"):
        from_pairs(Tuned, [f"strength={text}"], "-O")
    with pytest.raises(ConfigError, match="finite"):
        validate(Tuned, {"strength": float(text)}, "options")


@pytest.mark.parametrize("pairs", [["a=1", "a=2"], ["a=1", "a=1"], ["a.b=1", " a.b =2"], ["a.b=1", "a=2"]])
def test_a_key_is_given_once(pairs):
    with pytest.raises(ConfigError, match="given twice"):
        parse_pairs(pairs)


def test_pairs_may_be_any_iterable():
    assert parse_pairs(iter(["a=1"])) == {"a": "1"}


def test_a_nested_option_keeps_the_other_defaults():
    options = from_pairs(Tuned, ["inner.rate=0.1"], "-O", samples=3)
    assert options == Tuned(samples=3, inner=Inner(depth=7, rate=0.1))


def test_every_listed_field_can_be_set():
    for row in fields_of(Tuned):
        if row["name"] != "several":
            from_pairs(
                Tuned, [f"{row['name']}={row['default'] if row['default'] is not None else 1}"], "-O"
            )
    assert "several.depth" not in {row["name"] for row in fields_of(Tuned)}


@pytest.mark.parametrize("number", [2**63, 2**64, 10**40, -1])
def test_seeds_have_a_bound(number):
    with pytest.raises(ConfigError, match="seed"):
        from_pairs(RunOptions, [f"seed={number}"], "-O")
    assert from_pairs(RunOptions, [f"seed={2**63 - 1}"], "-O").seed == 2**63 - 1
