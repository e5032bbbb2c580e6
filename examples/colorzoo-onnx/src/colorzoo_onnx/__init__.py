"""Colorizers that others exported to ONNX: what colorzoo is told. Nothing heavy is imported here."""

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizer."""
    return [Entry("onnx", "colorzoo_onnx.model:Onnx", "any colorizer exported to ONNX, by ONNX Runtime")]
