"""Derivations: chains of formulas whose steps say on what evidence they stand."""

from __future__ import annotations

from graphon_theory.derivation.chain import Derivation, DerivationResult
from graphon_theory.derivation.evaluation import evaluate
from graphon_theory.derivation.step import Evidence, Step, StepResult
from graphon_theory.derivation.written import as_written

__all__ = ["Derivation", "DerivationResult", "Evidence", "Step", "StepResult", "as_written", "evaluate"]
