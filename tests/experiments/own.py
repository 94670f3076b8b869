"""Claims about coins, to test what becomes of claims of one's own: a trial is a thousand tosses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sympy import Rational, Sum, binomial
from sympy.abc import k

from graphon_theory.derivation import Derivation, Step
from verification.cases import Case, Observation, Values
from verification.claims import Measurement, Mutant, Outcome
from verification.claims.claim import STATEMENT, carrying, not_run
from verification.statistics import binomial_two_sided, detectable_rate

TOSSES = 1000


def fair() -> Derivation:
    """Derive the mean share of heads where all sequences of four tosses are alike."""
    return Derivation(
        id="COIN",
        title="The fair coin",
        steps=(
            Step(
                id="sequences",
                text="Four tosses have 16 sequences, alike if the coin is fair: the probabilities of k heads sum to 1.",
                left=Sum(binomial(4, k) / 16, (k, 0, 4)),
                relation="=",
                right=1,
            ),
            Step(
                id="mean",
                text="The mean share of heads is 1/2.",
                left=Sum(k * binomial(4, k) / 16, (k, 0, 4)) / 4,
                relation="=",
                right=Rational(1, 2),
                follows=("sequences",),
            ),
        ),
    )


STATED = {
    "title": "The coin is fair",
    "hypotheses": ("tosses are independent",),
    "conclusion": "Heads have probability 1/2.",
    "rule": "Exact binomial test of the pooled tosses; support needs that 10 % would have been seen.",
    "level": 0.05,
    "derivation": fair,
}
"""What a claim must state, as arguments of the decorator."""


class Coin:
    """A claim that a coin of some ``rate`` is fair, beside a false variant that is no nearer to it."""

    id = "COIN"
    rate = 0.5
    criteria: tuple[str, ...] = ()
    on_models = True
    mutants: tuple[Mutant, ...] = (Mutant("loaded", "heads have probability 0.7"),)

    def trial(self, case: Case, seed: int) -> Values:
        heads = float(np.random.default_rng(seed).binomial(TOSSES, self.rate))
        return {STATEMENT: {"heads": heads, "says": 0.5}, "loaded": {"heads": heads, "says": 0.7}}

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        heads, size = int(sum(o.values[variant]["heads"] for o in found)), TOSSES * len(found)
        rate = found[0].values[variant]["says"]
        p_value, finest = binomial_two_sided(heads, size, rate), detectable_rate(size, rate, level)
        fine = Outcome.SUPPORTED if finest <= 0.1 else Outcome.INCONCLUSIVE
        return Measurement(
            outcome=Outcome.REFUTED if p_value <= level else fine,
            null="heads have the stated probability",
            alternative="they have another",
            statistic="share of heads",
            observed=heads / size,
            bound=rate,
            level=level,
            p_value=p_value,
            sample_size=len(found),
            detectable=finest,
            detectable_unit="relative error of the probability",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        return None


def suite_text(*ids: str, seed: int = 3, level: float = 0.01) -> str:
    """Write a suite that tosses each coin five thousand times."""
    head = f'schema = "graphon.suite/1"\nname = "tosses"\nlevel = {level}\nseed = {seed}\n[models.one]\n'
    check = '[[check]]\nstatement = "{}"\nmodels = ["one"]\nwidths = [8]\ndensities = [0.5]\nrepeats = 5\n'
    return head + "".join(check.format(name) for name in ids)
