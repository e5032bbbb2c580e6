"""A comparison among broken things: caches, pictures, metrics, methods, files of results."""

import json
import random
import sqlite3
import zlib
from functools import partial

import pytest
import torch

from colorzoo.core.compare.measurements import Measurement, MeasurementStore, encoded
from colorzoo.core.compare.readable import fingerprint_of
from colorzoo.core.compare.results import read_results, write_results
from colorzoo.core.errors import DataError, ImageError, PluginError, ResultsError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.metric import Metric, MetricResult, PerImageMetric
from tests.core.compare.test_compare import (
    BASELINES,
    Counted,
    Guess,
    Made,
    compared_method,
    per_image,
    run,
    task,
)

NOT_A_DATABASE = b"this is no data base, and long enough to be seen as none at all" * 20


@pytest.fixture
def store(tmp_path):
    return MeasurementStore(tmp_path / "measured.sqlite")


def with_metrics(*kinds):
    """Return the names of metrics, and a patch of the registry's place: classes given by hand."""
    return {kind.__name__: kind for kind in kinds}


def compared(store, *methods, kinds, **settings):
    from dataclasses import replace

    from colorzoo.core.compare.runner import Comparison

    made = replace(task(*methods, **settings), metrics=with_metrics(*kinds))
    return Comparison(made, store).run(costs=False)


class OfColoured(PerImageMetric):
    """Applies to pictures 24 wide only."""

    higher_is_better = True
    unit = "u"

    def measure(self, predicted, target):
        value = predicted.mean((1, 2, 3, 4))
        return value if predicted.shape[-1] == 24 else value * torch.nan


class Total(Metric):
    """One value of all, from numbers that may be none."""

    higher_is_better = True

    def __init__(self):
        self.total, self.count = 0.0, 0

    def update(self, predicted, target):
        self.total += float(target.mean()) if predicted.shape[-1] != 24 else float("nan")
        self.count += 1

    def compute(self):
        return MetricResult(value=self.total / self.count, unit="u")


class Nothing(OfColoured):
    """Applies to nothing."""

    def measure(self, predicted, target):
        return torch.full((len(predicted),), torch.nan)


def test_a_metric_that_does_not_apply_to_a_picture_is_counted_and_its_mean_is_of_the_others(store):
    results = compared(store, compared_method(Guess), kinds=[OfColoured, Total, Nothing])
    (method,) = results.methods
    value, total, nothing = (method.values[name] for name in ("OfColoured", "Total", "Nothing"))
    assert [v is not None for v in value.per_image] == [False, True, False, False, False, False]
    assert value.value == pytest.approx(value.per_image[1], rel=1e-6)
    assert (value.not_applicable, total.not_applicable, nothing.not_applicable) == (5, 1, 6)
    assert 0 < total.value < 1
    assert nothing.value is None
    assert not method.failures
    again = compared(store, compared_method(Guess), kinds=[OfColoured, Total, Nothing])
    assert again.methods[0].values == method.values


def test_what_does_not_apply_is_said_in_every_form_of_the_report(store, capsys, tmp_path):
    from colorzoo.cli.compare_command import show
    from colorzoo.report import markdown
    from colorzoo.report.html import page

    results = compared(store, compared_method(Guess), kinds=[OfColoured])
    line = "OfColoured is not applicable to some of the 6 pictures: 5 of Guess"
    show(results)
    assert line in capsys.readouterr().err
    assert line in markdown.table(results)
    assert line in page(results, tmp_path)
    write_results(results, tmp_path / "results.json")
    assert read_results(tmp_path).methods[0].values["OfColoured"].not_applicable == 5


def damage_truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_replaced(path):
    path.write_bytes(NOT_A_DATABASE)


def damage_emptied(path):
    path.write_bytes(b"")


def damage_other_columns(path):
    with sqlite3.connect(path) as base:
        base.execute("DROP TABLE rows")
        base.execute("CREATE TABLE rows (a, b, c)")


def rows_become(value):
    def damage(path):
        with sqlite3.connect(path) as base:
            base.execute("UPDATE rows SET row = ?", (value,))

    return damage


DAMAGES = {
    "replaced": damage_replaced,
    "truncated": damage_truncated,
    "emptied": damage_emptied,
    "other columns": damage_other_columns,
    "rows of text": rows_become("text"),
    "rows of numbers": rows_become(7),
    "rows of nothing": rows_become(None),
    "rows of garbage": rows_become(b"\x00" * 40),
    "rows of other JSON": rows_become(zlib.compress(b"[1, 2]")),
    "rows nested deeply": rows_become(zlib.compress(b'{"states":' + b"[" * 100_000)),
    "rows without states": rows_become(encoded(Measurement(milliseconds=1))),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.filterwarnings("ignore:.*damaged .* moved to:RuntimeWarning")
def test_a_damaged_cache_is_measured_again(store, damage):
    first = run(store, compared_method(Counted), metrics=("mse255", "auc"))
    for file in store.path.parent.glob("measured.sqlite-*"):
        file.unlink()
    damage(store.path)
    Counted.calls = 0
    again = run(MeasurementStore(store.path), compared_method(Counted), metrics=("mse255", "auc"))
    assert Counted.calls == 7
    assert per_image(again) == per_image(first)
    assert per_image(
        run(MeasurementStore(store.path), compared_method(Counted), metrics=("mse255", "auc"))
    ) == per_image(first)
    assert Counted.calls == 7


def test_states_that_do_not_merge_are_measured_again_and_a_metric_at_fault_is_named(store):
    from colorzoo.core.compare.runner import Comparison

    class Forgetful(OfColoured):
        def merge(self, state):
            raise TypeError("no")

    made = task(compared_method(Counted), metrics=("mse255",))
    first = Comparison(made, store).run(costs=False)
    key = made.metric_keys["mse255"]
    keys = Comparison(made, store).keys[0]
    store.put(
        (name, encoded(Measurement(milliseconds=1, states={key: {"_values": 5, "x": "y"}})))
        for name in keys
    )
    Counted.calls = 0
    assert per_image(Comparison(made, store).run(costs=False)) == per_image(first)
    assert Counted.calls == 7
    with pytest.raises(PluginError, match="metric 'Forgetful': its state does not merge"):
        compared(store, compared_method(Guess), kinds=[Forgetful])


@pytest.mark.filterwarnings("ignore:.*damaged .* moved to:RuntimeWarning")
def test_a_damaged_cache_is_kept_beside_the_new_one(store):
    store.path.write_bytes(NOT_A_DATABASE)
    assert list(MeasurementStore(store.path).get(["a"])) == [None]
    assert store.path.with_name("measured.sqlite.damaged").read_bytes() == NOT_A_DATABASE


def test_a_cache_that_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "base").mkdir()
    with pytest.raises(DataError, match="base: unable to open"):
        MeasurementStore(tmp_path / "base")


class Damaged(Made):
    """A source whose every look at a broken picture fails, as that of an archive."""

    def __getitem__(self, index):
        if index in self.broken:
            raise OSError("CRC")
        return super().__getitem__(index)

    def digest(self, index):
        if index in self.broken:
            raise DataError("CRC")
        return super().digest(index)

    @property
    def fingerprint(self):
        if self.broken:
            raise DataError("CRC")
        return super().fingerprint


def test_a_picture_that_cannot_even_be_hashed_is_left_out_and_named(store):
    from dataclasses import replace

    from colorzoo.core.compare.runner import Comparison

    data = Damaged(broken=(2,))
    fingerprint = fingerprint_of(data)
    assert fingerprint == fingerprint_of(Damaged(broken=(2,))) != fingerprint_of(Damaged(broken=(3,)))
    made = task(compared_method(Guess), *BASELINES, dataset=Made(6), data_fingerprint=fingerprint)
    made = replace(made, dataset=data, train=data)
    results = Comparison(made, store).run(costs=False)
    assert results.left_out == {"picture2": "OSError: CRC"}
    assert len(results.pictures) == 5
    assert not any(method.failures for method in results.methods)  # baselines are fitted on the others


class Writes(Guess):
    """Writes to what it is given."""

    def colorize(self, gray, options):
        result = super().colorize(gray, options)
        gray.zero_()
        return result


def test_a_method_that_writes_to_its_input_changes_nothing(store):
    results = run(store, compared_method(Writes), compared_method(Guess), *BASELINES)
    values = per_image(results)
    assert values["Writes", "psnr"] == values["Guess", "psnr"]
    assert results.methods[-1].values["psnr"].value == 100  # the oracle


class Unbuildable(Guess):
    def __init__(self, config=None):
        raise MemoryError("too much")


class Returns(Guess):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def colorize(self, gray, options):
        return self.change(super().colorize(gray, options))


@pytest.mark.parametrize("costs", [False, True])
def test_a_method_that_cannot_be_built_fails_and_the_others_go_on(store, costs):
    results = run(store, compared_method(Unbuildable), compared_method(Guess), costs=costs)
    assert results.methods[0].failures[0].reason == "MemoryError: too much"
    assert results.all_failed(results.methods[0])
    assert not results.methods[1].failures


@pytest.mark.parametrize(
    "change",
    [
        lambda tensor: tensor.numpy(),
        lambda tensor: tensor > 0.5,
        lambda tensor: tensor.to(torch.complex64),
        lambda tensor: tensor.to("meta"),
        lambda tensor: None,
    ],
    ids=["numpy", "bool", "complex", "meta", "None"],
)
def test_a_method_that_returns_something_else_fails_and_the_others_go_on(store, change):
    kind = type("Odd", (Returns,), {"__init__": partial(Returns.__init__, change=change)})
    kind.__init__ = lambda self, config=None: Returns.__init__(self, change)
    results = run(store, compared_method(kind), compared_method(Guess), metrics=("mse255",))
    assert not results.methods[1].failures
    assert results.methods[0].failures or results.methods[0].values["mse255"].value is not None


def test_the_best_control_is_the_best_that_is_not_told_the_truth(store):
    from colorzoo.report.wording import best_baseline

    for ranked in ("mse255", "variance"):  # by variance the oracle comes last
        results = run(store, compared_method(Guess), *BASELINES, metrics=(ranked,))
        others = [m.label for m in results.ranking() if m.baseline and m.label != "oracle"]
        assert best_baseline(results).label == others[0]
    assert [m.label for m in results.methods if m.informed] == ["oracle"]
    failed = [m.model_copy(update={"failures": [{"picture": "x", "reason": "y"}]}) for m in results.methods]
    assert best_baseline(results.model_copy(update={"methods": failed})).label != "oracle"


def test_controls_take_seeds_of_any_size(store):
    from colorzoo.core.data.packed import pack
    from colorzoo.core.interfaces.colorizer import EvaluationContext

    for item in BASELINES:
        baseline = item.kind()
        baseline.fit_baseline(
            EvaluationContext(
                train=lambda size: pack(Made(5), size), truth=lambda gray: gray.expand(3, -1, -1)
            )
        )
        for seed in (2**56, 2**63 - 1):
            colored = baseline(torch.rand(1, 1, 9, 7), samples=2, seed=seed)
            assert colored.shape == (1, 2, 3, 9, 7)
            assert colored.isfinite().all()


def test_damaged_results_are_one_line_that_names_the_file(store, tmp_path):
    results = run(store, compared_method(Guess), *BASELINES[:2], metrics=("mse255", "psnr"))
    write_results(results, tmp_path / "results.json")
    whole = (tmp_path / "results.json").read_bytes()
    values = json.loads(whole)
    bad = tmp_path / "bad.json"

    def refused(data):
        bad.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        with pytest.raises(ResultsError) as caught:
            read_results(bad)
        assert str(caught.value).startswith(f"{bad}: ")
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1000

    refused({**values, "ranked_by": "other"})
    refused({**values, "metrics": values["metrics"][:1]})
    refused({**values, "metrics": []})
    refused({**values, "methods": []})
    refused({**values, "methods": values["methods"] + values["methods"][:1]})
    refused({**values, "pairs": [{**values["pairs"][0], "one": "nobody"}]})
    refused({**values, "pairs": [{**values["pairs"][0], "metric": "nothing"}]})
    refused(b'{"format": ' + b"[" * 100_000)
    refused(whole.replace(b"picture0", b"\\ud800"))
    refused(whole.replace(b"picture0", b"\xff\xfe"))
    refused(whole.replace(b'"value":', b'"value":NaN,"x":', 1))
    refused(b"\x1b[2J" + whole)
    refused(b"")
    assert read_results(tmp_path) == results


def test_mutated_results_make_a_report_or_one_line(store, tmp_path):
    """Values swapped anywhere in the file; what is read must make tables."""
    from colorzoo.report import markdown
    from colorzoo.report.html import page

    results = run(store, compared_method(Guess), *BASELINES[:1], metrics=("mse255", "eob"), dataset=Made(3))
    values = json.loads(results.model_dump_json())
    chance = random.Random(0)
    path = tmp_path / "results.json"
    read = 0
    for _ in range(150):
        path.write_text(json.dumps(mutated(values, chance)))
        try:
            found = read_results(path)
        except ResultsError:
            continue
        read += 1
        markdown.table(found)
        if read % 10 == 1:
            page(found, tmp_path)
    assert 5 < read < 150


def mutated(values, chance):
    """Return a copy with one value replaced, dropped or doubled."""
    copy = json.loads(json.dumps(values))
    node = copy
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = chance.choice(list(keys))
        if isinstance(node[key], (dict, list)) and node[key] and chance.random() < 0.85:
            node = node[key]
            continue
        node[key] = chance.choice([None, -1, 0, 1e308, "", "$x^{$|\x1b", [], {}, True, "ü" * 300])
        return copy


def test_the_colorizers_contract_has_no_members_by_default():
    assert list(Guess().depends()) == []
    assert not Colorizer.informed
    with pytest.raises(ImageError):
        Made(2, broken=(0,))[0]
