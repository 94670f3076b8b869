"""From a case to a real mask: draw the batch, initialise the network, score it, keep the top k."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory import notation
from graphon_theory.criteria import homogeneous_model, snip_rank_one, snip_rank_s
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel, SaliencyModel
from verification.cases import Case
from verification.criteria import score
from verification.data import Batch, digits, teacher
from verification.devices import current
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import OneHiddenLayer
from verification.sampling import model_scores

Array = npt.NDArray[np.float64]

_PASS = 8192  # samples a backward pass: bounds the memory of a large batch


@dataclass(frozen=True)
class Pruned:
    """A network at initialisation and the mask that a criterion gave it.

    Parameters
    ----------
    network
        The network, its weights as initialised.
    batch
        The batch that scored it; None for criteria that need none.
    scores
        Shape (n, d), in the unit of the criterion.
    kept
        The mask, shape (n, d), boolean.
    """

    network: OneHiddenLayer
    batch: Batch | None
    scores: Tensor
    kept: Tensor

    @property
    def noise(self) -> NoiseLaw:
        """Law of the weights over their scale."""
        return self.network.noise

    def rank_s(self) -> FiniteModel:
        """SNIP's prediction from this batch (SNIP-S), from preactivations and residuals, not from the gradient."""
        batch = self._batch()
        return snip_rank_s(
            readout=self.readout,
            slopes=self.network.slopes(batch.inputs).numpy(),
            residuals=-batch.labels.numpy(),
            inputs=batch.inputs.numpy(),
            noise=self.noise,
        )

    def rank_one(self) -> FiniteModel:
        """SNIP's prediction by [P26] (SNIP-1): no activation enters."""
        return snip_rank_one(self.readout, -self._batch().correlations.numpy(), self.noise)

    @property
    def readout(self) -> Array:
        """Output weights ``a_i``, shape (n,)."""
        weights: Array = self.network.readout.weight.detach().double().numpy()[0]
        return weights

    def _batch(self) -> Batch:
        if self.batch is None:
            raise RuntimeError("this criterion drew no batch")
        return self.batch


def prune(case: Case, generator: torch.Generator, *, ties: str = "random") -> Pruned:
    """Prune a fresh network as the case says; scores are computed on the current device, all else on the CPU.

    Parameters
    ----------
    case
        A case with a criterion.
    generator
        Source of all randomness of the trial.
    ties
        Tie rule of the mask.
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    network = OneHiddenLayer(
        case.inputs, case.width, initialisation=case.initialisation, seed=seed, activation=case.activation
    )
    batch = draw_batch(case, generator) if case.batch else None
    place = current()
    parts = None
    if batch is not None:
        pieces = zip(torch.split(batch.inputs, _PASS), torch.split(batch.labels, _PASS), strict=True)
        parts = [(inputs.to(place), labels.to(place)) for inputs, labels in pieces]
    scores = score(
        network.to(place),
        centred_squared_loss,
        parts,
        criterion=str(case.criterion),
        layers=("hidden",),
        generator=generator,
    )["hidden"].cpu()
    network.to("cpu")
    kept = mask(scores, density=case.density, ties=ties, generator=generator)
    return Pruned(network=network, batch=batch, scores=scores, kept=kept)


def draw_batch(case: Case, generator: torch.Generator) -> Batch:
    """Draw the batch of a case."""
    if case.data == "digits":
        return digits(case.batch, case.inputs, labels=case.labels, generator=generator)
    return teacher(case.batch, case.inputs, signal=case.signal, labels=case.labels, generator=generator)


def known_types(case: Case, generator: torch.Generator) -> tuple[FiniteModel, FiniteModel | None, Tensor]:
    """Model with known types, and scores that follow it exactly, in units of the noise.

    For Magnitude the scores are those of a real network over the scale of its weights; for a saliency
    model they are drawn, with types uniform on [0, 1].

    Returns
    -------
    tuple
        The model; the false one with ``g`` and ``f`` exchanged at the same types (None for a network,
        whose profile is constant); the scores, shape (n, d).
    """
    if case.model is not None:
        types = torch.rand(case.width + case.inputs, generator=generator, dtype=torch.float64).numpy()
        rows, columns = types[: case.width], types[case.width :]
        model = case.model.build()
        swapped = SaliencyModel(
            g=model.f.subs(notation.v, notation.u), f=model.g.subs(notation.u, notation.v), noise=model.noise
        )
        known = model.at(rows, columns)
        return known, swapped.at(rows, columns), model_scores(known, generator)
    pruned = prune(case, generator)
    known = homogeneous_model(case.width, case.inputs, pruned.noise)
    scale = pruned.network.weight_scale if case.criterion == "magnitude" else 1.0
    return known, None, pruned.scores / scale
