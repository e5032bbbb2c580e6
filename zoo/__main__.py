"""`python -m colorzoo`, which is also what `accelerate launch -m colorzoo` starts."""

import sys

from colorzoo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
