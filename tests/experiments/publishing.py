"""A run folder made by hand in the form that ``verification.report`` writes, for the tests of reports."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

SUITE = """\
schema = "graphon.suite/1"
name = "made"
summary = "by hand"
seed = 5

[models.ramp]
g = "1/2 + u"
f = "exp(-v)"

[[check]]
statement = "THR"
models = ["ramp"]
widths = [32, 64]
densities = [0.5]
repeats = 2
"""

SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36" width="72pt" height="36pt">'
    '<path d="M 0 0 L 72 36" style="fill: none; stroke: #0072b2; stroke-dasharray: 3 2"/></svg>\n'
)


def measurement(outcome: str = "supported", **changed: Any) -> dict[str, Any]:
    """Figures of a measurement."""
    return {
        "outcome": outcome,
        "null": "rates are stated",
        "alternative": "they are not",
        "statistic": "largest error over what the level allows",
        "observed": 0.25,
        "bound": 1.0,
        "level": 0.002,
        "p_value": 0.5,
        "sample_size": 8,
        "detectable": 0.0179,
        "detectable_unit": "relative error",
        "rows": [
            {"source": "magnitude", "width": 32.0, "density": 0.5, "error": 0.125},
            {"source": "magnitude", "width": 64.0, "density": 0.5, "error": 0.25},
        ],
    } | changed


def statement(name: str, **changed: Any) -> dict[str, Any]:
    """One statement of ``run.json``."""
    return {
        "id": name,
        "title": f"title of {name}",
        "status": "supported",
        "reasons": [],
        "uses": [],
        "hypotheses": ["one"],
        "conclusion": "a conclusion",
        "source": "a source",
        "evidence": {
            "derivation": {"proved": 1},
            "steps": [{"id": "gaussian-slope", "evidence": "proved", "detail": "the difference is zero"}],
            "enclosures": [
                {"name": "tau of ramp", "lower": 0.37, "upper": 0.38, "value": 0.375, "holds": True},
            ],
            "measurement": measurement(),
        },
        "mutants": [
            {
                "id": "other-noise",
                "text": "Q of another law",
                "reading": None,
                "rejected": True,
                "rejected_from": 32,
                "outcome": "refuted",
                "observed": 12.5,
                "bound": 1.0,
                "sample_size": 8,
            }
        ],
    } | changed


def document(*statements: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """All of ``run.json``."""
    return {
        "schema": "graphon.verify/1",
        "suite": {"name": "made", "summary": "by hand", "level": 0.01, "seed": 5, "trials": 8},
        "versions": {"graphon-theory": "0.1.0", "code": "0123456789abcdef", "device": "cpu"},
        "headlines": ["A sentence."],
        "statements": list(statements) or [statement("THR")],
        "figures": [{"name": "masks.svg", "title": "Masks", "caption": "All of them."}],
        "timing": {"trials": 1.0, "rest": 2.0},
    } | changed


def run_folder(folder: Path, data: dict[str, Any] | None = None) -> Path:
    """Write a run folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(document() if data is None else data), encoding="utf-8")
    (folder / "suite.toml").write_text(SUITE, encoding="utf-8")
    (folder / "masks.svg").write_text(SVG, encoding="utf-8")
    return folder


class Read(HTMLParser):
    """What a reader of a page sees and can follow."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.handlers: list[str] = []
        self._inside: list[str] = []
        self._said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "style", "annotation"):
            self._inside.append(tag)
        for key, value in attributes:
            if key == "id":
                self.ids.append(str(value))
            elif key == "href":
                (self.targets if tag == "a" else self.loaded).append(str(value))
            elif key in ("src", "srcset", "xlink:href", "action", "data"):
                self.loaded.append(str(value))
            elif key.startswith("on"):
                self.handlers.append(f"{tag} {key}")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._said.append(data)

    @property
    def text(self) -> str:
        """All text, white space folded."""
        return re.sub(r"\s+", " ", "".join(self._said))
