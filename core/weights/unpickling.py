"""Reads a checkpoint of torch in a process of its own: `python -m` this module, FILE; tensors to stdout.

Nothing here is the first guard: the file was looked through (`pickle_calls.py`), and torch's reader for
weights calls nothing that it does not know. This process bounds what a fault of that reader can do:

- the system's limits on memory, time, processes and the size of what is written, relative to the file;
- where Linux lets a process leave the network, it has none;
- any call from Python that starts a program, opens a socket, writes or removes a file, loads a library or
  unpickles ends it (audit events, https://peps.python.org/pep-0578). Code that is not Python's could pass.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from torch import Tensor

REFUSED = "refused: "
"""Begins the line on stderr that says why nothing was read."""
STATUS = 3
WRAPPERS = (
    "params_ema", "params", "ema_state_dict", "state_dict_ema", "state_dict", "model_state_dict",
    "model_state", "model_ema", "model", "generator", "netG", "net_g", "g_ema", "net", "network", "module",
)  # fmt: skip
"""Keys under which trainers keep a state dict, the first of them that is there is taken, one in another."""
DEPTH = 4
SPARE = 512 << 20
"""Bytes of memory and of output that a small file may take."""
COPIES = 4
"""How often the bytes of a file may be in memory: mapped, as storages, as tensors, as what is written."""
SECONDS, BYTES_A_SECOND = 120, 1_000_000
NEW_NETWORK, NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET and CLONE_NEWUSER of <linux/sched.h>
FORBIDDEN = ("socket.", "subprocess.", "os.", "pty.", "shutil.", "ctypes.", "fcntl.", "pickle.", "urllib.",
             "winreg.", "_winapi.", "syslog.", "tempfile.")  # fmt: skip
READING = ("os.listdir", "os.scandir", "os.walk", "os.fwalk")
"""What the import of a module does."""


def seconds_for(size: int) -> int:
    """Return how long a file of so many bytes may take."""
    return SECONDS + size // BYTES_A_SECOND


def main(path: Path) -> None:
    """Write the tensors of a checkpoint to stdout, as safetensors."""
    warnings.simplefilter("ignore")
    _leave_network()
    import safetensors.torch

    _limit(path.stat().st_size)
    sys.addaudithook(_guard)
    try:
        tensors = _plain(state_dict(_loaded(path)), COPIES * path.stat().st_size + SPARE)
        sys.stdout.buffer.write(safetensors.torch.save(tensors))
        sys.stdout.buffer.flush()
    except Exception as error:
        _refuse(_meaning(error))


def state_dict(loaded: Any) -> dict[str, Tensor]:
    """Return the tensors of what a checkpoint holds, out of the mappings that trainers wrap them in.

    Raises:
        ValueError: it holds none.
    """
    from torch import Tensor

    loaded = _unwrapped(loaded)
    if not isinstance(loaded, Mapping):
        raise ValueError(f"holds one {type(loaded).__name__}, expected tensors by name")
    tensors = {k: v.detach() for k, v in loaded.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if not tensors:
        keys = ", ".join(map(str, list(loaded)[:6])) or "nothing"
        raise ValueError(f"holds no tensors by name, but {keys}; expected them there or in state_dict")
    return tensors


def _unwrapped(loaded: Any) -> Any:
    for _ in range(DEPTH):
        held = loaded if isinstance(loaded, Mapping) else {}
        loaded = next((held[key] for key in WRAPPERS if isinstance(held.get(key), Mapping)), loaded)
    return loaded


def _loaded(path: Path) -> Any:
    import torch

    with path.open("rb") as file:
        mapped = file.read(4) == b"PK\x03\x04"  # what was written before torch 1.6 cannot be
    return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


def _plain(tensors: Mapping[str, Tensor], most: int) -> dict[str, Tensor]:
    """Return tensors that share no memory, after checking that they come to no more than `most` bytes.

    Raises:
        ValueError: one is sparse, quantized or complex.
        MemoryError: they are larger than that.
    """
    import torch

    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
            raise ValueError(f"{name} is sparse, quantized or complex, expected plain numbers")
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > most:
        raise MemoryError
    return {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def _leave_network() -> None:
    """Move to an empty network, as root or as a user of a namespace of its own, where Linux allows it."""
    if sys.platform == "linux":
        import ctypes  # os.unshare is there from Python 3.12 on

        with suppress(OSError, AttributeError):
            unshare = ctypes.CDLL(None).unshare
            _ = unshare(NEW_NETWORK) and unshare(NEW_NETWORK | NEW_USER)


def _limit(size: int) -> None:
    """Bound memory, time, processes and output; not on Windows, which has no such limits."""
    with suppress(ImportError):
        import resource

        used = 0
        with suppress(OSError):
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        most = COPIES * size + SPARE
        limits = {"CPU": seconds_for(size), "FSIZE": most, "NPROC": 0, "CORE": 0} | (
            {"AS": used + most} if used else {}
        )
        for name, bound in limits.items():
            with suppress(ValueError, OSError, AttributeError):
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (bound, bound))


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """End the process at what reading tensors never does."""
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    if writes or (event.startswith(FORBIDDEN) and event not in READING):
        _refuse(f"tried {event} while it was read")


def _refuse(reason: str) -> NoReturn:
    os.write(2, f"\n{REFUSED}{reason}\n".encode(errors="replace")[:4000])
    os._exit(STATUS)


def _meaning(error: Exception) -> str:
    """Return why torch did not read a checkpoint, in words for its user."""
    text = str(error)
    if isinstance(error, MemoryError) or "not enough memory" in text or "can't allocate" in text:
        return "asks for more memory than a file of its size can need"
    if "Unsupported" in text:
        operation = text[text.index("Unsupported") :].split(".\n")[0].split("\n")[0]
        return f"is no pickle of tensors alone ({operation}); torch.save writes them by protocol 2"
    line = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return line if isinstance(error, ValueError) else f"damaged, or no state dict ({line})"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
