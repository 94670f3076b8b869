"""Hypothesis strategies for masks, graphons, networks and whatever else a statement quantifies over.

Signatures are those of the constructors: an argument is a value or a strategy of values. What chooses which kind of
thing is drawn (kinds, ids, symbols, switches) is a plain value, and a strategy is refused there. Defaults are small,
and shrinking goes towards the simplest case (each strategy says which). Numbers that need a generator are drawn from a
seed that Hypothesis chooses, so that an example is the same whenever it is made.

The package is the only place that imports Hypothesis (extra ``testing``). Names are loaded when they are first used:
importing it costs neither torch nor SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from verification.strategies.randomness import register_torch
from verification.strategies.settings import PROFILES, register_profiles

if TYPE_CHECKING:
    from verification.strategies.batch import batches as batches
    from verification.strategies.claim import claims as claims
    from verification.strategies.claim import observations as observations
    from verification.strategies.graphon import GRAPHONS as GRAPHONS
    from verification.strategies.graphon import graphons as graphons
    from verification.strategies.kernel import kernels as kernels
    from verification.strategies.mask import MASKS as MASKS
    from verification.strategies.mask import masks as masks
    from verification.strategies.mask import scores as scores
    from verification.strategies.network import networks as networks
    from verification.strategies.noise import noise_laws as noise_laws
    from verification.strategies.profile import profiles as profiles
    from verification.strategies.saliency import saliency_models as saliency_models
    from verification.strategies.scalar import densities as densities

# Modules are in the singular, strategies in the plural: a module loaded later does not hide a function.
_HOMES = {
    "GRAPHONS": "graphon",
    "MASKS": "mask",
    "batches": "batch",
    "claims": "claim",
    "densities": "scalar",
    "graphons": "graphon",
    "kernels": "kernel",
    "masks": "mask",
    "networks": "network",
    "noise_laws": "noise",
    "observations": "claim",
    "profiles": "profile",
    "saliency_models": "saliency",
    "scores": "mask",
}

__all__ = [
    "GRAPHONS",
    "MASKS",
    "PROFILES",
    "batches",
    "claims",
    "densities",
    "graphons",
    "kernels",
    "masks",
    "networks",
    "noise_laws",
    "observations",
    "profiles",
    "register_profiles",
    "register_torch",
    "saliency_models",
    "scores",
]

register_torch()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"verification.strategies.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
