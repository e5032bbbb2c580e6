"""An environment that plugins can be installed into, and a Hub of our own."""

import site
import subprocess
import sys

import pytest

from tests.command_line import CommandLine
from tests.servers.hub import TOKEN, SmallHub


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Return the python of an environment of its own that sees what is installed in ours."""
    root = tmp_path_factory.mktemp("environment") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root], check=True)
    libraries = next(root.glob("lib/python*/site-packages"))
    lines = [f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()]
    (libraries / "ours.pth").write_text("".join(lines))
    python = root / "bin" / "python"
    for program, module in {"colorzoo": "colorzoo", "pip": "pip", "pytest": "pytest"}.items():
        script = python.with_name(program)
        script.write_text(f'#!/bin/sh\nexec "{python}" -m {module} "$@"\n')
        script.chmod(0o755)
    return python


@pytest.fixture(scope="session")
def inside(environment):
    """Return what runs modules with that python."""
    with CommandLine(environment) as runner:
        yield runner


@pytest.fixture
def hub(tmp_path):
    server = SmallHub(tmp_path / "hub")
    yield server
    server.close()


@pytest.fixture
def zoo(cli, hub, tmp_path):
    """Return the command line of a machine that knows only our Hub."""
    env = {
        "HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(tmp_path / "hf"), "COLORZOO_CACHE": str(tmp_path / "colorzoo-cache"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }  # fmt: skip

    def run(*words, code=0, **more):
        return cli(*words, code=code, **{**env, **more})

    run.env = env
    return run
