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
    from graphon_theory.noise import Gaussian as Gaussian
    from graphon_theory.noise import Laplace as Laplace
    from graphon_theory.noise import Uniform as Uniform
    from graphon_theory.saliency import FiniteModel as FiniteModel
    from graphon_theory.saliency import SaliencyModel as SaliencyModel
    from graphon_theory.threshold import Threshold as Threshold

_HOMES = {
    "FiniteModel": "saliency",
    "Gaussian": "noise",
    "Graphon": "graphon",
    "InputError": "errors",
    "Laplace": "noise",
    "SaliencyModel": "saliency",
    "Threshold": "threshold",
    "Uniform": "noise",
    "parse_formula": "formula",
}

__all__ = [
    "FiniteModel",
    "Gaussian",
    "Graphon",
    "InputError",
    "Laplace",
    "SaliencyModel",
    "Threshold",
    "Uniform",
    "__version__",
    "parse_formula",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"graphon_theory.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
