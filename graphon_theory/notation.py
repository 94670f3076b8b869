"""The symbols that every formula of the project is written in (THEORY notation table).

``u`` is a neuron's position and ``v`` an input's position, both in [0, 1]; ``t`` is a level of the
noise modulus, ``tau`` the pruning threshold, ``rho`` the density (kept fraction, in (0, 1)); ``x_1``, ``x_2`` and
``x_3`` are coordinates of a function to approximate.
"""

from __future__ import annotations

from typing import Final

from sympy import Symbol

u: Final = Symbol("u", nonnegative=True)
v: Final = Symbol("v", nonnegative=True)
t: Final = Symbol("t", positive=True)
tau: Final = Symbol("tau", positive=True)
rho: Final = Symbol("rho", positive=True)
x_1: Final = Symbol("x_1", real=True)
x_2: Final = Symbol("x_2", real=True)
x_3: Final = Symbol("x_3", real=True)
