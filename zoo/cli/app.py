"""The command line: finds the verbs, and says every error in one place."""

from __future__ import annotations

import copy
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

MAX_LINES, MAX_LINE = 3, 1_000
"""Lines of a message, and characters of a line: a foreign text may be megabytes long."""


def build() -> typer.Typer:
    """Return the application with our verbs and those that plugins add."""
    import typer

    from colorzoo.cli import compare_command as compare
    from colorzoo.cli import data_commands as data
    from colorzoo.cli import doctor_command as doctor
    from colorzoo.cli import hub_commands as hub
    from colorzoo.cli import metrics_commands as metrics
    from colorzoo.cli import options, plugins
    from colorzoo.cli import report_commands as report
    from colorzoo.cli import run_command as run
    from colorzoo.cli import train_command as train
    from colorzoo.cli import weights_commands as weights
    from colorzoo.cli.verbs import add_verbs
    from colorzoo.core.registry import registry

    app = typer.Typer(
        name="colorzoo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="A model zoo for image colorization that grows by plugins.",
    )
    app.callback()(options.common)
    app.command("run")(run.run)
    app.command("train")(train.train)
    app.command("compare")(compare.compare)
    app.command("pull")(hub.pull)
    app.command("push")(hub.push)
    groups = {"weights": weights, "report": report, "plugins": plugins, "data": data, "metrics": metrics}
    for name, module in groups.items():
        app.add_typer(_own(module.app), name=name)
    app.command("doctor")(doctor.doctor)
    add_verbs(app, registry())
    return app


def _own(group: typer.Typer) -> typer.Typer:
    """Return a copy of a group, so that what plugins add stays with one application."""
    own = copy.copy(group)
    own.registered_commands = [*group.registered_commands]
    own.registered_groups = [*group.registered_groups]
    return own


def main() -> int:
    """Run the command line; errors of the zoo go to stderr as one line, exit status 2."""
    from colorzoo.core.errors import ColorzooError

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
    return 0


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    from colorzoo.core.registry import PluginWarning

    if issubclass(category, (PluginWarning, RuntimeWarning, DeprecationWarning)):
        _say("warning", str(message))


def _say(level: str, text: str) -> None:
    """Print a message: a few bounded lines without control characters, the later ones indented."""
    from colorzoo.core.files import printable

    first, *others = text[: MAX_LINES * MAX_LINE * 4].split("\n")[:MAX_LINES]
    print(f"colorzoo: {level}: {printable(first, MAX_LINE)}", file=sys.stderr)
    for line in others:
        print(f"  {printable(line, MAX_LINE)}", file=sys.stderr)
