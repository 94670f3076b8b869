"""SNIP under the squared loss: SNIP-S, SNIP-1, SNIP-P and SNIP-U of one hidden layer; any linear last layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from graphon_theory.saliency import FiniteModel
from verification.analysis.doubts import carrier_doubts, law_doubts, network_doubts
from verification.analysis.inputs import Prepared
from verification.analysis.layer_models import OwnShares, Proportional
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.one_hidden import OneHidden, last_layer, one_hidden_layer
from verification.analysis.result import Regime, WeightLaw
from verification.analysis.snip_profile import hidden_models, own_share_model, place, proportional_model
from verification.analysis.weight_law import noise_of


def snip_predictions(
    module: nn.Module, weights: Mapping[str, Tensor], laws: Mapping[str, WeightLaw | None], prepared: Prepared
) -> dict[str, LayerPrediction]:
    """SNIP, squared loss; parameters as ``predicted``."""
    shallow = one_hidden_layer(module, prepared) if prepared.outputs == 1 else None
    last = last_layer(module, prepared)
    found = {}
    for name, weight in weights.items():
        if shallow is not None and name == shallow.hidden:
            found[name] = _hidden(shallow, prepared, laws[name])
        elif last is not None and name == last[0]:
            residuals = prepared.targets.double().reshape(prepared.batch, -1).numpy()
            profile = np.abs(residuals.T @ last[1]) / prepared.batch
            found[name] = last_prediction(
                "SNIP, last layer, squared loss: the profile |E[r x_i]| of the layer's own inputs x",
                FiniteModel(profile, noise_of(laws[name])),
                law_doubts(laws[name]),
            )
        else:
            found[name] = LayerPrediction(
                "no known profile for SNIP in this layer; a histogram stands in for a prediction",
                shape_reasons("SNIP-S", module, prepared, weight) + law_doubts(laws[name]),
            )
    return found


def last_prediction(text: str, model: FiniteModel, doubts: tuple[str, ...]) -> LayerPrediction:
    """Prediction of a linear last layer, whose profile does not depend on its own weights.

    Parameters
    ----------
    text
        What the profile is.
    model
        The profile, shape (outputs, inputs).
    doubts
        Hypotheses that are not met.
    """
    rank = min(model.profile.shape)
    rank_text = "rank one" if rank == 1 else f"rank at most {rank}"
    return LayerPrediction(
        f"{text}, {rank_text}; given the layers before it the saliency model is exact",
        doubts,
        (Named(rank_text, "THR, LIM-a", rank, model),),
    )


def shape_reasons(
    statement: str, module: nn.Module, prepared: Prepared, weight: Tensor, *, classes: bool = False
) -> tuple[str, ...]:
    """Say why a network is not one hidden layer as a statement has it.

    Parameters
    ----------
    statement
        Id of the statement.
    module, prepared, weight
        The network, its batch, and the layer's weight.
    classes
        Whether several outputs are allowed.
    """
    reasons = []
    layers = [part for part in module.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if weight.ndim == 4:
        reasons.append("a convolution shares its weights over positions")
    if len(layers) > 2:
        reasons.append(f"{statement} is for one hidden layer; this network has {len(layers) - 1}")
    elif len(layers) < 2:
        reasons.append(f"{statement} is for one hidden layer; this network has none that is recognised")
    if prepared.outputs > 1 and not classes:
        reasons.append(f"{statement} is for one output; this network has {prepared.outputs}")
    if not reasons:
        reasons.append("the outputs are not a sigma(W x + b) + c with a known activation sigma")
    return tuple(reasons)


def _hidden(shallow: OneHidden, prepared: Prepared, law: WeightLaw | None) -> LayerPrediction:
    noise = noise_of(law)
    rank_s, rank_one = hidden_models(shallow, prepared, noise)
    shares = None if law is None else own_share_model(shallow, prepared, noise, law.scale)
    where = place(prepared, shares, rank_s, relu=shallow.activation == "relu")
    if where.name == "SNIP-U":
        return _uncentred(shallow, prepared, law, where, shares)
    models = [
        Named("rank S", "SNIP-S", min(prepared.batch, *rank_s.profile.shape), rank_s),
        Named("rank one", "SNIP-1", 1, rank_one),
    ]
    text = (
        f"SNIP-S: one hidden layer, squared loss, one output: rank S (S = {prepared.batch}); "
        "SNIP-1 (rank one) as lambda = S R^2/d grows"
    )
    doubts = law_doubts(law) + network_doubts("SNIP-S", shallow) + carrier_doubts("SNIP-S", prepared)
    if where.name == "SNIP-P":
        model = Proportional(proportional_model(shallow, prepared, noise))
        models.insert(1, Named("proportional", "SNIP-P", None, model, independent=False))
        text += "; SNIP-P (readout and batch moments alone) at S/d fixed"
        if shallow.biased:
            doubts += ("SNIP-P has no biases, and the prediction leaves them out",)
    return LayerPrediction(
        text + "; all as n and d grow, so that a small p at a small size may be the finite-width error",
        doubts,
        tuple(models),
        regime=where,
    )


def _uncentred(
    shallow: OneHidden, prepared: Prepared, law: WeightLaw | None, where: Regime, shares: OwnShares | None
) -> LayerPrediction:
    """SNIP-U, or why it is not to be had."""
    doubts = law_doubts(law) + network_doubts("SNIP-U", shallow) + carrier_doubts("SNIP-U", prepared)
    if shares is None:
        why = "SNIP-U needs ReLU" if law is not None else "SNIP-U needs the weights"
        return LayerPrediction(
            "the batch-mean residual is not 0, so that SNIP-S, SNIP-1 and SNIP-P do not apply; a histogram stands in "
            "for a prediction",
            (why, *doubts),
            regime=where,
        )
    return LayerPrediction(
        "SNIP-U: one hidden layer, squared loss, one output, labels with a mean: a weight adds kappa xi to its own "
        "saliency, kept with probability P(|xi| |h + kappa xi| >= tau); as n and d grow, so that a small p at a small "
        "size may be the finite-width error",
        doubts,
        (Named("own shares", "SNIP-U", None, shares),),
        regime=where,
    )
