"""The engine on toy colorizers: one network, two networks, cuts, processes."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn

from colorzoo.core.errors import MissingExtraError, TrainingError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.stage import StageConfig
from colorzoo.core.jobs import interruption
from colorzoo.core.training import checkpoint
from colorzoo.core.training.ema import MovingAverage
from colorzoo.core.training.loop import CHECKPOINT, Stopped, train
from tests.core.training.toy import CPU, ToyStage, data, new, trained

pytestmark = pytest.mark.slow

ROOT = str(Path(__file__).parents[3])


def same(one, other) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_training_lowers_the_loss_logs_and_repeats(tmp_path):
    told = []
    first = trained(tmp_path / "a", report=lambda *news: told.append(news))
    assert same(first, trained(tmp_path / "b"))
    assert not same(first, trained(tmp_path / "c", CPU.model_copy(update={"seed": 1})))
    rows = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert [(r["stage"], r["step"]) for r in rows] == [
        (s, n) for s in ("first", "second") for n in (2, 4, 6)
    ]
    assert {"l2", "fooled", "noise", "critic", "learning_rate", "seconds"} <= set(rows[-1])
    assert told[-1][:3] == ("second", 6, 6)
    long = new(first=StageConfig(steps=60, batch_size=4, learning_rate=0.05))
    train(long, data, tmp_path / "d", CPU)
    losses = [json.loads(x)["l2"] for x in (tmp_path / "d" / "log.jsonl").read_text().splitlines()]
    assert losses[29] < 0.7 * losses[0]


class Cut(Exception):
    pass


@pytest.mark.parametrize("at", [("first", 4), ("second", 2)])
def test_a_cut_run_resumes_to_the_same_weights(tmp_path, at):
    whole = trained(tmp_path / "whole")

    def cut(stage, step, total, losses):
        if (stage, step) == at:
            raise Cut

    with pytest.raises(Cut):
        trained(tmp_path / "cut", report=cut)
    assert same(whole, trained(tmp_path / "cut", resume=True))
    steps = [json.loads(x)["step"] for x in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps[:3]) + sorted(steps[3:])
    assert len(steps) == 6


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = trained(tmp_path)

    def never(*_):
        raise AssertionError("trained again")

    assert same(first, trained(tmp_path, resume=True, report=never))


def test_resuming_before_any_checkpoint_starts_anew(tmp_path):
    assert same(trained(tmp_path / "a"), trained(tmp_path / "b", resume=True))


KILLED = """
import pathlib, sys, time
from tests.core.training.toy import CPU, trained
run = pathlib.Path(sys.argv[1])
def slow(stage, step, total, losses):
    (run / f"{stage}{step}").touch()
    time.sleep(0.1)
if __name__ == "__main__":
    trained(run, CPU, resume=True, report=slow)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_kill_9_at_any_step_then_resume_is_bit_equal(tmp_path, command_line):
    whole, run = trained(tmp_path / "whole"), tmp_path / "killed"
    (tmp_path / "training.py").write_text(KILLED)
    env = {**os.environ, "PYTHONPATH": ROOT}
    for reached in ("first2", "first4", "second2"):  # each start is killed after some more progress
        process = command_line.start([run], tmp_path, env, os.devnull, tmp_path / "errors", "training")
        while not ((run / reached).exists() or process.is_over()):
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -signal.SIGKILL, (tmp_path / "errors").read_text()
    assert not list(run.glob("config.json"))
    assert same(whole, trained(run, resume=True))


def test_other_settings_or_data_do_not_resume(tmp_path):
    trained(tmp_path)
    with pytest.raises(TrainingError, match="config changed"):
        train(new(first=StageConfig(steps=9)), data, tmp_path, CPU, resume=True)
    with pytest.raises(TrainingError, match="seed changed"):
        trained(tmp_path, CPU.model_copy(update={"seed": 3}), resume=True)
    with pytest.raises(TrainingError, match="holds a run already; use --resume"):
        trained(tmp_path)


def test_a_loss_that_explodes_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(
        ToyStage, "losses", lambda self, network, batch: {"l2": self.model.net[0].weight.sum() / 0}
    )
    broken = new()
    with pytest.raises(TrainingError, match=r"stage first.*not finite.*first\.learning_rate"):
        train(broken, data, tmp_path, CPU)


def test_a_damaged_checkpoint_is_named(tmp_path):
    trained(tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        trained(tmp_path, resume=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Return the folder of a run that was cut in its second stage."""
    folder = tmp_path_factory.mktemp("finished")

    def cut(stage, step, total, losses):
        if (stage, step) == ("second", 4):
            raise Cut

    with pytest.raises(Cut):
        trained(folder, report=cut)
    return folder


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255), cut=st.booleans())
def test_any_change_of_a_checkpoint_is_one_line(finished, tmp_path, where, byte, cut):
    data = bytearray((finished / CHECKPOINT).read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    at = int(where * (header if byte % 2 else len(data)))  # half of them in the header
    if cut:
        del data[at:]
    else:
        before, data[at] = data[at], data[at] ^ byte
        assume(before != ord(" ") or data[at] not in b"\t\n\r")  # a blank for a blank is no damage
    path = tmp_path / CHECKPOINT
    path.write_bytes(data)
    with pytest.raises(TrainingError) as caught:
        checkpoint.read(path)
    assert str(path) in str(caught.value)
    assert "start anew without --resume" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 700


def rewritten(source: Path, target: Path, change) -> None:
    """Copy a checkpoint with other tensors or facts and the right hash."""
    tensors, facts = checkpoint.read(source / CHECKPOINT)
    facts = dict(facts)
    change(tensors, facts)
    target.mkdir(exist_ok=True)
    checkpoint.write(target / CHECKPOINT, tensors, checkpoint.CheckpointMetadata.model_construct(**facts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors, facts: tensors.pop("model.net.0.weight"), "missing net.0.weight"),
        (lambda tensors, facts: tensors.pop("helper.critic.weight"), "not its state"),
        (lambda tensors, facts: facts.update(optimizers={}), "not its state"),
        (lambda tensors, facts: facts.update(step=-1), "damaged"),
        (lambda tensors, facts: facts.update(seconds="long"), "damaged"),
        (lambda tensors, facts: facts.update(identity={}), "changed since the checkpoint"),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_checkpoint_of_another_model_is_one_line(finished, tmp_path, change, message):
    rewritten(finished, tmp_path, change)
    with pytest.raises(TrainingError, match=message) as caught:
        trained(tmp_path, resume=True)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_version_says_so(finished, tmp_path, monkeypatch):
    rewritten(finished, tmp_path, lambda tensors, facts: monkeypatch.setattr(checkpoint, "FORMAT", "1"))
    monkeypatch.undo()
    with pytest.raises(TrainingError, match=r"format 1, expected 2.*start anew without --resume"):
        trained(tmp_path, resume=True)


@pytest.mark.parametrize("damage", [b"", b'{"stage": "fi', b"\x00\xff", None])
def test_a_torn_log_is_cut_to_whole_lines(finished, tmp_path, damage):
    shutil.copytree(finished, tmp_path / "run")
    log = tmp_path / "run" / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    if damage is None:
        log.unlink()
    else:
        log.write_bytes(lines[0] + damage)
    trained(tmp_path / "run", resume=True)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert rows[-1]["step"] == 6
    assert len(rows) == (2 if damage is None else 3) or rows[0]["step"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_and_loses_nothing(tmp_path, number):
    whole = trained(tmp_path / "whole")
    noticed = threading.Event()
    lazy = CPU.model_copy(update={"checkpoint_seconds": 1e6})

    def interrupt(stage, step, total, losses):
        if (stage, step) == ("second", 4):
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(Stopped, match="stage second, step 4 of 6"):
        trained(tmp_path / "cut", lazy, report=interrupt, notice=noticed.set)
    assert noticed.is_set()
    assert signal.getsignal(number) == before
    assert checkpoint.read(tmp_path / "cut" / CHECKPOINT)[1].step == 4
    assert same(whole, trained(tmp_path / "cut", resume=True))


def test_notice_of_a_signal_is_given_by_another_thread():
    threads = []
    with interruption.deferred(lambda: threads.append(threading.current_thread())) as wish:
        os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + 30
        while not (wish.requested and threads) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert wish.requested
    assert threads[0] is not threading.main_thread()


def interrupted_thrice() -> None:
    with interruption.deferred(lambda: None) as wish:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # a launcher's echo of the first
        wish.since -= 2 * interruption.PATIENCE
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)


def test_a_second_signal_ends_it_at_once():
    with pytest.raises(KeyboardInterrupt):
        interrupted_thrice()


def test_previews_and_tensorboard(tmp_path):
    trained(tmp_path / "a", CPU.model_copy(update={"preview_every": 3}))
    assert [p.name for p in sorted((tmp_path / "a" / "previews").iterdir())] == [
        "first-000003.png", "first-000006.png", "second-000003.png", "second-000006.png",
    ]  # fmt: skip
    assert same(trained(tmp_path / "b"), load_model(tmp_path / "a"))  # looking changes nothing
    if "tensorboard" not in sys.modules:
        with pytest.raises(MissingExtraError, match=r"colorzoo\[tensorboard\]"):
            trained(tmp_path / "c", CPU.model_copy(update={"tensorboard": True}))


def load_model(run: Path) -> dict[str, torch.Tensor]:
    tensors = load_file(run / "checkpoint.safetensors")
    return {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}


def test_what_cannot_be_trained_says_so(tmp_path):
    class Fixed(Colorizer):
        def colorize(self, gray, options):
            return gray

    with pytest.raises(TrainingError, match="defines no stages"):
        train(Fixed(), data, tmp_path, CPU)


def test_a_batch_smaller_than_it_says(tmp_path):
    big = new(first=StageConfig(epochs=2, batch_size=64))
    train(big, data, tmp_path, CPU)  # ten pictures: batches of ten, two steps
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert max(row["step"] for row in rows if row["stage"] == "first") == 2


def test_training_leaves_the_callers_random_state(tmp_path):
    toy = new()
    before = torch.get_rng_state()
    train(toy, data, tmp_path, CPU)
    assert torch.equal(before, torch.get_rng_state())


def test_bfloat16_trains(tmp_path):
    state = trained(tmp_path, CPU.model_copy(update={"precision": "bfloat16"}))
    assert all(tensor.isfinite().all() for tensor in state.values())
    assert not same(state, trained(tmp_path / "b"))


def test_the_moving_average_is_the_average():
    network = nn.Linear(1, 1, bias=False)
    average = MovingAverage([network], 0.5)
    start = network.weight.item()
    with torch.no_grad():
        network.weight.fill_(1.0)
    average.update(100)
    average.copy_to_networks()
    assert network.weight.item() == pytest.approx(0.5 * start + 0.5)


def test_optimizer_state_survives_the_checkpoint(tmp_path):
    layer = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    tensors, facts = checkpoint.pack_optimizer(optimizer, "o.")
    checkpoint.write(tmp_path / "c", tensors, checkpoint.CheckpointMetadata(optimizers={"o": facts}))
    tensors, facts = checkpoint.read(tmp_path / "c")
    other = torch.optim.Adam(nn.Linear(2, 2).parameters())
    checkpoint.unpack_optimizer(other, "o.", tensors, facts.optimizers["o"])
    assert torch.equal(
        other.state_dict()["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"]
    )


TWO = """
import os, pathlib, sys
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from colorzoo.core.training.loop import TrainConfig
from tests.core.training.toy import trained
def work(run):
    state = trained(pathlib.Path(run), TrainConfig(device="cpu", precision="float32", log_every=2))
    # the running statistics of batch norm are each process's own; the first one's are stored
    sums = sorted((k, v.double().sum().item()) for k, v in state.items() if "running" not in k)
    pathlib.Path(run, "rank" + os.environ["RANK"]).write_text(repr(sums))
if __name__ == "__main__":  # what torchrun does, without importing everything three times
    meeting = {"run_id": "two", "rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0"}
    elastic_launch(LaunchConfig(1, 1, 2, start_method="fork", **meeting), work)(sys.argv[1])
"""


def test_two_processes_share_the_work_and_agree(tmp_path, command_line):
    (tmp_path / "two.py").write_text(TWO)
    env = {**os.environ, "PYTHONPATH": ROOT, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    done = command_line.run([tmp_path / "run"], tmp_path, env, "two")
    assert done.returncode == 0, done.stderr
    first, second = ((tmp_path / "run" / f"rank{n}").read_text() for n in (0, 1))
    assert first == second
    rows = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert len(rows) == 6  # only the first process writes
