"""What a statement is: its hypotheses, its conclusion, its derivation and what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphon_theory.derivation import Derivation
from graphon_theory.statements.hypothesis import Hypothesis

if TYPE_CHECKING:
    from graphon_theory.saliency import SaliencyModel


@dataclass(frozen=True)
class Statement:
    """A statement of the theory.

    Parameters
    ----------
    id
        Short id, as in suites and reports.
    title
        One line.
    hypotheses
        What it assumes.
    conclusion
        What it says, as a sentence with TeX maths.
    uses
        Ids of the statements that it rests on.
    source
        Where it comes from.
    derive
        Builds its derivation; None for a statement that is measured alone, which no statement of the theory is.
    """

    id: str
    title: str
    hypotheses: tuple[Hypothesis, ...]
    conclusion: str
    uses: tuple[str, ...]
    source: str
    derive: Callable[[], Derivation] | None

    def applies(self, model: SaliencyModel, density: float) -> dict[str, bool | None]:
        """Check the hypotheses for a saliency model at a density.

        Returns
        -------
        dict
            Each hypothesis in words: True, False, or None where the model does not decide it.
        """
        return {hypothesis.text: hypothesis.holds(model, density) for hypothesis in self.hypotheses}
