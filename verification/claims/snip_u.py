"""SNIP-U, measured: SNIP on labels with a mean, over sets of edges declared without the edges' own weights.

The prediction is built from preactivations, residuals and weights: the batch's saliency less each weight's own
share. False variants leave that share in, take it out the wrong way, or mistake its size.

The own share is of one size for all edges of a column, and its effect on an edge depends on the saliency there:
false variants differ from the truth on edges that are scattered over the layer, not on rectangles. So the
deviations are those of mask less prediction over the *set* of edges where the prediction exceeds a false one. A
false prediction may depend on the weights, as the mask does; its set is then declared with other weights
in their place, so that the mean of the mask over it has no selection in it. The rule is that of ``declared``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.criteria import OwnShareModel, kept_beside_own_share, snip_uncentred
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, worst
from verification.claims.declared import RATIO, Margins, decide, distances, over_sets
from verification.claims.false_laws import matched_law
from verification.experiment import Pruned, prune
from verification.masks import mask
from verification.sampling import draw_noise

Array = npt.NDArray[np.float64]

MARGINS = Margins(ratio=math.log(1.1), deviation=0.002)
"""As for SNIP-S: ten per cent either way, and half of what another noise law makes."""

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""

FRESH_DRAWS = 2
"""Draws of other weights that declare the set of a false variant."""


@dataclass(frozen=True)
class _Mistake:
    """A false variant: what is left of the own share in ``h``, and the share in the law, in true shares."""

    left: float
    own: float


def _scaled(factor: float) -> _Mistake:
    """Return the mistake of a share ``factor`` times too large, both in ``h`` and in the law."""
    return _Mistake(left=1.0 - factor, own=factor)


_MISTAKES: Mapping[str, _Mistake] = {
    "no-share": _Mistake(left=1.0, own=0.0),
    "not-left-out": _Mistake(left=1.0, own=1.0),
    "wrong-sign": _Mistake(left=2.0, own=1.0),
    "law-alone": _Mistake(left=0.0, own=0.0),
    "twice": _scaled(2.0),
    "without-root": _scaled(math.sqrt(2.0 * math.pi)),
}


class SnipU:
    """The claim of statement SNIP-U."""

    id = "SNIP-U"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant("no-share", "no weight moves its own saliency: SNIP-S, with the saliency of the batch"),
        Mutant("not-left-out", "the saliency of the batch, own share and all, in the law with own share"),
        Mutant("wrong-sign", "the own share is added to the saliency of the batch, not taken out"),
        Mutant("law-alone", "the own share is taken out of the saliency, and forgotten in the law"),
        Mutant("twice", "an own share twice as large"),
        Mutant("without-root", "an own share without 1/sqrt(2 pi)"),
        Mutant("unit-variance", "an own share without the spread of the weights, for other than unit variance"),
        Mutant("other-noise", "another noise law of equal variance"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one network's mask with masks drawn from the prediction; hold it to each mutant."""
        generator = torch.Generator().manual_seed(seed)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        model, weights = _model(pruned), _weights(pruned)
        truth = model.probabilities(case.density)
        null_masks = [_sample(model, case.density, generator) for _ in range(NULL_DRAWS)]
        fresh = [_draw(model, generator) for _ in range(FRESH_DRAWS)]
        mistakes = dict(_MISTAKES)
        if model.noise.variance != 1.0:
            mistakes["unit-variance"] = _scaled(math.sqrt(model.noise.variance))
        predictions, declared = {STATEMENT: truth}, []
        for name, mistake in mistakes.items():
            wrong = _mistaken(model, weights, mistake)
            level = wrong.threshold(case.density)
            predictions[name] = _kept(wrong, level)
            declared.append(
                truth > np.mean([_kept(_mistaken(model, drawn, mistake), level) for drawn in fresh], axis=0)
            )
        other = OwnShareModel(model.saliency, model.own, matched_law(model.noise)).probabilities(case.density)
        predictions["other-noise"] = other
        declared.append(truth > other)
        observed, *null = distances([drawn - truth for drawn in (kept, *null_masks)], seed)
        values = {name: over_sets(kept - prediction, declared) for name, prediction in predictions.items()}
        values[STATEMENT] |= {"observed": observed, "null": float(np.mean(null))}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
        return decide(observations, variant, level, MARGINS)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Say where the real mask stands against the sampled one, on the teacher."""
        found = [o for o in carrying(observations, STATEMENT) if o.case.data == "teacher"]
        if not found:
            return None
        width = max(o.case.width for o in found)
        rows = [row for row in self.decide(found, STATEMENT, level).rows if row["measure"] == RATIO]
        verdict = {
            Outcome.SUPPORTED: "is as close to the prediction with own shares as a mask sampled from it",
            Outcome.REFUTED: "is NOT as close to the prediction with own shares as a mask sampled from it",
        }.get(
            worst([Outcome(str(row["outcome"])) for row in rows]), "could not be told from the prediction, nor matched"
        )
        return (
            f"On labels with a mean SNIP's mask {verdict}, at width {width}: ratio of cut distances "
            + "; ".join(f"{_exp(row['mean']):.3f} at {row['group']}" for row in rows)
            + "."
        )


def _exp(value: float | str) -> float:
    return math.exp(float(value))


def _model(pruned: Pruned) -> OwnShareModel:
    """Build the prediction from preactivations, residuals and weights: no gradient, no mask."""
    if pruned.batch is None:
        raise RuntimeError("SNIP draws a batch")
    batch = pruned.batch
    return snip_uncentred(
        readout=pruned.readout,
        slopes=pruned.network.slopes(batch.inputs).numpy(),
        residuals=-batch.labels.double().numpy(),
        inputs=batch.inputs.double().numpy(),
        weights=_weights(pruned),
        noise=pruned.noise,
    )


def _weights(pruned: Pruned) -> Array:
    """Hidden weights in units of their scale, shape (n, d)."""
    weights: Array = pruned.network.hidden.weight.detach().double().numpy() / pruned.network.weight_scale
    return weights


def _mistaken(model: OwnShareModel, weights: Array, mistake: _Mistake) -> OwnShareModel:
    """Return the model of a false variant, for a network of these weights."""
    return OwnShareModel(model.saliency + mistake.left * model.own * weights, mistake.own * model.own, model.noise)


def _kept(model: OwnShareModel, level: float) -> Array:
    return kept_beside_own_share(model.saliency, model.own, model.noise, level)


def _draw(model: OwnShareModel, generator: torch.Generator) -> Array:
    """Draw fresh weights, in units of their scale: a modulus and a sign."""
    shape = model.saliency.shape
    signs = 2 * torch.randint(2, shape, generator=generator) - 1
    drawn: Array = (draw_noise(model.noise, shape, generator) * signs).numpy()
    return drawn


def _sample(model: OwnShareModel, density: float, generator: torch.Generator) -> npt.NDArray[np.bool_]:
    """Top-k mask of the scores ``|xi| |h + kappa xi|`` with fresh noise."""
    noise = _draw(model, generator)
    scores = torch.from_numpy(np.abs(noise * (model.saliency + model.own * noise)))
    return mask(scores, density=density, generator=generator).numpy()
