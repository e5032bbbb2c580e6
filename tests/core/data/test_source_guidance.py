"""What a dataset says of its pictures: handed on, moved with them, and given to a stage of training."""

import numpy as np
import pytest
import torch

from colorzoo.core.data.combine import ConcatDataset, Subset
from colorzoo.core.data.packed import pack
from colorzoo.core.imaging.image_io import square
from colorzoo.core.interfaces.dataset import Dataset, Sample
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.core.interfaces.stage import Batch
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.testing.dataset_contract import DatasetContract
from tests.core.training.toy import Toy, ToyConfig, ToyStage

DOT = (40, 200, 90)
SIZES = [(60, 48), (48, 60), (54, 54), (90, 31)]


class Dotted(Dataset):
    """Black pictures with a dot, and a hint that says where it is."""

    def __init__(self, location=None, split="all"):
        self.places = [(side[1] // 2 + 5, side[0] // 2 - 7) for side in SIZES]

    def __len__(self):
        return len(SIZES)

    def __getitem__(self, index):
        image = np.zeros((*SIZES[index], 3), np.uint8)
        x, y = self.places[index]
        image[y - 1 : y + 2, x - 1 : x + 2] = DOT
        return Sample(f"dot{index}", image)

    def guidance(self, index):
        x, y = self.places[index]
        label = f"label {index}"
        return Guidance(hints=[Hint(x=x, y=y, color=DOT)], text=label, previous=[torch.rand(3, 4, 5)])


def dot_of(image: np.ndarray) -> tuple[float, float]:
    weights = image.sum(-1).astype(float)
    rows, columns = np.indices(weights.shape)
    return (columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()


def test_parts_and_subsets_hand_it_on():
    joined, some = ConcatDataset([Dotted(), Dotted()]), Subset(Dotted(), 2)
    assert [whole.has_guidance for whole in (joined, some, Subset(Plain(), 2))] == [True, True, False]
    assert joined.guidance(5).text == "label 1"
    assert some.guidance(1).text == f"label {some.indices[1]}"
    assert not Plain().guidance(0).given()


class Plain(Dotted):
    guidance = Dataset.guidance


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_hints_stay_on_the_dot_when_a_picture_is_made_square(fit):
    packed = pack(Dotted(), 40, fit)
    for row, told in enumerate(packed.guidance(range(len(packed)))):
        assert told.text == f"label {row}"
        assert (told.hints[0].x, told.hints[0].y) == pytest.approx(dot_of(packed.images[row]), abs=0.5)


def test_a_hint_that_a_crop_cuts_off_is_left_out():
    told = Guidance(hints=[Hint(x=2, y=3, color=DOT), Hint(x="50%", y="50%", color=DOT)])
    assert square(np.zeros((90, 30, 3), np.uint8), 15, "crop").shape == (15, 15, 3)
    (kept,) = told.in_square((90, 30), 15, "crop").hints
    assert (kept.x, kept.y) == (7, 7)


def test_a_mirrored_batch_mirrors_hints_and_what_came_before():
    packed = pack(Dotted(), 40)
    colors = torch.from_numpy(packed.images.copy()).permute(0, 3, 1, 2).float() / 255
    batch = Batch.of(colors, packed.ids, packed.guidance(range(4)))
    half = batch.mirrored(torch.tensor([True, False, True, False]))
    assert half.ids == packed.ids
    for row in range(4):
        image = half.color[row].permute(1, 2, 0).numpy()
        assert half.guidance[row].hints[0].x == pytest.approx(dot_of(image)[0], abs=0.5)
    before, after = batch.guidance[0].previous[0], half.guidance[0].previous[0]
    assert torch.equal(before, after.flip(-1))
    share = Guidance(hints=[Hint(x="20%", y=1, color=DOT)]).mirrored(11).hints[0]
    assert share.at((11, 11)) == pytest.approx((8, 1))


class Watching(ToyStage):
    def losses(self, network, batch):
        self.seen.update(zip(batch.ids, (told.text for told in batch.guidance), strict=True))
        return super().losses(network, batch)


@pytest.mark.slow
def test_a_stage_is_given_ids_and_guidance(tmp_path):
    model = Toy(ToyConfig(first={"steps": 2, "batch_size": 4}, second={"steps": 1, "batch_size": 4}))
    stage = Watching(model, "first", {"net": model.net})
    stage.seen, model.stages = {}, lambda: [stage]
    config = TrainConfig(device="cpu", precision="float32")
    train(model, lambda size: pack(Dotted(), size), tmp_path, config, held_out=lambda size: None)
    assert stage.seen == {f"dot{index}": f"label {index}" for index in range(4)}


class Checked(DatasetContract):
    plugin = "dotted"
    target = Dotted


class Wrong(Dotted):
    def guidance(self, index):
        return Guidance(hints=[Hint(x=500, y=0, color=DOT)])


class Fickle(Dotted):
    def guidance(self, index):
        return Guidance(seed=int(torch.randint(1000, ())))


@pytest.mark.parametrize(("kind", "said"), [(Wrong, "outside the picture"), (Fickle, "another in a copy")])
def test_a_contract_warns_of_guidance_that_is_not_of_its_pictures(kind, said):
    with pytest.warns(UserWarning, match=said):
        Checked().test_its_guidance_is_of_its_pictures(kind())


def test_the_contract_holds_for_a_dataset_with_guidance():
    Checked().test_its_guidance_is_of_its_pictures(Steady())


class Steady(Dotted):
    def guidance(self, index):
        return super().guidance(index).without(frozenset({"previous"}))
