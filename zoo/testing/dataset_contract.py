"""What every dataset must do."""

from __future__ import annotations

import pickle
import re
from itertools import combinations, product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from colorzoo.core.errors import ColorzooError, ConfigError
from colorzoo.core.interfaces.dataset import Dataset, Sample
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.testing.contract import Contract, build_or_skip, new_check


class DatasetContract(Contract):
    """A dataset's contract; override `location` where it needs one."""

    kind = "dataset"
    split: ClassVar[str | None] = None
    """A split to look into; the first there is when None."""

    def location(self, tmp_path: Path) -> str | None:
        """Return what follows the colon of the address."""
        return None

    @pytest.fixture
    def data(self, tmp_path: Path) -> Dataset:
        """The dataset under test; skips where it says that its pictures are not here."""
        location = self.location(tmp_path)

        def build() -> Any:
            return self.target(location, self.split or self.target.splits_at(location)[0])

        dataset: Dataset = build_or_skip(build)
        return dataset

    def test_it_states_title_and_license(self) -> None:
        """Title, licence and splits are stated."""
        cls = self.target
        assert cls.info.title, "info = SourceInfo(title=..., license=...) is missing"
        assert cls.info.license, "say the licence, or 'unknown'"
        assert cls.splits, "splits is empty"

    def test_samples_are_colour_pictures(self, data: Dataset) -> None:
        """Every sample is uint8 (H, W, 3) with an id; the same index gives the same picture."""
        assert len(data) > 0, "no pictures"
        for index in {0, len(data) // 2, len(data) - 1}:
            sample, again = data[index], data[index]
            assert isinstance(sample, Sample), f"expected a Sample, got {type(sample).__name__}"
            image = sample.image
            assert image.dtype == np.uint8, f"{sample.id}: {image.dtype}, expected uint8"
            assert image.shape[2:] == (3,), f"{sample.id}: {image.shape}, expected (H, W, 3)"
            assert sample.id == again.id, f"index {index} is {sample.id}, then {again.id}"
            assert np.array_equal(image, again.image), f"{sample.id}: changes when it is read again"

    def test_ids_are_unique_and_in_order(self, data: Dataset) -> None:
        """Every picture has an id of its own, the same in ids() and in the sample."""
        ids = data.ids()
        assert len(ids) == len(data), f"{len(ids)} ids for {len(data)} pictures"
        twice = sorted({name for name in ids if ids.count(name) > 1}) if len(set(ids)) < len(ids) else []
        assert not twice, f"ids come twice: {', '.join(twice[:5])}"
        assert data[len(data) - 1].id == ids[-1], "ids() and the samples are in different orders"
        odd = [name for name in ids if "\n" in name or name.encode(errors="replace").decode() != name]
        assert not odd, f"ids that are no line of text in UTF-8: {odd[:3]}"

    def test_every_picture_has_a_digest(self, data: Dataset) -> None:
        """digest() is a sha256 for every index, the same in another process, and tells pictures apart."""
        copy = pickle.loads(pickle.dumps(data))
        chosen = sorted({0, len(data) // 2, len(data) - 1})
        digests = [data.digest(index) for index in chosen]
        for index, digest in zip(chosen, digests, strict=True):
            assert re.fullmatch(r"[0-9a-f]{64}", digest), f"digest({index}): {digest!r}, expected a sha256"
            assert copy.digest(index) == digest, f"digest({index}) is another in a copy"
        for one, other in combinations(range(len(chosen)), 2):
            same = np.array_equal(data[chosen[one]].image, data[chosen[other]].image)
            assert same or digests[one] != digests[other], "different pictures have the same digest"

    def test_reduced_pictures_are_the_same_ones(self, data: Dataset) -> None:
        """load_at_least() gives the same id and full size, both sides at least as asked, or as they are."""
        for index, side in product({0, len(data) - 1}, (8, 10_000)):
            full, small = data[index], data.load_at_least(index, side)
            assert small.id == full.id, f"load_at_least({index}) is {small.id}, expected {full.id}"
            assert small.size == full.size, f"{small.id}: full size {small.size}, expected {full.size}"
            sides = zip(small.image.shape[:2], full.image.shape[:2], strict=True)
            assert all(min(side, most) <= length <= most for length, most in sides), (
                f"{small.id}: {small.image.shape} for side {side}, of {full.image.shape}"
            )

    def test_a_packed_array_holds_the_pictures(self, data: Dataset) -> None:
        """packed_array() gives None, or uint8 (N, size, size, 3) and the ids, in order."""
        for size in {data[0].image.shape[0], data[0].image.shape[1], 7}:
            ready = data.packed_array(size)
            if ready is None:
                continue
            images, ids = ready
            assert images.dtype == np.uint8, f"{images.dtype}, expected uint8"
            assert images.shape == (len(data), size, size, 3), f"{images.shape} for size {size}"
            assert list(ids) == data.ids(), "packed_array() and ids() are in different orders"

    @new_check
    def test_its_guidance_is_of_its_pictures(self, data: Dataset) -> None:
        """guidance() is a Guidance for every index, the same in a copy, with hints inside the picture."""
        copy = pickle.loads(pickle.dumps(data))
        for index in sorted({0, len(data) // 2, len(data) - 1}):
            told = data.guidance(index)
            assert isinstance(told, Guidance), f"guidance({index}): {type(told).__name__}, not a Guidance"
            assert data.has_guidance or not told.given(), (
                "has_guidance is False, but guidance() says something"
            )
            assert copy.guidance(index).digest == told.digest, f"guidance({index}) is another in a copy"
            size = data[index].size
            try:
                told.in_pixels(size, size)
            except ConfigError as error:
                raise AssertionError(f"guidance({index}): {error}") from None

    def test_the_fingerprint_stays(self, data: Dataset) -> None:
        """The fingerprint is a sha256 that another process computes alike."""
        assert re.fullmatch(r"[0-9a-f]{64}", data.fingerprint), f"{data.fingerprint!r}: expected a sha256"
        assert pickle.loads(pickle.dumps(data)).fingerprint == data.fingerprint

    def test_it_travels_to_workers(self, data: Dataset) -> None:
        """It is picklable, and gives the same pictures there."""
        copy = pickle.loads(pickle.dumps(data))
        assert np.array_equal(copy[0].image, data[0].image)

    def test_an_unknown_split_is_refused(self, data: Dataset, tmp_path: Path) -> None:
        """A split that is not there is an error of colorzoo, with the ones there are."""
        with pytest.raises(ColorzooError):
            self.target(self.location(tmp_path), "no-such-split")
