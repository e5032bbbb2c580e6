"""one-page: what is taught, when it is believed, and the steps after the network."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import colorzoo
from colorzoo.core.config import from_preset
from colorzoo.core.errors import ConfigError, WeightsError
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.jobs.train import run_training
from colorzoo.jobs.train_options import job_of
from colorzoo.plugins.one_page.config import OnePageConfig, OnePageOptions
from colorzoo.plugins.one_page.finishing import finished
from colorzoo.plugins.one_page.model import OnePage

ROOT = Path(__file__).parents[2]
HAT, FACE, DRESS, WALL = (150, 40, 170), (250, 200, 160), (40, 120, 60), (170, 190, 230)


def figure(left, top, height=240, width=240):
    """Return a flat-coloured figure, uint8 (height, width, 3), at a place."""
    page = np.full((height, width, 3), WALL, np.uint8)
    hat = np.array([[left, top + 40], [left + 40, top], [left + 80, top + 40]])
    cv2.fillPoly(page, [hat], HAT)
    cv2.circle(page, (left + 40, top + 62), 24, FACE, -1)
    for eye in (30, 50):
        cv2.circle(page, (left + eye, top + 58), 3, (20, 20, 20), -1)
    cv2.rectangle(page, (left + 12, top + 88), (left + 68, top + 160), DRESS, -1)
    return page


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """Weights that two pictures of the figure have taught."""
    folder = tmp_path_factory.mktemp("taught")
    files = [folder / "hero.png", folder / "hero2.png"]
    Image.fromarray(figure(20, 20)).save(files[0])
    Image.fromarray(figure(120, 50)).save(files[1])
    settings = ["size=256", "smallest=0.6", "toned=0", "crops=2", "teach.steps=60", "teach.ema=0.9"]
    values = {"name": "one-page", "data": list(map(str, files)), "set_": settings, "out": folder / "run"}
    return run_training(job_of({**values, "threads": 1}, command="colorzoo train"), resume=False)


@pytest.mark.slow
def test_a_figure_has_the_colours_that_were_taught_elsewhere_on_a_page(taught):
    model = colorzoo.load("one-page", taught)
    truth = figure(70, 60)
    mean = color.chroma(tensor(figure(20, 20))).mean((-2, -1))
    luma = color.luma(tensor(truth))
    found = error(colorize(model, Picture(truth), {"trust": 1})[0].rgb, truth)
    meant = (255 * color.recombine(luma, mean[:, None, None].expand(2, 240, 240))).round().byte()
    assert found < 0.5 * error(np.repeat(Picture(truth).gray[..., None], 3, 2), truth)
    assert found < 0.5 * error(meant.permute(1, 2, 0).numpy(), truth)


@pytest.mark.slow
def test_a_picture_of_another_kind_moves_less_from_cgans_answer(taught):
    model, general = colorzoo.load("one-page", taught), colorzoo.load("cgan")
    photo = Picture(colorzoo.read(ROOT / "examples" / "coffee.jpg").rgb[:256, :384].copy())
    gray, own = (
        torch.from_numpy(page.gray)[None, None] / 255 for page in (photo, Picture(figure(90, 40, 256, 256)))
    )

    def moved(page):
        with torch.inference_mode():
            return (model(page) - general(page)).abs().mean()

    assert moved(gray) < 0.5 * moved(own)
    with torch.inference_mode():
        assert model.answers(gray)[2].mean() < 0.6 * model.answers(own)[2].mean()


@pytest.mark.slow
def test_the_card_names_the_teaching_pictures(taught):
    info = colorzoo.load("one-page", taught).weights_info
    assert info.trained_on.after.dataset.endswith(
        "panels:comics/peppercarrot (eight times)"
    )  # what cgan was trained on
    assert sorted(info.trained_on.files) == ["0/hero.png", "1/hero2.png"]
    card = (taught / "README.md").read_text()
    assert all(sha256 in card for sha256 in info.trained_on.files.values())


def test_it_starts_from_cgan_and_adds_nothing_before_it_is_taught():
    general, model = colorzoo.load("cgan"), OnePage().eval()
    model.start_from(general.state())
    gray = torch.rand(1, 1, 64, 96)
    torch.testing.assert_close(model(gray), general(gray), atol=0.02, rtol=0)
    with pytest.raises(WeightsError, match="width=8 does not fit cgan:default"):
        OnePage(from_preset(OnePageConfig, "default", ["width=8"])).start_from(general.state())


def test_without_weights_it_says_how_to_teach_it():
    with pytest.raises(WeightsError, match=r"colorzoo train one-page --data"):
        colorzoo.load("one-page")


def test_sizes_that_are_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match="smallest=2"):
        from_preset(OnePageConfig, "default", ["smallest=2"])


class TestSteps:
    """Each of the paper's steps does what it says, and nothing else does it."""

    gray = torch.rand(1, 1, 40, 60, generator=torch.Generator().manual_seed(0))
    chroma = 0.2 * torch.rand(1, 2, 40, 60, generator=torch.Generator().manual_seed(1)) - 0.1
    cells = Cells(
        torch.zeros(3, 320), torch.tensor([[0.4], [0.5], [0.6]]),
        torch.tensor([[0.2, -0.1], [-0.1, 0.2], [0.0, -0.2]]), torch.full((3,), 1 / 3),
    )  # fmt: skip

    def steps(self, gray=gray, **options):
        return finished(self.chroma, gray, OnePageOptions(**options), self.cells)

    def test_without_any_the_chroma_stays(self):
        assert torch.equal(self.steps(), self.chroma)

    def test_saturation_multiplies(self):
        torch.testing.assert_close(self.steps(saturation=1.5), 1.5 * self.chroma)

    def test_fewer_colours_are_those_that_were_taught(self):
        left = torch.unique(self.steps(colors=3)[0].flatten(1).T, dim=0)
        assert 1 < len(left) <= 3
        assert float(torch.cdist(left, self.cells.chroma).amin(1).max()) < 0.02

    def test_a_region_has_one_colour_whatever_its_screentone(self):
        chroma, gray = 0.1 * torch.rand(1, 2, 200, 200), torch.ones(1, 1, 200, 200)
        gray[..., 20:180:4, 20:100:4] = 0  # dots over half of a frame
        for edge in (10, 188):
            gray[..., edge : edge + 3, 10:190] = gray[..., 10:190, edge : edge + 3] = 0
        inside = np.s_[0, :, 30:170, 30:170]

        def spread(**options):
            made = finished(chroma, gray, OnePageOptions(**options), None)
            return float(made[inside].flatten(1).std(1).max())

        assert spread(regions=True) < 0.2 * spread(regions=False)
        assert spread(regions=True) <= spread(regions=True, tone=False)


def tensor(picture):
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def error(made, truth):
    return float(((made.astype(float) - truth) ** 2).mean())
