"""CE, measured: SNIP under cross-entropy on real classes, against the rank-S model of unit-dependent residuals.

Scores come from autograd on a network with one output a class, in double precision; the residuals from its weights by
formula. The largest difference of score and formula is held against a bound of rounding errors, and the mask is judged
as in ``closeness``. The factor of a false formula is fitted to the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from graphon_theory.criteria.cross_entropy import (
    class_field,
    class_residuals,
    field_rounding_bound,
    mean_residual_share,
    unmixed_field,
)
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying
from verification.claims.closeness import Prediction, compare
from verification.claims.false_laws import other_noise
from verification.claims.formula import RELATIVE, decide_formula, errors
from verification.criteria import score
from verification.data import digits_classes
from verification.devices import current
from verification.losses import cross_entropy
from verification.masks import mask
from verification.networks import initial_noise, perceptron

Array = npt.NDArray[np.float64]

OWN_SHARE = "own share"
"""Batch-mean residual of a unit over its residuals: the hypothesis takes it to be small."""


class Ce:
    """The claim of statement CE."""

    id = "CE"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant("true-class", "the residual of the true class alone, 1 - p"),
        Mutant("unmixed", "no mixing of classes by the unit: rank one, |a_i| times the norm of the correlations"),
        Mutant("squared-loss", "the residual of the squared loss, f - y"),
        Mutant("uniform", "softmax taken as 1/C, although the logits at initialisation are of order 1"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Score one network of ten outputs and hold scores and mask against the formulas, true and false."""
        generator = torch.Generator().manual_seed(seed)
        net = _Scored.draw(case, generator)
        delta = class_residuals(net.logits, net.labels)
        onehot = np.eye(net.logits.shape[1])[net.labels]
        residuals = {
            STATEMENT: delta,
            "true-class": delta * onehot,
            "squared-loss": net.logits - onehot,
            "uniform": class_residuals(np.zeros_like(net.logits), net.labels),
        }
        fields = {name: class_field(net.readout, net.slopes, r, net.inputs) for name, r in residuals.items()}
        fields["unmixed"] = unmixed_field(net.readout, delta, net.inputs)
        models = {name: FiniteModel(np.abs(field), net.noise) for name, field in fields.items()}
        truth = Prediction.of(models[STATEMENT], case.density)
        false = {name: model.probabilities(case.density) for name, model in models.items() if name != STATEMENT}
        false["other-noise"] = other_noise(models[STATEMENT]).probabilities(case.density)
        kept = mask(torch.from_numpy(net.scores), density=case.density, generator=generator).numpy()
        values = compare(kept, truth, false, variant=STATEMENT, generator=generator, seed=seed)
        bound = np.abs(net.weights) * field_rounding_bound(net.readout, net.weights, net.slopes, delta, net.inputs)
        for name, found in values.items():
            predicted = np.abs(net.weights * fields.get(name, fields[STATEMENT]))
            found |= errors(net.scores, predicted, bound, fitted=name not in (STATEMENT, "other-noise"))
        values[STATEMENT][OWN_SHARE] = mean_residual_share(net.readout, delta)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Identity in every trial, and equivalence of the masks at the largest size of every group."""
        return decide_formula(observations, variant, level, follows="the model of the class residuals")

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How far the formula is from the score, and how large a unit's mean residual was."""
        found = carrying(observations, STATEMENT)
        if not found:
            return None
        true = max(o.values[STATEMENT][RELATIVE] for o in found)
        share = float(np.mean([o.values[STATEMENT][OWN_SHARE] for o in found]))
        return (
            f"Under cross-entropy SNIP's score differs from its formula by at most {true:.1e} of the largest score "
            f"({len(found)} networks); a unit's mean residual is {share:.2f} of its residuals."
        )


@dataclass(frozen=True)
class _Scored:
    """A scored network of ten outputs, and what the formulas need of it; all arrays float64 but the labels."""

    scores: Array
    weights: Array
    readout: Array
    slopes: Array
    logits: Array
    inputs: Array
    labels: npt.NDArray[np.int64]
    noise: NoiseLaw

    @classmethod
    def draw(cls, case: Case, generator: torch.Generator) -> _Scored:
        """Draw network and batch of a case and score the hidden weights; logits by formula, from the weights."""
        seed = int(torch.randint(2**62, (), generator=generator))
        batch = digits_classes(case.batch, case.inputs, generator=generator)
        network = perceptron(
            case.inputs, [case.width], outputs=batch.classes, initialisation=case.initialisation, seed=seed
        ).double()
        inputs, place = batch.inputs.double(), current()
        scores = score(
            network.to(place),
            cross_entropy,
            [(inputs.to(place), batch.labels.to(place))],
            criterion=str(case.criterion),
            layers=("0",),
        )["0"].cpu()
        network.to("cpu")
        weights, readout = (
            layer.weight.detach().numpy() for layer in (network[0], network[2]) if isinstance(layer, nn.Linear)
        )
        x: Array = inputs.numpy()
        z = x @ weights.T
        return cls(
            scores=scores.numpy(),
            weights=weights,
            readout=readout,
            slopes=(z > 0).astype(np.float64),
            logits=np.maximum(z, 0.0) @ readout.T,
            inputs=x,
            labels=batch.labels.numpy(),
            noise=initial_noise(case.initialisation),
        )
