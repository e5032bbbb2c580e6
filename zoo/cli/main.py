"""The entry point: from here on Ctrl-C is answered by a line."""

from __future__ import annotations

import signal

from colorzoo.cli import interrupt


def main() -> int:
    """Run the command line; its modules take a while to import, so the signal's handler comes first."""
    interrupt.install()
    from colorzoo.cli import app

    try:
        return app.main()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # taking torch apart is no work to interrupt
