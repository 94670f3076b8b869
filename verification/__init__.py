"""The experiments: real networks, masks, instruments, decisions, reports.

The names below are loaded when they are first used, so that importing the package costs neither torch nor
SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification.analysis import Analysis as Analysis
    from verification.analysis import LayerAnalysis as LayerAnalysis
    from verification.analysis import analyse as analyse
    from verification.analysis import analyse_mask as analyse_mask
    from verification.criteria import score as score
    from verification.criteria import synflow_iterative as synflow_iterative
    from verification.cutnorm import CutNorm as CutNorm
    from verification.cutnorm import cut_norm as cut_norm
    from verification.cutnorm import cut_norms as cut_norms
    from verification.distances import step_distance as step_distance
    from verification.distances import unlabelled_distance as unlabelled_distance
    from verification.masks import channel_mask as channel_mask
    from verification.masks import collapsed_layers as collapsed_layers
    from verification.masks import mask as mask
    from verification.registry import claim as claim
    from verification.registry import criterion as criterion
    from verification.run import Run as Run
    from verification.run import verify as verify

_HOMES = {
    "Analysis": "verification.analysis",
    "LayerAnalysis": "verification.analysis",
    "analyse": "verification.analysis",
    "analyse_mask": "verification.analysis",
    "CutNorm": "verification.cutnorm",
    "Run": "verification.run",
    "channel_mask": "verification.masks",
    "claim": "verification.registry",
    "collapsed_layers": "verification.masks",
    "criterion": "verification.registry",
    "cut_norm": "verification.cutnorm",
    "cut_norms": "verification.cutnorm",
    "mask": "verification.masks",
    "score": "verification.criteria",
    "step_distance": "verification.distances",
    "synflow_iterative": "verification.criteria",
    "unlabelled_distance": "verification.distances",
    "verify": "verification.run",
}

__all__ = [
    "Analysis",
    "CutNorm",
    "LayerAnalysis",
    "Run",
    "analyse",
    "analyse_mask",
    "channel_mask",
    "claim",
    "collapsed_layers",
    "criterion",
    "cut_norm",
    "cut_norms",
    "mask",
    "score",
    "step_distance",
    "synflow_iterative",
    "unlabelled_distance",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
