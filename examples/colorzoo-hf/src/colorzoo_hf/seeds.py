"""Seeds that other programs take: 31 bits, one a sample."""

import hashlib
import secrets

from colorzoo.core import RunOptions


def sample_seeds(options: RunOptions) -> list[int]:
    """Return a seed for each sample, the same for the same options; random without a seed."""
    seed = secrets.randbits(62) if options.seed is None else options.seed
    words = (f"{seed} {number}".encode() for number in range(options.samples))
    return [int.from_bytes(hashlib.sha256(word).digest()[:4], "big") >> 1 for word in words]
