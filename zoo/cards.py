"""Model cards: README.md of a weights folder, written from its config.json."""

from __future__ import annotations

from colorzoo.core.weights import Measured, WeightsInfo


def card(info: WeightsInfo) -> str:
    """Return the model card as Markdown with the Hub's YAML header."""
    parts = [
        _header(info),
        f"# {info.plugin}: {info.name}",
        info.summary,
        _usage(info),
        _training(info),
        _results(info.metrics),
        _limits(info),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _header(info: WeightsInfo) -> str:
    return (
        "---\nlibrary_name: colorzoo\npipeline_tag: image-to-image\n"
        f"license: {info.licence.lower()}\ntags: [colorization, {info.plugin}]\n---"
    )


def _usage(info: WeightsInfo) -> str:
    weights = "" if info.name == "default" else f" --weights {info.name}"
    return f"```\ncolorzoo run {info.plugin} picture.jpg{weights}\n```"


def _training(info: WeightsInfo) -> str:
    trained = info.trained_on
    if trained is None:
        return ""
    history = trained.history
    rows = [
        ("Pictures", f"{trained.pictures:,} of `{trained.dataset}`, split `{trained.split}`"),
        ("Their licence", trained.licence or "not recorded"),
        ("Fingerprint", f"`{trained.fingerprint}`"),
        *(("Command", f"`{step.command}`") for step in history),
        ("Seed", str(trained.seed)),
        ("Time", f"{sum(step.minutes for step in history):.0f} minutes on {trained.hardware}"),
        ("colorzoo", info.colorzoo_version),
        ("sha256 of the weights", f"`{info.sha256}`"),
    ]
    lines = ["## Training", "", "| | |", "|---|---|"]
    return "\n".join(lines + [f"| {key} | {value} |" for key, value in rows])


def _results(metrics: list[Measured]) -> str:
    if not metrics:
        return ""
    lines = ["## Measured", ""]
    for protocol in dict.fromkeys(m.protocol for m in metrics):
        own = [m for m in metrics if m.protocol == protocol]
        lines += [f"{protocol}. Fingerprint of the pictures: `{own[0].fingerprint}`.", ""]
        lines += ["| metric | value | unit |", "|---|---|---|"]
        lines += [f"| {m.name} | {m.value:.4g} | {m.unit} |" for m in own] + [""]
    return "\n".join(lines).rstrip()


def _limits(info: WeightsInfo) -> str:
    text = (
        "## Limits\n\nColours are plausible guesses, not the true ones. What the training pictures do "
        "not show, it cannot know."
    )
    return f"{text}\n\n## Credit\n\n{info.credit}" if info.credit else text
