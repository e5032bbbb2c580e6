"""Guidance drawn from the truth: what is drawn, who gets it, and what results are kept under."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from colorzoo.core.compare.evaluator import Evaluator, seed_of
from colorzoo.core.compare.over_hints import compared_over_hints
from colorzoo.core.compare.results import Results
from colorzoo.core.compare.simulation import Simulation, next_in_sequence, true_palette
from colorzoo.core.compare.source_guidance import SourceGuidance
from colorzoo.core.data.combine import ConcatDataset, Subset
from colorzoo.core.errors import ConfigError
from colorzoo.core.guidance.simulated_hints import true_hints
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Sample
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.testing import synthetic_picture
from tests.core.compare.test_compare import BASELINES, Counted, Made, compared_method, run, store, task

__all__ = ["store"]
NAMES = ["a/1", "a/2", "b/1", "a/3", "c/1", "b/2"]


class Photos(Made):
    """Pictures of one size in three folders, each with a colour of its own."""

    def __init__(self, names=NAMES):
        super().__init__(names=list(names))

    def __getitem__(self, index):
        name = self.names[index]
        return Sample(name, synthetic_picture(NAMES.index(name), 40, 48))

    def digest(self, index):
        return self.names[index]


class Native(Colorizer):
    """Takes hints, palette and references itself, and remembers what it was given."""

    deterministic = True
    capabilities = Capabilities(takes=["hints", "palette", "references"])
    given = {}

    def colorize(self, gray, options):
        return gray[:, None].expand(-1, 1, 3, -1, -1)

    def colorize_guided(self, gray, options, guidance):
        luma = gray.mul(255).round().int().flatten().tolist()
        self.given[tuple(luma)] = guidance[0]
        return self.colorize(gray, options)


class OneColor(Colorizer):
    """The same tint everywhere."""

    deterministic = True

    def colorize(self, gray, options):
        tint = torch.tensor([0.1, 0.0, -0.1]).view(3, 1, 1)
        return (gray[:, None] + tint).clamp(0, 1)


@pytest.mark.parametrize(
    ("texts", "text", "words"),
    [
        (["hints=10"], "hints=10", "10 true hints a picture"),
        (["hints=1"], "hints=1", "1 true hint a picture"),
        (["hints=0"], "hints=0", ""),
        (["hints=30,0,3,3"], "hints=0,3,30", "30 true hints a picture"),
        (["palette"], "palette=12", "a palette of 12 true colours"),
        (
            ["reference=next", "palette=8"],
            "palette=8 reference=next",
            "a palette of 8 true colours, the next picture as reference",
        ),
        ([], "", ""),
    ],
)
def test_what_is_simulated_in_text_and_words(texts, text, words):
    simulation = Simulation.parse(texts)
    assert (simulation.text, simulation.words) == (text, words)
    assert Simulation.parse(text.split()) == simulation


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["hint=3"], "expected hints=10"),
        (["hints"], "expected hints=10"),
        (["hints=-1"], "expected hints=10"),
        (["hints=1,,2"], "expected hints=10"),
        (["hints=10001"], "up to 10,000"),
        (["hints=" + ",".join(map(str, range(21)))], "at most 20 numbers"),
        (["palette=1"], "from 2 to 256"),
        (["palette=257"], "from 2 to 256"),
        (["reference=previous"], "expected hints=10"),
        (["hints=1", "hints=2"], "given twice"),
    ],
)
def test_what_means_nothing_is_refused(texts, message):
    with pytest.raises(ConfigError, match=message):
        Simulation.parse(texts)


def test_hints_are_true_and_more_of_them_begin_with_the_fewer():
    picture = Picture(synthetic_picture(3, 31, 57))
    hints = true_hints(picture, 100, seed=7)
    assert all(tuple(picture.rgb[int(h.y), int(h.x)]) == h.color for h in hints)
    assert all(true_hints(picture, count, seed=7) == hints[:count] for count in (0, 1, 3, 30))
    assert true_hints(picture, 3, seed=8) != hints[:3]


def test_a_palette_is_of_the_pictures_colours():
    halves = np.full((40, 40, 3), (200, 40, 40), np.uint8)
    halves[:, 10:] = (40, 40, 200)
    red, blue = sorted(true_palette(Picture(halves), 8), reverse=True)
    assert np.abs(np.subtract(red, (200, 40, 40))).max() <= 2
    assert np.abs(np.subtract(blue, (40, 40, 200))).max() <= 2
    plain = true_palette(Picture(np.full((9, 9, 3), 77, np.uint8)), 8)
    assert plain == ((77, 77, 77),) * 2
    assert len(true_palette(Picture(synthetic_picture(0, 64, 64)), 3)) <= 3


def test_the_next_picture_is_of_the_same_folder():
    dataset = Photos()
    assert dataset.sequences() == [[0, 1, 3], [2, 5], [4]]
    assert next_in_sequence(dataset.sequences()) == {0: 1, 1: 3, 3: 0, 2: 5, 5: 2}
    both = ConcatDataset([dataset, Photos(["a/1", "a/2"])])
    assert both.sequences()[-1] == [6, 7]
    some = Subset(dataset, 4)
    named = [[some.ids()[index] for index in sequence] for sequence in some.sequences()]
    assert all(len({name[0] for name in sequence}) <= 1 for sequence in named)
    assert sorted(itertools.chain(*named)) == sorted(some.ids())


def test_a_colorizer_that_takes_it_is_given_it_by_the_pictures_id(store):
    Native.given = {}
    told = "hints=5 palette=4 reference=next"
    results = run(store, compared_method(Native), dataset=Photos(), simulate=told, seed=3)
    dataset = Photos()
    assert len(Native.given) == len(dataset)
    for index, sample in enumerate(dataset):
        picture = Picture(sample.image)
        guidance = Native.given[tuple(picture.gray.flatten().tolist())]
        hints = true_hints(picture, 5, seed_of(3, sample.id))
        assert [hint.color for hint in guidance.hints] == [hint.color for hint in hints]
        assert guidance.palette == true_palette(picture, 4)
        following = {0: 1, 1: 3, 3: 0, 2: 5, 5: 2}.get(index)
        if following is None:
            assert not guidance.references
        else:
            expected = torch.from_numpy(dataset[following].image).permute(2, 0, 1) / 255
            assert torch.equal(guidance.references[0], expected)
    assert results.alone == 1


class Changed(Photos):
    """The second picture has other content."""

    def digest(self, index):
        return "new" if index == 1 else super().digest(index)


def values(results: Results, name="mse255@1"):
    return {method.label: method.values[name].per_image for method in results.methods}


def measured(store, *methods, workers=1, **settings):
    chosen = task(*methods, metrics=("mse255@1",), **settings)
    return compared_over_hints(chosen, store, workers, costs=False)


def test_any_method_is_better_with_more_hints_and_says_that_it_had_them(store):
    methods = [compared_method(OneColor), *BASELINES]
    results = measured(store, *methods, dataset=Photos(), simulate="hints=0,3,40")
    assert results.protocol.simulate == "hints=0,3,40"
    for method in results.methods:
        curve = method.values["mse255@1"].over_hints
        assert curve.x == [0, 3, 40]
        assert curve.y[-1] == method.values["mse255@1"].value
        if method.informed:
            assert (method.informed_by, curve.y) == ("", [0, 0, 0])
        else:
            assert method.informed_by == "40 true hints a picture"
            assert curve.y[2] < 0.7 * curve.y[0]
    plain = measured(store, *methods, dataset=Photos())
    for method, other in zip(plain.methods, results.methods, strict=True):
        assert method.values["mse255@1"].value == other.values["mse255@1"].over_hints.y[0]
        assert (method.informed_by, method.values["mse255@1"].over_hints) == ("", None)


def test_the_same_bits_whatever_the_order_neighbours_and_workers(tmp_path, store):
    other = type(store)(tmp_path / "other.sqlite")
    methods = [compared_method(OneColor), BASELINES[0]]
    one = measured(store, *methods, dataset=Photos(), simulate="hints=4")
    turned = measured(other, *methods[::-1], workers=2, dataset=Photos(NAMES[::-1]), simulate="hints=4")
    assert values(one)["OneColor"] == values(turned)["OneColor"][::-1]
    seeded = measured(store, *methods, dataset=Photos(), simulate="hints=4", seed=1)
    assert values(one)["OneColor"] != values(seeded)["OneColor"]


def test_what_was_simulated_is_part_of_every_key(store):
    def calls(**settings):
        Counted.calls = 0
        result = measured(store, compared_method(Counted), dataset=Photos(), **settings)
        return Counted.calls, result.fingerprint

    counted = {text: calls(simulate=text) for text in ("", "hints=2", "palette=4", "reference=next")}
    assert all(count >= 6 for count, _ in counted.values())
    assert len({fingerprint for _, fingerprint in counted.values()}) == 4
    assert all(calls(simulate=text) == (0, fingerprint) for text, (_, fingerprint) in counted.items())
    again, _ = calls(simulate="hints=0,2,5")  # 0 and 2 are there
    assert again == counted["hints=2"][0]


def test_a_reference_that_changed_is_measured_again(store):
    measured(store, compared_method(Counted), dataset=Photos(), simulate="reference=next")
    Counted.calls = 0
    measured(store, compared_method(Counted), dataset=Changed(), simulate="reference=next")
    assert Counted.calls == 1 + 2  # warmed up; the picture, and the one before it


class Told(Photos):
    """Every picture comes with a hint in its own pixels, and a label that may change."""

    label = "a label"

    def guidance(self, index):
        return Guidance(hints=[Hint(x=47, y=10 + index, color=(200, 30, 40))], text=self.label)


def told(store, *methods, dataset, **settings):
    chosen = task(*methods, dataset=dataset, metrics=("mse255@1",), **settings)
    said = SourceGuidance.of(dataset)
    protocol = chosen.protocol.model_copy(update={"said": said.fingerprint})
    return compared_over_hints(replace(chosen, said=said, protocol=protocol), store, costs=False)


def test_what_a_dataset_says_is_told_to_every_method_in_pixels_of_what_it_is_given(store):
    Native.given = {}
    results = told(store, compared_method(Native), *BASELINES, dataset=Told(), side=24)
    ys = sorted(guidance.hints[0].y for guidance in Native.given.values())
    assert ys == pytest.approx([(10 + index + 0.5) / 2 - 0.5 for index in range(6)])
    assert {guidance.hints[0].x for guidance in Native.given.values()} == {23}
    informed = {method.label: method.informed_by for method in results.methods}
    assert informed["oracle"] == ""
    assert informed["grey"] == informed["Native"] == "hints, text of the dataset"
    plain = measured(store, BASELINES[0], dataset=Told(), side=24)
    assert plain.fingerprint != results.fingerprint
    assert values(plain)["grey"] != values(results)["grey"]


def test_what_a_dataset_says_is_part_of_every_key_and_true_hints_take_its_place(store):
    def calls(**settings):
        Counted.calls = 0
        results = told(store, compared_method(Counted), dataset=Told(), **settings)
        return Counted.calls, results

    assert calls()[0] == calls(simulate="hints=0")[0] == calls(simulate="hints=2")[0] == 1 + 6
    assert calls()[0] == 0
    assert "2 true hints" in calls(simulate="hints=2")[1].methods[0].informed_by
    Told.label = "another"
    assert calls()[0] == 1 + 6


def test_an_interrupted_curve_goes_on(store):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    chosen = task(compared_method(Counted), dataset=Photos(), metrics=("mse255@1",), simulate="hints=1,2")
    with pytest.raises(KeyboardInterrupt):
        compared_over_hints(chosen, store, progress=stop, costs=False)
    Counted.calls = 0
    compared_over_hints(chosen, store, costs=False)
    assert Counted.calls == (1 + 4) + (1 + 6)  # each warmed up


def test_the_fingerprint_without_simulation_is_that_of_before(store):
    results = measured(store, compared_method(OneColor), dataset=Photos())
    values = results.protocol.model_dump(mode="json")
    assert Results.model_validate_json(results.model_dump_json()) == results
    del values["simulate"], values["said"]
    old = type(results.protocol)(**values)
    assert old.fingerprint == results.fingerprint


def test_guidance_of_the_last_picture_is_kept_for_that_one_alone():
    evaluator = Evaluator(task(compared_method(OneColor), dataset=Photos(), simulate="hints=2"))
    drawn = {}
    for sample in Photos():
        picture = evaluator.fitted(sample)
        drawn[sample.id] = evaluator.guidance(sample.id, picture)
        assert evaluator.guidance(sample.id, picture) is drawn[sample.id]
    assert len({guidance.digest for guidance in drawn.values()}) == len(NAMES)
