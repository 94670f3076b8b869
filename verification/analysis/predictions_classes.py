"""SNIP under cross-entropy (CE): one hidden layer, whose units mix the residuals of the classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from graphon_theory.criteria import class_field, class_residuals
from graphon_theory.saliency import FiniteModel
from verification.analysis.doubts import (
    carrier_doubts,
    law_doubts,
    mean_share,
    network_doubts,
    own_share,
    share_doubts,
)
from verification.analysis.inputs import Prepared
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.one_hidden import OneHidden, last_layer, one_hidden_layer
from verification.analysis.predictions_snip import shape_reasons
from verification.analysis.result import WeightLaw
from verification.analysis.weight_law import noise_of


def class_predictions(
    module: nn.Module, weights: Mapping[str, Tensor], laws: Mapping[str, WeightLaw | None], prepared: Prepared
) -> dict[str, LayerPrediction]:
    """SNIP, cross-entropy; parameters as ``predicted``."""
    shallow = one_hidden_layer(module, prepared)
    last = last_layer(module, prepared)
    found = {}
    for name, weight in weights.items():
        if shallow is not None and name == shallow.hidden:
            found[name] = _hidden(shallow, prepared, laws[name])
            continue
        if last is not None and name == last[0]:
            reasons: tuple[str, ...] = (
                "CE is for hidden weights; in the last layer the residual softmax - y depends on the layer's own "
                "weights, through the logits",
            )
        else:
            reasons = shape_reasons("CE", module, prepared, weight, classes=True)
        found[name] = LayerPrediction(
            "no known profile for SNIP in this layer; a histogram stands in for a prediction",
            reasons + law_doubts(laws[name]),
        )
    return found


def _hidden(shallow: OneHidden, prepared: Prepared, law: WeightLaw | None) -> LayerPrediction:
    noise, inputs = noise_of(law), prepared.flat.double().numpy()
    delta = class_residuals(shallow.outputs(), prepared.targets.numpy())
    field = class_field(shallow.a, shallow.slopes(), delta, inputs)
    seen = delta @ shallow.a
    share = own_share(shallow, seen, inputs, field)
    size = "" if share is None else f", a weight's own share {share:.2f} of its saliency"
    text = (
        f"CE: one hidden layer, cross-entropy, {prepared.outputs} outputs: rank S (S = {prepared.batch}), with the "
        f"residuals softmax - y mixed by each unit's output weights (their batch mean is {mean_share(seen):.2f} of "
        f"their root mean square{size}); as n and d grow, so that a small p at a small size may be the finite-width "
        "error"
    )
    doubts = law_doubts(law) + network_doubts("CE", shallow) + carrier_doubts("CE", prepared)
    rank = min(prepared.batch, *field.shape)
    return LayerPrediction(
        text,
        doubts + share_doubts("CE", "residuals", share),
        (Named("rank S", "CE", rank, FiniteModel(np.abs(field), noise)),),
    )
