"""Model cards: README.md of a weights folder, written from its config.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colorzoo.core.errors import printable
from colorzoo.core.weights.folder import Measured, WeightsInfo
from colorzoo.hub import catalog

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData


def card(info: WeightsInfo, *, repo: str = "", samples: str = "") -> str:
    """Return the model card as Markdown with the Hub's YAML header.

    repo: where on the Hub it will stand. samples: file of a picture to show.
    """
    sections = [
        f"---\n{_header(info).to_yaml()}\n---",
        f"# {info.plugin}: {info.name}",
        info.summary,
        f"![a grey picture and colourings of it]({samples})" if samples else "",
        _usage(info, repo),
        _training(info),
        _source(info),
        _results(info.metrics),
        _limits(info),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def with_stated_license(info: WeightsInfo) -> WeightsInfo:
    """Return what is known of weights with the licence that a catalogue states for exactly these."""
    for entry, _ in catalog.known(info.plugin):
        if not entry.is_published and entry.sha256 == info.sha256:
            return info.model_copy(update={"license": entry.license})
    return info


def _header(info: WeightsInfo) -> ModelCardData:
    """Return the metadata in the Hub's own terms."""
    from huggingface_hub import EvalResult, ModelCardData

    trained = [step.dataset for step in info.trained_on.history] if info.trained_on else []
    results = [
        EvalResult(
            task_type="image-to-image",
            dataset_type=m.fingerprint[:16] or "unknown",
            dataset_name=m.protocol,
            metric_type=m.name,
            metric_value=float(f"{m.value:.6g}"),
        )
        for m in info.metrics
    ]
    return ModelCardData(
        library_name="colorzoo",
        pipeline_tag="image-to-image",
        license=info.license.lower(),
        tags=["colorization", info.plugin],
        datasets=list(dict.fromkeys(trained)) or None,
        model_name=f"{info.plugin} {info.name}" if results else None,
        eval_results=results or None,
    )


def _usage(info: WeightsInfo, repo: str) -> str:
    weights = f" --weights {repo or info.name}" if repo or info.name != "default" else ""
    lines = [f"colorzoo run {info.plugin} picture.jpg{weights}"]
    if repo:
        lines.insert(0, f"colorzoo pull {repo}")
    return "\n".join(["```", *lines, "```"])


def _training(info: WeightsInfo) -> str:
    trained = info.trained_on
    if trained is None:
        return ""
    history = trained.history
    rows = [
        ("Pictures", f"{trained.pictures:,} of `{trained.dataset}`, split `{trained.split}`"),
        ("Their licence", trained.license or "not recorded"),
        ("Fingerprint", f"`{trained.fingerprint}`"),
        *((f"`{printable(name)}`", f"sha256 `{sha256}`") for name, sha256 in trained.files.items()),
        *(("Command", f"`{step.command}`") for step in history),
        ("Seed", str(trained.seed)),
        ("Time", f"{sum(step.minutes for step in history):.0f} minutes on {trained.hardware}"),
        ("colorzoo", info.colorzoo_version),
        ("sha256 of the weights", f"`{info.sha256}`"),
    ]
    lines = ["## Training", "", "| | |", "|---|---|"]
    return "\n".join(lines + [f"| {key} | {value} |" for key, value in rows])


def _source(info: WeightsInfo) -> str:
    source = info.adopted_from
    if source is None:
        return ""
    return (
        f"## Source\n\nAdopted from `{printable(source.address)}`, sha256 `{source.sha256}`, published "
        f"under the licence {printable(info.license, 60)}."
    )


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
