"""The facade: prune a module and analyse every layer, or analyse masks that are there already."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from graphon_theory.criteria import homogeneous_model
from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import Uniform
from graphon_theory.saliency import FiniteModel
from verification import names
from verification.analysis.comparison import compare
from verification.analysis.heterogeneity import input_features, layer_degrees
from verification.analysis.histogram import summarised
from verification.analysis.inputs import prepare
from verification.analysis.intrinsic import Intrinsic, intrinsic_dimension
from verification.analysis.layer_prediction import LayerPrediction, Named
from verification.analysis.matrices import input_degrees, layer_matrix
from verification.analysis.module_file import user_code
from verification.analysis.paths import edges_on_chain, edges_on_paths, rows_off_paths
from verification.analysis.predictions import predicted
from verification.analysis.predictions_constant import constant_predictions
from verification.analysis.pruning import masks_of
from verification.analysis.result import Analysis, Array, Comparison, Features, LayerAnalysis, Mask, WeightLaw
from verification.analysis.weight_law import weight_law
from verification.criteria.layers import chosen_weights
from verification.data import Samples, load_data
from verification.null_laws.intake import boolean_mask
from verification.registry import criterion_names, own_criteria
from verification.threads import one_thread

DRAWS = 199
"""Sampled masks a comparison: the smallest p-value is 1/200, 3/100 after Holm's correction for six statistics."""

_NO_THEORY = LayerPrediction(
    "a mask alone: no criterion, hence no prediction; a histogram stands in for one",
    ("the criterion that made the mask is not known",),
)


def analyse(
    module: nn.Module,
    data: Samples | str = "digits",
    *,
    criterion: str,
    density: float,
    loss: str | None = None,
    labels: str = "centred",
    layers: Collection[str] | None = None,
    scope: str = "global",
    batch: int | None = None,
    seed: int = 0,
    conv: str = "tap",
    draws: int = DRAWS,
    source: str | None = None,
    on_step: Callable[[str, int, int], None] | None = None,
) -> Analysis:
    """Prune a module at initialisation and say what its mask is in graphon terms.

    Parameters
    ----------
    module
        The network, at initialisation; nothing of it changes.
    data
        Samples, or a name as ``verification.data.load_data`` takes them.
    criterion
        "random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow", "synflow-iterative", or a registered
        one: the theory says nothing of it, and a histogram stands in for a prediction.
    density
        Kept fraction rho, in (0, 1).
    loss
        "squared" (of the centred network: residual ``-y``) or "cross-entropy"; by default squared for one output.
    labels
        "centred", or "raw" to leave the labels of a squared loss of one output their mean.
    layers
        Names of the ``Linear`` and ``Conv2d`` layers to prune; all by default.
    scope
        "global" or "layer": one threshold over all layers, or one a layer.
    batch
        Batch size S; all samples up to 1,024 by default.
    seed
        Of batch, ties, random scores and null draws.
    conv
        "tap": each tap of a convolution is a column of its own, a 0/1 matrix; "mean": taps are averaged.
    draws
        Masks sampled from each prediction; 0 for none.
    source
        What to call the network.
    on_step
        Called with what is done next, steps done and steps in all.

    Raises
    ------
    InputError
        As ``verification.score``; or if data and module do not fit, or an option is out of range.
    """
    _require_options(criterion, draws, seed)
    require_density(density)
    tell = on_step or (lambda *_: None)
    tell("scores", 0, 1)
    samples = load_data(data) if isinstance(data, str) else data
    chosen = chosen_weights(module, layers)
    weights = {name: weight.detach() for name, weight in chosen.items()}
    for name, weight in weights.items():
        if not bool(torch.isfinite(weight).all()):
            raise InputError(f"weight of {name}", "NaN or infinite", "initialise it with finite numbers")
    prepared = prepare(module, samples, batch=batch, loss=loss, labels=labels, seed=seed)
    with one_thread():
        with user_code("scoring", foreign=False):
            masks = masks_of(
                module,
                prepared,
                criterion=criterion,
                density=density,
                scope=scope,
                layers=layers,
                generator=torch.Generator().manual_seed(seed),
            )
        laws = {name: weight_law(weight) for name, weight in weights.items()}
        found = predicted(module, weights, laws, prepared, criterion=criterion, density=density, scope=scope)
        on_path = edges_on_paths(module, masks, tuple(prepared.inputs.shape[1:]))
        groups = {name: part.groups for name, part in module.named_modules() if isinstance(part, nn.Conv2d)}
        analysed = _layers(masks, found, laws, on_path, conv=conv, draws=draws, seed=seed, tell=tell)
    features = _features(masks, groups, samples)
    notes = []
    sees_data = _sees_data(criterion)
    if prepared.loss_name == "squared" and sees_data:
        kind = "centred" if labels == "centred" else "raw: their mean is left"
        notes.append(f"squared loss of the centred network f - f_0, so that the residual is -y; labels are {kind}")
    if prepared.positive is not None:
        notes.append(f"one output and classes: label 1 for classes {', '.join(str(c) for c in prepared.positive)}")
    if scope == "global" and len(masks) > 1:
        notes.append(
            "one threshold over all layers: each layer is compared at the number of edges that it kept, which leaves "
            "p-values exact for a constant profile, and exact up to the threshold's fluctuation for others"
        )
    return Analysis(
        source=source or type(module).__name__,
        criterion=criterion,
        density=density,
        scope=scope,
        loss=prepared.loss_name if sees_data else None,
        labels=labels if sees_data and prepared.loss_name == "squared" else None,
        data=data if isinstance(data, str) else f"{len(samples)} samples",
        batch=prepared.batch if sees_data else None,
        seed=seed,
        layers=analysed,
        features=features,
        intrinsic=_intrinsic(features, analysed[0], on_path, seed),
        collapsed=tuple(name for name, kept in masks.items() if not bool(kept.any())),
        effective=sum(int(edges.sum()) for edges in on_path.values()) if on_path else None,
        notes=tuple(notes),
        masks={name: kept.numpy() for name, kept in masks.items()},
    )


def analyse_masks(
    masks: Mapping[str, Tensor],
    *,
    weights: Mapping[str, Tensor] | None = None,
    criterion: str | None = None,
    seed: int = 0,
    conv: str = "tap",
    draws: int = DRAWS,
    source: str = "masks",
    notes: tuple[str, ...] = (),
    on_step: Callable[[str, int, int], None] | None = None,
) -> Analysis:
    """Analyse masks without their network.

    Parameters
    ----------
    masks
        Layer name to boolean mask, (out, in) or (out, in / groups, height, width), in the order of the network.
    weights
        Weights at initialisation under the same names; Magnitude's densities need them.
    criterion
        The criterion that made the masks, if it is known: "random" and "magnitude" have a prediction without the
        network, of the others nothing is predicted.
    seed, conv, draws, source, on_step
        As for ``analyse``.
    notes
        Notes to begin with.

    Raises
    ------
    InputError
        If a mask is not boolean or has another number of axes, or an option is out of range.
    """
    if not masks:
        raise InputError("masks", dict(masks), "give at least one layer")
    _require_options(criterion, draws, seed)
    for name, kept in masks.items():
        if kept.dtype != torch.bool or kept.ndim not in (2, 4) or kept.numel() == 0:
            raise InputError(f"mask of {name}", f"{kept.dtype} of shape {tuple(kept.shape)}", "give a boolean matrix")
    laws: dict[str, WeightLaw | None] = dict.fromkeys(masks)
    if weights is not None:
        laws = {name: weight_law(weights[name]) for name in masks}
    density = sum(int(kept.sum()) for kept in masks.values()) / sum(kept.numel() for kept in masks.values())
    found = dict.fromkeys(masks, _NO_THEORY)
    if criterion in ("random", "magnitude") and 0.0 < density < 1.0:
        shapes = {name: tuple(kept.shape) for name, kept in masks.items()}
        found = constant_predictions(criterion, density, "global", laws, shapes)
    elif criterion is not None:
        text = f"{criterion}: its prediction needs the network, not the mask alone; a histogram stands in for one"
        found = dict.fromkeys(masks, LayerPrediction(text, ("the network and its batch are not known",)))
    on_path = edges_on_chain(masks)
    tell = on_step or (lambda *_: None)
    with one_thread():
        analysed = _layers(masks, found, laws, on_path, conv=conv, draws=draws, seed=seed, tell=tell)
    features = _features(masks, {}, None)
    if on_path and len(masks) > 1:
        notes = (*notes, "layers are taken for a chain in the order of the file; paths and dead neurons rest on that")
    return Analysis(
        source=source,
        criterion=criterion,
        density=None,
        scope=None,
        loss=None,
        data=None,
        batch=None,
        seed=seed,
        layers=analysed,
        features=features,
        intrinsic=_intrinsic(features, analysed[0], on_path, seed),
        collapsed=tuple(name for name, kept in masks.items() if not bool(kept.any())),
        effective=sum(int(edges.sum()) for edges in on_path.values()) if on_path else None,
        notes=notes,
        masks={name: kept.numpy() for name, kept in masks.items()},
    )


def analyse_mask(
    mask: Tensor | Mask,
    prediction: FiniteModel | None = None,
    *,
    name: str = "mask",
    seed: int = 0,
    conv: str = "tap",
    draws: int = DRAWS,
) -> LayerAnalysis:
    """Analyse one mask, against a prediction of your own if you have one.

    Parameters
    ----------
    mask
        Shape (out, in): booleans, or the numbers 0 and 1; or boolean of four axes.
    prediction
        Saliency model of the shape of the mask (of its matrix, for four axes).
    name, seed, conv, draws
        As for ``analyse``.

    Raises
    ------
    InputError
        If the mask is no mask, or the prediction's shape is another.
    """
    _require_options(None, draws, seed)
    given = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if given.ndim == 4:
        boolean_mask(given.reshape(given.shape[0], -1), "mask")
    kept = torch.from_numpy(boolean_mask(given, "mask") if given.ndim != 4 else given.astype(np.bool_))
    found = _NO_THEORY
    if prediction is not None:
        wanted = (kept.shape[0], kept[0].numel())
        if prediction.profile.shape != wanted:
            raise InputError("prediction", f"shape {prediction.profile.shape}", f"give the mask's shape {wanted}")
        found = LayerPrediction("a prediction of yours", (), (Named("given", "-", None, prediction),))
    (layer,) = _layers({name: kept}, {name: found}, {name: None}, {}, conv=conv, draws=draws, seed=seed)
    return layer


def _layers(
    masks: Mapping[str, Tensor],
    found: Mapping[str, LayerPrediction],
    laws: Mapping[str, WeightLaw | None],
    on_path: Mapping[str, Mask],
    *,
    conv: str,
    draws: int,
    seed: int,
    tell: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[LayerAnalysis, ...]:
    analysed = []
    for place, (name, kept) in enumerate(masks.items()):
        tell(name, 1 + place, 1 + len(masks))
        off_path = rows_off_paths(kept.numpy(), on_path[name]) if name in on_path else None
        analysed.append(_layer(name, kept, found[name], laws[name], off_path, conv=conv, draws=draws, seed=seed))
    tell("", 1 + len(masks), 1 + len(masks))
    return tuple(analysed)


def _layer(
    name: str,
    mask: Tensor,
    found: LayerPrediction,
    law: WeightLaw | None,
    off_path: tuple[int, ...] | None,
    *,
    conv: str,
    draws: int,
    seed: int,
) -> LayerAnalysis:
    matrix = layer_matrix(mask, conv)
    kept = matrix.kept
    rows, columns = layer_degrees(matrix, seed)
    unmet = list(found.unmet)
    comparisons: list[Comparison] = []
    prediction: Array | None = None
    histogram = None
    partial = 0 < int(kept.sum()) < kept.size
    if partial:
        constant = Named("constant", "TAX", 1, homogeneous_model(kept.shape[0], kept.shape[1], Uniform()))
        models = list(found.models)
        if not models or not _is_constant(models[0]):
            models.append(constant)
        for place, named in enumerate(models):
            # The constant graphon beside a prediction is there for its distance alone.
            sampled = 0 if named is constant and found.models else draws
            try:
                comparison, probabilities = compare(
                    matrix, named.model, name=named.name, statement=named.statement, rank=named.rank, draws=sampled,
                    seed=seed + 1 + place, bounded=named is not constant or not found.models,
                    independent=named.independent,
                )  # fmt: skip
            except InputError as error:
                unmet.append(f"{named.name}: not comparable ({error.argument}: {error.remedy})")
                continue
            comparisons.append(comparison)
            if prediction is None and found.models:
                prediction = probabilities
        if not found.models:
            histogram = summarised(kept, seed)
    else:
        unmet.append("layer collapse: nothing is kept" if not kept.any() else "the layer is kept whole")
    return LayerAnalysis(
        name=name,
        kind="Conv2d" if mask.ndim == 4 else "Linear",
        shape=tuple(mask.shape),
        reading=matrix.text,
        kept=int(kept.sum()),
        size=kept.size,
        predicted_density=found.density,
        weights=law,
        comparisons=tuple(comparisons),
        regime=found.regime,
        rows=rows,
        columns=columns,
        empty_rows=tuple(int(i) for i in np.flatnonzero(~kept.any(axis=1))),
        off_path=off_path,
        histogram=histogram,
        theory=found.theory,
        unmet=tuple(unmet),
        mask=kept,
        prediction=prediction,
    )


def _features(masks: Mapping[str, Tensor], groups: Mapping[str, int], samples: Samples | None) -> Features | None:
    """Degrees of the inputs of the first layer, if it reads the samples as they are."""
    name, kept = next(iter(masks.items()))
    degrees = input_degrees(kept, groups.get(name, 1))
    what = "input" if kept.ndim == 2 else "input channel"
    if samples is None:
        return input_features(name, degrees, what, None)
    shape = samples.shape
    expected = samples.features if kept.ndim == 2 else shape[0]
    if degrees.size != expected:
        return None
    image = (shape[0], shape[1], shape[2]) if len(shape) == 3 and kept.ndim == 2 else None
    return input_features(name, degrees, what, image)


def _intrinsic(
    features: Features | None, first: LayerAnalysis, on_path: Mapping[str, Mask], seed: int
) -> Intrinsic | None:
    """Look at the first layer where its columns are the inputs of the network."""
    if features is None or len(first.shape) != 2:
        return None
    alive = np.asarray(on_path[first.name].any(axis=1)) if first.name in on_path else None
    return intrinsic_dimension(first.mask, alive=alive, probabilities=first.prediction, seed=seed)


def _is_constant(named: Named) -> bool:
    if not isinstance(named.model, FiniteModel):
        return False
    profile = named.model.profile
    return bool((profile == profile.flat[0]).all())


def _sees_data(criterion: str) -> bool:
    if criterion in names.CRITERIA:
        return criterion in ("snip", "grasp", "grasp-magnitude")
    return own_criteria()[criterion].batch


def _require_options(criterion: str | None, draws: int, seed: int) -> None:
    if criterion is not None and criterion not in names.CRITERIA:
        known = criterion_names()
        if criterion not in known:
            near = difflib.get_close_matches(str(criterion), known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError("criterion", criterion, f"{hint}choose one of {', '.join(known)}")
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 0:
        raise InputError("draws", draws, "give a number of at least 0")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("seed", seed, "give an integer of at least 0")
