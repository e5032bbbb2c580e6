"""Put Deshpande's published table beside ours, from results of `colorzoo compare`.

    colorzoo compare vae-mdn vae-mdn,mode=means vae-mdn:paper --protocol deshpande-lfw \
        --metrics eob@5,eob@1,variance,sample-ssim,mse255 -o lfw64
    cp lfw64/results.json docs/leaderboard/deshpande-faces.json
    python -m bench.deshpande
"""

from __future__ import annotations

from pathlib import Path

from colorzoo.core.compare.results import Method, Results, read_results

DOCS = Path(__file__).parents[1] / "docs"
RESULTS, TABLE = DOCS / "leaderboard" / "deshpande-faces.json", DOCS / "results" / "deshpande.md"
PUBLISHED = [
    ("VAE + MDN, as published (Deshpande et al. 2017, table 3)", ".030", "1.1e-3", ""),
    ("the same with skip connections", ".031", "4.4e-4", ""),
    ("CVAE, as published there", ".031", "1.0e-4", ""),
    ("cGAN, as published there", ".047", "8.4e-6", ""),
    ("VAE + MDN, run again by the same lab (Messaoud et al. 2018, table 2)", ".035", "1.81e-2", ".49"),
]
UNIT = 128 / 255
"""What a value in 128ths of ab is in 255ths."""


def table(results: Results) -> str:
    """Return the Markdown: published values as they stand, ours in both units."""
    protocol = results.protocol
    lines = [
        f"{protocol.pictures} faces of `{protocol.data}`, split {protocol.split}, longest side "
        f"{protocol.side}, best of {protocol.samples}, fingerprint `{results.fingerprint[:16]}`.",
        "",
        "| method | eob@5, unit not stated | in 128ths of ab | in 255ths | variance, unit not stated "
        "| in 128ths | in 255ths | SSIM among samples |",
        "|---|---|---|---|---|---|---|---|",
        *(f"| {name} | {eob} | | | {variance} | | | {ssim} |" for name, eob, variance, ssim in PUBLISHED),
        *map(_row, results.ranking()),
    ]
    return "\n".join(lines) + "\n"


def _row(method: Method) -> str:
    eob, variance = method.values["eob@5"].value or 0, method.values["variance"].value or 0
    ssim = method.values["sample-ssim"].value or 0
    spread = f"{variance:.1e} | {variance * UNIT**2:.1e}" if variance else "0 | 0"
    return f"| `{method.label}` | | {eob:.4f} | {eob * UNIT:.4f} | | {spread} | {ssim:.2f} |"


if __name__ == "__main__":
    TABLE.write_text(table(read_results(RESULTS)))
