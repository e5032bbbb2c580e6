"""What the verbs of the command line do, callable from Python; a job is imported when it is used."""

import lazy_loader

# the names are those of __init__.pyi: the command line takes jobs from here, and its help imports none
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
