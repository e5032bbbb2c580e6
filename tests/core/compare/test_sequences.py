"""Metrics over sequences: measured in order, kept, and resampled over sequences."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from colorzoo.core.compare.results import Results
from colorzoo.core.errors import ConfigError, DataError, ImageError
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Dataset, Sample
from colorzoo.core.interfaces.sequence_metric import PairSequence
from colorzoo.jobs.compare import metrics_of, task_of
from colorzoo.jobs.compare_options import CompareOptions
from colorzoo.plugins.metrics.agreement import Consistency, Flicker
from colorzoo.testing import synthetic_picture
from tests.core.compare.test_compare import BASELINES, Counted, compared_method, run, store, task

__all__ = ["store"]
SHOTS, LENGTH = 4, 3
METRICS = ("flicker", "consistency", "mse255@1")


class Film(Dataset):
    """Four pans of three frames, the names of the shots mixed, and a picture that is alone."""

    broken = ""

    def __init__(self):
        self.names = [f"shot{shot}/{frame}" for frame in range(LENGTH) for shot in range(SHOTS)] + ["x/0"]

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        name = self.names[index]
        if name == self.broken:
            raise ImageError(f"{name}: damaged")
        shot, frame = int(name[4]) if name[0] == "s" else 9, int(name[-1])
        return Sample(name, synthetic_picture(shot, 40, 60)[:, frame : frame + 40].copy())

    def digest(self, index):
        return self.names[index]

    def ids(self):
        return list(self.names)


class Steady(Colorizer):
    """The same tint in every frame."""

    deterministic = True

    def colorize(self, gray, options):
        return color.recombine(gray, torch.full((len(gray), 2, *gray.shape[2:]), 0.1))[:, None]


class Drifting(Colorizer):
    """A frame of its own tint for every call: colours flicker."""

    deterministic = True
    calls = 0

    def colorize(self, gray, options):
        type(self).calls += 1
        tint = 0.1 * (-1) ** self.calls
        return color.recombine(gray, torch.full((len(gray), 2, *gray.shape[2:]), tint))[:, None]


class InOrder(Steady):
    """Sees the frames one after the other, and remembers them."""

    seen = []

    def colorize_sequence(self, frames, options, guidance):
        for frame in frames:
            self.seen.append(frame.mean().item())
            yield self.colorize(frame, options)


def measured(store, *methods, dataset=None, workers=1) -> Results:
    return run(store, *methods, dataset=dataset or Film(), metrics=METRICS, workers=workers)


def values(results, name):
    return {method.label: method.values[name] for method in results.methods}


def test_who_drifts_flickers_and_who_is_steady_does_not(store):
    results = measured(store, compared_method(Steady), compared_method(Drifting), *BASELINES)
    assert results.sequences == [f"shot{shot}/0" for shot in range(SHOTS)]
    assert [metric.over for metric in results.metrics] == ["sequence", "sequence", "picture"]
    flicker = values(results, "flicker")
    assert flicker["Steady"].value < 1 < 20 < flicker["Drifting"].value
    assert len(flicker["Drifting"].per_image) == SHOTS
    assert flicker["grey"].value == pytest.approx(0, abs=1e-4)
    consistency = values(results, "consistency")
    assert consistency["Steady"].value < 1 < 10 < consistency["Drifting"].value
    pair = next(
        p for p in results.pairs if p.metric == "flicker" and {p.one, p.other} == {"Steady", "Drifting"}
    )
    assert (pair.pictures, pair.wins) == (SHOTS, 1.0)
    assert pair.shown
    assert Results.model_validate_json(results.model_dump_json()) == results


def test_an_interval_is_that_of_the_mean_over_sequences(store):
    value = values(measured(store, compared_method(Counted)), "flicker")["Counted"]
    assert value.value == pytest.approx(np.mean(value.per_image))
    assert min(value.per_image) <= value.low <= value.value <= value.high <= max(value.per_image)


def test_what_was_measured_is_not_measured_again_whoever_measured_it(store, tmp_path):
    Counted.calls = 0
    first = measured(store, compared_method(Counted))
    assert Counted.calls == 1 + len(Film()) + SHOTS * LENGTH  # warmed up
    Counted.calls = 0
    again = measured(store, compared_method(Counted))
    assert (Counted.calls, values(again, "flicker")) == (0, values(first, "flicker"))
    other = type(store)(tmp_path / "other.sqlite")
    assert values(measured(other, compared_method(Counted), workers=2), "flicker") == values(
        first, "flicker"
    )


def test_a_sequence_colorizer_sees_the_frames_in_their_order(store):
    InOrder.seen = []
    measured(store, compared_method(InOrder))
    film = Film()
    order = [index for one in film.sequences()[:SHOTS] for index in one]
    luma = [color.luma(torch.from_numpy(film[i].image).permute(2, 0, 1) / 255).mean().item() for i in order]
    assert InOrder.seen == pytest.approx(luma, abs=2e-3)


def test_a_sequence_with_a_damaged_picture_is_left_out(store, monkeypatch):
    monkeypatch.setattr(Film, "broken", "shot1/2")
    results = measured(store, compared_method(Steady))
    per_sequence = values(results, "flicker")["Steady"].per_image
    assert [value is None for value in per_sequence] == [False, True, False, False]
    assert list(results.left_out) == ["shot1/2"]


def test_cuts_and_other_sizes_are_no_flicker():
    cut = [torch.rand(3, 40, 40), torch.zeros(3, 40, 40), torch.rand(3, 40, 50)]
    metric = Flicker()
    metric.update_sequence(PairSequence(cut, cut))
    assert np.isnan(metric.compute().value)


def test_a_palette_is_clustered_once_for_all_methods(monkeypatch):
    from colorzoo.plugins.metrics import agreement

    calls, entries = [], agreement.entries
    monkeypatch.setattr(agreement, "entries", lambda truth: calls.append(1) or entries(truth))
    frames = [torch.from_numpy(synthetic_picture(i, 30, 30)).permute(2, 0, 1) for i in range(3)]
    truth = PairSequence(frames, frames)
    for predicted in (frames, [frame.flip(0) for frame in frames]):
        Consistency().update_sequence(truth.beside(predicted))
    assert calls == [1]


def test_an_error_stands_beside_metrics_over_sequences_alone():
    assert list(metrics_of(["flicker"], 1)) == ["flicker", "mse255@1"]
    assert list(metrics_of(["flicker", "psnr"], 1)) == ["flicker", "psnr"]


def test_pictures_without_sequences_and_a_limit_are_refused_in_a_line(pictures):
    for index, path in enumerate(sorted(pictures.glob("*/*.png"))):
        path.rename(_alone(pictures, index))
    options = CompareOptions(metrics=["flicker"], split="all")
    with pytest.raises(DataError, match=r"flicker: measured over sequences, but every picture .* is alone"):
        task_of(["grey"], str(pictures), options)
    with pytest.raises(ConfigError, match="--limit takes pictures out of their sequences"):
        task_of(["grey"], str(pictures), options.model_copy(update={"limit": 3}))


def _alone(root, index):
    (root / f"folder{index}").mkdir()
    return root / f"folder{index}" / "page.png"


def test_no_sequence_is_looked_for_where_no_metric_asks():
    chosen = task(compared_method(Steady), dataset=Film(), metrics=("psnr",))
    assert (chosen.sequences, replace(chosen).over_sequences) == ([], frozenset())
