"""Networks built on the kept edges of a mask, and the certified sup error of each.

    >>> import numpy as np
    >>> from verification.approximation import build, certify, target
    >>> goal = target("smooth", 1)
    >>> network = build(np.ones((8, 3), dtype=bool), [1], goal)
    >>> found = certify(network.reduced([1]), goal)
    >>> found.lower <= found.upper < 0.01
    True

Modules: ``targets`` holds the functions to approximate, ``jets`` and ``intervals`` bound them on many boxes at once,
``neurons`` finds the neurons joined to all active coordinates, ``interpolation`` and ``build`` construct,
``network`` is the module on the mask, ``models`` bounds it on boxes, ``creases`` moves kinks of the target over to it,
``certify`` bounds its error from both sides, ``floor`` what no network can do that lacks a coordinate.
"""

from verification.approximation.build import build, fitted_units
from verification.approximation.certify import SupError, certify
from verification.approximation.floor import Floor, fibre_floor
from verification.approximation.interpolation import interpolating_units
from verification.approximation.network import MaskedNetwork, RidgeSum
from verification.approximation.neurons import NoJoinedNeuron, joined, none_joined, require_joined
from verification.approximation.targets import Target, target

__all__ = [
    "Floor",
    "MaskedNetwork",
    "NoJoinedNeuron",
    "RidgeSum",
    "SupError",
    "Target",
    "build",
    "certify",
    "fibre_floor",
    "fitted_units",
    "interpolating_units",
    "joined",
    "none_joined",
    "require_joined",
    "target",
]
