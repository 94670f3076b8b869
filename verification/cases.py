"""Cases, trials and observations: what one measurement was made on, and what it gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphon_theory.saliency import SaliencyModel

Values = Mapping[str, Mapping[str, float]]
"""Statistics of a trial: variant -> name -> number."""


@dataclass(frozen=True)
class ModelSpec:
    """A saliency model as a suite file writes it: formulas in u and v, and the name of a noise law."""

    name: str
    g: str
    f: str
    noise: str

    def build(self) -> SaliencyModel:
        """Parse the formulas; raises ``InputError`` or ``FormulaError`` if they are no profiles."""
        from graphon_theory.formula import parse_formula
        from graphon_theory.noise import noise_law
        from graphon_theory.saliency import SaliencyModel

        return SaliencyModel(
            g=parse_formula(self.g, names=("u",)),
            f=parse_formula(self.f, names=("v",)),
            noise=noise_law(self.noise),
        )


@dataclass(frozen=True)
class Case:
    """One cell of a check's grid; the fields are those of ``suite.Check``, one value each.

    ``criterion`` or ``model`` is set, never both. ``square`` says that d follows n. ``batch`` is 0 where
    no batch is drawn. ``active`` counts active coordinates; ``target`` is empty where nothing is approximated.
    ``weights`` says whether kept edges keep their weights or have them drawn anew.
    """

    statement: str
    variant: str
    criterion: str | None
    model: ModelSpec | None
    initialisation: str
    data: str
    labels: str
    signal: float
    width: int
    inputs: int
    square: bool
    density: float
    batch: int
    batch_per_input: float | None
    ladder: str
    activation: str = "relu"
    depth: int = 1
    active: int = 1
    target: str = ""
    weights: str = "kept"

    @property
    def source(self) -> str:
        """What is pruned, for people."""
        return f"model {self.model.name}" if self.model is not None else f"{self.criterion}"

    @property
    def size(self) -> int:
        """Number of entries ``n d`` of the mask."""
        return self.width * self.inputs

    @property
    def work(self) -> int:
        """Rough cost of a trial, for scheduling alone: multiplications of one pass over batch and weights."""
        return self.size * (self.batch + 1000)

    def key(self) -> str:
        """Canonical JSON of the case: equal cases have equal keys.

        Fields with a default are left out where they have it, so that a new field moves no seed.
        """
        entries = asdict(self)
        for field in fields(self):
            if field.default is not MISSING and entries[field.name] == field.default:
                del entries[field.name]
        return json.dumps(entries, sort_keys=True, separators=(",", ":"))

    def seed(self, master: int, repeat: int) -> int:
        """Seed of one trial, in [0, 2^63): a hash, so that it depends on neither order nor neighbours."""
        text = f"{master}/{repeat}/{self.key()}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class Observation:
    """What one trial gave.

    Parameters
    ----------
    case
        What was measured on.
    repeat
        Number of the trial within its case, from 0.
    seed
        Seed of the trial.
    values
        Variant -> statistic -> number.
    """

    case: Case
    repeat: int
    seed: int
    values: Values
