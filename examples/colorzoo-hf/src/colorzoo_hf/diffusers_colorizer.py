"""The colorizer diffusers: a pipeline that edits pictures, told to colour them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from colorzoo.core import Capabilities, Colorizer, Guidance, color
from colorzoo_hf.config import DiffusersConfig, DiffusersOptions
from colorzoo_hf.http_colorizer import onto
from colorzoo_hf.pipelines import loaded, parameters_of, require_diffusers
from colorzoo_hf.seeds import sample_seeds


class Diffusers(Colorizer):
    """Any image-to-image or editing pipeline of diffusers, by its name on the Hub and a commit."""

    Config = DiffusersConfig
    Options = DiffusersOptions
    capabilities = Capabilities(takes=frozenset({"text"}))

    def __init__(self, config: DiffusersConfig | None = None) -> None:
        super().__init__(config)
        self.config: DiffusersConfig
        self.max_input_side = self.config.side
        require_diffusers()

    def depends(self) -> Sequence[str]:
        import diffusers

        return (self.config.pipeline, self.config.revision, self.config.prompt, diffusers.__version__)

    def colorize(self, gray: Tensor, options: DiffusersOptions) -> Tensor:
        return self.colorize_guided(gray, options, [Guidance()] * len(gray))

    def colorize_guided(
        self, gray: Tensor, options: DiffusersOptions, guidance: Sequence[Guidance]
    ) -> Tensor:
        pipeline, seeds = loaded(self.config, _device(options.device)), sample_seeds(options)
        return torch.stack([
            torch.cat([self.edited(pipeline, page[None], told.text, seed, options) for seed in seeds])
            for page, told in zip(gray, guidance, strict=True)
        ])  # fmt: skip

    def edited(
        self, pipeline: Any, page: Tensor, text: str, seed: int, options: DiffusersOptions
    ) -> Tensor:
        """Return sRGB (1, 3, H, W) with the luma of a page (1, 1, H, W) as a pipeline colours it."""
        height, width = working_size((page.shape[-2], page.shape[-1]), self.config)
        values = {
            "prompt": f"{self.config.prompt} {text}".strip(),
            "negative_prompt": self.config.negative_prompt or None,
            "image": color.resize_area(page, (height, width)).clamp(0, 1).expand(-1, 3, -1, -1),
            "height": height, "width": width, "num_inference_steps": options.steps,
            "guidance_scale": options.guidance_scale, "strength": options.strength,
            "generator": torch.Generator("cpu").manual_seed(seed), "output_type": "pt",
        }  # fmt: skip
        known = parameters_of(pipeline)
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", enabled=False):
            out = pipeline(**{name: value for name, value in values.items() if name in known})
        return onto(page, out.images[:1].float().cpu().clamp(0, 1))


def working_size(size: tuple[int, int], config: DiffusersConfig) -> tuple[int, int]:
    """Return the height and width that the pipeline is given: at most `side`, multiples of `multiple`."""
    scale, least = min(1.0, config.side / max(size)), 8 * config.multiple
    height, width = (
        max(least, round(length * scale / config.multiple) * config.multiple) for length in size
    )
    return height, width


def _device(name: str) -> str:
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
