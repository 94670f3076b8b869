"""Checks of what the histograms are given: masks, numbers of cells, orders of rows and columns, generators."""

from __future__ import annotations

import operator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.null_laws.intake import Counts, Mask, boolean_mask

MaskLike: TypeAlias = npt.ArrayLike | torch.Tensor
"""A mask of shape (n, d): booleans, or the numbers 0 and 1; an array, a tensor on any device, or nested lists."""

Order: TypeAlias = npt.NDArray[np.intp]
"""Rows or columns by place: entry p is the index of the one at place p, as ``numpy.argsort`` gives it."""


def mask_array(mask: MaskLike) -> Mask:
    """Return a mask as booleans on the CPU, shape (n, d); boolean input is not copied.

    Raises
    ------
    InputError
        If it is not a non-empty matrix of booleans, or of the numbers 0 and 1.
    """
    if isinstance(mask, torch.Tensor):
        if mask.is_sparse or mask.dtype.is_complex:
            raise InputError("mask", f"tensor of {mask.dtype}", "give a dense tensor of booleans, or of 0 and 1")
        held = mask.detach().cpu()
        # NumPy knows no bfloat16; 0 and 1 survive any float.
        mask = (held if held.dtype != torch.bfloat16 else held.float()).numpy()
    try:
        given = np.asarray(mask)
    except ValueError:
        raise InputError("mask", type(mask).__name__, "give a rectangular matrix of booleans, or of 0 and 1") from None
    return boolean_mask(given, "mask")


def cell_count(blocks: int, most: int, what: str) -> int:
    """Return the number of cells an axis is cut into.

    Parameters
    ----------
    blocks
        What the caller gave.
    most
        Rows or columns that the cells share: each needs one.
    what
        What they are, for the message ("columns").

    Raises
    ------
    InputError
        If it is not a whole number from 1 to ``most``.
    """
    try:
        number = operator.index(blocks)
    except TypeError:
        number = 0
    if isinstance(blocks, bool) or not 1 <= number <= most:
        raise InputError(
            "blocks", blocks, f"give a whole number from 1 to {most}: a cell needs one of the {most} {what}"
        )
    return number


def taken(order: npt.ArrayLike | None, size: int, argument: str) -> Order | None:
    """Return an order of all or some of ``size`` rows or columns; None, for all as stored, stays None.

    Raises
    ------
    InputError
        If it is not a non-empty list of distinct indices from 0 to ``size - 1``.
    """
    if order is None:
        return None
    given = order.detach().cpu().numpy() if isinstance(order, torch.Tensor) else np.asarray(order)
    if given.ndim != 1 or given.size == 0 or given.dtype.kind not in "iu":
        shown = f"array of {given.dtype}, shape {given.shape}"
        raise InputError(argument, shown, "give indices in the order wanted, shape (places,), such as argsort's")
    if int(given.min()) < 0 or int(given.max()) >= size:
        shown = f"indices from {int(given.min())} to {int(given.max())}"
        raise InputError(argument, shown, f"give indices from 0 to {size - 1}")
    if int(np.bincount(given, minlength=size).max()) > 1:
        raise InputError(argument, "an index twice", "name each row or column at most once")
    return given.astype(np.intp)


def random_source(generator: torch.Generator) -> torch.Generator:
    """Return the generator.

    Raises
    ------
    InputError
        If it is no ``torch.Generator`` on the CPU.
    """
    if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
        raise InputError("generator", generator, "give a torch.Generator on the CPU")
    return generator


def cell_ends(places: int, cells: int) -> Counts:
    """Cut places into cells of sizes that differ by at most 1: the ends, int64, shape (cells + 1,), 0 first."""
    return np.arange(cells + 1, dtype=np.int64) * places // cells
