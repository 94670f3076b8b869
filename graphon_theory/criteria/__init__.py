"""Pruning criteria as saliency models: what the theory says the mask of each criterion looks like."""

from __future__ import annotations

from graphon_theory.criteria.homogeneous import homogeneous_model
from graphon_theory.criteria.snip import snip_rank_one, snip_rank_s

__all__ = ["homogeneous_model", "snip_rank_one", "snip_rank_s"]
