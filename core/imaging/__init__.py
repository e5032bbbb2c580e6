"""Pixels: files, arrays and tensors to pictures and back, colour spaces, contact sheets."""

import lazy_loader

# `from colorzoo.core import color` finds the module here without importing the others
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["color"])
