"""Claims: how each statement is put to the test. One statement a file.

A claim makes a trial of a case, and decides from the observations. The same ``decide`` serves the statement
and its false variants (mutants); only the numbers differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verification.claims.claim import Claim, Measurement, Mutant, Outcome
from verification.names import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Claim", "Measurement", "Mutant", "Outcome", "claims"]


def claims() -> Mapping[str, Claim]:
    """Return all claims by statement id, in the order of ``names.STATEMENTS``, then the user's own."""
    from verification.claims.ce import Ce
    from verification.claims.gen import Gen
    from verification.claims.grasp import Grasp
    from verification.claims.grasp_d import GraspD
    from verification.claims.lazy import Lazy
    from verification.claims.lim_a import LimA
    from verification.claims.mag import Mag
    from verification.claims.ntk_1 import Ntk1
    from verification.claims.ntk_c import NtkC
    from verification.claims.ntk_k import NtkK
    from verification.claims.ntk_l import NtkL
    from verification.claims.path import Path
    from verification.claims.scale import Scale
    from verification.claims.sf import Sf
    from verification.claims.sign import Sign
    from verification.claims.snip_1 import Snip1
    from verification.claims.snip_p import SnipP
    from verification.claims.snip_s import SnipS
    from verification.claims.snip_u import SnipU
    from verification.claims.syn import Syn
    from verification.claims.tax import Tax
    from verification.claims.thr import Thr
    from verification.claims.uat import Uat
    from verification.claims.uat_count import UatCount
    from verification.claims.uat_n import UatN

    found: tuple[Claim, ...] = (
        Thr(),
        LimA(),
        Tax(),
        Sf(),
        Syn(),
        Mag(),
        SnipS(),
        SnipU(),
        SnipP(),
        Snip1(),
        Grasp(),
        Sign(),
        GraspD(),
        Ce(),
        UatCount(),
        Uat(),
        UatN(),
        NtkC(),
        Ntk1(),
        NtkL(),
        NtkK(),
        Lazy(),
        Gen(),
        Path(),
        Scale(),
    )
    registry = {claim.id: claim for claim in found}
    from verification.registry import own_claims

    return {name: registry[name] for name in STATEMENTS} | {name: own.claim for name, own in own_claims().items()}
