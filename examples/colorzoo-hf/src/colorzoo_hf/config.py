"""Configurations: what is asked, of whom, is stored with the weights; how long to wait is an option."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from colorzoo.core import ColorizerConfig, RunOptions

PROMPT = "Colorize this black and white picture in natural colors. Change nothing else."
SIDE = Field(1024, ge=8, le=8192, description="longest side of what the model is given, in pixels")


def _value(text: object) -> object:
    """Return the JSON value that a text is, or the text: `fields.steps=20` is a number."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except json.JSONDecodeError:
        return text


JsonText = Annotated[Any, BeforeValidator(_value)]


class HttpConfig(ColorizerConfig):
    """An address, and what it expects and answers. Dotted names lead into JSON: `init_images.0`."""

    url: str = Field("", description="where the picture is sent; http or https, without user and password")
    prompt: str = Field(PROMPT, max_length=10_000, description="what the model is told")
    send: Literal["png", "json", "form"] = Field(
        "png",
        description="PNG as the body, other fields in the query; in base64 within JSON; multipart form",
    )
    picture_field: str = Field("image", description="name of the picture in JSON or form")
    prompt_field: str = Field("prompt", description="name of the prompt; empty: it is not sent")
    seed_field: str = Field("seed", description="name of the seed; empty: it is not sent")
    fields: dict[str, JsonText] = Field({}, description="what is sent besides, by name")
    answer: str = Field("", description="where in a JSON answer the picture is; empty: it is the answer")
    side: int = SIDE
    version_url: str = Field("", description="answers with what the model is: results are kept by it")
    version: str = Field("", description="what the model is, where no address tells")
    token_variable: str = Field(
        "COLORZOO_HTTP_TOKEN", pattern=r"^\w*$", description="environment variable with the bearer token"
    )
    deterministic: bool = Field(False, description="the same picture always gets the same answer")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {},
        "colorzoo-serve": {"send": "form", "picture_field": "picture", "prompt_field": ""},
        "hf-endpoint": {
            "send": "json", "picture_field": "inputs", "prompt_field": "parameters.prompt",
            "seed_field": "parameters.seed",
        },
        "a1111": {
            "send": "json", "picture_field": "init_images.0", "answer": "images.0",
            "fields": {"denoising_strength": 0.5, "steps": 20},
        },
    }  # fmt: skip

    @field_validator("url", "version_url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected an http or https address")
        if parts.username or parts.password:
            raise ValueError("an address is stored: give a token in the environment variable instead")
        return url

    @model_validator(mode="after")
    def _same_host(self) -> "HttpConfig":
        if self.url and self.version_url and _origin(self.url) != _origin(self.version_url):
            raise ValueError("version_url must be on the host of url, since both get the token")
        return self


class HttpOptions(RunOptions):
    """How patient to be."""

    timeout: float = Field(300, gt=0, le=3600, description="seconds for one answer, all of it")
    retries: int = Field(3, ge=0, le=10, description="how often a busy or failing server is asked again")


class DiffusersConfig(ColorizerConfig):
    """A pipeline and what it is told."""

    pipeline: str = Field("", description="owner/name on the Hub, or a folder")
    revision: str = Field("", pattern=r"^([0-9a-f]{40})?$", description="full commit on the Hub")
    prompt: str = Field(PROMPT, max_length=10_000, description="what the model is told")
    negative_prompt: str = Field("", max_length=10_000, description="what it is told to avoid")
    side: int = SIDE
    multiple: int = Field(8, ge=1, le=256, description="sides are multiples of it")
    dtype: Literal["float32", "float16", "bfloat16"] = Field("float32", description="of the computation")


class DiffusersOptions(RunOptions):
    """How the pipeline is run; what it does not know is left out."""

    steps: int = Field(20, ge=1, le=1000, description="of denoising")
    guidance_scale: float = Field(7.5, ge=0, le=100, description="how much the prompt counts")
    strength: float = Field(0.6, gt=0, le=1, description="how far from the picture it may go")
    device: str = Field("auto", description="cpu, cuda, mps; auto: a GPU where there is one")


def _origin(url: str) -> tuple[str, str]:
    return urlsplit(url).scheme, urlsplit(url).netloc
