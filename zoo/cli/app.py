"""The command line: finds the verbs, and says every error in one place."""

from __future__ import annotations

import gc
import sys
import warnings
from typing import Any

import typer

from colorzoo.cli import plugin_verbs, verb_table
from colorzoo.core.errors import ColorzooError, Notice, printable
from colorzoo.core.registry import PluginWarning, registry

MAX_LINES, MAX_LINE = 3, 1_000
"""Lines of a message, and characters of a line: a foreign text may be megabytes long."""


def build() -> typer.Typer:
    """Return the application with our verbs and those that plugins add."""
    app = verb_table.application()
    plugin_verbs.add(app, registry())
    return app


def main() -> int:
    """Run the command line; errors of the zoo go to stderr as one line, exit status 2."""
    warnings.showwarning = _show_warning
    try:
        build()()
    except ColorzooError as error:
        _say("error", str(error))
        return 2
    except OSError as error:  # a folder that cannot be written, a full disk
        _say("error", f"{error.filename or 'system'}: {error.strerror or error}")
        return 2
    except KeyboardInterrupt:
        print("colorzoo: interrupted", file=sys.stderr)
        return 130
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):  # typer is silent
            print("colorzoo: interrupted", file=sys.stderr)
        raise
    finally:
        gc.freeze()  # or the interpreter searches all of torch for garbage before it ends
    return 0


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, Notice):
        _say("note", str(message))
    elif issubclass(category, (PluginWarning, RuntimeWarning, DeprecationWarning)):
        _say("warning", str(message))


def _say(level: str, text: str) -> None:
    """Print a message: a few bounded lines without control characters, the later ones indented."""
    first, *others = text[: MAX_LINES * MAX_LINE * 4].split("\n")[:MAX_LINES]
    print(f"colorzoo: {level}: {printable(first, MAX_LINE)}", file=sys.stderr)
    for line in others:
        print(f"  {printable(line, MAX_LINE)}", file=sys.stderr)
