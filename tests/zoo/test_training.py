"""`colorzoo train`: options out of bounds, bad data, one run a folder, interruptions."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from colorzoo.cli import build
from colorzoo.core.errors import ColorzooError


def refused(*arguments: object) -> str:
    """Return the one line that a call in this process is refused with."""
    done = CliRunner().invoke(build(), ["train", *map(str, arguments)])
    assert done.exit_code != 0
    if done.exception and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, ColorzooError), repr(done.exception)
        assert "\n" not in str(done.exception)
        return str(done.exception)
    return str(done.output)


@pytest.mark.parametrize(
    ("plugin", "setting"),
    [
        ("vae-mdn", "noise=inf"),
        ("vae-mdn", "noise=nan"),
        ("vae-mdn", "noise=1e-300"),
        ("vae-mdn", "vae.epochs=inf"),
        ("vae-mdn", "kl_weight=inf"),
        ("vae-mdn", "latent=1000000000"),
        ("vae-mdn", "min_deviation=inf"),
        ("unet", "fit.epochs=1e300"),
        ("unet", "fit.steps=99999999999999"),
        ("unet", "fit.learning_rate=inf"),
        ("unet", "fit.clip=inf"),
        ("unet", "fit.batch_size=99999999999"),
        ("unet", "width=100000000"),
        ("unet", "size=3200000"),
        ("cgan", "gan.epochs=inf"),
        ("cgan", "absolute_weight=inf"),
        ("cgan", "size=3200000"),
        ("cgan", "crop=3200000"),
        ("cgan", "discriminator_width=99999999"),
    ],
)
def test_settings_without_bound_are_refused(pictures, tmp_path, plugin, setting):
    message = refused(plugin, "--data", pictures, "--set", setting, "-o", tmp_path / "run")
    assert setting.partition("=")[0] in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "option", [("--seed", 2**64), ("--checkpoint-seconds", "inf"), ("--threads", 100_000)]
)
def test_options_without_bound_are_refused(pictures, tmp_path, option):
    message = refused("unet", "--data", pictures, *option, "-o", tmp_path / "run")
    assert option[0].strip("-").replace("-", "_") in message.replace("-", "_")
    assert not (tmp_path / "run").exists()
