"""The verbs of the command line: what they are called, where they are, and what they do."""

from __future__ import annotations

import typer

from colorzoo.cli import options, plugins
from colorzoo.cli.lazy import HELP_OPTIONS, Verb, add_verbs

VERBS = {
    "run": Verb("run_command:run", "Colour pictures: writes every colouring and a labelled contact sheet."),
    "train": Verb("train_command:train", "Train a colorizer and write its weights folder."),
    "train-report": Verb(
        "train_report_command:train_report",
        "Draw the losses of a training, its validation and its previews into one HTML file.",
    ),
    "compare": Verb(
        "compare_command:compare",
        "Compare colorizers on a dataset, with baselines, intervals and a report.",
    ),
    "serve": Verb(
        "serve_command:serve",
        "Serve a page where people see, click and choose, and an API that other programs call.",
    ),
    "pull": Verb("hub_commands:pull", "Fetch weights from the Hub, verify them, and say what they are."),
    "push": Verb("hub_commands:push", "Check weights, write their card, and upload both in one commit."),
    "doctor": Verb(
        "doctor_command:doctor",
        "Explain the installation: versions, devices, plugins and their errors, caches, the Hub.",
    ),
}
WEIGHTS = {
    "list": Verb(
        "weights_commands:list_",
        "List weights that are here, and those to pull that catalogues name: sizes, hashes, licences.",
    ),
    "show": Verb("weights_commands:show", "Say what weights are."),
    "verify": Verb(
        "weights_commands:verify",
        "Compute every hash anew and load the weights strictly; what is wrong is named.",
    ),
    "remove": Verb("weights_commands:remove", "Delete weights that were pulled from the Hub or adopted."),
    "new": Verb(
        "weights_commands:new",
        "Write a weights folder for a colorizer that defines no training: one without weights, or "
        "pretrained.",
    ),
    "convert": Verb(
        "weights_commands:convert",
        "Make a weights folder of a file that others published: safetensors, or a checkpoint of torch.",
    ),
}
REPORT = {
    "write": Verb(
        "report_commands:write", "Write the report of a comparison anew: report.html, table.md and figures."
    ),
    "table": Verb("report_commands:table", "Print the tables of a comparison in Markdown."),
    "open": Verb(
        "serve_command:open_report", "Open a report in a browser, with a blind test: which one is better?"
    ),
    "preferences": Verb(
        "serve_command:preferences", "Print how often people preferred which method in the blind test."
    ),
    "merge": Verb(
        "report_commands:merge",
        "Join comparisons of the same pictures and protocol, or any into one page: `-o board.html`.",
    ),
    "check": Verb(
        "report_commands:check",
        "Check results for the leaderboard: schema, arithmetic, provenance, protocol, pictures.",
    ),
}
PLUGINS = {
    "list": Verb(
        "plugins.listing_commands:list_",
        "List colorizers, datasets, metrics and containers with the distribution that brings them.",
    ),
    "show": Verb(
        "plugins.listing_commands:show",
        "Show what a plugin takes: options, configuration, presets, weights; splits; or what it measures.",
    ),
    "check": Verb(
        "plugins.check_command:check",
        "Run the contract over an installed plugin; exit status 1 when something does not hold.",
    ),
    "new": Verb(
        "plugins.new_command:new",
        "Write a small complete package: it installs, passes its tests, and is there to be changed.",
    ),
    "install": Verb(
        "plugins.install_commands:install", "Install plugins beside colorzoo, and say what they bring."
    ),
    "uninstall": Verb(
        "plugins.install_commands:uninstall", "Remove the distributions that bring these plugins."
    ),
}
DATA = {
    "list": Verb("data_commands:list_", "List the dataset sources."),
    "info": Verb(
        "data_commands:info",
        "Show what is in every split: pictures, sizes, colour, fingerprint; and the licence.",
    ),
    "fetch": Verb("data_commands:fetch", "Download a dataset once, checked by its hash, into the cache."),
    "prepare": Verb(
        "prepare_command:prepare",
        "Bring pictures to one size for training; goes on where it was interrupted.",
    ),
}
METRICS = {
    "list": Verb("metrics_commands:list_", "List the metrics with the distribution that brings them."),
    "show": Verb(
        "metrics_commands:show", "Explain a metric: definition, source, unit, and which way is better."
    ),
}
PROTOCOLS = {
    "list": Verb(
        "protocol_commands:list_", "List the protocols that `colorzoo compare --protocol` follows."
    ),
    "show": Verb(
        "protocol_commands:show",
        "Say what to fetch, how it is measured and in what not as in the paper, and what that reports.",
    ),
}
GROUPS = {
    "weights": (WEIGHTS, "List, show, verify, remove weights on this machine; convert published ones."),
    "report": (REPORT, "Write reports of comparisons anew, or join several."),
    "plugins": (PLUGINS, "List, show, check, write, install plugins."),
    "data": (DATA, "List, inspect and fetch datasets."),
    "metrics": (METRICS, "List the metrics, or explain one."),
    "protocols": (PROTOCOLS, "List the protocols of papers, or show one and what it reports."),
}


def application() -> typer.Typer:
    """Return a new application with all of our own verbs; none of them is imported."""
    app = typer.Typer(
        name="colorzoo",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=HELP_OPTIONS,
        help="A model zoo for image colorization that grows by plugins.",
    )
    app.callback()(options.common)
    add_verbs(app, VERBS)
    for name, (verbs, text) in GROUPS.items():
        group = typer.Typer(no_args_is_help=True, help=text, context_settings=HELP_OPTIONS)
        add_verbs(group, verbs)
        app.add_typer(group, name=name)
        if name == "plugins":
            group.callback(invoke_without_command=True, no_args_is_help=False)(plugins.default)
    return app
