"""The only stage of l2-unet."""

from torch import Tensor

from colorzoo.core import Batch, Stage, color


class Fit(Stage):
    """Minimise the squared error in RGB."""

    name = "fit"

    def __init__(self, model) -> None:
        self.model, self.settings, self.size = model, model.config.fit, model.config.size
        self.networks = {"net": model.net}

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        """Return the losses by name; their sum is minimised."""
        wrong = color.chroma_to_rgb_offset(self.model.chroma(batch.gray) - color.chroma(batch.color))
        return {"mse255": 255**2 * wrong.square().mean()}
