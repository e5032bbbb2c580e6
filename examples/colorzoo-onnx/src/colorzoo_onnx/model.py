"""The colorizer onnx: a graph between NumPy arrays. No torch is imported; tensors pass through."""

import cv2
import numpy as np
from numpy.typing import NDArray

from colorzoo.core import Colorizer, color
from colorzoo_onnx import graph
from colorzoo_onnx.config import OnnxConfig, OnnxOptions


class Onnx(Colorizer):
    """Any colorizer that was exported to ONNX: one input of lightness, one output of colour."""

    Config = OnnxConfig
    Options = OnnxOptions
    deterministic = True

    def colorize(self, gray, options):
        """Bring grey to the graph's size and range, run it, and put its chroma onto the picture."""
        session = graph.load(self.config, options.threads, options.optimization)
        small = color.resize_area(gray, self.side(*gray.shape[2:]))
        light = small.numpy(force=True)
        given = session(self.prepared(light), options.batch)
        chroma = color.chroma(gray.new_tensor(self.rgb(light, given)))
        rgb = color.recombine(gray, color.guided_upsample(chroma, gray))
        return rgb[:, None].expand(-1, options.samples, -1, -1, -1)

    def side(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that the graph works at."""
        c = self.config
        if c.size:
            return c.size, c.size
        return -(-height // c.multiple) * c.multiple, -(-width // c.multiple) * c.multiple

    def prepared(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the graph takes (N, C, h, w) for grey (N, 1, h, w) in [0, 1]."""
        c = self.config
        value = lightness(light) / 100 if c.takes == "lightness" else light
        return np.repeat(c.black + (c.white - c.black) * value, c.channels, 1).astype(np.float32)

    def rgb(self, light: NDArray[np.float32], given: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return sRGB (N, 3, h, w) for what the graph gave (N, 2 or 3, h, w)."""
        values = self.config.scale * given + self.config.shift
        if self.config.gives == "rgb":
            return values.clip(0, 1)
        lab = np.concatenate([lightness(light), values], 1)
        return np.stack([_lab_to_rgb(picture) for picture in lab])


def lightness(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return L of CIE Lab, 0 to 100, for grey of sRGB in [0, 1]."""
    linear = np.where(gray <= 0.04045, gray / 12.92, ((gray + 0.055) / 1.055) ** 2.4)
    return np.where(linear > (6 / 29) ** 3, 116 * np.cbrt(linear) - 16, linear * (29 / 3) ** 3).astype(
        np.float32
    )


def _lab_to_rgb(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    planes = np.ascontiguousarray(lab.transpose(1, 2, 0), np.float32)
    return cv2.cvtColor(planes, cv2.COLOR_Lab2RGB).clip(0, 1).transpose(2, 0, 1)
