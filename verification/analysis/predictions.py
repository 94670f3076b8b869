"""Which statement applies to which layer, with its prediction where there is one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from torch import Tensor, nn

from graphon_theory.criteria import homogeneous_model
from graphon_theory.noise import Uniform
from graphon_theory.saliency import FiniteModel
from verification.analysis.inputs import Prepared
from verification.analysis.result import Regime, WeightLaw
from verification.analysis.snip_profile import hidden_models, last_layer, one_hidden_layer, regime
from verification.analysis.synflow_profile import path_profile
from verification.analysis.weight_law import noise_of
from verification.criteria.synflow_chain import linear_chain

_CARRIES = 0.2  # share of one input in the preactivation's variance from which it counts as carrying it


@dataclass(frozen=True, eq=False)
class Named:
    """A prediction.

    Parameters
    ----------
    name
        What it is.
    statement
        Ids of the statements that give it, "-" if none does.
    rank
        Rank of the profile; None where that says nothing.
    model
        The saliency model at the layer's size.
    """

    name: str
    statement: str
    rank: int | None
    model: FiniteModel


@dataclass(frozen=True, eq=False)
class LayerPrediction:
    """What the theory says of one layer; ``models`` is empty where it says nothing."""

    theory: str
    unmet: tuple[str, ...]
    models: tuple[Named, ...] = ()
    density: float | None = None
    regime: Regime | None = None


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
        Layer name to weight and to its law.
    prepared
        The batch that scored it.
    criterion, density, scope
        As for ``analyse``.
    """
    if criterion in ("random", "magnitude"):
        shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
        return constant_predictions(criterion, density, scope, laws, shapes)
    if criterion == "snip":
        return _snip(module, weights, laws, prepared)
    if criterion == "synflow":
        return _synflow(module, weights, laws, prepared, scope)
    open_question = {
        "synflow-iterative": "its steps feed back on themselves, and below a critical density the feedback is unstable",
        "grasp": "its scores are signed and biased towards one side",
        "grasp-magnitude": "its profile needs the product K r of kernel and residual",
    }[criterion]
    text = f"no known profile for {criterion}: {open_question}; a histogram stands in for a prediction"
    return {name: LayerPrediction(text, _law_doubts(laws[name])) for name in weights}


def constant_predictions(
    criterion: str,
    density: float,
    scope: str,
    laws: Mapping[str, WeightLaw | None],
    shapes: Mapping[str, tuple[int, ...]],
) -> dict[str, LayerPrediction]:
    """Random and Magnitude: a constant graphon in every layer, at the layer's own density.

    With one threshold tau over all layers Magnitude keeps ``rho_l = Q_l(tau / sigma_l)`` of layer l.
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
        doubts = _law_doubts(laws[name]) if criterion == "magnitude" else ()
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


def _snip(
    module: nn.Module, weights: Mapping[str, Tensor], laws: Mapping[str, WeightLaw | None], prepared: Prepared
) -> dict[str, LayerPrediction]:
    squared = prepared.loss_name == "squared"
    shallow = one_hidden_layer(module, prepared) if squared else None
    last = last_layer(module, prepared) if squared else None
    found = {}
    for name, weight in weights.items():
        doubts = _law_doubts(laws[name])
        noise = noise_of(laws[name])
        if shallow is not None and name == shallow.hidden:
            rank_s, rank_one = hidden_models(shallow, prepared, noise)
            place = regime(prepared)
            if shallow.activation != "relu":
                doubts += (f"SNIP-S is stated for ReLU; the activation is {shallow.activation}",)
            if shallow.biased:
                doubts += ("SNIP-S has no biases; here they enter the preactivations, from which h is computed",)
            found[name] = LayerPrediction(
                f"SNIP-S: one hidden layer, squared loss, one output: rank S (S = {prepared.batch}); "
                "SNIP-1 (rank one) as lambda = S R^2/d grows; both as n and d grow, so that a small p "
                "at a small size may be the finite-width error",
                doubts + _carrier(prepared),
                (
                    Named("rank S", "SNIP-S", min(prepared.batch, *weight.shape), rank_s),
                    Named("rank one", "SNIP-1", 1, rank_one),
                ),
                regime=place,
            )
        elif last is not None and name == last[0]:
            model = FiniteModel(last[1].numpy(), noise)
            rank = min(weight.shape)
            rank_text = "rank one" if rank == 1 else f"rank at most {rank}"
            found[name] = LayerPrediction(
                f"SNIP, last layer, squared loss: the profile |E[r x_i]| of the layer's own inputs x, {rank_text}; "
                "given the layers before it the saliency model is exact",
                doubts,
                (Named(rank_text, "THR, LIM-a", rank, model),),
            )
        else:
            reasons = _why_no_snip(module, prepared, weight)
            found[name] = LayerPrediction(
                "no known profile for SNIP in this layer; a histogram stands in for a prediction", reasons + doubts
            )
    return found


def _synflow(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    laws: Mapping[str, WeightLaw | None],
    prepared: Prepared,
    scope: str,
) -> dict[str, LayerPrediction]:
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
        found[name] = LayerPrediction(text, doubts + _law_doubts(laws[name]), (named,))
    return found


def _why_no_snip(module: nn.Module, prepared: Prepared, weight: Tensor) -> tuple[str, ...]:
    reasons = []
    layers = [part for part in module.modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if prepared.loss_name != "squared":
        reasons.append(f"SNIP-S needs the squared loss; this is {prepared.loss_name}")
    if weight.ndim == 4:
        reasons.append("a convolution shares its weights over positions")
    if len(layers) > 2:
        reasons.append(f"SNIP-S is for one hidden layer; this network has {len(layers) - 1}")
    elif len(layers) < 2:
        reasons.append("SNIP-S is for one hidden layer; this network has none that is recognised")
    if prepared.outputs > 1:
        reasons.append(f"SNIP-S is for one output; this network has {prepared.outputs}")
    if not reasons:
        reasons.append("the outputs are not a sigma(W x + b) + c with a known activation sigma")
    return tuple(reasons)


def _law_doubts(law: WeightLaw | None) -> tuple[str, ...]:
    if law is None:
        return ("the law of the weights at initialisation is not known, or they are all zero",)
    if not law.fits:
        return (
            f"weights follow none of the laws gaussian, uniform, laplace (nearest {law.name}, Kolmogorov distance "
            f"{law.distance:.3f})",
        )
    return ()


def _carrier(prepared: Prepared) -> tuple[str, ...]:
    """Name an input that carries the preactivation's variance."""
    shares: npt.NDArray[np.float64] = prepared.flat.double().square().mean(dim=0).numpy()
    share, index = float(shares.max() / shares.sum()), int(shares.argmax())
    if share < _CARRIES:
        return ()
    return (f"input {index} carries {share:.0%} of the preactivations' variance: SNIP-S needs many inputs",)
