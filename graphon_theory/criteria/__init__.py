"""Pruning criteria as saliency models: what the theory says the mask of each criterion looks like."""

from __future__ import annotations

from graphon_theory.criteria.cross_entropy import class_field, class_residuals
from graphon_theory.criteria.grasp import output_kernel, weight_gradient
from graphon_theory.criteria.grasp_signed import one_sided_levels, one_sided_threshold
from graphon_theory.criteria.homogeneous import homogeneous_model
from graphon_theory.criteria.magnitude import LayerShares, magnitude_shares
from graphon_theory.criteria.snip import snip_rank_one, snip_rank_s
from graphon_theory.criteria.snip_proportional import ProportionalModel, snip_proportional
from graphon_theory.criteria.snip_uncentred import OwnShareModel, kept_beside_own_share, own_share, snip_uncentred
from graphon_theory.criteria.synflow import (
    critical_density,
    factor_spread,
    kept_mass,
    path_factors,
    step_growth,
    synflow_model,
)

__all__ = [
    "LayerShares",
    "OwnShareModel",
    "ProportionalModel",
    "class_field",
    "class_residuals",
    "critical_density",
    "factor_spread",
    "homogeneous_model",
    "kept_beside_own_share",
    "kept_mass",
    "magnitude_shares",
    "one_sided_levels",
    "one_sided_threshold",
    "output_kernel",
    "own_share",
    "path_factors",
    "snip_proportional",
    "snip_rank_one",
    "snip_rank_s",
    "snip_uncentred",
    "step_growth",
    "synflow_model",
    "weight_gradient",
]
