"""Figures for LaTeX: the SVG that this project draws, as PDF.

It reads the part of SVG that matplotlib and ``graph`` write (paths of M, L, C, Q and Z, rectangles, uses, images,
transforms, styles, plain text), not SVG at large; what it does not know it leaves out. No other converter is needed.
"""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET  # DOCTYPE is cut off before, so that no entity is defined
from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import matplotlib.image
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from graphon_theory.errors import InputError

_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TOKEN: Final = re.compile(r"[MLHVCQZz]|" + _NUMBER.pattern)
_CODES: Final = {"M": (Path.MOVETO, 1), "L": (Path.LINETO, 1), "Q": (Path.CURVE3, 2), "C": (Path.CURVE4, 3)}
_CAPS: Final[Mapping[str, Any]] = {"butt": "butt", "round": "round", "square": "projecting"}
_JOINS: Final[Mapping[str, Any]] = {"miter": "miter", "round": "round", "bevel": "bevel"}
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_STYLES: Final[tuple[str, ...]] = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity",
    "stroke-linejoin", "stroke-linecap", "font-size", "font-weight", "text-anchor",
)  # fmt: skip


def svg_to_pdf(svg: str) -> bytes:
    """Return a figure as PDF of the same size, in points, with reproducible bytes.

    Parameters
    ----------
    svg
        What matplotlib or ``graph.graph_svg`` wrote.

    Raises
    ------
    InputError
        If it is not that.
    """
    try:
        return _converted(svg)
    except (ET.ParseError, KeyError, IndexError, ValueError, SyntaxError) as error:
        raise InputError("figure", svg[:60], f"not the SVG of a run ({error}): run the suite again") from error


def _converted(svg: str) -> bytes:
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", svg))  # noqa: S314  # see the import
    x, y, width, height = (float(part) for part in root.attrib["viewBox"].split())
    with mpl.rc_context({"pdf.fonttype": 42, "path.simplify": False, "lines.scale_dashes": False}):
        figure = Figure(figsize=(width / 72, height / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(x, x + width)
        axes.set_ylim(y + height, y)
        axes.set_axis_off()
        named = {node.attrib["id"]: node for node in root.iter() if "id" in node.attrib}
        _Drawing(axes, named).draw(root, Affine2D(), {}, None)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return buffer.getvalue()


class _Drawing:
    """Draws elements onto axes whose units are the SVG's."""

    def __init__(self, axes: Any, named: Mapping[str, ET.Element]) -> None:
        self._axes = axes
        self._named = named
        self._order = 0

    def draw(self, node: ET.Element, place: Affine2D, style: Mapping[str, str], clip: Any) -> None:
        tag = node.tag.rsplit("}", 1)[-1]
        if tag in ("defs", "metadata", "style", "title", "desc", "clipPath"):
            return
        own = _style(node)
        style = {**style, **own}
        here = _then(_transform(node.attrib.get("transform", "")), place)
        clip = self._clip(node, here) or clip
        if tag in ("svg", "g", "a"):
            for child in node:
                self.draw(child, here, style, clip)
        elif tag == "use":
            target = self._named[node.attrib[_LINK].removeprefix("#")]
            moved = _then(Affine2D().translate(float(node.get("x", 0)), float(node.get("y", 0))), here)
            self.draw(target, moved, style, clip)
        elif tag == "path" and node.attrib.get("d"):  # the glyph of a space has none
            self._path(_read_path(node.attrib["d"]), here, style, clip)
        elif tag == "rect":
            self._path(_rectangle(node), here, style, clip)
        elif tag == "image":
            self._image(node, here, clip)
        elif tag == "text":
            self._text(node, here, style)

    def _clip(self, node: ET.Element, here: Affine2D) -> Any:
        found = re.fullmatch(r"url\(#(.+)\)", node.attrib.get("clip-path", ""))
        if found is None:
            return None
        outline = self._named[found[1]][0]
        path = _rectangle(outline) if outline.tag.endswith("rect") else _read_path(outline.attrib["d"])
        return PathPatch(path.transformed(here), transform=self._axes.transData)

    def _add(self, artist: Any, clip: Any) -> None:
        self._order += 1
        artist.set_zorder(self._order)
        if clip is not None:
            artist.set_clip_path(clip)

    def _path(self, path: Path, here: Affine2D, style: Mapping[str, str], clip: Any) -> None:
        opacity = float(style.get("opacity", 1))
        scale = float(np.sqrt(abs(np.linalg.det(here.get_matrix()[:2, :2]))))
        width = float(style.get("stroke-width", 1)) * scale
        fill, stroke = style.get("fill", "#000000"), style.get("stroke", "none")
        dashes = [float(part) * scale for part in _NUMBER.findall(style.get("stroke-dasharray", ""))]
        if len(dashes) % 2:
            dashes *= 2
        artist = PathPatch(
            path.transformed(here),
            facecolor=_colour(fill, float(style.get("fill-opacity", 1)) * opacity),
            edgecolor=_colour(stroke, float(style.get("stroke-opacity", 1)) * opacity),
            linewidth=0 if stroke == "none" else width,
            joinstyle=_JOINS[style.get("stroke-linejoin", "round")],
            capstyle=_CAPS[style.get("stroke-linecap", "butt")],
        )
        self._axes.add_patch(artist)
        if dashes and width > 0:
            artist.set_linestyle((0.0, tuple(dashes)))
        self._add(artist, clip)

    def _image(self, node: ET.Element, here: Affine2D, clip: Any) -> None:
        data = base64.b64decode(node.attrib[_LINK].split(",", 1)[1])
        pixels = matplotlib.image.imread(io.BytesIO(data), format="png")
        x, y = float(node.get("x", 0)), float(node.get("y", 0))
        corners = here.transform([[x, y], [x + float(node.attrib["width"]), y + float(node.attrib["height"])]])
        (left, top), (right, bottom) = corners
        image = self._axes.imshow(
            pixels, extent=(left, right, bottom, top), aspect="auto", interpolation="none", origin="upper"
        )
        self._add(image, clip)

    def _text(self, node: ET.Element, here: Affine2D, style: Mapping[str, str]) -> None:
        x, y = here.transform((float(node.get("x", 0)), float(node.get("y", 0))))
        artist = self._axes.text(
            x,
            y,
            (node.text or "").replace("$", r"\$"),
            color=_colour(style.get("fill", "#000000"), 1.0),
            fontsize=float(_NUMBER.findall(style.get("font-size", "12"))[0]) * 0.9,
            fontweight=style.get("font-weight", "normal"),
            verticalalignment="baseline",
        )
        self._add(artist, None)


def _style(node: ET.Element) -> dict[str, str]:
    found = {str(key): node.attrib[key] for key in _STYLES if key in node.attrib}
    for entry in node.attrib.get("style", "").split(";"):
        key, _, value = entry.partition(":")
        if value:
            found[key.strip()] = value.strip()
    return found


def _colour(name: str, opacity: float) -> Any:
    return "none" if name == "none" else mpl.colors.to_rgba(name, opacity)


def _transform(text: str) -> Affine2D:
    """Read SVG's transforms: the last one written is applied first."""
    total = Affine2D()
    for kind, arguments in reversed(re.findall(r"(\w+)\(([^)]*)\)", text)):
        n = [float(part) for part in _NUMBER.findall(arguments)]
        if kind == "translate":
            total.translate(n[0], n[1] if len(n) > 1 else 0.0)
        elif kind == "scale":
            total.scale(n[0], n[-1])
        elif kind == "rotate":
            total.rotate_deg(n[0])
        elif kind == "matrix":
            total = _then(total, Affine2D(np.array([[n[0], n[2], n[4]], [n[1], n[3], n[5]], [0, 0, 1]])))
    return total


def _then(first: Affine2D, second: Affine2D) -> Affine2D:
    return Affine2D(second.get_matrix() @ first.get_matrix())


def _read_path(text: str) -> Path:
    vertices: list[tuple[float, float]] = []
    codes: list[Any] = []
    tokens = _TOKEN.findall(text)
    place, letter = 0, "M"
    while place < len(tokens):
        if tokens[place].isalpha():
            letter, place = tokens[place], place + 1
        if letter in "Zz":
            vertices.append(vertices[-1])
            codes.append(Path.CLOSEPOLY)
            continue
        if letter in "HV":
            value, last = float(tokens[place]), vertices[-1]
            vertices.append((value, last[1]) if letter == "H" else (last[0], value))
            codes.append(Path.LINETO)
            place += 1
            continue
        code, points = _CODES[letter]
        numbers = [float(token) for token in tokens[place : place + 2 * points]]
        vertices += list(zip(numbers[::2], numbers[1::2], strict=True))
        codes += [code] * points
        place += 2 * points
        letter = "L" if letter == "M" else letter
    return Path(vertices, codes)


def _rectangle(node: ET.Element) -> Path:
    x, y = float(node.get("x", 0)), float(node.get("y", 0))
    box = Rectangle((x, y), float(node.attrib["width"]), float(node.attrib["height"]))
    return box.get_path().transformed(box.get_patch_transform())
