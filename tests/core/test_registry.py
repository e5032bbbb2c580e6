import sys
import types
from importlib.metadata import EntryPoint

import pytest

from colorzoo.core import Entry, hookimpl
from colorzoo.core.errors import PluginError, UnknownNameError
from colorzoo.core.registry import PluginWarning, load_plugins


class FakeDistribution:
    def __init__(self, name):
        self.name, self.version = name, "1.0"


def point(monkeypatch, name, distribution="someone", **hooks):
    """Make an entry point whose module holds the given hook implementations."""
    module = types.ModuleType(f"fake_{name.replace(chr(45), chr(95))}")
    for hook, value in hooks.items():
        function = (lambda v: lambda: v)(value)
        function.__name__ = hook
        setattr(module, hook, hookimpl(function))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return entry(name, module.__name__, distribution)


def entry(name, module, distribution="someone"):
    found = EntryPoint(name, module, "colorzoo")
    vars(found)["dist"] = FakeDistribution(distribution)
    return found


def sepia(target="colorzoo.plugins.unet.model:UNetColorizer", name="sepia"):
    return [Entry(name, target, "one brown tint")]


def test_a_plugin_is_found_and_imported_when_used(monkeypatch):
    registry = load_plugins([point(monkeypatch, "a", register_colorizers=sepia())], {})
    item = registry.find("colorizer", "sepia")
    assert (item.distribution, item.version) == ("someone", "1.0")
    assert item.load().__name__ == "UNetColorizer"


def test_a_misspelt_name_gets_a_suggestion(monkeypatch):
    registry = load_plugins([point(monkeypatch, "a", register_colorizers=sepia())], {})
    with pytest.raises(UnknownNameError, match="did you mean sepia"):
        registry.find("colorizer", "sepai")


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ({"register_colorizer": sepia()}, "register_colorizer"),  # a misspelt hook
        ({"register_colorizers": ["sepia"]}, "expected Entry"),
        ({"register_colorizers": sepia() + sepia()}, "announced twice"),
        ({"register_colorizers": [Entry("x", "no.colon")]}, "expected Entry"),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_go_on(monkeypatch, hooks, reason):
    good = point(monkeypatch, "good", register_colorizers=sepia(name="good"))
    broken = point(monkeypatch, "broken", "brokenware", **hooks)
    with pytest.warns(PluginWarning, match=f"brokenware.*{reason}"):
        registry = load_plugins([broken, good], {})
    assert registry.names("colorizer") == ["good"]
    assert [failure.name for failure in registry.failures] == ["broken"]
    with pytest.raises(PluginError, match="brokenware"):
        load_plugins([broken, good], {"COLORZOO_STRICT_PLUGINS": "1"})


def test_a_plugin_that_does_not_import(monkeypatch):
    with pytest.warns(PluginWarning, match="ModuleNotFoundError"):
        registry = load_plugins([entry("gone", "no_such_module_at_all")], {})
    assert [failure.name for failure in registry.failures] == ["gone"]


def test_a_taken_name_is_refused_whole_and_built_ins_win(monkeypatch):
    own = point(monkeypatch, "zz-own", "colorzoo", register_colorizers=sepia())
    thief = point(
        monkeypatch, "aa-thief", "thiefware",
        register_colorizers=sepia(), register_metrics=[Entry("m", "x:Y")],
    )  # fmt: skip
    with pytest.warns(PluginWarning, match="thiefware.*already taken by colorzoo"):
        registry = load_plugins([thief, own], {})
    assert registry.find("colorizer", "sepia").distribution == "colorzoo"
    assert registry.names("metric") == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:X", "does not import"),
        ("colorzoo.core.interfaces.colorizer:Nothing", "does not import"),
        ("colorzoo.core.interfaces.metric:Metric", "is not a Colorizer class"),
        ("colorzoo.core.config:validate", "is not a Colorizer class"),
        ("colorzoo.core.interfaces.colorizer:Colorizer", "does not define colorize"),
    ],
)
def test_a_target_that_is_not_what_it_says(monkeypatch, target, reason):
    registry = load_plugins([point(monkeypatch, "a", register_colorizers=sepia(target))], {})
    with pytest.raises(PluginError, match=f"sepia.*someone.*{reason}"):
        registry.find("colorizer", "sepia").load()


def test_only_the_chosen_plugins_are_loaded(monkeypatch):
    points = [point(monkeypatch, n, register_colorizers=sepia(name=n)) for n in ("a", "b", "c")]
    assert load_plugins(points, {"COLORZOO_PLUGINS": "a,c"}).names("colorizer") == ["a", "c"]
