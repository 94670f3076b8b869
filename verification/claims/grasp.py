"""GRASP, measured: GraSP's score against its formula to rounding, and its mask against the rank-S model of ``K r``.

Score and network are in double precision. The identity has no chance in it: the largest difference of score and
formula, entry by entry, is held against a bound of the rounding errors of both. The mask is judged as in
``closeness``. The factor of a false formula is fitted to the scores, so that it is its shape that is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.criteria.grasp import linear_kernel, output_kernel, rounding_bound, weight_gradient
from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying
from verification.claims.closeness import Prediction, compare
from verification.claims.false_laws import other_noise
from verification.claims.formula import RELATIVE, decide_formula, errors
from verification.criteria import score
from verification.devices import current
from verification.experiment import draw_batch
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import OneHiddenLayer

Array = npt.NDArray[np.float64]


class Grasp:
    """The claim of statement GRASP."""

    id = "GRASP"
    criteria = ("grasp-magnitude",)
    on_models = False
    mutants = (
        Mutant("plain-snip", "r in the place of K r: GraSP is SNIP"),
        Mutant("linear-kernel", "K without sigma': the kernel of the inputs alone"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant("readout", "the same formula with the output layer in gradient and Hessian", own_data=True),
        Mutant("tanh", "the same formula for tanh, without the term of sigma''", own_data=True),
        Mutant("uncentred", "the same mask where K r has a mean: labels whose mean is not removed", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Score one network by autograd and hold scores and mask against the formulas, true and false."""
        generator = torch.Generator().manual_seed(seed)
        pruned = PrunedInDouble.draw(case, generator, everything=case.variant == "readout")
        r = pruned.residuals
        fields = {
            case.variant: pruned.field(pruned.kernel @ r),
            "plain-snip": pruned.field(r),
            "linear-kernel": pruned.field(linear_kernel(pruned.inputs) @ r),
        }
        models = {name: FiniteModel(np.abs(field), pruned.network.noise) for name, field in fields.items()}
        truth = Prediction.of(models[case.variant], case.density)
        false = {name: models[name].probabilities(case.density) for name in ("plain-snip", "linear-kernel")}
        false["other-noise"] = other_noise(models[case.variant]).probabilities(case.density)
        kept = mask(torch.from_numpy(pruned.scores), density=case.density, generator=generator).numpy()
        values = compare(kept, truth, false, variant=case.variant, generator=generator, seed=seed)
        bound = np.abs(pruned.weights) * rounding_bound(pruned.readout, pruned.slopes, r, pruned.inputs)
        for name, found in values.items():
            field = fields.get(name, fields[case.variant])
            exact = (case.variant == STATEMENT and name in (STATEMENT, "other-noise")) or name == "uncentred"
            found |= errors(pruned.scores, np.abs(pruned.weights * field), bound, fitted=not exact)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Identity in every trial, and equivalence of the masks at the largest size of every group."""
        return decide_formula(observations, variant, level, follows="the model of K r")

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How far the formula is from the score in double precision, and how far SNIP's is."""
        found = carrying(observations, STATEMENT)
        if not found:
            return None
        true = max(o.values[STATEMENT][RELATIVE] for o in found)
        snip = min(o.values["plain-snip"][RELATIVE] for o in found)
        return (
            f"GraSP's score by modulus differs from its formula by at most {true:.1e} of the largest score "
            f"({len(found)} networks, double precision); SNIP's formula, rescaled, by {snip:.2f} and more."
        )


class PrunedInDouble:
    """A network in double precision, its GraSP score, and what the formulas need of it.

    Attributes
    ----------
    network
        The network, float64, on the CPU.
    scores
        As the case's criterion gives them, shape (n, d).
    readout, weights, slopes, inputs, residuals
        ``a_i``, ``w_ij``, ``sigma'(z_is)``, ``x_sj``, ``r_s``.
    """

    def __init__(self, network: OneHiddenLayer, inputs: Tensor, labels: Tensor, scores: Tensor) -> None:
        self.network = network
        self.scores: Array = scores.numpy()
        self.readout: Array = network.readout.weight.detach().numpy()[0]
        self.weights: Array = network.hidden.weight.detach().numpy()
        self.slopes: Array = network.slopes(inputs).double().numpy()
        self.inputs: Array = inputs.numpy()
        self.residuals: Array = -labels.numpy()
        self.kernel = output_kernel(self.readout, self.slopes, self.inputs)

    @classmethod
    def draw(cls, case: Case, generator: torch.Generator, *, everything: bool = False) -> PrunedInDouble:
        """Draw network and batch of a case and score the hidden weights; ``everything`` scores all layers at once."""
        seed = int(torch.randint(2**62, (), generator=generator))
        network = OneHiddenLayer(
            case.inputs, case.width, initialisation=case.initialisation, seed=seed, activation=case.activation
        ).double()
        batch = draw_batch(case, generator)
        inputs, labels = batch.inputs.double(), batch.labels.double()
        if case.labels == "centred":
            labels = labels - labels.mean()  # what single precision left
        place = current()
        scores = score(
            network.to(place),
            centred_squared_loss,
            [(inputs.to(place), labels.to(place))],
            criterion=str(case.criterion),
            layers=None if everything else ("hidden",),
        )["hidden"].cpu()
        return cls(network.to("cpu"), inputs, labels, scores)

    def field(self, residuals: Array) -> Array:
        """``a_i S^-1 sum_s r_s sigma'(z_is) x_sj``, shape (n, d)."""
        return weight_gradient(self.readout, self.slopes, residuals, self.inputs)
