"""Figures inside a page: SVG as percent-encoded data, without what cannot be seen."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import quote

_EMBEDDED: Final = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_PLACE: Final = re.compile(r' (d|x|y|points)="([^"]*)"')
_LONG: Final = re.compile(r"-?\d+\.\d{3,}(?![\de])")
_SPACE: Final = re.compile(r"\s*\n\s*")

# What may stand unencoded in a URL between double quotes.
_SAFE: Final = " !$'()*+,-./:;=?@_~"


def compact(page: str) -> str:
    """Return an HTML page whose embedded SVG figures take about two thirds of their bytes and look the same.

    Places are written to a hundredth of a unit (of a point, in ours), comments and indentation are left out, and
    base64 gives way to percent encoding, of which SVG needs little.
    """
    return _EMBEDDED.sub(lambda found: f"data:image/svg+xml,{_written(found[1])}", page)


def _written(encoded: str) -> str:
    figure = _COMMENT.sub("", base64.b64decode(encoded).decode())
    figure = _PLACE.sub(lambda found: f' {found[1]}="{_LONG.sub(_rounded, found[2])}"', figure)
    # A URL loses its line breaks, which separate numbers here.
    figure = _SPACE.sub(" ", figure)
    if "'" not in figure:
        figure = figure.replace('"', "'")
    return quote(figure, safe=_SAFE)


def _rounded(number: re.Match[str]) -> str:
    written = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written
