"""The laws that ``noise_laws`` draws, one by one: properties of few examples would leave some of them out."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from graphon_theory.noise import Gaussian, Laplace, StudentT, TruncatedNormal, Uniform

_SCALES = st.sampled_from([1.0, 2.0, 0.5, 0.125])

LAWS = {
    "gaussian": st.builds(Gaussian, _SCALES),
    "uniform": st.builds(Uniform, _SCALES),
    "laplace": st.builds(Laplace, _SCALES),
    "student": st.builds(StudentT, st.sampled_from([3.0, 5.0, 10.0]), _SCALES),
    "truncated": st.builds(TruncatedNormal, st.sampled_from([2.0, 1.0, 0.5]), _SCALES),
}

for_every_law = pytest.mark.parametrize("law", LAWS)
"""Make a test of each of them, by name."""
