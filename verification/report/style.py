"""How figures look, and how they become SVG with reproducible bytes."""

from __future__ import annotations

import io
from typing import Any, Final

from matplotlib.figure import Figure

STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "graphon-theory",
    "svg.fonttype": "path",
    "font.size": 9.0,
    "axes.grid": True,
    "grid.alpha": 0.25,
}
"""For ``matplotlib.rc_context``."""

# Okabe and Ito's palette: told apart with every common colour-vision deficiency.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#666666"


def svg(figure: Figure) -> str:
    """Write a figure as SVG: the same bytes for the same figure, without date or version."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
