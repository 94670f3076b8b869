"""The one place where outside input becomes a checked float tensor."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from verification.devices import resolve

MatrixLike: TypeAlias = "torch.Tensor | npt.NDArray[Any]"
"""A real matrix of shape ``(n, d)``: floating, integer or boolean."""

_WHOLE_LIMIT = 2**53
_COMFORTABLE_EXPONENT = {torch.float32: 100, torch.float64: 400}
_RESTARTS_LIMIT = 65_536


def matrix(A: MatrixLike, name: str = "A") -> torch.Tensor:
    """Check a matrix and bring it to float32 or float64 without changing a value.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)``, both at least 1; dense, real, finite. Need not be contiguous. float32 and the
        half-precision types come out as float32, everything else as float64.
    name : str
        What to call it in messages.

    Returns
    -------
    torch.Tensor
        Shape ``(n, d)``, detached, on the CPU or a CUDA device; shares memory with ``A`` where it can.

    Raises
    ------
    TypeError
        When ``A`` is neither a tensor nor an array.
    ValueError
        When ``A`` is sparse, complex, not two-dimensional, empty, not finite, or holds whole numbers of
        ``2**53`` or more; or when torch flushes subnormal numbers.
    """
    _require_subnormals()
    dense = _as_tensor(A, name)
    if dense.ndim != 2 or dense.numel() == 0:
        msg = f"{name} has shape {tuple(dense.shape)}; give a non-empty matrix of shape (n, d)"
        raise ValueError(msg)
    if dense.dtype.is_complex:
        remedy = f"only real matrices have a cut norm here, pass {name}.real or abs({name})"
        msg = f"{name} has dtype {dense.dtype}; {remedy}"
        raise ValueError(msg)
    return _finite(_as_float(dense, name), name)


def matrices(A: MatrixLike | Sequence[MatrixLike]) -> list[torch.Tensor]:
    """Check several matrices.

    Parameters
    ----------
    A : torch.Tensor, numpy.ndarray or sequence of these
        Shape ``(b, n, d)``, or ``b`` matrices whose shapes may differ; otherwise as for :func:`matrix`.

    Returns
    -------
    list of torch.Tensor
        One for each matrix, at least one.

    Raises
    ------
    TypeError
        When ``A`` is neither a tensor nor an array nor a list or tuple of these.
    ValueError
        When there is no matrix, and for what :func:`matrix` refuses; messages name the matrix by its number.
    """
    if isinstance(A, (list, tuple)):
        several = list(A)
        if not several:
            msg = "A holds no matrix; give at least one"
            raise ValueError(msg)
    else:
        stack = _as_tensor(A)
        if stack.ndim != 3 or stack.numel() == 0:
            msg = f"A has shape {tuple(stack.shape)}; give a non-empty stack of shape (b, n, d), or a list of matrices"
            raise ValueError(msg)
        several = list(stack)
    return [matrix(one, f"A[{k}]") for k, one in enumerate(several)]


def placed(A: torch.Tensor, device: str | None) -> torch.Tensor:
    """Bring a checked matrix to the device that the caller named.

    Parameters
    ----------
    A : torch.Tensor
        Any shape.
    device : str or None
        A name for :func:`verification.devices.resolve`; ``None`` leaves the matrix where it is.

    Returns
    -------
    torch.Tensor

    Raises
    ------
    graphon_theory.errors.InputError
        When there is no such device.
    """
    return A if device is None else A.to(resolve(device))


def rescaled(A: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Bring entries near the limits of float64 back to order one.

    Parameters
    ----------
    A : torch.Tensor
        Shape ``(n, d)``, finite, float32 or float64.

    Returns
    -------
    tuple of torch.Tensor and int
        ``B`` and ``e`` with ``A = 2**e B`` up to entries that underflow in float64. ``B`` is ``A`` itself
        and ``e = 0`` unless the largest modulus is outside ``[2**-400, 2**400]`` (float32: ``2**-100``,
        ``2**100``); otherwise it is in float64.
    """
    peak = largest_modulus(A)
    exponent = math.frexp(peak)[1]
    if peak == 0.0 or abs(exponent) <= _COMFORTABLE_EXPONENT[A.dtype]:
        return A, 0
    # Two factors, because 2**-exponent alone may overflow for subnormal input.
    half = -exponent // 2
    return A.to(torch.float64) * math.ldexp(1.0, half) * math.ldexp(1.0, -exponent - half), exponent


def largest_modulus(A: torch.Tensor) -> float:
    """Largest absolute value of an entry.

    Parameters
    ----------
    A : torch.Tensor
        Non-empty, real.

    Returns
    -------
    float
        NaN if an entry is NaN.
    """
    low, high = torch.aminmax(A)
    return max(abs(float(low)), abs(float(high)))


def random_source(seed: int, generator: torch.Generator | None) -> torch.Generator:
    """Choose the source of randomness: a given generator, else a new one with the seed.

    Parameters
    ----------
    seed : int
        Any integer that ``torch.Generator.manual_seed`` takes; not used when ``generator`` is given.
    generator : torch.Generator or None
        A CPU generator; it is advanced.

    Returns
    -------
    torch.Generator

    Raises
    ------
    ValueError
        When the generator lives on another device than the CPU.
    """
    if generator is None:
        try:
            return torch.Generator().manual_seed(operator.index(seed))
        except (TypeError, RuntimeError, ValueError) as error:
            msg = f"seed={seed!r}; give a whole number below 2**63"
            raise ValueError(msg) from error
    given: object = generator
    if not isinstance(given, torch.Generator):
        msg = f"generator is a {type(given).__name__}; give a torch.Generator on the CPU"
        raise TypeError(msg)
    if generator.device.type != "cpu":
        msg = f"generator is on {generator.device}; give a CPU generator: starts do not depend on the device"
        raise ValueError(msg)
    return generator


def restart_count(restarts: int) -> int:
    """Check the number of restarts.

    Parameters
    ----------
    restarts : int
        Between 1 and 65,536.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        When not a whole number.
    ValueError
        When out of range.
    """
    if isinstance(restarts, bool):
        msg = f"restarts={restarts}; give a number from 1 to {_RESTARTS_LIMIT}"
        raise TypeError(msg)
    count = operator.index(restarts)
    if not 1 <= count <= _RESTARTS_LIMIT:
        msg = f"restarts={restarts}; give a number from 1 to {_RESTARTS_LIMIT}"
        raise ValueError(msg)
    return count


def start_columns(starts: MatrixLike | None, columns: int) -> torch.Tensor | None:
    """Check extra starting sets.

    Parameters
    ----------
    starts : torch.Tensor or numpy.ndarray or None
        Boolean, shape ``(k, d)``: one column set a row. The best row set follows from each.
    columns : int
        ``d``.

    Returns
    -------
    torch.Tensor or None
        Boolean, shape ``(k, d)``, on the CPU.

    Raises
    ------
    ValueError
        On another shape or dtype.
    """
    if starts is None:
        return None
    sets = _as_tensor(starts, name="starts").cpu()
    if sets.ndim != 2 or sets.shape[1] != columns or sets.dtype != torch.bool:
        found = f"shape {tuple(sets.shape)} and dtype {sets.dtype}"
        msg = f"starts has {found}; give booleans of shape (k, {columns})"
        raise ValueError(msg)
    return sets


def _as_tensor(given: object, name: str = "A") -> torch.Tensor:
    if isinstance(given, torch.Tensor):
        if given.layout != torch.strided:
            msg = f"{name} has layout {given.layout}; pass {name}.to_dense()"
            raise ValueError(msg)
        plain = given.detach()
        if plain.device.type == "meta":
            msg = f"{name} is on the meta device and has no values; pass a tensor that holds data"
            raise ValueError(msg)
        # Only these two devices offer float64 everywhere it is needed.
        return plain if plain.device.type in {"cpu", "cuda"} else plain.cpu()
    if isinstance(given, np.ma.MaskedArray):
        msg = f"{name} is a masked array; pass {name}.filled(value), the masked entries need a value"
        raise ValueError(msg)
    if isinstance(given, np.ndarray):
        if given.dtype.kind not in "biufc" or given.dtype.itemsize > (16 if given.dtype.kind == "c" else 8):
            msg = f"{name} has dtype {given.dtype}; pass {name}.astype(numpy.float64)"
            raise ValueError(msg)
        native = given.astype(given.dtype.newbyteorder("="), copy=False)
        plain_steps = all(step >= 0 and step % native.itemsize == 0 for step in native.strides)
        shareable = native.flags.writeable and plain_steps
        return torch.from_numpy(native if shareable else native.copy(order="C"))
    kind = type(given).__name__
    msg = f"{name} is a {kind}; pass a torch.Tensor or numpy.ndarray (of a sparse matrix: .toarray())"
    raise TypeError(msg)


def _require_subnormals() -> None:
    """Refuse to certify anything where tiny numbers are flushed to 0: they would be invisible."""
    if float(torch.tensor([2.0**-1060], dtype=torch.float64, device="cpu") * 1.0) == 0.0:
        msg = "torch flushes subnormal numbers to 0, so no bound is safe; call torch.set_flush_denormal(False)"
        raise ValueError(msg)


def _as_float(dense: torch.Tensor, name: str) -> torch.Tensor:
    if dense.dtype.is_floating_point:
        return dense if dense.dtype == torch.float64 else dense.to(torch.float32)
    converted = dense.to(torch.float64)
    if dense.dtype.itemsize == 8 and (peak := largest_modulus(converted)) >= _WHOLE_LIMIT:
        msg = (
            f"{name} holds whole numbers up to {peak:.6g}, and float64 cannot tell them all apart from 2**53 on; "
            "divide by a common factor or convert to float64 yourself"
        )
        raise ValueError(msg)
    return converted


def _finite(A: torch.Tensor, name: str) -> torch.Tensor:
    if math.isfinite(largest_modulus(A)):
        return A
    row, column = (int(k) for k in torch.nonzero(~torch.isfinite(A))[0])
    msg = f"{name}[{row}, {column}] is {float(A[row, column])}; replace or drop the entries that are not finite"
    raise ValueError(msg)
