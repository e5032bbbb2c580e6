"""Distances in the features of networks trained on ImageNet; they need the extra `perceptual`.

Their backbones are downloaded by the libraries that publish them, at first use. Where one cannot be had the
metric says so and nothing takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor

from colorzoo.core.errors import MetricError, MissingExtraError
from colorzoo.core.interfaces.metric import Metric, MetricResult, PerImageMetric

FEATURES = 2048
MIN_IMAGES_FOR_FID = 2048
"""Pictures from which FID is taken seriously: with fewer the covariance is not even of full rank."""


class LPIPS(PerImageMetric):
    """Learned perceptual distance, AlexNet, version 0.1 (Zhang et al. 2018), of the first sample."""

    higher_is_better = False
    best_of = 1
    default = False
    unit = "LPIPS, AlexNet"

    def __init__(self) -> None:
        super().__init__()
        _lpips()

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        distance: Tensor = _lpips()(predicted[:, 0], target, normalize=True)
        return distance.reshape(len(target))


class FID(Metric):
    """Frechet distance of Inception's features (Heusel et al. 2017), first samples against the truth.

    Of sets, biased by their size, which the unit names: compare it only between sets of one size.
    """

    higher_is_better = False
    best_of = 1
    default = False

    def __init__(self) -> None:
        _inception()
        self._predicted: list[list[float]] = []
        self._true: list[list[float]] = []

    def update(self, predicted: Tensor, target: Tensor) -> None:
        for rgb, features in ((predicted[:, 0], self._predicted), (target, self._true)):
            eight_bits = (255 * rgb).round().to(torch.uint8)
            features += _inception()(eight_bits)[0].double().tolist()

    def compute(self) -> MetricResult:
        count = len(self._true)
        few = f", too few: at least {MIN_IMAGES_FOR_FID} are needed" if count < MIN_IMAGES_FOR_FID else ""
        value = frechet(torch.tensor(self._predicted), torch.tensor(self._true)) if count > 1 else torch.nan
        return MetricResult(value=value, unit=f"FID of N = {count}{few}")


def frechet(one: Tensor, other: Tensor) -> float:
    """Return the Frechet distance of Gaussians fitted to two sets of features (N, D)."""
    one, other = one.double(), other.double()
    apart = (one.mean(0) - other.mean(0)).square().sum()
    covariances = [torch.cov(x.T).reshape(x.shape[1], -1) for x in (one, other)]
    shared = torch.linalg.eigvals(covariances[0] @ covariances[1]).sqrt().real.sum()
    return float(apart + covariances[0].trace() + covariances[1].trace() - 2 * shared)


@cache
def _lpips() -> Any:
    def build() -> Any:
        import torchvision  # noqa: F401  what torchmetrics takes AlexNet from
        from torchmetrics.functional.image.lpips import _NoTrainLpips

        return _NoTrainLpips(net="alex")

    return _backbone("lpips", "torchvision", build)


@cache
def _inception() -> Any:
    def build() -> Any:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        return FeatureExtractorInceptionV3("inception-v3-compat", [str(FEATURES)]).eval()

    return _backbone("fid", "torch-fidelity", build)


def _backbone(metric: str, package: str, build: Callable[[], Any]) -> Any:
    """Return the backbone that `build` makes.

    Raises:
        MissingExtraError: the extra is not installed.
        MetricError: its weights cannot be downloaded, or the package does not work here.
    """
    try:
        return build()
    except ModuleNotFoundError:
        raise MissingExtraError(f"the metric {metric!r}", package, "perceptual") from None
    except (URLError, ConnectionError, TimeoutError) as error:
        raise MetricError(
            f"{metric}: its network's weights are downloaded at first use, and that failed ({error}); run "
            "it once with a network, or leave it out of --metrics"
        ) from None
    except Exception as error:  # torchvision built for another torch raises whatever it likes
        raise MetricError(
            f"{metric}: {package} does not work beside torch {torch.__version__} ({error}); install the "
            "build that belongs to it, or leave it out of --metrics"
        ) from None
