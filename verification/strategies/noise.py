"""Laws of the edge noise."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Rademacher, StudentT, TruncatedNormal, Uniform
from verification.strategies.given import Given, plain, strategy

_SCALES = st.sampled_from([1.0, 2.0, 0.5, 0.125])


def noise_laws(
    *,
    scale: Given[float] = _SCALES,
    degrees_of_freedom: Given[float] = st.sampled_from([3.0, 5.0, 10.0]),
    bound: Given[float] = st.sampled_from([2.0, 1.0, 0.5]),
    analytic: bool = False,
    atoms: bool = False,
) -> SearchStrategy[NoiseLaw]:
    """Symmetric laws: Gaussian, uniform, Laplace, Student t, truncated normal.

    Parameters
    ----------
    scale
        Scale of the law, positive.
    degrees_of_freedom
        Of Student's t, above 2.
    bound
        Where the normal law is cut off, positive, in units of the scale.
    analytic
        Draw Gaussian and Laplace laws alone, whose survival function has no corner away from 0.
    atoms
        Draw Rademacher's law as well, last: statements on thresholds refuse it.

    Returns
    -------
    SearchStrategy
        Laws; shrink to the standard normal law.

    Raises
    ------
    InputError
        If ``analytic`` or ``atoms`` is a strategy.
    """
    scales, corners, steps = strategy(scale), not plain("analytic", analytic), plain("atoms", atoms)
    laws: list[SearchStrategy[NoiseLaw]] = [st.builds(Gaussian, scale=scales)]
    if corners:
        laws.append(st.builds(Uniform, scales))
    laws.append(st.builds(Laplace, scales))
    if corners:
        laws.append(st.builds(StudentT, strategy(degrees_of_freedom), scales))
        laws.append(st.builds(TruncatedNormal, strategy(bound), scales))
    if steps:
        laws.append(st.builds(Rademacher, scales))
    return st.one_of(laws)
