"""What a pickle would call when it is read, found without reading it as one.

A pickle is a program for a small stack machine (https://docs.python.org/3/library/pickletools.html). What
it calls it must name first, by GLOBAL, INST or STACK_GLOBAL, or as a number of the registry of extensions.
"""

from __future__ import annotations

import io
import pickletools
from itertools import count

from colorzoo.core.errors import WeightsError

MAX_PICKLE = 16_000_000
"""Most bytes of a pickle; the values of tensors lie outside of it."""
MAX_OPERATIONS = 1_000_000
"""Most operations of a pickle: a second's reading, of ten thousand tensors some 300,000."""
TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""What the first of the five pickles says that `torch.save` wrote before version 1.6."""
OLD_PICKLES = 5
STORAGES = ("Float", "Double", "Half", "BFloat16", "Byte", "Char", "Short", "Int", "Long", "Bool")
DTYPES = ("float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool")
REBUILDING = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
HARMLESS = frozenset(
    {"collections.OrderedDict", "torch.Size", "torch.device", "torch.nn.parameter.Parameter"}
    | {f"torch.{name}Storage" for name in STORAGES}
    | {f"torch.{name}" for name in DTYPES}
    | {f"torch._utils.{name}" for name in REBUILDING}
)
"""All that a state dict of plain tensors names."""


def pickle_calls(data: bytes) -> list[str]:
    """Return what one pickle would call, besides what tensors are made of.

    Raises:
        WeightsError: it is damaged, or larger than MAX_PICKLE.
    """
    if len(data) > MAX_PICKLE:
        raise WeightsError(f"its pickle has {len(data):,} bytes, expected at most {MAX_PICKLE:,}")
    return _scanned(io.BytesIO(data))[0]


def old_checkpoint_calls(data: bytes) -> list[str]:
    """Return what the five pickles at the beginning of a checkpoint before torch 1.6 would call.

    data: its first MAX_PICKLE bytes, or all of it.

    Raises:
        WeightsError: it is damaged, or a pickle of something else.
    """
    file = io.BytesIO(data)
    calls, first = _scanned(file)
    if not calls and first != TORCH_MAGIC:
        raise WeightsError("a pickle, but none that torch.save wrote")
    for _ in range(OLD_PICKLES - 1 if first == TORCH_MAGIC else 0):
        calls += _scanned(file)[0]
    return calls


def _scanned(file: io.BytesIO) -> tuple[list[str], object]:
    """Return what a pickle would call, and the first number in it; the file stands behind it then."""
    names = _Names()
    number = None
    try:
        for index, (operation, value, _) in enumerate(pickletools.genops(file)):
            if index == MAX_OPERATIONS:
                raise ValueError(f"more than {MAX_OPERATIONS:,} operations")
            number = value if number is None and operation.name == "LONG1" else number
            names.note(operation.name, value)
    except Exception as error:  # pickletools raises whatever reading damaged bytes comes to
        if not names.beyond_tensors:  # what comes before the damage would be called
            raise WeightsError(f"its pickle is damaged ({error})") from None
    return names.beyond_tensors, number


class _Names:
    """Follows the texts of a pickle, since STACK_GLOBAL takes its name from the stack."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self._texts: list[str] = ["?", "?"]
        self._memo: dict[int, str] = {}
        self._places = count()

    @property
    def beyond_tensors(self) -> list[str]:
        """What is called that tensors do not need."""
        return [name for name in self.called if name not in HARMLESS]

    def note(self, operation: str, value: object) -> None:
        """Take in the next operation."""
        if operation in ("GLOBAL", "INST"):
            self.called.append(str(value).replace(" ", "."))
        elif operation == "STACK_GLOBAL":
            self.called.append(".".join(self._texts[-2:]))
        elif operation.startswith("EXT"):
            self.called.append(f"number {value} of the registry of extensions")
        elif operation == "MEMOIZE":
            self._memo[next(self._places)] = self._texts[-1]
        elif operation.endswith("PUT") and isinstance(value, int):
            self._memo[value] = self._texts[-1]
        elif operation.endswith("GET") and isinstance(value, int):
            self._texts.append(self._memo.get(value, "?"))
        elif isinstance(value, str):
            self._texts.append(value)
