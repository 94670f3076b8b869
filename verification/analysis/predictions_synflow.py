"""SynFlow: path sums of the other layers (SYN) for one shot; nothing for the iterative version."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from graphon_theory.saliency import FiniteModel
from verification.analysis.doubts import law_doubts
from verification.analysis.inputs import Prepared
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.result import WeightLaw
from verification.analysis.synflow_profile import path_profile
from verification.analysis.weight_law import noise_of
from verification.criteria.synflow_chain import linear_chain


def synflow_predictions(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    laws: Mapping[str, WeightLaw | None],
    prepared: Prepared,
    scope: str,
) -> dict[str, LayerPrediction]:
    """SynFlow in one shot; parameters as ``predicted``."""
    found = {}
    chained = linear_chain(module) is not None
    doubts: tuple[str, ...] = ()
    if chained and scope == "global" and len(weights) > 1:
        doubts = ("SYN has a threshold a layer; here one is over all layers (--scope layer for one a layer)",)
    shape = tuple(prepared.inputs.shape[1:])
    for name in weights:
        profile, rank = path_profile(module, dict(weights), name, shape)
        height = "one" if rank == 1 else str(rank)
        text = (
            f"{'SYN' if chained else 'SynFlow, one shot'}: the profile is the path sum of the other layers, rank "
            f"{height}; given the other layers the saliency model is exact"
        )
        model = FiniteModel(profile, noise_of(laws[name]))
        named = Named("rank one" if rank == 1 else "path sums", "SYN" if chained else "THR, LIM-a", rank, model)
        found[name] = LayerPrediction(text, doubts + law_doubts(laws[name]), (named,))
    return found


def iterative_predictions(
    weights: Mapping[str, Tensor], laws: Mapping[str, WeightLaw | None]
) -> dict[str, LayerPrediction]:
    """Say why iterative SynFlow has no prediction (SF)."""
    text = (
        "no known profile for synflow-iterative: its steps feed back on themselves, and below a critical density the "
        "feedback is unstable (SF); a histogram stands in for a prediction"
    )
    return {name: LayerPrediction(text, law_doubts(laws[name])) for name in weights}
