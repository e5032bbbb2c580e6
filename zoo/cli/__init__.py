"""The command line: finds the verbs, and turns every error into one line."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer


def build() -> typer.Typer:
    """Return the application with our verbs and those that plugins add."""
    import typer

    from colorzoo.cli import (
        compare,
        data,
        doctor,
        hub,
        metrics,
        options,
        plugins,
        prepare,
        report,
        run,
        train,
        weights,
    )
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
    app.add_typer(weights.app, name="weights")
    app.add_typer(report.app, name="report")
    app.add_typer(plugins.app, name="plugins")
    data.app.command("prepare")(prepare.prepare)
    app.add_typer(data.app, name="data")
    app.add_typer(metrics.app, name="metrics")
    app.command("doctor")(doctor.doctor)
    registry().manager.hook.register_commands(cli=app)
    return app


def main() -> int:
    """Run the command line; errors of the zoo go to stderr as one line, exit status 2."""
    from colorzoo.core.errors import ColorzooError

    warnings.showwarning = _show_warning
    try:
        build()()
    except ColorzooError as error:
        print(f"colorzoo: error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a folder that cannot be written, a full disk
        print(f"colorzoo: error: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("colorzoo: interrupted", file=sys.stderr)
        return 130
    return 0


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    from colorzoo.core.registry import PluginWarning

    if issubclass(category, (PluginWarning, RuntimeWarning, DeprecationWarning)):
        print(f"colorzoo: warning: {message}", file=sys.stderr)
