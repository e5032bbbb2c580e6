"""The colorizer http: a grey picture out, a coloured one back, and its chroma onto the grey."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from colorzoo.core import Capabilities, Colorizer, ConfigError, Guidance, Picture, color
from colorzoo.core.imaging.image_io import encode
from colorzoo_hf.config import HttpConfig, HttpOptions
from colorzoo_hf.exchange import Question, ask, token_in
from colorzoo_hf.message import picture_in, question_of
from colorzoo_hf.seeds import sample_seeds

PROBE_SECONDS = 20.0


class Http(Colorizer):
    """Any model behind an HTTP address. Pictures leave this machine, to that address alone."""

    Config = HttpConfig
    Options = HttpOptions
    capabilities = Capabilities(takes=frozenset({"text"}), reentrant=True, network=True)

    def __init__(self, config: HttpConfig | None = None) -> None:
        super().__init__(config)
        self.config: HttpConfig
        self.deterministic = self.config.deterministic  # type: ignore[misc]  # as the user says
        self.max_input_side = self.config.side

    def depends(self) -> Sequence[str]:
        return (f"url {self.config.url}", f"prompt {self.config.prompt}", f"version {self.version()}")

    def version(self) -> str:
        """Return what the endpoint says that it is, as a digest, or what the user says.

        Raises:
            EndpointError: it does not answer.
        """
        if not self.config.version_url:
            return self.config.version or "unknown"
        question = Question(self.config.version_url, token=token_in(self.config.token_variable))
        return hashlib.sha256(ask(question, PROBE_SECONDS, retries=1).body).hexdigest()

    def colorize(self, gray: Tensor, options: HttpOptions) -> Tensor:
        return self.colorize_guided(gray, options, [Guidance()] * len(gray))

    def colorize_guided(self, gray: Tensor, options: HttpOptions, guidance: Sequence[Guidance]) -> Tensor:
        if not self.config.url:
            raise ConfigError("http needs an address: colorzoo weights new http --set url=https://...")
        seeds = sample_seeds(options)[: 1 if self.deterministic else None]
        return torch.stack([
            torch.cat([self.answer(page[None], told.text, seed, options) for seed in seeds])
            for page, told in zip(gray, guidance, strict=True)
        ])  # fmt: skip

    def answer(self, page: Tensor, text: str, seed: int, options: HttpOptions) -> Tensor:
        """Return sRGB (1, 3, H, W) with the luma of a page (1, 1, H, W); text: added to the prompt."""
        height, width = page.shape[-2:]
        levels = (255 * page[0, 0]).round().to(torch.uint8).numpy(force=True)
        png = encode(Picture(np.repeat(levels[..., None], 3, 2)), ".png")
        prompt, token = f"{self.config.prompt} {text}".strip(), token_in(self.config.token_variable)
        question = question_of(self.config, png, prompt, seed, token)
        answer = ask(question, options.timeout, options.retries)
        rgb = picture_in(self.config, answer, (height, width)).rgb
        return onto(page, torch.from_numpy(rgb.copy()).permute(2, 0, 1)[None].float() / 255)


def onto(page: Tensor, rgb: Tensor) -> Tensor:
    """Return sRGB (1, 3, H, W) of a page (1, 1, H, W) with the chroma of rgb (1, 3, h, w), of any size."""
    size = (page.shape[-2], page.shape[-1])
    chroma = color.chroma(rgb.to(page))
    same = chroma.shape[-2:] == size
    return color.recombine(page, chroma if same else color.resize_area(chroma, size))
