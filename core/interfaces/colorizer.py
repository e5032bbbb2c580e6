"""The Colorizer: from a grey picture to one or several colourings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from colorzoo.core.config import ColorizerConfig, RunOptions, validate
from colorzoo.core.errors import PluginError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from colorzoo.core.data.packed import Packed
    from colorzoo.core.weights.folder import WeightsInfo


@dataclass(frozen=True)
class EvaluationContext:
    """What a comparison offers to colorizers that ask: training pictures, and the answers.

    train: the training pictures, packed at a side in pixels. truth: grey (1, H, W) of a measured picture
    to its true colours (3, H, W).
    """

    train: Callable[[int], Packed]
    truth: Callable[[Tensor], Tensor]


class Colorizer(ABC):
    """Base of every colorizer; one with parameters is also a `torch.nn.Module`."""

    Config: ClassVar[type[ColorizerConfig]] = ColorizerConfig
    Options: ClassVar[type[RunOptions]] = RunOptions
    deterministic: ClassVar[bool] = False
    """True when every sample of a picture is the same, whatever the seed."""
    keeps_luma: bool = True
    """The engine puts the picture's own luma back; False for a model that may change it."""
    informed: ClassVar[bool] = False
    """True for a baseline that is told the true colours: nobody competes with it."""
    max_input_side: int | None = None
    """Longest side the engine hands over; a larger picture's colour is brought up along its edges."""

    weights_info: WeightsInfo | None = None
    """What is known of the loaded weights."""

    def __init__(self, config: ColorizerConfig | None = None) -> None:
        super().__init__()
        self.config = config if config is not None else self.Config()

    @abstractmethod
    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        """Return colourings (N, options.samples, 3, H, W), sRGB float32 in [0, 1].

        gray: float32 (N, 1, H, W) in [0, 1], BT.601 luma of sRGB, as OpenCV's RGB2GRAY. Any H and W;
        the model's own working size is its own business. The same seed gives the same result.
        """

    def fit_baseline(self, context: EvaluationContext) -> None:  # noqa: B027  most have nothing to do
        """Get ready for a comparison: baselines are fitted here, a model comes trained."""

    def depends(self) -> Sequence[str]:
        """Return what results depend on besides code, options and own weights: digests, or paths of files.

        An ensemble names its members so, each by `colorzoo.core.compare.identity.digest_of`.
        """
        return ()

    def keeps_luma_for(self, options: RunOptions) -> bool:
        """Return whether the engine puts the picture's luma back; override it where options decide."""
        return self.keeps_luma

    def __call__(self, gray: Tensor, **options: object) -> Tensor:
        """Validate the options into `Options`, then colorize; shapes as in `colorize`.

        Raises:
            ConfigError: an option is unknown or out of its range.
            PluginError: the colorizer returned something else than what `colorize` promises.
        """
        if gray.ndim != 4 or gray.shape[1] != 1:
            raise PluginError(
                f"expected a grey tensor (N, 1, H, W) in [0, 1], got shape {tuple(gray.shape)}"
            )
        from colorzoo.core.interfaces.outputs import check_output

        chosen = validate(self.Options, options, "options")
        expected = (len(gray), chosen.samples, 3, *gray.shape[-2:])
        return check_output(self.colorize(gray, chosen), expected, gray.device, type(self).__name__)

    def state(self) -> dict[str, Tensor]:
        """Return the weights by name; empty for a colorizer without any."""
        import torch

        if not isinstance(self, torch.nn.Module):
            return {}
        return {name: tensor.detach() for name, tensor in self.state_dict().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load weights by name; missing, unexpected or misshapen ones are errors, nothing is skipped."""
        import torch

        own = self.state()
        problems = [f"missing {name}" for name in own.keys() - state.keys()]
        problems += [f"unexpected {name}" for name in state.keys() - own.keys()]
        problems += [
            f"{name} is {tuple(state[name].shape)}, expected {tuple(own[name].shape)}"
            for name in own.keys() & state.keys()
            if own[name].shape != state[name].shape
        ]
        if problems:
            shown = "; ".join(sorted(problems)[:5])
            raise WeightsError(f"weights do not fit {type(self).__name__}: {shown}")
        if isinstance(self, torch.nn.Module):
            self.load_state_dict(dict(state), strict=True)
