"""Philox4x64-10, vectorised over counters: the bits of NumPy's generator at any place, on any torch device.

A counter-based generator is a keyed bijection of 256-bit counters (Salmon, Moraes, Dror and Shaw, *Parallel random
numbers: as easy as 1, 2, 3*, SC 2011): ten rounds of two 64 x 64 -> 128 bit products. NumPy walks through consecutive
counters, which is fast for whole tiles; this form takes any counters at once, which single entries and GPUs need.

torch has no unsigned 64-bit arithmetic. Products modulo ``2**64`` and bitwise operations do not depend on the sign,
shifts to the right are masked, and the high half of a product is put together from 32-bit halves.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Words = npt.NDArray[np.uint64]

ROUNDS: Final = 10
_MULTIPLIERS: Final = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL: Final = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_LOW: Final = 0xFFFFFFFF
_MODULUS: Final = 2**64
_COUNTERS: Final = 2**256


def consecutive_words(key: tuple[int, int], counter: tuple[int, int, int, int], words: int) -> Words:
    """Output of consecutive counters, by NumPy.

    Parameters
    ----------
    key
        Two numbers in [0, 2^64).
    counter
        Four numbers in [0, 2^64), the least significant first: the counter of the first four words.
    words
        How many 64-bit words, at least 1.

    Returns
    -------
    numpy.ndarray
        uint64, shape (words,).
    """
    # NumPy counts up before it draws.
    place = sum(part << (64 * k) for k, part in enumerate(counter))
    before = (place - 1) % _COUNTERS
    generator = _GENERATORS.philox
    generator.state = {
        "bit_generator": "Philox",
        "state": {
            "counter": np.array([(before >> (64 * k)) % _MODULUS for k in range(4)], dtype=np.uint64),
            "key": np.array(key, dtype=np.uint64),
        },
        "buffer": np.zeros(4, dtype=np.uint64),
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }
    drawn: Words = generator.random_raw(words)
    return drawn


def words_at(key: tuple[int, int], counters: tuple[Tensor | int, ...]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Output of many counters at once, on the device of the counters.

    Parameters
    ----------
    key
        Two numbers in [0, 2^64).
    counters
        Four int64 tensors of one shape, or numbers, the least significant first; at least one is a tensor.

    Returns
    -------
    tuple of torch.Tensor
        Four int64 tensors whose bits are those of the four uint64 words.
    """
    parts = [part for part in counters if isinstance(part, Tensor)]
    c0, c1, c2, c3 = (part if isinstance(part, Tensor) else torch.full_like(parts[0], part) for part in counters)
    # Words 0 and 2 go through the same operations, and so do 1 and 3: one tensor each halves the number of calls.
    factors, others = torch.stack([c0, c2]), torch.stack([c1, c3])
    column = (2, *(1 for _ in range(c0.ndim)))
    constants = [[part(m) for m in _MULTIPLIERS] for part in (signed, lambda m: m & _LOW, lambda m: m >> 32)]
    whole, low, high = (torch.tensor(values, device=c0.device).view(column) for values in constants)
    keys = key
    for _ in range(ROUNDS):
        round_key = torch.tensor([signed(word) for word in keys], device=c0.device).view(column)
        upper = _high_half(factors, low, high)
        factors, others = upper.flip(0) ^ others ^ round_key, (factors * whole).flip(0)
        keys = ((keys[0] + _WEYL[0]) % _MODULUS, (keys[1] + _WEYL[1]) % _MODULUS)
    return factors[0], others[0], factors[1], others[1]


def signed(word: int) -> int:
    """Read the 64 bits of a number in [0, 2^64) as an int64."""
    return word - _MODULUS if word >= _MODULUS // 2 else word


def _high_half(a: Tensor, low_c: Tensor, high_c: Tensor) -> Tensor:
    """High 64 bits of ``a`` times a constant given by its halves, both read as unsigned."""
    low_a, high_a = a & _LOW, (a >> 32) & _LOW
    # None of the sums below reaches 2^64: (2^32 - 1)^2 + 2 (2^32 - 1) < 2^64.
    first = high_a * low_c + ((low_a * low_c >> 32) & _LOW)
    second = low_a * high_c + (first & _LOW)
    return high_a * high_c + ((first >> 32) & _LOW) + ((second >> 32) & _LOW)


class _Generators(threading.local):
    """One generator a thread: setting its state takes a tenth of the time of making one."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(0)


_GENERATORS: Final = _Generators()
