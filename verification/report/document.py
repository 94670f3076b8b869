"""The machine-readable result of a run, ``graphon.verify/1``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from graphon_theory.derivation import Evidence
from verification.claims import Measurement
from verification.decisions import MutantVerdict
from verification.registry import statements
from verification.run import Run
from verification.verdict import Verdict

SCHEMA = "graphon.verify/1"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def document(run: Run, figures: Sequence[tuple[str, str, str]] = ()) -> dict[str, Json]:
    """Turn a run into JSON data; everything but ``timing`` depends on suite, seed and versions alone.

    Parameters
    ----------
    run
        The run.
    figures
        (file name, title, caption) of each figure that is written beside it.
    """
    suite = run.suite
    return {
        "schema": SCHEMA,
        "suite": {
            "name": suite.name,
            "summary": suite.summary,
            "level": suite.level,
            "seed": suite.seed,
            "trials": len(run.observations),
        },
        "versions": dict(run.versions),
        "headlines": list(run.headlines),
        "statements": [_statement(verdict) for verdict in run.verdicts],
        "figures": [{"name": name, "title": title, "caption": caption} for name, title, caption in figures],
        "timing": dict(run.seconds),
    }


def evidence_counts(verdict: Verdict) -> dict[str, int]:
    """Count the derivation's steps by kind of evidence, every kind present."""
    counts = Counter(result.evidence for result in verdict.steps)
    return {kind.name.lower(): counts[kind] for kind in Evidence}


def _statement(verdict: Verdict) -> dict[str, Json]:
    statement = statements()[verdict.id]
    return {
        "id": verdict.id,
        "title": statement.title,
        "status": verdict.status.value,
        "reasons": list(verdict.reasons),
        "uses": list(statement.uses),
        "hypotheses": [hypothesis.text for hypothesis in statement.hypotheses],
        "conclusion": statement.conclusion,
        "source": statement.source,
        "evidence": {
            "derivation": None if verdict.derivation is None else dict(evidence_counts(verdict)),
            "steps": [
                {"id": r.step.id, "evidence": r.evidence.name.lower(), "detail": r.detail} for r in verdict.steps
            ],
            "enclosures": [_finite(asdict(check)) for check in verdict.enclosures],
            "measurement": _measurement(verdict.measurement),
        },
        "mutants": [_mutant(mutant) for mutant in verdict.mutants],
    }


def _measurement(measurement: Measurement) -> Json:
    return _finite(asdict(measurement))


def _mutant(verdict: MutantVerdict) -> dict[str, Json]:
    measurement = verdict.measurement
    return {
        "id": verdict.mutant.id,
        "text": verdict.mutant.text,
        "reading": verdict.mutant.reading or None,
        "rejected": verdict.rejected,
        "rejected_from": verdict.rejected_from,
        "outcome": measurement.outcome.value,
        "observed": _finite(measurement.observed),
        "bound": _finite(measurement.bound),
        "sample_size": measurement.sample_size,
    }


def _finite(value: object) -> Json:
    """Turn a value into JSON: NaN and infinity, which JSON lacks, become null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"no JSON form for {type(value).__name__}")
