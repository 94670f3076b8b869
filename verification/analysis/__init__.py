"""What the mask of a user's own network is in graphon terms: ``graphon analyse``.

``analyse`` prunes a module and analyses every layer; ``analyse_mask`` takes one mask, ``analyse_masks`` those of
several layers. The names below are loaded when they are first used, so that the command line stays light.

Modules: ``module_file`` executes a user's file, ``mask_file`` and ``safetensors`` read masks, ``inputs`` fits data to
the module, ``pruning`` scores and masks, ``weight_law`` names the law of the weights, ``predictions`` knows which
theory applies, with one file a family (``predictions_constant``, ``predictions_snip``, ``predictions_classes``,
``predictions_grasp``, ``predictions_synflow``); ``one_hidden`` recognises a network, ``doubts`` checks hypotheses,
``synflow_profile`` and ``snip_profile`` evaluate profiles, ``layer_models`` draws masks from them, ``layer_prediction``
holds what is predicted, ``histogram`` is for layers without a prediction,
``comparison`` tests, ``heterogeneity`` counts degrees, ``intrinsic`` finds the inputs
that are structurally active, ``paths`` follows edges, ``matrices`` reads convolutions,
``network`` is the facade; ``text``, ``document``, ``figures``, ``page`` and ``folder`` show the result.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification.analysis.network import analyse as analyse
    from verification.analysis.network import analyse_mask as analyse_mask
    from verification.analysis.network import analyse_masks as analyse_masks
    from verification.analysis.result import Analysis as Analysis
    from verification.analysis.result import LayerAnalysis as LayerAnalysis

_HOMES = {
    "Analysis": "verification.analysis.result",
    "LayerAnalysis": "verification.analysis.result",
    "analyse": "verification.analysis.network",
    "analyse_mask": "verification.analysis.network",
    "analyse_masks": "verification.analysis.network",
}

__all__ = ["Analysis", "LayerAnalysis", "analyse", "analyse_mask", "analyse_masks"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
