"""Dual activations on torch tensors, in place, for blocks of a kernel matrix.

The formulas are those of ``graphon_theory.kernels``; here they run over blocks that fit a cache, in float32 or float64,
on any device. What depends on one input alone (roots, series coefficients) is prepared once for all blocks, and the
diagonal, where correlations are 1 and rounding hurts most, is put in exactly.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.kernels import ERF, GELU, RELU, TANH, Activation, hermite_series

_TURN: Final = 1.0 / (2.0 * math.pi)


class Dual(Protocol):
    """The two expectations ``k1 = E[sigma sigma']`` and ``k0 = E[sigma' sigma'']`` on blocks.

    Shapes: variances ``(..., N)``; a state ``(S, ..., N)`` with one entry for each input along its last axis, so that
    blocks are slices of it; covariances ``(..., b, b')``.
    """

    def diagonal(self, variance: Tensor) -> tuple[Tensor, Tensor]:
        """``k1`` and ``k0`` of equal inputs, float64, of the shape of ``variance``."""
        ...

    def prepare(self, variance: Tensor, dtype: torch.dtype) -> Tensor:
        """Return what ``pair`` needs of each input, computed in float64."""
        ...

    def pair(self, covariance: Tensor, left: Tensor, right: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
        """``k1`` and ``k0`` of all pairs; overwrites ``covariance``, which may become either result.

        ``same`` says that row i and column i of the block are one input: those entries come out exact.
        """
        ...

    def error(self, variance: Tensor) -> float:
        """Estimated relative error of the formula at these variances, beyond rounding; 0 for a closed form."""
        ...


def dual(activation: str | Activation, *, degree: int | None = None) -> Dual:
    """Find the fastest way to evaluate an activation's duals on tensors.

    Parameters
    ----------
    activation
        "relu", "erf", "gelu", "tanh", or an ``Activation`` of your own, which goes by Hermite series.
    degree
        Highest degree of the series, 64 if not given; closed forms have none.

    Raises
    ------
    InputError
        If the name is unknown or a degree is given for a closed form.
    """
    closed: dict[str, tuple[Activation, type[_Relu | _Erf | _Gelu]]] = {
        "relu": (RELU, _Relu),
        "erf": (ERF, _Erf),
        "gelu": (GELU, _Gelu),
    }
    for name, (own, kind) in closed.items():
        if activation == name or activation is own:
            if degree is not None:
                raise InputError("degree", degree, f"{name} has a closed form: leave the degree out")
            return kind(own)
    if activation == "tanh":
        activation = TANH
    if isinstance(activation, str):
        raise InputError("activation", activation, "choose one of relu, erf, gelu, tanh, or give an Activation")
    return _Series(activation, 64 if degree is None else degree)


class _Closed:
    """What closed forms share: their diagonal, from float64 NumPy."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def diagonal(self, variance: Tensor) -> tuple[Tensor, Tensor]:
        s = variance.detach().double().cpu().numpy()
        closed = self.activation.closed
        assert closed is not None  # noqa: S101  # by construction
        found = closed(s, s, s)
        k1, k0 = (torch.from_numpy(part).to(variance.device) for part in (found.k1, found.k0))
        return k1, k0

    def error(self, variance: Tensor) -> float:
        return 0.0


class _Relu(_Closed):
    """Arc-cosine kernels: the angle once, its sine by ``sin``, which does not cancel where it is small."""

    def prepare(self, variance: Tensor, dtype: torch.dtype) -> Tensor:
        # Below the normal range covariances are lost: such a variance counts as 0, and gets the correlation 0.
        lost = variance < torch.finfo(dtype).tiny
        root = variance.double().masked_fill(lost, 0.0).sqrt()
        inverse = torch.where(root > 0, 1.0 / root, torch.zeros_like(root))
        return torch.stack([inverse, root]).to(dtype)

    def pair(self, covariance: Tensor, left: Tensor, right: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
        c = covariance.mul_(left[0].unsqueeze(-1)).mul_(right[0].unsqueeze(-2)).clamp_(-1.0, 1.0)
        if same:
            c.diagonal(dim1=-2, dim2=-1).copy_(left[0] > 0)
        k1, k0 = arc_cosine(c)
        return k1.mul_(left[1].unsqueeze(-1)).mul_(right[1].unsqueeze(-2)), k0


def arc_cosine(c: Tensor) -> tuple[Tensor, Tensor]:
    """Arc-cosine kernels of orders 1 and 0 at unit variances; overwrites ``c`` with ``k1``.

    Parameters
    ----------
    c
        Correlations in [-1, 1].

    Returns
    -------
    tuple
        ``k1`` with an absolute error of a few roundings; ``k0`` likewise given ``c``, while an error of ``c`` by e
        moves it by ``e/(2 pi sin theta)``: at most ``sqrt(e)/4`` or so, for inputs that are equal but not known to be.
    """
    theta = torch.acos(c)
    k0 = torch.rsub(theta, 0.5, alpha=_TURN)
    # The sine from the angle: sqrt(1 - c^2) would lose half the digits at c = 1.
    return c.mul_(k0).add_(theta.sin_(), alpha=_TURN), k0


class _Erf(_Closed):
    """Arcsine kernel."""

    def prepare(self, variance: Tensor, dtype: torch.dtype) -> Tensor:
        s = variance.double()
        return torch.stack([(1.0 + 2.0 * s).rsqrt(), s]).to(dtype)

    def pair(self, covariance: Tensor, left: Tensor, right: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
        if same:
            covariance.diagonal(dim1=-2, dim2=-1).copy_(left[1])
        t = covariance.mul_(left[0].unsqueeze(-1)).mul_(right[0].unsqueeze(-2)).mul_(2.0).clamp_(-1.0, 1.0)
        k0 = ((1.0 - t).mul_(1.0 + t)).rsqrt_()
        k0.mul_(left[0].unsqueeze(-1)).mul_(right[0].unsqueeze(-2)).mul_(4.0 / math.pi)
        k1 = t.asin_().mul_(2.0 / math.pi)
        if same:
            _exact(self, k1, k0, left[1])
        return k1, k0


class _Gelu(_Closed):
    """Closed form of ``graphon_theory.kernels.gelu``, with ``r = s12 sqrt(a b)``."""

    def prepare(self, variance: Tensor, dtype: torch.dtype) -> Tensor:
        s = variance.double()
        return torch.stack([(1.0 + s).rsqrt(), s]).to(dtype)

    def pair(self, covariance: Tensor, left: Tensor, right: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
        s12 = covariance
        if same:
            s12.diagonal(dim1=-2, dim2=-1).copy_(left[1])
        rows, columns = left[0].unsqueeze(-1), right[0].unsqueeze(-2)
        r = (s12 * rows).mul_(columns).clamp_(-1.0, 1.0)
        gap = (1.0 - r).mul_(1.0 + r)  # D a b
        P = gap.rsqrt().mul_(_TURN * rows).mul_(columns)
        A = r.asin_().mul_(_TURN).add_(0.25)
        both = rows.square() + columns.square()
        # B = s11 s22 + s12^2 (a + b - 1).
        B = torch.addcmul(left[1].unsqueeze(-1) * right[1].unsqueeze(-2), s12.square(), both - 1.0)
        k0 = (B / gap).mul_(rows.square()).mul_(columns.square()).add_(both, alpha=2.0).sub_(1.0)
        k0.mul_(P).mul_(s12).add_(A)
        k1 = s12.mul_(A).addcmul_(P, B)
        if same:
            _exact(self, k1, k0, left[1])
        return k1, k0


class _Series:
    """Hermite series of ``graphon_theory.kernels.hermite``, summed by Horner's rule over whole blocks.

    State: reciprocal root of the variance, energies of value and slope, then the coefficients of value and slope.
    """

    def __init__(self, activation: Activation, degree: int) -> None:
        self.activation, self.degree = activation, degree

    def diagonal(self, variance: Tensor) -> tuple[Tensor, Tensor]:
        norms = (self._series(variance, 0, slope=slope)[1] for slope in (False, True))
        k1, k0 = (norm.square().to(variance.device) for norm in norms)
        return k1, k0

    def error(self, variance: Tensor) -> float:
        worst = 0.0
        for slope in (False, True):
            _, norm, rest, error = self._series(variance, self.degree, slope=slope)
            scale = float(norm.square().max())
            found = rest.square() + 2.0 * norm * error
            worst = max(worst, float(found.max()) / scale if scale > 0 else 0.0)
        return worst

    def prepare(self, variance: Tensor, dtype: torch.dtype) -> Tensor:
        root = variance.double().sqrt()
        parts = [torch.where(root > 0, 1.0 / root, torch.zeros_like(root)).unsqueeze(0)]
        found = [self._series(variance, self.degree, slope=slope) for slope in (False, True)]
        parts += [norm.square().unsqueeze(0).to(root.device) for _, norm, _, _ in found]
        parts += [coefficients.to(root.device) for coefficients, _, _, _ in found]
        return torch.cat(parts).to(dtype)

    def pair(self, covariance: Tensor, left: Tensor, right: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
        c = covariance.mul_(left[0].unsqueeze(-1)).mul_(right[0].unsqueeze(-2)).clamp_(-1.0, 1.0)
        half = self.degree + 4
        sums = []
        square: Tensor | None = None
        for start, stop in ((3, half), (half, half + self.degree + 1)):
            a, b = left[start:stop], right[start:stop]
            sizes = a.abs().amax(dim=tuple(range(1, a.ndim))) * b.abs().amax(dim=tuple(range(1, b.ndim)))
            # Odd or even activations have every second coefficient 0, up to rounding: then step by c^2.
            tiny = 1e-14 * float(sizes.max())
            live = [k for k, size in enumerate(sizes.tolist()) if size > tiny]
            stride = 2 if len({k % 2 for k in live}) == 1 else 1
            if stride == 2 and square is None:
                square = c.square()
            sums.append(_horner(c if stride == 1 or square is None else square, c, a, b, live, stride))
        k1, k0 = sums
        if same:
            k1.diagonal(dim1=-2, dim2=-1).copy_(left[1])
            k0.diagonal(dim1=-2, dim2=-1).copy_(left[2])
        return k1, k0

    def _series(self, variance: Tensor, degree: int, *, slope: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        s = variance.detach().double().cpu().numpy()
        found = hermite_series(self.activation, s.ravel(), degree, slope=slope)
        coefficients = torch.from_numpy(found.coefficients.reshape(degree + 1, *s.shape))
        norm, rest, error = (torch.from_numpy(part.reshape(s.shape)) for part in (found.norm, found.rest, found.error))
        return coefficients, norm, rest, error


def _horner(step: Tensor, c: Tensor, a: Tensor, b: Tensor, live: list[int], stride: int) -> Tensor:
    """Sum ``a_k b_k c^k`` over the live degrees, by steps of one or two."""
    total = torch.zeros_like(c)
    if not live:
        return total
    lowest = live[0] if stride == 2 else 0
    for k in range(live[-1], lowest - 1, -stride):
        total.mul_(step).addcmul_(a[k].unsqueeze(-1), b[k].unsqueeze(-2))
    for _ in range(lowest):
        total.mul_(c)
    return total


def _exact(kernel: _Closed, k1: Tensor, k0: Tensor, variance: Tensor) -> None:
    """Put the float64 diagonal into blocks of one and the same inputs."""
    exact1, exact0 = kernel.diagonal(variance)
    k1.diagonal(dim1=-2, dim2=-1).copy_(exact1)
    k0.diagonal(dim1=-2, dim2=-1).copy_(exact0)
