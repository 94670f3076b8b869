"""What the theory says of one layer, as records."""

from __future__ import annotations

from dataclasses import dataclass

from verification.analysis.layer_models import LayerModel
from verification.analysis.result import Regime


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
    independent
        Whether the statement says that masks sampled from the model look like the layer's. Where it is False the
        statement is on the distance alone: sampled masks then give a scale, and neither p-values nor a bound.
    """

    name: str
    statement: str
    rank: int | None
    model: LayerModel
    independent: bool = True


@dataclass(frozen=True, eq=False)
class LayerPrediction:
    """What the theory says of one layer; ``models`` is empty where it says nothing.

    Parameters
    ----------
    theory
        The sentence which theory applies.
    unmet
        Hypotheses that the layer does not meet, or that were not checked.
    models
        The prediction first, other readings after it.
    density
        Kept fraction that is expected of the layer under a common threshold; None where nothing says so.
    regime
        SNIP's, where the layer is one that it has.
    """

    theory: str
    unmet: tuple[str, ...]
    models: tuple[Named, ...] = ()
    density: float | None = None
    regime: Regime | None = None
