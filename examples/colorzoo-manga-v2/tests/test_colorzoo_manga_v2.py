"""The contract of colorzoo, and what manga-v2 promises: the numbers of the original network."""

import functools
import importlib.util
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from by_rule import PAGES, POINTS, digest, filled, listing, page, places
from colorzoo_manga_v2.config import MangaV2Config
from colorzoo_manga_v2.generator import Generator
from colorzoo_manga_v2.model import MangaV2, padding, with_paper, working_size
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core import Guidance, Hint, WeightsError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.weights import folder as store
from colorzoo.core.weights.adoption import adopted
from colorzoo.testing import ColorizerContract, synthetic_picture

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "recorded.json").read_text())
"""What the original network makes of weights and pages made by rule, rounded to 1e-6."""
UNUSED = {"to4.0": (256, 128, 3, 3), "to4.2": (256, 256, 3, 3), "tunnel1.0": (64, 96, 3, 3)}
HINTS = Guidance(hints=tuple(Hint(x=x, y=y, color=color, radius=0) for x, y, color in POINTS))
SERVERS = HERE.parents[2] / "tests" / "servers" / "hub.py"


class TestMangaV2(ColorizerContract):
    plugin = "manga-v2"
    config = {"width": 16}
    options = {"input_size": 32}


@functools.cache
def published(width=64):
    """Weights under the names of the original code, made by rule."""
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in Generator(width).state_dict().items()}
    return filled({name: shape for name, shape in shapes.items() if "num_batches" not in name})


@functools.cache
def original():
    """The colorizer with these weights, and with what the published file has beside them."""
    more = {f"{name}.weight": torch.zeros(shape) for name, shape in UNUSED.items()}
    more["encoder.bn1.num_batches_tracked"] = torch.tensor(9)
    return adopted({**published(), **more}, MangaV2).eval()


def as_seen(name):
    """Return a page (1, 1, h, w) at the size that the network sees, as OpenCV averages it."""
    import cv2

    (height, width), side = PAGES[name]
    rows, columns = working_size((height, width), side)
    small = cv2.resize(page(height, width).numpy(), (columns, rows), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small)[None, None]


def test_names_and_shapes_are_those_that_the_original_uses():
    ours = listing(published())
    assert (len(ours), digest(ours)) == (RECORDED["used tensors"], RECORDED["used names and shapes"])
    kept = {name.removeprefix("generator.") for name in original().state()}
    assert kept == published().keys()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("hinted", [False, True], ids=["plain", "hinted"])
def test_outputs_are_those_of_the_original(name, hinted):
    expected = RECORDED["outputs"][f"{name} hinted" if hinted else name]
    with torch.inference_mode():
        painted = original().painted(as_seen(name), HINTS if hinted else Guidance())[0]
    assert list(painted.shape[1:]) == expected["size"]
    rows, columns = places(*expected["size"])
    values = painted[:, rows][:, :, columns].flatten(1).T
    np.testing.assert_allclose(values, expected["values"], atol=1e-5)
    np.testing.assert_allclose(painted.double().mean((1, 2)), expected["mean"], atol=1e-5)


def test_parameters_and_operations_are_those_of_the_readme():
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.inference_mode():
        network = Generator().eval()
        network(torch.empty(1, 5, 832, 576))
    text = (HERE.parent / "README.md").read_text()
    assert f"{sum(tensor.numel() for tensor in network.parameters()):,} used of" in text
    assert f"{counter.get_total_flops() / 2e9:.0f} G (the original" in text


def test_what_the_network_is_given():
    with torch.device("meta"):
        model, given = MangaV2().eval(), []
    model.generator = torch.nn.Identity()
    model.generator.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    page_of_halves = torch.full((1, 1, 40, 32), 0.5)
    model.painted(page_of_halves, Guidance(hints=[Hint(x=3, y=5, color=(255, 0, 51), radius=0)]))
    (x,) = given
    assert x.shape == (1, 5, 64, 32)
    assert torch.equal(x[:, 0], torch.full((1, 64, 32), 0.5))  # grey stays in [0, 1], paper is added
    np.testing.assert_allclose(x[0, 1:, 5, 3], [1.0, -1.0, -0.6, 1.0], rtol=1e-5)
    assert x[0, 1:].abs().sum() == pytest.approx(3.6)  # and 0 wherever there is no hint


def test_paper_is_the_brightest_of_its_column():
    page_of_three = torch.tensor([[0.1, 0.9], [0.5, 0.2]])[None, None]
    rows = with_paper(page_of_three, 2, 0)[0, 0, 2:]
    assert torch.equal(rows, torch.tensor([[0.5, 0.9], [0.5, 0.9]]))
    assert torch.equal(with_paper(page_of_three, 0, 1)[0, 0, :, 2], torch.tensor([0.9, 0.5]))


def test_sizes_are_the_published_ones_and_strips_are_bounded():
    assert working_size((1600, 1125), 576) == (820, 576)
    assert working_size((1125, 1600), 576) == (864, 1229)
    assert padding(820, 576) == (12, 0)
    assert padding(832, 576) == (32, 0)
    assert padding(864, 1229) == (0, 19)
    height, width = working_size((30_000, 800), 576)
    assert height * width <= 6 * 576**2
    assert height / width == pytest.approx(30_000 / 800, rel=0.02)


def test_hints_change_what_the_network_paints():
    picture = Picture(np.repeat((255 * page(90, 64).numpy()).astype(np.uint8)[..., None], 3, 2))
    options = {"input_size": 64}
    (plain,) = colorize(original(), picture, options)
    (told,) = colorize(original(), picture, options, Guidance(hints=[Hint(x=30, y=40, color="#20c030")]))
    assert np.abs(told.rgb[40, 30].astype(int) - plain.rgb[40, 30]).max() > 20
    assert np.abs(told.gray.astype(int) - picture.gray).max() <= 2


def test_weights_of_something_else_are_refused():
    state = {**published(), "to5.0.weight": torch.zeros(1)}
    with pytest.raises(WeightsError, match=r"unexpected generator\.to5"):
        adopted(state, MangaV2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with pages, and weights of a narrow network."""
    folder = tmp_path_factory.mktemp("manga")
    torch.manual_seed(0)
    model = MangaV2(MangaV2Config(width=16)).eval()
    info = store.WeightsInfo(
        plugin="manga-v2", colorzoo_version="0", license="other", config=model.config.model_dump()
    )
    store.save(folder / "runs/manga-v2", model, info, "")
    for number in range(2):
        (folder / "pages").mkdir(exist_ok=True)
        Image.fromarray(synthetic_picture(number)).save(folder / "pages" / f"page{number or ''}.png")
    return folder


@pytest.fixture
def zoo(made, monkeypatch):
    """Run a command of colorzoo in the folder, in this process: torch is imported once."""
    monkeypatch.chdir(made)

    def run(words):
        result = CliRunner().invoke(build(), shlex.split(words)[1:])
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_the_commands_of_the_readme_run(made, zoo):
    text = (HERE.parent / "README.md").read_text()
    commands = re.findall(r"^    (colorzoo (?:run|compare) .*?)(?:   .*)?$", text, re.M)
    assert len(commands) == 3
    for command in commands:
        small = command.replace("input_size=768", "input_size=64").replace("page.png", "pages/page.png")
        if " compare " in small:
            small = small.replace("runs/manga-v2", "runs/manga-v2,input_size=32")
            small += " --split all --metrics psnr --workers 1 -o compared"
        elif "input_size=64" not in small:
            small += " -O input_size=32"
        zoo(small)
    assert len(list((made / "colorized").glob("page-manga-v2-*1.png"))) == 2
    assert '"manga-v2' in (made / "compared" / "results.json").read_text()


def test_published_weights_are_converted(made, zoo):
    text = (HERE.parent / "README.md").read_text()
    (command,) = re.findall(r"^    (colorzoo weights convert .*)$", text, re.M)
    more = {f"{name}.weight": torch.zeros(shape) for name, shape in UNUSED.items()}
    (made / "networks").mkdir()
    torch.save({**published(16), **more}, made / "networks/generator.zip")
    zoo(command.replace("runs/manga-v2", "converted") + " --set width=16")
    state = store.load(made / "converted", MangaV2, "manga-v2").state()
    assert all(torch.equal(state[f"generator.{name}"], tensor) for name, tensor in published(16).items())


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # of the Hub's client, in it
def test_weights_are_pushed_and_pulled(made, zoo, tmp_path, monkeypatch):
    if not SERVERS.is_file():
        pytest.skip("the server that stands for the Hub is in the repository's tests")
    spec = importlib.util.spec_from_file_location("small_hub", SERVERS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.SmallHub(tmp_path / "hub")
    server.become_the_hub(monkeypatch, tmp_path)
    try:
        zoo("colorzoo push runs/manga-v2 me/manga")
        zoo("colorzoo pull me/manga")
    finally:
        server.close()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    zoo("colorzoo run manga-v2 pages/page.png --weights me/manga -O input_size=32 -o pulled")
    assert len(list((made / "pulled").glob("page-manga-v2-*1.png"))) == 1
