"""The graph: found, verified, run. NumPy in and out."""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from colorzoo.core.errors import WeightsError
from colorzoo_onnx.config import OnnxConfig

LEVELS = {
    "off": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


class Graph:
    """A session with one input (N, C, H, W) and one output of that layout."""

    def __init__(self, data: bytes, threads: int, optimization: str, where: str) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = LEVELS[optimization]
        options.log_severity_level = 3
        try:
            self.session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime raises its own kinds, and plain ones
            raise WeightsError(f"{where}: ONNX Runtime cannot load it{_reason(str(error))}") from None
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise WeightsError(
                f"{where}: expected one input (N, C, H, W), it has {[i.shape for i in inputs]}"
            )
        self.input, self.output = inputs[0].name, outputs[0].name
        batch = inputs[0].shape[0]
        self.batch = batch if isinstance(batch, int) else None

    def __call__(self, x: NDArray[np.float32], batch: int) -> NDArray[np.float32]:
        """Run (N, C, H, W) in batches, of the graph's own size where that is fixed."""
        step = self.batch or batch
        parts = []
        for start in range(0, len(x), step):
            part = x[start : start + step]
            missing = (self.batch or len(part)) - len(part)
            filled = np.concatenate([part, np.repeat(part[-1:], missing, 0)]) if missing else part
            parts.append(self.session.run([self.output], {self.input: filled})[0][: len(part)])
        return np.concatenate(parts).astype(np.float32)


def _reason(said: str) -> str:
    if "external data" in said.lower():
        # one file has one sha256; torch's exporter writes two unless it is told
        return ": its numbers are in a second file; export it with external_data=False"
    return f" ({said[:200]})"


@lru_cache(maxsize=4)
def load(config: OnnxConfig, threads: int, optimization: str) -> Graph:
    """Find the file, compare its hash, and open a session."""
    path = _path(config)
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if config.sha256 and found != config.sha256:
        raise WeightsError(
            f"{path}: its sha256 is {found[:16]}, expected {config.sha256[:16]}; fetch it again"
        )
    return Graph(data, threads, optimization, str(path))


def _path(config: OnnxConfig) -> Path:
    if not config.file:
        raise WeightsError(
            "onnx needs a graph: --set file=model.onnx, with --preset "
            + " or ".join(name for name in config.presets if name != "default")
        )
    if config.repo:
        from huggingface_hub import hf_hub_download

        try:
            return Path(hf_hub_download(config.repo, config.file, revision=config.revision))
        except Exception as error:  # the client has an error for everything, and the network its own
            reason = str(error).strip().partition("\n")[0][:200]
            raise WeightsError(f"{config.repo}@{config.revision[:12]}: {config.file}: {reason}") from None
    path = Path(config.file).expanduser()
    if not path.is_file():
        raise WeightsError(f"{path.resolve()}: no such file; say where the graph is: --set file=PATH")
    return path
