"""An ordinary case, of which tests of single claims replace what they need."""

from __future__ import annotations

from verification.cases import Case

ORDINARY = Case(
    statement="THR",
    variant="statement",
    criterion="magnitude",
    model=None,
    initialisation="gaussian",
    data="digits",
    labels="centred",
    signal=0.5,
    width=64,
    inputs=64,
    square=True,
    density=0.1,
    batch=0,
    batch_per_input=None,
    ladder="",
)
