"""The Colorizer: from a grey picture to one or several colourings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from colorzoo.core.config import ColorizerConfig, RunOptions, validate
from colorzoo.core.errors import PluginError, WeightsError
from colorzoo.core.interfaces.capabilities import Capabilities

if TYPE_CHECKING:
    from torch import Tensor

    from colorzoo.core.data.packed import Packed
    from colorzoo.core.interfaces.guidance import Guidance
    from colorzoo.core.weights.weights_info import WeightsInfo


@dataclass(frozen=True)
class EvaluationContext:
    """What a comparison offers to `fit_baseline`.

    train: returns the training pictures, packed at a side in pixels. truth: returns the true colours
    (3, H, W) of the measured picture whose grey (1, H, W) it is given.
    """

    train: Callable[[int], Packed]
    truth: Callable[[Tensor], Tensor]


class Colorizer(ABC):
    """Base of every colorizer; one with parameters is also a `torch.nn.Module`."""

    Config: ClassVar[type[ColorizerConfig]] = ColorizerConfig
    Options: ClassVar[type[RunOptions]] = RunOptions
    capabilities: Capabilities = Capabilities()
    """What it takes, needs and is for; that of an instance may say what its weights have learned."""
    deterministic: ClassVar[bool] = False
    """True when every sample of a picture is the same, whatever the seed."""
    single_answer: ClassVar[Mapping[str, object]] = {}
    """Options of the likeliest colouring, for who asks for one: a mean rather than a draw."""
    keeps_luma: bool = True
    """Whether the engine restores the picture's own luma; False for a model that may change it."""
    informed: ClassVar[bool] = False
    """True for a baseline that uses the true colours; it is left out of rankings."""
    max_input_side: int | None = None
    """The same as that of `capabilities`, for a model whose side depends on its configuration."""

    weights_info: WeightsInfo | None = None
    """The content of config.json of the loaded weights."""
    weights_source: str | None = None
    """What the loaded weights were asked for by: a name, a folder, or owner/name[@revision] on the Hub."""

    def __init__(self, config: ColorizerConfig | None = None) -> None:
        super().__init__()
        self.config = config if config is not None else self.Config()

    @abstractmethod
    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        """Return colourings (N, options.samples, 3, H, W), sRGB float32 in [0, 1].

        gray: float32 (N, 1, H, W) in [0, 1], BT.601 luma of sRGB, as OpenCV's RGB2GRAY. H and W
        are any; a model with a working size of its own resizes. The same seed gives the same result.
        A deterministic colorizer may return one sample, (N, 1, 3, H, W), however many are asked for.
        """

    def colorize_guided(self, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance]) -> Tensor:
        """Return colourings as `colorize` does that follow the guidance, one a picture.

        Override it and say in `capabilities.takes` which fields it follows: the engine applies the others.
        Hints are in pixels of gray.
        """
        return self.colorize(gray, options)

    def fit_baseline(self, context: EvaluationContext) -> None:  # noqa: B027  most do nothing
        """Fit a baseline on what a comparison offers; a trained model leaves this empty."""

    def depends(self) -> Sequence[str]:
        """Return what results depend on besides code, options and own weights: digests, or paths of files.

        For an ensemble: `colorzoo.core.compare.identity.digest_of` of every member.
        """
        return ()

    def keeps_luma_for(self, options: RunOptions) -> bool:
        """Return whether the engine restores the picture's luma; override it where options decide."""
        return self.keeps_luma

    def __call__(self, gray: Tensor, guidance: Sequence[Guidance] = (), **options: object) -> Tensor:
        """Return colourings as `colorize_guided` does, after validating the options into `Options`.

        gray may be on any device; the colourings are on the same one, wherever the weights are.

        Raises:
            ConfigError: an option is unknown or out of its range.
            PluginError: gray has another shape, or what `colorize` returned breaks its contract.
        """
        if gray.ndim != 4 or gray.shape[1] != 1:
            raise PluginError(
                f"expected a grey tensor (N, 1, H, W) in [0, 1], got shape {tuple(gray.shape)}"
            )
        from colorzoo.core.devices import device_of
        from colorzoo.core.interfaces.outputs import checked_samples

        run_options = validate(self.Options, options, "options")
        return checked_samples(self, gray.to(device_of(self)), run_options, guidance).to(gray.device)

    def starts_from(self) -> str:
        """Return NAME or NAME:WEIGHTS of another colorizer that a training starts from; empty: of none."""
        return ""

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Load what is wanted of the weights that `starts_from` names.

        Raises:
            WeightsError: they do not fit.
        """
        raise WeightsError(f"{type(self).__name__} starts from no other colorizer's weights")

    def state(self) -> dict[str, Tensor]:
        """Return the weights by name; empty for a colorizer without any."""
        import torch

        if not isinstance(self, torch.nn.Module):
            return {}
        return {name: tensor.detach() for name, tensor in self.state_dict().items()}

    @classmethod
    def adopt(cls, tensors: Mapping[str, Tensor], config: ColorizerConfig) -> Mapping[str, Tensor]:
        """Return published weights, under the names of their own code, as `state` of config names them.

        By default as they are. Override it to rename, transpose or split tensors and to leave out what is
        not used, such as counters of steps. Names and shapes of what it returns are checked strictly.
        """
        return tensors

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load weights by name.

        Raises:
            WeightsError: a tensor is missing, unexpected or of another shape; nothing is loaded then.
        """
        import torch

        problems = sorted(_misfits(self.state(), state))
        if problems:
            shown = "; ".join(problems[:5])
            raise WeightsError(f"weights do not fit {type(self).__name__}: {shown}")
        if isinstance(self, torch.nn.Module):
            self.load_state_dict(dict(state), strict=True)


def _misfits(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield in what a state differs from a colorizer's own in names and shapes."""
    yield from (f"missing {name}" for name in own.keys() - state.keys())
    yield from (f"unexpected {name}" for name in state.keys() - own.keys())
    for name in own.keys() & state.keys():
        if own[name].shape != state[name].shape:
            yield f"{name} is {tuple(state[name].shape)}, expected {tuple(own[name].shape)}"
