"""Interfaces and engines of the zoo: everything a plugin imports, resolved on first use."""

import lazy_loader

# registration must load neither torch nor pydantic; the names are those of __init__.pyi
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
