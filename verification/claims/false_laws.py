"""False predictions that several claims share: the raw material of their mutants."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from graphon_theory.noise import Gaussian, NoiseLaw, Uniform
from graphon_theory.saliency import FiniteModel, kept_probability

Array = npt.NDArray[np.float64]


def matched_law(law: NoiseLaw) -> NoiseLaw:
    """Return another law of the same variance: uniform for Gaussian, Gaussian for every other."""
    scale = math.sqrt(law.variance)
    return Uniform(scale * math.sqrt(3.0)) if law.name == "gaussian" else Gaussian(scale)


def other_noise(model: FiniteModel) -> FiniteModel:
    """Return the model with its noise law exchanged for another of the same variance."""
    return FiniteModel(model.profile, matched_law(model.noise))


def one_sided(model: FiniteModel, density: float) -> Array | None:
    """Prediction ``P(xi >= tau/|h|)``, its threshold set to the density; None where it cannot reach it."""
    if 2.0 * density >= float(np.mean(model.profile > 0)):
        return None
    return 0.5 * model.probabilities(2.0 * density)


def denser_threshold(model: FiniteModel, density: float) -> float | None:
    """Threshold of a density 5 % larger; None where the profile cannot reach it."""
    larger = 1.05 * density
    return model.threshold(larger) if larger < float(np.mean(model.profile > 0)) else None


def denser(model: FiniteModel, density: float) -> Array | None:
    """Prediction at the threshold of a density 5 % larger; None where the profile cannot reach it."""
    level = denser_threshold(model, density)
    return None if level is None else kept_probability(model.profile, model.noise, level)


def without_weight(model: FiniteModel, density: float) -> Array:
    """Prediction for the score ``|h|`` alone: the indicator of its largest entries."""
    count = round(density * model.profile.size)
    level = np.partition(model.profile.ravel(), model.profile.size - count)[model.profile.size - count]
    kept: Array = (model.profile >= level).astype(np.float64)
    return kept


def constant(model: FiniteModel, density: float) -> Array:
    """Prediction of a constant graphon."""
    return np.full_like(model.profile, density)
