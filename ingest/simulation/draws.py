"""Random numbers as a pure function of what they are for and when: a hash in place of a stream.

A stream of random numbers depends on what was drawn before, so the same afternoon would differ with the
moment at which a simulation starts. Here the number for (key, index) is the same in every run, on every
machine and with every release of NumPy. The mixing is SplitMix64's finaliser (Steele, Lea and Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_TEN_BITS: Final = np.uint64(1023)
_TWO_TEN_BITS_SD: Final = 1024 / 6**0.5  # of the sum of two uniform numbers of ten bits


def key_of(*purpose: object) -> int:
    """Return the 64-bit key of a purpose, such as `(seed, "outage", "goat-07")`."""
    return int.from_bytes(blake2b(repr(purpose).encode(), digest_size=8).digest(), "big")


def words(key: int | Words, index: Integers) -> Words:
    """Return 64 random bits for each index; `key` is one key or one for each index."""
    mixed = index.astype(np.uint64) * _STEP + np.asarray(key, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def uniform(key: int | Words, index: Integers) -> Floats:
    """Return numbers in [0, 1), one for each index."""
    return (words(key, index) >> np.uint64(11)) * 2.0**-53


def normal(key: int | Words, index: Integers) -> Floats:
    """Return standard normal numbers, one for each index (Box and Muller 1958)."""
    radius = np.sqrt(-2 * np.log1p(-uniform(key, 2 * index)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(key, 2 * index + 1)))


def one_uniform(key: int, index: int = 0) -> float:
    """Return one number in [0, 1)."""
    return float(uniform(key, np.array([index]))[0])


def one_normal(key: int, index: int = 0) -> float:
    """Return one standard normal number."""
    return float(normal(key, np.array([index]))[0])


def triple_noise(key: int | Words, index: Integers) -> Floats:
    """Return three cheap noises for each index: mean 0, SD 1, triangular (within 2.45), shape (..., 3).

    One hash feeds all three, which is what makes 10 Hz of acceleration for a herd cheap.
    """
    bits = words(key, index)
    axes = [
        (bits >> np.uint64(20 * axis) & _TEN_BITS) + (bits >> np.uint64(20 * axis + 10) & _TEN_BITS)
        for axis in range(3)
    ]
    return (np.stack(axes, axis=-1) - 1023.0) / _TWO_TEN_BITS_SD
