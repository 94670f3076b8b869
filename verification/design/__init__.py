"""Graphon-optimal design: the rank-one graphon of a given density whose bound on the risk is least, and its masks.

``design`` finds the profile on one half of the data, ``design_mask`` prunes with it, ``compare`` states the bound on
the other half beside those of the criteria. The command is ``graphon design``.
"""

from __future__ import annotations

from verification.design.mask import design_mask
from verification.design.optimise import Design, design
from verification.design.profile import Profile

__all__ = ["Design", "Profile", "design", "design_mask"]
