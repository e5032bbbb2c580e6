"""The colorizer diffusers with a pipeline made on the spot: tiny, of random weights, offline."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from colorzoo_hf.config import DiffusersConfig
from colorzoo_hf.diffusers_colorizer import Diffusers, working_size
from colorzoo_hf.pipelines import MissingDiffusersError
from PIL import Image

from colorzoo.core import ConfigError, Guidance, WeightsError, color
from colorzoo.testing import synthetic_picture

MISSING = not all(importlib.util.find_spec(name) for name in ("diffusers", "transformers"))
needs_diffusers = pytest.mark.skipif(MISSING, reason="needs colorzoo-hf[diffusers]")
LETTERS = "abcdefghijklmnopqrstuvwxyz."
WORDS = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]


def tiny_pipeline(folder):
    """Write a text-to-image pipeline of some thousand weights, as diffusers stores them."""
    import diffusers
    import transformers

    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(4, 8), layers_per_block=1, sample_size=8, norm_num_groups=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=2,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=8,
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(
        block_out_channels=(4, 8), norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    text = transformers.CLIPTextModel(transformers.CLIPTextConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
        vocab_size=len(WORDS), bos_token_id=0, eos_token_id=1, pad_token_id=1,
    ))  # fmt: skip
    tokenizer = transformers.CLIPTokenizer(
        vocab={word: n for n, word in enumerate(WORDS)}, merges=[], model_max_length=77,
        unk_token="<|endoftext|>",
    )  # fmt: skip
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, safety_checker=None,
        feature_extractor=None, scheduler=diffusers.DDIMScheduler(), requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("tiny") / "pipeline")


@pytest.fixture(scope="module")
def model(folder):
    return Diffusers(DiffusersConfig(pipeline=str(folder), side=64))


@pytest.fixture
def page():
    return torch.rand(1, 1, 50, 70, generator=torch.Generator().manual_seed(0))


@needs_diffusers
def test_one_seed_one_result_and_the_drawing_stays(model, page):
    first, again, other = (model(page, samples=2, seed=seed, steps=3) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[:, 0], first[:, 1])
    assert torch.equal(first[:, :1], model(page, seed=1, steps=3))
    np.testing.assert_allclose(color.luma(first[:, 0]), page, atol=1e-5, rtol=0)


@needs_diffusers
def test_options_and_words_change_the_result_and_nothing_global_is_changed(model, page):
    state = torch.get_rng_state()
    plain = model(page, seed=1, steps=4)
    assert not torch.equal(plain, model(page, seed=1, steps=4, strength=1.0))
    assert not torch.equal(plain, model(page, [Guidance(text="red")], seed=1, steps=4))
    assert torch.equal(state, torch.get_rng_state())


@needs_diffusers
def test_what_is_no_pipeline_is_refused_in_one_line(folder, page, tmp_path):
    import shutil

    def fails(name, message, **config):
        with pytest.raises(WeightsError, match=message) as error:
            Diffusers(DiffusersConfig(pipeline=str(name), **config))(page)
        assert "\n" not in str(error.value)

    fails("owner/name", "needs its full commit")
    fails(tmp_path, "No such file")
    own = tmp_path / "own"
    shutil.copytree(folder, own)
    index = json.loads((own / "model_index.json").read_text())
    (own / "model_index.json").write_text(json.dumps({**index, "unet": ["my_unet", "Net"]}))
    fails(own, "has code of its own")
    pickled = tmp_path / "pickled"
    shutil.copytree(folder, pickled)
    (weights,) = (pickled / "unet").glob("*.safetensors")
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    fails(pickled, "safetensors")


@needs_diffusers
def test_weights_are_a_folder_that_runs(folder, tmp_path):
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "photo.jpg")
    for words in (
        f"weights new diffusers --set pipeline={folder} --set side=64 -o runs/pipeline",
        "run diffusers photo.jpg --weights runs/pipeline -O steps=2 -O strength=0.6 --seed 1",
    ):
        command, env = (
            [sys.executable, "-m", "colorzoo", *words.split()],
            {**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr
    assert list((tmp_path / "colorized").glob("photo-diffusers*-1.*"))


def test_sizes_are_multiples_and_bounded():
    config = DiffusersConfig(side=512)
    assert working_size((1000, 800), config) == (512, 408)
    assert working_size((1, 300), config) == (64, 304)


@pytest.mark.skipif(not MISSING, reason="diffusers is installed")
def test_without_the_extra_it_is_named():
    with pytest.raises(MissingDiffusersError, match=r"pip install 'colorzoo-hf\[diffusers\]'"):
        Diffusers()


@needs_diffusers
def test_without_a_pipeline_it_says_how_to_give_one(page):
    with pytest.raises(ConfigError, match="--set pipeline="):
        Diffusers()(page)
