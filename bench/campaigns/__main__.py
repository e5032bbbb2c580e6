"""Run campaigns; the status is 1 when anything failed.

python -m bench.campaigns pictures --cases 20000 --seed 0 -o campaigns
python -m bench.campaigns pictures --seed 0 --only 1234
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import tempfile
from pathlib import Path

from bench.campaigns import CAMPAIGNS
from bench.campaigns.campaign import HEAD, Report, run

FULL = {"pictures": 20_000, "archives": 2_000, "state": 500, "hub": 200, "kills": 100}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.campaigns", description="Damage inputs and kill jobs.")
    parser.add_argument("names", nargs="*", metavar="CAMPAIGN", help=", ".join(CAMPAIGNS))
    parser.add_argument("--cases", type=int, help="how many [default: the full number]")
    parser.add_argument("--only", type=int, help="this case alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, help="seconds a case may take [default: 30]")
    parser.add_argument("-o", "--out", type=Path, help="folder that keeps the inputs of failures")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it, heirs too
    if unknown := set(options.names) - set(CAMPAIGNS):
        parser.error(f"no campaign {', '.join(sorted(unknown))}; there are: {', '.join(CAMPAIGNS)}")
    reports = [one(name, options) for name in options.names or CAMPAIGNS]
    print("\n".join(["", HEAD, *(report.row() for report in reports)]))
    return int(any(report.causes for report in reports))


def one(name: str, options: argparse.Namespace) -> Report:
    """Run a campaign and print the causes of its failures."""
    kind = importlib.import_module(f"bench.campaigns.{name}").Campaign
    cases = range(options.cases or FULL[name]) if options.only is None else [options.only]
    with tempfile.TemporaryDirectory(prefix="campaign-") as work:
        report = run(kind, cases, options.seed, Path(work), kept=options.out, limit=options.limit)
    for cause, failed in sorted(report.causes.items(), key=lambda item: -len(item[1])):
        print(f"{name}: {len(failed)} times {cause}, first case {failed[0]}\n{report.details[cause]}")
    print(report.row(), flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
