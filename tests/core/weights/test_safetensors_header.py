"""Headers of safetensors files that lie: every lie is the project's own error."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from colorzoo.core.errors import ColorzooError, WeightsError
from colorzoo.core.weights.safetensors_header import check_fit, read_header, with_sorted_metadata

HONEST = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(2, dtype=torch.int64)}


def packed(header, size=0, *, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + bytes(size)


def entry(dtype="F32", shape=(2,), start=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def test_an_honest_file_is_read():
    found = read_header(save(HONEST, metadata={"format": "pt"}))
    assert {name: (e.dtype, e.shape) for name, e in found.items()} == {
        "a": ("F32", (2, 3)),
        "b": ("I64", (2,)),
    }
    check_fit(found, HONEST, "Model")
    check_fit(read_header(save({**HONEST, "a": HONEST["a"].half()})), HONEST, "Model")
    assert read_header(packed({})) == {}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "too short"),
        (b"\0" * 7, "too short"),
        (packed({}, length=2**62), "claims a header"),
        (packed({}, length=2**64 - 1), "claims a header"),
        (packed(b"{"), "no JSON"),
        (packed(b"\xff\xfe"), "no JSON"),
        (packed(b"[" * 100_000), "no JSON"),
        (packed(b"[]"), "no mapping"),
        (packed(b'{"a": 1, "a": 2}'), "stands twice"),
        (packed({"a": 1}), "expected dtype"),
        (packed({"a": {**entry(), "more": 1}}, 8), "expected dtype"),
        (packed({"a": entry("F33")}, 8), "type 'F33'"),
        (packed({"a": entry(["F32"])}, 8), "type"),
        (packed({"a": entry(shape=(-2,))}, 8), "whole numbers"),
        (packed({"a": entry(shape=(True, 2))}, 8), "whole numbers"),
        (packed({"a": entry(shape=(2**61, 2**61, 2**61))}, 8), "bytes for a F32"),
        (packed({"a": entry(shape=(2**40,), end=2**42)}, 8), "do not end with the file"),
        (packed({"a": entry(start=8, end=0)}, 8), "bytes for a F32"),
        (packed({"a": entry(), "b": entry(start=4, end=12)}, 12), "overlap"),
        (packed({"a": entry(), "b": entry(start=12, end=20)}, 20), "holes"),
        (packed({"a": entry()}, 9), "do not end with the file"),
        (packed({"a": entry()}, 7), "do not end with the file"),
    ],
)
def test_every_lie_is_named(data, said):
    with pytest.raises(WeightsError, match=said):
        read_header(data)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"a": HONEST["a"]}, "missing b"),
        ({**HONEST, "c": torch.ones(1)}, "unexpected c"),
        ({**HONEST, "a": torch.ones(3, 2)}, r"a is \(3, 2\), expected \(2, 3\)"),
        ({**HONEST, "a": torch.ones(2, 3, dtype=torch.int32)}, "a is I32, expected torch.float32"),
        ({**HONEST, "b": torch.ones(2)}, "b is F32, expected torch.int64"),
        ({**HONEST, "b": torch.ones(2, dtype=torch.int32)}, "b is I32"),
    ],
)
def test_what_does_not_fit_the_plugin_is_named(tensors, said):
    with pytest.raises(WeightsError, match=said):
        check_fit(read_header(save(tensors)), HONEST, "Model")


def test_tensors_of_somebody_else_are_said_in_two_short_lines():
    names = [f"model.diffusion_model.{'input' * 20}.{number}.weight" for number in range(1200)]
    with pytest.raises(WeightsError, match="looks like a checkpoint of Stable Diffusion") as caught:
        check_fit(read_header(save({name: torch.ones(1) for name in names})), HONEST, "Model")
    assert "colorzoo weights list" in str(caught.value)
    assert str(caught.value).count("\n") == 1
    assert len(str(caught.value)) < 600


def test_names_of_tensors_are_bounded_and_fit_for_a_terminal():
    wild = "\x1b[2J\n" + "x" * 1_000_000
    for header, size in (({wild: entry()}, 8), ({wild: 1}, 0), ({wild: entry(wild)}, 8)):
        with pytest.raises(WeightsError) as caught:
            check_fit(read_header(packed(header, size)), HONEST, "Model")
        assert len(str(caught.value)) < 700
        assert str(caught.value).replace("\n", "").isprintable()


def test_metadata_comes_in_the_order_of_its_names():
    metadata = {f"key{number}": "ä" for number in range(9)}
    data = {with_sorted_metadata(save(HONEST, metadata=metadata)) for _ in range(9)}
    assert len(data) == 1
    again = load(data.pop())
    assert all(torch.equal(again[name], tensor) for name, tensor in HONEST.items())
    assert with_sorted_metadata(packed({"__metadata__": {"b": "1", "a": "2"}})).startswith(
        (40).to_bytes(8, "little") + b'{"__metadata__":{"a":"2","b":"1"}}'
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F16", "I64", "BOOL", "X"]) | values,
        "shape": st.lists(st.integers(-1, 5), max_size=3) | values,
        "data_offsets": st.lists(st.integers(-1, 60), min_size=2, max_size=2) | values,
    }
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), entries | values, max_size=3), st.integers(0, 60))
def test_made_up_headers_raise_nothing_else(header, size):
    try:
        read_header(packed(header, size))
    except ColorzooError:
        return


@settings(deadline=None)
@given(st.data())
def test_damaged_files_raise_nothing_else(data):
    damaged = bytearray(save(HONEST))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(damaged)))
    try:
        check_fit(read_header(bytes(damaged[:end])), HONEST, "Model")
    except ColorzooError:
        return
