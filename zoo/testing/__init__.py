"""Contract tests for plugins: subclass one in your tests and name your plugin.

from colorzoo.testing import ColorizerContract

class TestMine(ColorizerContract):
    plugin = "mine"
"""

import lazy_loader

# pytest loads this package wherever colorzoo is installed
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
