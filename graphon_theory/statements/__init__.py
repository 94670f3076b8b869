"""The statements of the theory, one a file, and their registry by id."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from graphon_theory.statements.ce import CE
from graphon_theory.statements.count import COUNT
from graphon_theory.statements.energy import ENERGY
from graphon_theory.statements.gen import GEN
from graphon_theory.statements.grasp import GRASP
from graphon_theory.statements.grasp_d import GRASP_D
from graphon_theory.statements.hypothesis import Hypothesis
from graphon_theory.statements.lazy import LAZY
from graphon_theory.statements.lim_a import LIM_A
from graphon_theory.statements.lim_b import LIM_B
from graphon_theory.statements.mag import MAG
from graphon_theory.statements.nest import NEST
from graphon_theory.statements.ntk_1 import NTK_1
from graphon_theory.statements.ntk_c import NTK_C
from graphon_theory.statements.ntk_k import NTK_K
from graphon_theory.statements.ntk_l import NTK_L
from graphon_theory.statements.null import NULL
from graphon_theory.statements.path import PATH
from graphon_theory.statements.scale import SCALE
from graphon_theory.statements.sf import SF
from graphon_theory.statements.sign import SIGN
from graphon_theory.statements.snip_1 import SNIP_1
from graphon_theory.statements.snip_p import SNIP_P
from graphon_theory.statements.snip_s import SNIP_S
from graphon_theory.statements.snip_u import SNIP_U
from graphon_theory.statements.statement import Statement
from graphon_theory.statements.syn import SYN
from graphon_theory.statements.tax import TAX
from graphon_theory.statements.thr import THR
from graphon_theory.statements.uat import UAT
from graphon_theory.statements.uat_count import UAT_COUNT
from graphon_theory.statements.uat_n import UAT_N

__all__ = ["STATEMENTS", "Hypothesis", "Statement", "ancestors"]

STATEMENTS: Final[Mapping[str, Statement]] = MappingProxyType(
    {
        statement.id: statement
        for statement in (
            THR,
            NEST,
            LIM_A,
            LIM_B,
            COUNT,
            NULL,
            TAX,
            MAG,
            SYN,
            SF,
            ENERGY,
            SNIP_S,
            SNIP_U,
            SNIP_P,
            SNIP_1,
            GRASP,
            SIGN,
            GRASP_D,
            CE,
            UAT_COUNT,
            UAT,
            UAT_N,
            NTK_C,
            NTK_1,
            NTK_L,
            NTK_K,
            LAZY,
            GEN,
            PATH,
            SCALE,
        )
    }
)
"""All statements by id; a statement comes after those that it uses, where the papers allow it."""


def ancestors(statement: str) -> tuple[str, ...]:
    """Return the ids of all statements that one rests on, directly or through others, without itself."""
    found: dict[str, None] = {}
    for parent in STATEMENTS[statement].uses:
        found.update(dict.fromkeys((*ancestors(parent), parent)))
    return tuple(found)
