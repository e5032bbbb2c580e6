"""Ask a server everything that its OpenAPI allows, and much that it does not: nothing may end in a 5xx.

    python -m bench.api_schema [--examples 30]

Needs the program `schemathesis` (pip install schemathesis, in an environment of its own), or --program.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from tests.servers.web_server import WebServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=30)
    parser.add_argument("--program", default="schemathesis")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, WebServer(Path(folder), "unet") as server:
        words = [
            options.program, "run", f"{server.url}/openapi.json", "--checks", "not_a_server_error",
            "--max-examples", str(options.examples), "--exclude-path-regex", "/events$",
        ]  # fmt: skip
        status = subprocess.run(words, check=False).returncode
        assert server.get("healthz").json()["status"] == "ok"
    raise SystemExit(status)


if __name__ == "__main__":
    main()
