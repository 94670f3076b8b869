"""GraSP by modulus (GRASP) and the original, signed one (SIGN): SNIP's formula with K r in the place of r."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from graphon_theory.criteria import weight_gradient
from graphon_theory.criteria.grasp import curvature_term
from graphon_theory.saliency import FiniteModel
from verification.analysis.doubts import (
    OWN_SHARE,
    SIGNED_SHARE,
    carrier_doubts,
    law_doubts,
    mean_share,
    network_doubts,
    own_share,
    share_doubts,
)
from verification.analysis.inputs import Prepared
from verification.analysis.layer_models import OneSided
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.one_hidden import PIECEWISE_LINEAR, OneHidden, last_layer, one_hidden_layer
from verification.analysis.predictions_snip import last_prediction, shape_reasons
from verification.analysis.result import Array, WeightLaw
from verification.analysis.weight_law import noise_of


def grasp_predictions(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    laws: Mapping[str, WeightLaw | None],
    prepared: Prepared,
    *,
    signed: bool,
) -> dict[str, LayerPrediction]:
    """GraSP by modulus, or the original with ``signed``; other parameters as ``predicted``.

    Gradient and Hessian are those of the scored layers, so that a layer has a prediction where it alone is scored.
    """
    statement = "SIGN" if signed else "GRASP"
    shallow = last = None
    if prepared.loss_name == "squared":
        shallow = one_hidden_layer(module, prepared) if prepared.outputs == 1 else None
        last = last_layer(module, prepared)
    alone = len(weights) == 1
    found = {}
    for name, weight in weights.items():
        if alone and shallow is not None and name == shallow.hidden:
            found[name] = _hidden(shallow, prepared, laws[name], signed=signed)
            continue
        if alone and last is not None and name == last[0]:
            found[name] = _last(last[1], prepared, laws[name], signed=signed)
            continue
        reasons: tuple[str, ...] = ()
        if prepared.loss_name != "squared":
            reasons = (f"{statement} needs the squared loss; this is {prepared.loss_name}",)
        if (shallow is None or name != shallow.hidden) and (last is None or name != last[0]):
            reasons += shape_reasons(statement, module, prepared, weight)
        if not alone and prepared.loss_name == "squared":
            others = ", ".join(other or "(the module)" for other in weights if other != name)
            reasons += (
                f"{statement} needs gradient and Hessian in the weights of one layer; scored with it: {others} "
                f"(--layers {name} scores it alone)",
            )
        text = f"no known profile for {'grasp' if signed else 'grasp-magnitude'} here"
        found[name] = LayerPrediction(
            f"{text}; a histogram stands in for a prediction", reasons + law_doubts(laws[name])
        )
    return found


def hessian_field(shallow: OneHidden, inputs: Array, residuals: Array) -> tuple[Array, Array]:
    """``(Hg)_ij``, shape (n, d), by formula, and ``(K r)_s``, shape (S,).

    ``K r = J g`` with J the Jacobian and ``g = J^T r/S``: no matrix of S x S is needed.

    Parameters
    ----------
    shallow
        The network; one output.
    inputs
        ``x_sj``, shape (S, d).
    residuals
        ``r_s``, shape (S,).
    """
    readout, slopes = shallow.a[0], shallow.slopes()
    gradient = weight_gradient(readout, slopes, residuals, inputs)
    kernel_residuals: Array = (slopes * (inputs @ gradient.T)) @ readout
    field = weight_gradient(readout, slopes, kernel_residuals, inputs)
    if shallow.activation not in PIECEWISE_LINEAR:
        field = field + curvature_term(readout, shallow.bends(), residuals, inputs, gradient)
    return field, kernel_residuals


def _hidden(shallow: OneHidden, prepared: Prepared, law: WeightLaw | None, *, signed: bool) -> LayerPrediction:
    noise, inputs = noise_of(law), prepared.flat.double().numpy()
    field, seen = hessian_field(shallow, inputs, -prepared.targets.double().reshape(-1).numpy())
    share = own_share(shallow, seen[:, None] * shallow.a, inputs, field)
    statement, rank = ("SIGN" if signed else "GRASP"), min(prepared.batch, *field.shape)
    size = "" if share is None else f", a weight's own share {share:.2f} of its saliency"
    means = f"(batch mean of K r: {mean_share(seen[:, None]):.2f} of its root mean square{size})"
    tail = "as n and d grow, so that a small p at a small size may be the finite-width error"
    two_sided = FiniteModel(np.abs(field), noise)
    if signed:
        text = (
            f"SIGN: SNIP's formula with K r for r {means}, one-sided: an edge is kept with P(xi >= tau/|h|), with tau "
            f"below 0 at densities over 1/2; kept weights are biased; {tail}"
        )
        named = Named("one-sided", statement, rank, OneSided(two_sided))
    else:
        text = f"GRASP: rank S (S = {prepared.batch}), SNIP's formula with K r for r {means}; {tail}"
        named = Named("rank S", statement, rank, two_sided)
    doubts = law_doubts(law) + network_doubts(statement, shallow, piecewise=True) + carrier_doubts(statement, prepared)
    return LayerPrediction(
        text, doubts + share_doubts(statement, "K r", share, SIGNED_SHARE if signed else OWN_SHARE), (named,)
    )


def _last(inputs: Array, prepared: Prepared, law: WeightLaw | None, *, signed: bool) -> LayerPrediction:
    """Last layer alone: outputs are linear in its weights, ``H = X^T X/S`` and ``Hg`` is free of them."""
    residuals = prepared.targets.double().reshape(prepared.batch, -1).numpy()
    gram = inputs.T @ inputs / prepared.batch
    model = FiniteModel(np.abs(residuals.T @ inputs / prepared.batch @ gram), noise_of(law))
    text = "GraSP, last layer alone, squared loss: the profile |E[(K r) x_i]| of the layer's own inputs x"
    found = last_prediction(text, model, law_doubts(law))
    if not signed:
        return found
    (named,) = found.models
    one_sided = Named(f"one-sided, {named.name}", named.statement, named.rank, OneSided(model))
    return LayerPrediction(found.theory + "; one-sided: P(xi >= tau/|h|)", found.unmet, (one_sided,))
