from . import compare as compare
from . import datasets as datasets
from . import inputs as inputs
from . import models as models
from . import run as run
from . import run_one as run_one
from . import run_request as run_request
from . import train as train
