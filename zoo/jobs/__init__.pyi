from . import compare as compare
from . import datasets as datasets
from . import inputs as inputs
from . import run as run
from . import train as train
from . import train_options as train_options
