"""Graphon-optimal design: the rank-one graphon of a given density whose bound on the risk is least, and its masks.

``design`` finds the profile on one half of the data, ``design_mask`` prunes with it. The command is ``graphon design``.
The names below are loaded when they are first used, so that the command line stays light.

Modules: ``halves`` splits data, ``linear`` solves the relaxed problem, ``levels``, ``kernel``, ``objective`` are what
autograd follows, ``optimise`` finds the optimum of the limit, ``select`` fits it to a network, ``profile`` and ``mask``
hold the result; ``compare`` and ``training`` put networks beside each other; ``result`` is the facade of the command,
``text``, ``document``, ``figures`` and ``folder`` show its result.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification.design.mask import design_mask as design_mask
    from verification.design.optimise import Design as Design
    from verification.design.optimise import design as design
    from verification.design.profile import Profile as Profile

_HOMES = {
    "Design": "verification.design.optimise",
    "Profile": "verification.design.profile",
    "design": "verification.design.optimise",
    "design_mask": "verification.design.mask",
}

__all__ = ["Design", "Profile", "design", "design_mask"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
