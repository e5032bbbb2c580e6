"""Published files: read bit for bit; what is hostile or damaged is one line, and runs nothing."""

import socket
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from colorzoo.core.errors import WeightsError
from colorzoo.core.weights import unpickling
from colorzoo.core.weights.adoption import adopted, adopted_file
from colorzoo.core.weights.checkpoint_file import read_published, without_prefix
from colorzoo.core.weights.pickle_calls import old_checkpoint_calls, pickle_calls
from tests import hostile_checkpoints as hostile
from tests.core.weights.test_folder import Small

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool)
DAMAGED = hostile.damaged()
GUARDED = "import os, sys\nfrom colorzoo.core.weights import unpickling as u\n"


def values(dtype, shape=(3, 2)):
    """Return values that include what is lost first: subnormal, infinite, not a number, negative zero."""
    special = torch.tensor([1e-40, float("inf"), float("nan"), -0.0, 1 / 3, 65504.0], dtype=torch.float64)
    return (
        special.nan_to_num().to(dtype).view(shape) if dtype == torch.bool else special.to(dtype).view(shape)
    )


def names(folder):
    return {path.name for path in folder.iterdir()}


def refusal(path):
    with pytest.raises(WeightsError) as raised:
        read_published(path)
    text = str(raised.value)
    assert text.isprintable()
    assert len(text) < 600
    return text


def same_bits(one, other):
    return one.dtype == other.dtype and one.shape == other.shape and (
        one.reshape(-1).view(torch.uint8).equal(other.reshape(-1).view(torch.uint8))
    )  # fmt: skip


@pytest.mark.parametrize("form", [hostile.saved, hostile.old], ids=["zip", "before-1.6"])
def test_a_checkpoint_is_read_bit_for_bit(tmp_path, form):
    tensors = {f"module.{dtype}": values(dtype) for dtype in DTYPES}
    tensors |= {
        "module.turned": values(torch.float32).T,
        "module.part": torch.arange(9.0)[3:5],
        "module.scalar": torch.tensor(7),
        "module.none": torch.ones(0, 4),
        "module.weight": torch.nn.Parameter(torch.ones(2)),
        "module.tied": tensors["module.torch.float32"],
    }
    (tmp_path / "x.pth").write_bytes(form({"epoch": 3, "state_dict": {"params": tensors}, "optimizer": {}}))
    got = read_published(tmp_path / "x.pth")
    assert {f"module.{name}" for name in got} == tensors.keys()
    assert all(same_bits(got[name.removeprefix("module.")], tensors[name].detach()) for name in tensors)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=4)),
        min_size=1, max_size=6,
    ),
    st.booleans(), st.lists(st.sampled_from(unpickling.WRAPPERS), max_size=3), st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_is_saved_comes_out_of_its_wrappers(tmp_path_factory, layout, is_old, wrappers, seed):
    torch.manual_seed(seed)
    tensors = {name: (torch.randn(shape) * 99).to(dtype) for name, (dtype, shape) in layout.items()}
    saved = dict(tensors)
    for key in wrappers:
        saved = {key: saved, "epoch": 1, "scores": [0.5]}
    path = tmp_path_factory.mktemp("saved") / "x.pth"
    path.write_bytes((hostile.old if is_old else hostile.saved)(saved))
    with path.open("rb") as file:
        data = file.read()
    assert (old_checkpoint_calls(data) if is_old else pickle_calls(hostile.pickle_of(data))) == []
    got = unpickling._plain(unpickling.state_dict(unpickling._loaded(path)), 1 << 20)
    assert got.keys() == tensors.keys()
    assert all(same_bits(got[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_values_become_the_nearest_of_the_colorizers_own_type(dtype):
    stored = {"layer.weight": values(dtype, (2, 3)), "layer.bias": torch.tensor([0.1, 1e9]).to(dtype)}
    state = adopted(stored, Small).state()
    assert all(same_bits(state[name], stored[name].to(torch.float32)) for name in stored)


def test_counts_are_no_weights():
    with pytest.raises(WeightsError, match=r"layer.bias is torch.int64, expected torch.float32"):
        adopted({"layer.weight": torch.ones(2, 3), "layer.bias": torch.ones(2, dtype=torch.int64)}, Small)


def test_a_prefix_of_all_names_is_taken_away():
    one = torch.ones(1)
    assert without_prefix({"module.module.a": one, "module.module.b": one}).keys() == {"a", "b"}
    assert without_prefix({"module.a": one, "b": one}).keys() == {"module.a", "b"}


@pytest.mark.parametrize("name", hostile.calling(Path("x")))
def test_what_a_file_would_call_is_named_and_not_called(tmp_path, name):
    data, called = hostile.calling(tmp_path / "EVIL")[name]
    (tmp_path / name).write_bytes(data)
    text = refusal(tmp_path / name)
    assert called in text
    assert "when it is read, so it is not" in text
    assert names(tmp_path) == {name}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_checkpoint_is_said_in_one_line(tmp_path, name):
    data, said = DAMAGED[name]
    (tmp_path / name).write_bytes(data)
    assert said in refusal(tmp_path / name)


def test_a_file_far_larger_than_the_colorizer_is_not_read(tmp_path):
    with (tmp_path / "huge.safetensors").open("wb") as file:
        file.truncate(20_000_000_000)
    with pytest.raises(WeightsError, match=r"20,000,000,000 bytes, at most 1,07.* are read for Small"):
        adopted_file(tmp_path / "huge.safetensors", Small)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("expanded.pth", "asks for more memory than a file of its size can need"),
        ("storage-old.pth", "asks for more memory than a file of its size can need"),
        ("storage.pth", "damaged, or no state dict"),
        ("hidden.pth", "is no pickle of tensors alone (Unsupported operand"),
    ],
)
def test_what_only_the_reading_process_sees_is_one_line(tmp_path, monkeypatch, name, said):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    large = hostile.old({"a": torch.ones(7)})
    data = {
        "expanded.pth": lambda: hostile.saved({"a": torch.ones(1).expand(5_000_000_000)}),
        "storage-old.pth": lambda: hostile.with_numbers(large, 7, 2_000_000_000),
        "storage.pth": lambda: hostile.checkpoint(
            hostile.with_numbers(hostile.pickle_of(hostile.saved({"a": torch.ones(7)})), 7, 2_000_000_000),
            **{"data/0": bytes(28)},
        ),
        "hidden.pth": lambda: hostile.hidden(tmp_path / "EVIL"),
    }[name]()
    (tmp_path / name).write_bytes(data)
    assert said in refusal(tmp_path / name)
    assert names(tmp_path) == {name, "tmp"}
    assert names(tmp_path / "tmp") == set()


ATTEMPTS = {
    "os.system": "os.system('touch EVIL')",
    "subprocess.Popen": "import subprocess; subprocess.run(['touch', 'EVIL'])",
    "os.posix_spawn": "os.posix_spawn('/bin/touch', ['touch', 'EVIL'], {})",
    "os.exec": "os.execv('/bin/touch', ['touch', 'EVIL'])",
    "os.fork": "os.fork()",
    "socket.__new__": "import socket; socket.socket()",
    "open": "open('EVIL', 'w')",
    "os.remove": "os.remove('kept')",
    "ctypes.dlopen": "import ctypes; ctypes.CDLL(None)",
    "pickle.find_class": "import pickle; pickle.loads(b'cos\\nsystem\\n.')",
}


@pytest.mark.parametrize("event", ATTEMPTS)
def test_the_reading_process_ends_at_what_reading_never_does(tmp_path, event):
    (tmp_path / "kept").write_text("")
    attempt = f"try:\n  {ATTEMPTS[event]}\nexcept BaseException: pass\nopen('/dev/stdout').write('went on')"
    code = f"{GUARDED}sys.addaudithook(u._guard)\n{attempt}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == unpickling.STATUS, done.stderr
    assert done.stderr.strip() == f"refused: tried {event} while it was read"
    assert names(tmp_path) == {"kept"}


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces and these limits are Linux's")
def test_the_reading_process_has_no_network_and_little_memory(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            f"{GUARDED}import socket\nbefore = os.readlink('/proc/self/ns/net')\nu._leave_network()\n"
            "print(before != os.readlink('/proc/self/ns/net'))\n"
            f"try:\n  socket.create_connection(('127.0.0.1', {port}), 5)\n  print('connected')\n"
            "except OSError: print('unreachable')\n"
            "u._limit(1000)\ntry:\n  bytes(2 << 30)\n  print('allocated')\n"
            "except MemoryError: print('bounded')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    left, reached, memory = done.stdout.split()
    assert memory == "bounded"
    if left == "False":
        pytest.skip("this system lets no process leave its network")
    assert reached == "unreachable"


@pytest.mark.slow
def test_the_system_sees_no_program_started_and_nothing_connected(tmp_path):
    """A checkpoint that hides its call from the look before, traced by strace."""
    if not Path("/usr/bin/strace").exists():
        pytest.skip("no strace: apt install strace")
    (tmp_path / "hidden.pth").write_bytes(hostile.hidden(tmp_path / "EVIL"))
    trace = ["strace", "-f", "-qq", "-e", "trace=execve,connect,fork,vfork", "-o", str(tmp_path / "trace")]
    read = [sys.executable, "-P", "-m", unpickling.__name__, str(tmp_path / "hidden.pth")]
    done = subprocess.run([*trace, *read], capture_output=True, text=True, check=False)
    if "PTRACE" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("this system lets nothing be traced")
    assert done.returncode == unpickling.STATUS, done.stderr
    calls = [line for line in (tmp_path / "trace").read_text().splitlines() if "(" in line]
    assert len(calls) == 1, calls
    assert "execve(" in calls[0]
    assert not (tmp_path / "EVIL").exists()
