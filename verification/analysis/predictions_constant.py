"""Random and Magnitude (MAG): a constant graphon in every layer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from graphon_theory.criteria import homogeneous_model
from graphon_theory.noise import Uniform
from verification.analysis.doubts import law_doubts
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.result import WeightLaw
from verification.analysis.weight_law import noise_of


def constant_predictions(
    criterion: str,
    density: float,
    scope: str,
    laws: Mapping[str, WeightLaw | None],
    shapes: Mapping[str, tuple[int, ...]],
) -> dict[str, LayerPrediction]:
    """Random and Magnitude: a constant graphon in every layer, at the layer's own density.

    With one threshold tau over all layers Magnitude keeps ``rho_l = Q_l(tau / sigma_l)`` of layer l.

    Parameters
    ----------
    criterion
        "random" or "magnitude".
    density
        Kept fraction of all weights, in (0, 1).
    scope
        "global" or "layer".
    laws, shapes
        Layer name to the law of its weights and to their shape.
    """
    densities: dict[str, float | None] = dict.fromkeys(shapes, density)
    text = "Random: scores are iid, so the graphon is constant, exactly and at every size"
    if criterion == "magnitude":
        text = "Magnitude: |w| is iid within the layer, so the graphon is constant, exactly and at every size"
        if scope == "global":
            text += " (MAG); the layer's density follows from its scale under the common threshold"
            densities = _under_one_threshold(density, laws, shapes)
    found = {}
    for name, shape in shapes.items():
        rows, columns = shape[0], math.prod(shape[1:])
        # A constant profile gives a constant graphon under every law: the cheapest to sample is taken.
        model = homogeneous_model(rows, columns, Uniform())
        doubts = law_doubts(laws[name]) if criterion == "magnitude" else ()
        statement = "MAG" if criterion == "magnitude" and scope == "global" else "THR, LIM-a"
        constant = Named("constant", statement, 1, model)
        found[name] = LayerPrediction(text, doubts, (constant,), densities[name])
    return found


def _under_one_threshold(
    density: float, laws: Mapping[str, WeightLaw | None], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, float | None]:
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    known = {name: (noise_of(law), law.scale) for name, law in laws.items() if law is not None}
    total = sum(sizes[name] for name in shapes)
    if len(known) < len(shapes):
        return dict.fromkeys(shapes, None)

    def kept(name: str, log_level: float) -> float:
        law, scale = known[name]
        return float(law.survival(np.array(math.exp(log_level) / scale)))

    def excess(log_level: float) -> float:
        return sum(sizes[name] * kept(name, log_level) for name in shapes) / total - density

    scales = [scale for _, scale in known.values()]
    level = brentq(excess, math.log(min(scales)) - 40.0, math.log(max(scales)) + 8.0)
    return {name: kept(name, level) for name in shapes}
