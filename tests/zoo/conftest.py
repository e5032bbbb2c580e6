"""An environment that plugins can be installed into."""

import site
import subprocess
import sys

import pytest

from tests.command_line import CommandLine


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
