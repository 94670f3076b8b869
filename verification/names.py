"""The names that suite files and the command line may use; kept free of heavy imports.

A test compares each tuple with the room that it names. ``verification.registry`` adds the names of the user's own.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = (
    "THR",
    "LIM-a",
    "TAX",
    "MAG",
    "SYN",
    "SF",
    "SNIP-S",
    "SNIP-U",
    "SNIP-P",
    "SNIP-1",
    "GRASP",
    "SIGN",
    "GRASP-D",
    "CE",
    "UAT-count",
    "UAT",
    "UAT-n",
    "NTK-c",
    "NTK-1",
    "NTK-L",
    "NTK-K",
    "LAZY",
    "GEN",
    "PATH",
    "SCALE",
)
CRITERIA: Final = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow", "synflow-iterative")
ACTIVATIONS: Final = ("relu", "tanh", "gelu")
INITIALISATIONS: Final = ("gaussian", "uniform")
NOISES: Final = ("gaussian", "uniform", "laplace")
DATA: Final = ("digits", "teacher")
LABELS: Final = ("centred", "raw")
TARGETS: Final = ("smooth", "piecewise", "oscillating", "barron")
WEIGHTS: Final = ("kept", "redrawn")
