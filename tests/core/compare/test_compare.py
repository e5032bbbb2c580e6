"""The engine of the comparison: fair, paired, cached, and unshaken by bad plugins and bad pictures."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
import torch
from PIL import Image

from colorzoo.core.compare.bootstrap import intervals, pairs_of
from colorzoo.core.compare.cost import Probe, _gflop
from colorzoo.core.compare.evaluator import Task
from colorzoo.core.compare.measurements import Measurement, MeasurementStore, encoded
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.results import MetricFacts, Protocol, Results, Value, read_results
from colorzoo.core.compare.runner import Comparison
from colorzoo.core.data.combine import Subset
from colorzoo.core.errors import DataError, ImageError, ResultsError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Dataset, Sample
from colorzoo.core.registry import registry
from colorzoo.testing import synthetic_picture

SIZES = [(24, 20), (20, 24), (31, 17), (64, 64), (1, 1), (40, 9)]
METRICS = ("mse255", "eob", "psnr", "ssim", "auc-rebalanced", "delta-cf", "variance", "success")


class Made(Dataset):
    """Pictures of several sizes, made when they are asked for."""

    def __init__(self, count=6, names=None, broken=()):
        self.names = names or [f"picture{i}" for i in range(count)]
        self.broken = broken

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        if index in self.broken:
            raise ImageError(f"{self.names[index]}: damaged picture")
        return Sample(self.names[index], synthetic_picture(index, *SIZES[index % len(SIZES)]))

    def digest(self, index):
        return str(index)

    def ids(self):
        return list(self.names)

    @property
    def fingerprint(self):
        return f"made {len(self.names)}"


class Guess(Colorizer):
    """Random colours by the seed."""

    def colorize(self, gray, options):
        generator = torch.Generator().manual_seed(options.seed)
        return torch.rand(len(gray), options.samples, 3, *gray.shape[-2:], generator=generator)


class Counted(Guess):
    calls = 0

    def colorize(self, gray, options):
        type(self).calls += 1
        return super().colorize(gray, options)


class WrongShape(Guess):
    def colorize(self, gray, options):
        return super().colorize(gray, options)[:, :, :1]


class TooFew(Guess):
    def colorize(self, gray, options):
        return super().colorize(gray, options)[:, :1]


class NotANumber(Guess):
    def colorize(self, gray, options):
        return super().colorize(gray, options) * (torch.nan if gray.shape[-1] == 24 else 1)


class OutOfRange(Guess):
    def colorize(self, gray, options):
        return super().colorize(gray, options) * 255


class Raises(Guess):
    def colorize(self, gray, options):
        raise IndexError("no such\nlayer")


def compared_method(kind, label=None):
    return ComparedMethod(label or kind.__name__, kind.__name__, kind)


def baseline(name):
    item = registry().find("colorizer", name)
    return ComparedMethod(name, name, item.load(), baseline=True)


BASELINES = [
    baseline(name) for name, item in registry().entries["colorizer"].items() if item.entry.baseline
]


def task(*methods, dataset=None, metrics=METRICS, samples=3, **changes):
    dataset = Made() if dataset is None else dataset
    protocol = {
        "data": "made",
        "split": "all",
        "pictures": max(1, len(dataset)),
        "samples": samples,
        "data_fingerprint": dataset.fingerprint,
        "train_fingerprint": "train",
        **changes,
    }
    kinds = {name: registry().find("metric", name).load() for name in metrics}
    return Task(list(methods), dataset, Made(20), Protocol(**protocol), kinds)


@pytest.fixture
def store(tmp_path):
    return MeasurementStore(tmp_path / "measured.sqlite")


def run(store, *methods, workers=1, costs=False, **settings) -> Results:
    return Comparison(task(*methods, **settings), store).run(workers, costs=costs)


def per_image(results):
    return {(m.label, name): v.per_image for m in results.methods for name, v in m.values.items()}


def test_the_oracle_is_perfect_and_the_controls_are_what_they_say(store):
    names = [n for n in registry().names("metric") if registry().find("metric", n).load().default]
    short = [n for n in names if registry().find("metric", n).load().min_samples <= 3]
    results = run(store, compared_method(Guess), *BASELINES, metrics=short)
    values = {m.label: {name: v.value for name, v in m.values.items()} for m in results.methods}
    ends = {"psnr": 100, "ssim": 1, "auc": 100, "auc-rebalanced": 100, "success": 100, "colorfulness": 1}
    strength = ("cf", "cf-abs", "deviation", "variance", "sample-ssim")
    for name in short:
        if name not in strength:
            assert values["oracle"][name] == pytest.approx(ends.get(name, 0), abs=1e-5), name
    assert values["grey"]["cf"] == 0
    assert values["grey"]["variance"] == 0
    assert values["random-reference"]["variance"] > 0
    assert values["mean-chroma"]["mse255"] < values["grey"]["mse255"]
    assert results.ranking()[0].label == "oracle"
    assert all(method.baseline for method in results.methods[1:])


def test_every_method_gets_the_same_picture_and_a_seed_of_its_own_each(store):
    results = run(store, compared_method(Guess, "one"), compared_method(Guess, "other"))
    values = per_image(results)
    for name in METRICS:
        assert values["one", name] == values["other", name]
    assert len(set(values["one", "variance"])) == 6
    other = run(store, compared_method(Guess, "one"), seed=1)
    assert per_image(other)["one", "mse255"] != values["one", "mse255"]


@pytest.mark.slow
def test_several_workers_give_the_same_bits(tmp_path):
    methods = [compared_method(Guess), *BASELINES]
    alone = run(MeasurementStore(tmp_path / "one"), *methods)
    shared = run(MeasurementStore(tmp_path / "two"), *methods, workers=2)
    assert per_image(alone) == per_image(shared)
    assert [m.values["auc-rebalanced"] for m in alone.methods] == [
        m.values["auc-rebalanced"] for m in shared.methods
    ]


def test_only_what_is_new_is_computed(store):
    Counted.calls = 0
    first = run(store, compared_method(Counted))
    calls = Counted.calls
    assert calls == 6 + 1  # one to warm up
    again = run(store, compared_method(Counted), compared_method(Guess))
    assert Counted.calls == calls
    assert per_image(again)["Counted", "psnr"] == per_image(first)["Counted", "psnr"]
    run(store, compared_method(Counted), metrics=("mse255",))
    assert Counted.calls == calls
    run(store, compared_method(Counted), dataset=Made(7), metrics=("mse255",))
    assert Counted.calls == calls + 1 + 1  # the seventh picture, and one to warm up
    run(store, compared_method(Counted), metrics=("mse255", "auc"))
    assert Counted.calls == calls + 2 + 6 + 1
    full = run(store, compared_method(Counted))
    assert Counted.calls == calls + 2 + 6 + 1  # the states of other metrics stayed
    assert [m.values for m in full.methods] == [m.values for m in first.methods]
    run(store, compared_method(Counted), samples=4)
    assert Counted.calls == calls + 2 + 6 + 1 + 7


def test_an_interrupted_comparison_goes_on(store):
    whole = run(MeasurementStore(store.path.with_name("other")), compared_method(Counted))
    comparison, seen = Comparison(task(compared_method(Counted)), store), []

    def stop(done, total):
        seen.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        comparison.run(progress=stop)
    Counted.calls = 0
    results = run(store, compared_method(Counted))
    assert Counted.calls == 2 + 1
    assert per_image(results) == per_image(whole)


@pytest.mark.parametrize(
    ("kind", "cause", "failed"),
    [
        (WrongShape, r"returned shape \(1, 3, 1, 24, 20\), expected \(1, 3, 3, 24, 20\)", 6),
        (TooFew, r"returned shape \(1, 1, 3, 24, 20\), expected", 6),
        (NotANumber, "returned values from nan to nan, expected 0 to 1", 1),
        (OutOfRange, r"returned values from .* to 25[0-9.]*, expected 0 to 1", 6),
        (Raises, "IndexError: no such layer", 6),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_named_and_the_others_go_on(store, kind, cause, failed):
    results = run(store, compared_method(kind), compared_method(Guess))
    bad, good = results.methods
    assert len(bad.failures) == failed
    assert bad.failures[0].picture == ("picture0" if failed == 6 else "picture1")
    import re

    assert re.search(cause, bad.failures[0].reason)
    assert not good.failures
    assert results.ranking()[-1] is bad
    lost = [value is None for value in bad.values["psnr"].per_image or [None] * 6]
    assert lost == [failed == 6 or index == 1 for index in range(6)]
    assert bad.values["psnr"].value is None or failed == 1
    assert all(pair.pictures == 5 for pair in results.pairs)
    assert bool(results.pairs) == (failed == 1)


def test_an_unreadable_picture_is_left_out_for_all(store):
    results = run(store, compared_method(Guess), *BASELINES, dataset=Made(broken=(0, 3)))
    assert results.left_out == {f"picture{i}": f"picture{i}: damaged picture" for i in (0, 3)}
    assert len(results.pictures) == 4
    assert all(len(m.values["psnr"].per_image) == 4 for m in results.methods)
    with pytest.raises(DataError, match="no picture can be read; the first: picture0: damaged"):
        run(store, compared_method(Guess), dataset=Made(2, broken=(0, 1)), seed=1)


def test_bad_sets_of_pictures_are_refused(store):
    with pytest.raises(DataError, match="holds no pictures"):
        run(store, compared_method(Guess), dataset=Made(0))
    with pytest.raises(DataError, match="1 ids stand for more than one picture: same"):
        run(store, compared_method(Guess), dataset=Made(names=["same", "same", "other"]))


def test_a_single_picture_has_values_but_no_intervals(store):
    results = run(store, compared_method(Guess), baseline("grey"), dataset=Made(1))
    assert results.methods[0].values["mse255"].value > 0
    assert results.methods[0].values["mse255"].low is None
    assert not any(pair.shown for pair in results.pairs)


@pytest.mark.slow
def test_costs_are_those_of_one_picture(store):
    item = registry().find("colorizer", "unet")
    from colorzoo.hub import catalog

    unet = ComparedMethod("unet", "unet", item.load(), catalog.find("unet", None))
    results = run(store, unet, baseline("grey"), metrics=("mse255",), dataset=Made(2), costs=True)
    cost, grey = (method.cost for method in results.methods)
    assert cost.parameters == sum(t.numel() for t in unet.build(None, torch.device("cpu")).state().values())
    assert cost.gflop > 0.01
    assert 100 < grey.peak_mib <= cost.peak_mib
    assert cost.milliseconds > 0
    assert grey.gflop is None
    assert grey.parameters == 0


def test_operations_are_counted_where_a_layer_is_given_a_parameter():
    class Given(Colorizer, torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.given, self.layer = torch.nn.Parameter(torch.rand(5, 3)), torch.nn.Linear(3, 2)

        @torch.inference_mode()
        def colorize(self, gray, options):
            return self.layer(self.given)

    model = Given()
    evaluator = SimpleNamespace(colorizer=lambda _: model, colorings=lambda *_: model.colorize(None, None))
    assert _gflop(evaluator, Probe(None, "", None)) == pytest.approx(2 * 5 * 3 * 2 / 1e9)


def test_intervals_are_those_of_scipy():
    rng = np.random.default_rng(3)
    values = rng.gamma(2, size=(2, 60))
    values[1, 10:20] = np.nan
    found = intervals(values)
    for row, bound in zip(values, found, strict=True):
        there = row[~np.isnan(row)]
        expected = scipy.stats.bootstrap(
            (there,), np.mean, n_resamples=20_000, method="percentile", random_state=1
        ).confidence_interval
        assert bound == pytest.approx([expected.low, expected.high], rel=0.02)
    assert np.isnan(intervals(values[:, :1])).all()


def test_pairs_by_hand(store):
    results = run(store, compared_method(Guess, "a"), compared_method(Guess, "b"))
    higher = MetricFacts(name="m", unit="", higher_is_better=True, summary="")
    lower = higher.model_copy(update={"name": "l", "higher_is_better": False})

    def method(label, values):
        value = Value(value=0, unit="", per_image=values)
        return results.methods[0].model_copy(update={"label": label, "values": {"m": value, "l": value}})

    one = method("a", [1.0, 2.0, 3.0, None])
    other = method("b", [0.0, 2.0, 2.5, 9.0])
    by_m, by_l = pairs_of([one, other], [higher, lower])
    assert (by_m.difference, by_m.wins, by_m.ties, by_m.pictures) == (0.5, pytest.approx(2 / 3), 1 / 3, 3)
    assert (by_l.difference, by_l.wins, by_l.ties) == (0.5, 0, 1 / 3)
    assert (by_m.low, by_m.high, by_m.shown) == (0, 1, False)
    better = method("c", [1.5, 3.0, 3.25, 10.0])
    assert pairs_of([better, other], [higher])[0].shown


def test_results_survive_the_disk_and_refuse_what_was_changed(store, tmp_path):
    from colorzoo.core.compare.results import write_results

    results = run(store, compared_method(Guess), *BASELINES)
    write_results(results, tmp_path / "results.json")
    assert read_results(tmp_path) == results
    assert read_results(tmp_path / "results.json") == results
    values = json.loads((tmp_path / "results.json").read_text())

    def refused(match, **changes):
        (tmp_path / "bad.json").write_text(json.dumps({**values, **changes}))
        with pytest.raises(ResultsError, match=match):
            read_results(tmp_path / "bad.json")

    refused("the file was changed", protocol={**values["protocol"], "samples": 9})
    refused("format", format="colorzoo results 2")
    refused("not one value a picture", pictures=values["pictures"][1:])
    show = {
        "picture": "x",
        "reason": "best",
        "gray": "../../etc/passwd",
        "original": "a.jpg",
        "samples": {},
    }
    refused("gray", examples=[show])
    refused("samples", examples=[{**show, "gray": "a.jpg", "samples": {"a": ["b/../c.jpg"]}}])
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ResultsError, match=r"bad\.json: "):
        read_results(tmp_path / "bad.json")
    with pytest.raises(ResultsError, match="no such file"):
        read_results(tmp_path / "nowhere")


def test_the_fingerprint_is_that_of_the_protocol_without_the_address():
    first = task(compared_method(Guess)).protocol
    assert first.model_copy(update={"data": "elsewhere"}).fingerprint == first.fingerprint
    for change in ({"samples": 4}, {"seed": 1}, {"side": 64}, {"data_fingerprint": "x"}):
        assert first.model_copy(update=change).fingerprint != first.fingerprint


def test_many_rows_and_processes_share_one_file(store):
    store.put((str(i), encoded(Measurement(milliseconds=i))) for i in range(100))
    other = MeasurementStore(store.path)
    other.put([("5", encoded(Measurement(failure="x")))])
    found = list(store.get(["5", "7", "none"]))
    assert found[0].failure == "x"
    assert found[1].milliseconds == 7
    assert found[2] is None


def test_a_subset_is_chosen_by_the_ids_alone():
    whole = Made(40)
    few, more = Subset(whole, 5), Subset(whole, 10)
    assert set(few.ids()) < set(more.ids())
    assert few.ids() != whole.ids()[:5]
    assert [sample.id for sample in few] == few.ids()
    assert few.fingerprint != more.fingerprint
    assert few.fingerprint == Subset(Made(40), 5).fingerprint


SCRIPT = """
import os
from colorzoo.jobs.compare import compare
if __name__ == "__main__":
    metrics = ["mse255", "psnr"]
    results = compare(["grey"], "{data}", "{out}", split="all", metrics=metrics, samples=2)
    assert (results is None) == (os.environ["RANK"] != "0")
"""


@pytest.mark.slow
def test_processes_that_torchrun_starts_share_the_work(pictures, tmp_path, command_line):
    from colorzoo.jobs.compare import compare

    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(data=pictures, out=tmp_path / "out"))
    env = {**os.environ, "OMP_NUM_THREADS": "1", "COLORZOO_CACHE": str(tmp_path / "cache")}
    words = ["--standalone", "--nproc-per-node", 2, script]
    done = command_line.run(words, tmp_path, env, "torch.distributed.run")
    assert done.returncode == 0, done.stderr
    shared = read_results(tmp_path / "out")
    alone = compare(["grey"], str(pictures), split="all", metrics=["mse255", "psnr"], samples=2)
    assert per_image(shared) == per_image(alone)
    assert len(shared.pictures) == 12


def test_large_pictures_are_brought_to_one_side(store, tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    for index, size in enumerate([(50, 30), (10, 12)]):
        Image.fromarray(synthetic_picture(index, *size)).save(folder / f"{index}.png")
    from colorzoo.core.compare.evaluator import Evaluator
    from colorzoo.jobs.datasets import open_dataset

    data = open_dataset(str(folder))
    for side, fit, expected in (
        (25, "keep", [(25, 15), (10, 12)]),
        (0, "keep", [(50, 30), (10, 12)]),
        (16, "squash", [(16, 16), (16, 16)]),
    ):
        evaluator = Evaluator(task(compared_method(Guess), dataset=data, side=side, fit=fit))
        assert [evaluator.fitted(data[i]).rgb.shape[:2] for i in range(2)] == expected
    assert Path(folder).exists()
