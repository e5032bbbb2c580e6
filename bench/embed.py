"""Embed a run's weights in the package, with what was measured of them.

    python -m bench.embed runs/faces --results docs/results/faces.json --methods "vae-mdn*"

Copies config.json, model.safetensors and the card to zoo/pretrained/PLUGIN/NAME; the rows of the results
whose method matches one of --methods become the card's metrics.
"""

from __future__ import annotations

import argparse
import json
import shutil
from fnmatch import fnmatch
from pathlib import Path

from colorzoo.core.weights import folder as weights
from colorzoo.core.weights.folder import Measured, WeightsInfo
from colorzoo.jobs.train import write_card

ROOT = Path(__file__).parents[1] / "zoo" / "pretrained"
UNITS = {
    "deviation": "grey levels",
    "eob, best of 5": "128ths of ab",
    "variance": "squared 128ths of ab",
    "colourfulness": "of the true pictures'",
    "mse255": "squared grey levels",
    "colorfulness": "of the true pictures'",
    "mse255, median page": "squared grey levels",
    "mse255, best page": "squared grey levels",
    "on white": "grey levels",
    "ink": "grey levels",
    "paper": "grey levels",
    "spread": "grey levels",
    "coloured": "of the closed regions that the artist coloured",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--results", type=Path, action="append", default=[])
    parser.add_argument("--methods", action="append", default=[])
    options = parser.parse_args()
    info = weights.read_info(options.run)
    metrics = [m for path in options.results for m in measured(path, tuple(options.methods))]
    folder = ROOT / info.plugin / info.name
    folder.mkdir(parents=True, exist_ok=True)
    if folder.resolve() != options.run.resolve():
        shutil.copy2(options.run / weights.TENSORS, folder / weights.TENSORS)
    write_card(folder, WeightsInfo.model_validate(info.model_dump() | {"metrics": metrics}))
    print(folder)


def measured(path: Path, methods: tuple[str, ...]) -> list[Measured]:
    result = json.loads(path.read_text())
    return [
        Measured(
            name=f"{row['method']}: {key}" if key in UNITS else f"{row['method']}: mse255, {key}",
            value=value,
            unit=UNITS.get(key, "squared grey levels"),
            protocol=part["protocol"],
            fingerprint=part["fingerprint"],
        )
        for part in result.get("parts", [result])
        for row in part["rows"]
        if any(fnmatch(row["method"], pattern) for pattern in ("grey copy*", "black and white", *methods))
        for key, value in row.items()
        if key != "method" and value is not None
    ]


if __name__ == "__main__":
    main()
