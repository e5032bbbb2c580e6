from .api import colorize as colorize
from .api import load as load
from .api import read as read
from .core.imaging.colored import ColoredPicture as ColoredPicture
from .core.imaging.image_io import Picture as Picture
from .core.interfaces.guidance import Guidance as Guidance
from .core.interfaces.guidance import Hint as Hint
from .hub.push import push_to_hub as push_to_hub
from .hub.push import save_pretrained as save_pretrained
from .listings import colorizers as colorizers
from .listings import datasets as datasets
from .listings import metrics as metrics
from .listings import weights as weights

__version__: str
