"""A working matrix with its transpose, both in row-major order: thin products from either side at full speed.

On CPUs the product of a row-major matrix with a thin one takes about half the time of the product from the
other side. The heuristics make some eighty products, the transpose costs as much as ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pair:
    """One or several working matrices, and the transposes.

    Parameters
    ----------
    forward : torch.Tensor
        Float32, shape ``(..., n+1, d+1)``, row-major.
    backward : torch.Tensor
        Float32, shape ``(..., d+1, n+1)``, row-major: the transpose as a copy.
    """

    forward: Tensor
    backward: Tensor

    @classmethod
    def of(cls, forward: Tensor) -> Pair:
        """Make the transposed copy.

        Parameters
        ----------
        forward : torch.Tensor
            Shape ``(..., n+1, d+1)``.

        Returns
        -------
        Pair
        """
        return cls(forward, forward.mT.contiguous())
