"""Models of a layer's mask: kept probabilities, and how to draw a mask from them with fresh noise.

``FiniteModel`` keeps the largest ``|h| |xi|``. The others wrap what has another law of the kept set: signed scores
(SIGN), weights that move their own saliency (SNIP-U), saliencies known up to a spread (SNIP-P).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from graphon_theory.criteria import OwnShareModel, ProportionalModel, one_sided_levels, one_sided_threshold
from graphon_theory.criteria.grasp_signed import upper_probability
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.analysis.result import Array, Mask
from verification.masks import mask
from verification.sampling import draw_noise, model_scores, sample_mask


class DrawnModel(Protocol):
    """A model that draws its own masks."""

    def probabilities(self, density: float) -> Array:
        """Kept probabilities, shape (n, m), of mean ``density``."""

    def draw(self, density: float, generator: torch.Generator) -> Mask:
        """Draw a mask of ``round(density n m)`` entries with fresh noise, shape (n, m)."""


LayerModel: TypeAlias = FiniteModel | DrawnModel
"""What a layer can be predicted by."""


def draw_mask(model: LayerModel, density: float, generator: torch.Generator) -> Mask:
    """Mask of fresh noise, shape (n, m), with ``round(density n m)`` entries.

    Raises
    ------
    InputError
        If the noise law has no sampler.
    """
    if isinstance(model, FiniteModel):
        return sample_mask(model, density, generator).numpy()
    return model.draw(density, generator)


@dataclass(frozen=True, eq=False)
class OneSided:
    """Signed scores ``h xi``, largest kept (statement SIGN).

    Parameters
    ----------
    model
        Modulus of the profile, and the law: as the noise is symmetric, the sign of h does not matter.
    """

    model: FiniteModel

    def probabilities(self, density: float) -> Array:
        """``P(xi >= tau/|h|)``, shape (n, m); tau is negative where more than half of the entries are kept."""
        levels = one_sided_levels(self.model, one_sided_threshold(self.model, density))
        return upper_probability(self.model.noise, levels)

    def draw(self, density: float, generator: torch.Generator) -> Mask:
        """Top-k mask of ``|h| |xi|`` with fair signs."""
        scores = model_scores(self.model, generator)
        return mask(scores * _signs(scores.shape, generator), density=density, generator=generator).numpy()


@dataclass(frozen=True, eq=False)
class OwnShares:
    """Scores ``|xi| |h + kappa xi|`` (statement SNIP-U).

    Parameters
    ----------
    model
        ``h`` without the weights' own shares, and ``kappa``.
    """

    model: OwnShareModel

    def probabilities(self, density: float) -> Array:
        """``P(|xi| |h + kappa xi| >= tau)``, shape (n, m)."""
        return self.model.probabilities(density)

    def draw(self, density: float, generator: torch.Generator) -> Mask:
        """Top-k mask of fresh scores."""
        noise = _signed_noise(self.model.noise, self.model.saliency.shape, generator)
        moved = torch.from_numpy(self.model.saliency) + torch.from_numpy(self.model.own) * noise
        return mask((noise * moved).abs_(), density=density, generator=generator).numpy()


@dataclass(frozen=True, eq=False)
class Proportional:
    """Scores ``|a| |m + s eps| |xi|`` (statement SNIP-P).

    Parameters
    ----------
    model
        Readout, batch moments and law.
    """

    model: ProportionalModel

    def probabilities(self, density: float) -> Array:
        """``E_eps Q(2 tau/(|a| |m + s eps|))``, shape (n, m)."""
        return self.model.probabilities(density)

    def draw(self, density: float, generator: torch.Generator) -> Mask:
        """Top-k mask with an ``eps`` of its own for every edge: independent edges, which SNIP's are not."""
        shape = (self.model.readout.size, self.model.means.size)
        eps = torch.randn(shape, generator=generator, dtype=torch.float64)
        means, spreads = torch.from_numpy(self.model.means), torch.from_numpy(self.model.spreads)
        saliency = torch.from_numpy(self.model.readout)[:, None] * (means + spreads * eps)
        scores = draw_noise(self.model.noise, shape, generator) * saliency.abs_()
        return mask(scores, density=density, generator=generator).numpy()


def _signs(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(2, shape, generator=generator).double() * 2.0 - 1.0


def _signed_noise(law: NoiseLaw, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return draw_noise(law, shape, generator) * _signs(shape, generator)
