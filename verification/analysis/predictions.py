"""Which statement applies to which layer, with its prediction where there is one; one file a family of criteria."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from verification.analysis.doubts import law_doubts
from verification.analysis.inputs import Prepared
from verification.analysis.layer_prediction import LayerPrediction
from verification.analysis.predictions_classes import class_predictions
from verification.analysis.predictions_constant import constant_predictions
from verification.analysis.predictions_grasp import grasp_predictions
from verification.analysis.predictions_snip import snip_predictions
from verification.analysis.predictions_synflow import iterative_predictions, synflow_predictions
from verification.analysis.result import WeightLaw


def predicted(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    laws: Mapping[str, WeightLaw | None],
    prepared: Prepared,
    *,
    criterion: str,
    density: float,
    scope: str,
) -> dict[str, LayerPrediction]:
    """Return the prediction of every layer.

    Parameters
    ----------
    module
        The network.
    weights, laws
        Layer name to weight and to its law: the layers that were scored.
    prepared
        The batch that scored them.
    criterion, density, scope
        As for ``analyse``.
    """
    if criterion in ("random", "magnitude"):
        shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
        return constant_predictions(criterion, density, scope, laws, shapes)
    if criterion == "snip":
        if prepared.loss_name == "squared":
            return snip_predictions(module, weights, laws, prepared)
        return class_predictions(module, weights, laws, prepared)
    if criterion == "synflow":
        return synflow_predictions(module, weights, laws, prepared, scope)
    if criterion == "synflow-iterative":
        return iterative_predictions(weights, laws)
    if criterion in ("grasp", "grasp-magnitude"):
        return grasp_predictions(module, weights, laws, prepared, signed=criterion == "grasp")
    text = f"no known profile for {criterion}, a registered criterion: a histogram stands in for a prediction"
    return {name: LayerPrediction(text, law_doubts(laws[name])) for name in weights}
