"""Laws of the edge noise ``xi``: symmetric, of finite variance, one law a file.

Each law gives the survival function of its modulus, ``Q(t) = P(|xi| >= t)``, the density of the modulus, the
inverse of ``Q`` and the truncated second moment ``E[xi^2; |xi| >= t]``: as SymPy expressions for derivations and
enclosures, and on arrays for predictions. The two forms are written separately and the tests compare them.
"""

from __future__ import annotations

from graphon_theory.errors import InputError
from graphon_theory.noise.custom import CustomNoise
from graphon_theory.noise.gaussian import Gaussian
from graphon_theory.noise.laplace import Laplace
from graphon_theory.noise.law import NoiseLaw
from graphon_theory.noise.rademacher import Rademacher
from graphon_theory.noise.student_t import StudentT
from graphon_theory.noise.truncated_normal import TruncatedNormal
from graphon_theory.noise.uniform import Uniform

__all__ = [
    "CustomNoise",
    "Gaussian",
    "Laplace",
    "NoiseLaw",
    "Rademacher",
    "StudentT",
    "TruncatedNormal",
    "Uniform",
    "noise_law",
]


def noise_law(name: str) -> NoiseLaw:
    """Return the law called ``name``, at unit scale.

    Raises
    ------
    InputError
        If no law has that name.
    """
    laws: dict[str, NoiseLaw] = {"gaussian": Gaussian(), "uniform": Uniform(), "laplace": Laplace()}
    if name not in laws:
        raise InputError("noise", name, f"choose one of {', '.join(laws)}")
    return laws[name]
