"""The colorizer deoldify: grey in, a picture in colour out, of which the chroma is used."""

from collections.abc import Mapping

from torch import Tensor, nn

from colorzoo.core import Capabilities, ChromaColorizer, color
from colorzoo_deoldify.config import RENDER_BASE, VARIANTS, DeOldifyConfig, DeOldifyOptions
from colorzoo_deoldify.generator import Generator
from colorzoo_deoldify.normalized_weights import folded

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures of ImageNet, in sRGB; both what goes in and what comes out is normalised by them."""


class DeOldify(ChromaColorizer, nn.Module):
    """DeOldify (Antic 2019, github.com/jantic/DeOldify): a U-Net on a ResNet, trained with a critic."""

    Config, Options = DeOldifyConfig, DeOldifyOptions
    capabilities = Capabilities(domains=("photo", "face"), reentrant=True)
    deterministic = True

    def __init__(self, config: DeOldifyConfig | None = None) -> None:
        super().__init__(config)
        self.variant = VARIANTS[self.config.variant]
        self.generator = Generator(self.variant, self.config.width)

    @classmethod
    def adopt(cls, tensors: Mapping[str, Tensor], config: DeOldifyConfig) -> Mapping[str, Tensor]:
        return {f"generator.{name}": tensor for name, tensor in folded(tensors).items()}

    def working_size(self, size: tuple[int, int], options: DeOldifyOptions) -> tuple[int, int]:
        side = RENDER_BASE * (options.render_factor or self.variant.render_factor)
        return side, side

    def chroma(self, small: Tensor, options: DeOldifyOptions) -> Tensor:
        return color.chroma(self.rgb(small))[:, None]

    def rgb(self, small: Tensor) -> Tensor:
        """Return sRGB (N, 3, h, w) in [0, 1] for grey (N, 1, h, w) in [0, 1] with even h and w."""
        mean, deviation = (small.new_tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))
        colored = self.generator((small - mean) / deviation)
        return (colored.float() * deviation + mean).clamp(0, 1)
