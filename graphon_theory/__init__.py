"""The mathematics: symbolic formulas, rigorous enclosures, predictions. No torch, no randomness, no files.

Names are loaded when they are first used, so that importing the package does not cost SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphon_theory._version import __version__

if TYPE_CHECKING:
    from graphon_theory.errors import InputError as InputError
    from graphon_theory.formula import parse_formula as parse_formula
    from graphon_theory.graphon import Graphon as Graphon
    from graphon_theory.homomorphism import homomorphism_density as homomorphism_density
    from graphon_theory.noise import CustomNoise as CustomNoise
    from graphon_theory.noise import Gaussian as Gaussian
    from graphon_theory.noise import Laplace as Laplace
    from graphon_theory.noise import Rademacher as Rademacher
    from graphon_theory.noise import StudentT as StudentT
    from graphon_theory.noise import TruncatedNormal as TruncatedNormal
    from graphon_theory.noise import Uniform as Uniform
    from graphon_theory.saliency import FiniteModel as FiniteModel
    from graphon_theory.saliency import SaliencyModel as SaliencyModel
    from graphon_theory.step import StepGraphon as StepGraphon
    from graphon_theory.step import step_graphon as step_graphon
    from graphon_theory.threshold import Threshold as Threshold

_HOMES = {
    "CustomNoise": "noise",
    "FiniteModel": "saliency",
    "Gaussian": "noise",
    "Graphon": "graphon",
    "InputError": "errors",
    "Laplace": "noise",
    "Rademacher": "noise",
    "SaliencyModel": "saliency",
    "StepGraphon": "step",
    "StudentT": "noise",
    "Threshold": "threshold",
    "TruncatedNormal": "noise",
    "Uniform": "noise",
    "homomorphism_density": "homomorphism",
    "parse_formula": "formula",
    "step_graphon": "step",
}

__all__ = [
    "CustomNoise",
    "FiniteModel",
    "Gaussian",
    "Graphon",
    "InputError",
    "Laplace",
    "Rademacher",
    "SaliencyModel",
    "StepGraphon",
    "StudentT",
    "Threshold",
    "TruncatedNormal",
    "Uniform",
    "__version__",
    "homomorphism_density",
    "parse_formula",
    "step_graphon",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"graphon_theory.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
