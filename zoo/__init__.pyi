from .api import colorize as colorize
from .api import load as load
from .api import read as read
from .hub.push import push_to_hub as push_to_hub
from .hub.push import save_pretrained as save_pretrained

__version__: str
