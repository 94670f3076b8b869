"""The machine-readable analysis, ``graphon.analyse/1``: described in docs/analyse.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from verification.analysis.result import Analysis, Comparison, LayerAnalysis

SCHEMA = "graphon.analyse/1"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def document(analysis: Analysis) -> dict[str, Json]:
    """Turn an analysis into JSON data; arrays, which ``mask.npz`` holds, are left out."""
    head = {name: _json(getattr(analysis, name)) for name in _NAMES}
    return {
        "schema": SCHEMA,
        **head,
        "kept": analysis.kept,
        "size": analysis.size,
        "layers": [_layer(layer) for layer in analysis.layers],
        "features": _json(analysis.features),
        "intrinsic": _json(analysis.intrinsic),
    }


_NAMES = (
    "source", "criterion", "density", "scope", "loss", "labels", "data", "batch", "seed", "collapsed", "effective",
    "notes",
)  # fmt: skip


def _layer(layer: LayerAnalysis) -> Json:
    found = _json(layer)
    if not isinstance(found, dict):
        raise TypeError("a layer is a record")
    found["density"] = layer.density
    found["comparisons"] = [_comparison(comparison) for comparison in layer.comparisons]
    return found


def _comparison(comparison: Comparison) -> Json:
    found = _json(comparison)
    if not isinstance(found, dict):
        raise TypeError("a comparison is a record")
    return found | {"rejected": comparison.rejected}


def _json(value: object) -> Json:
    """Turn records into objects without their arrays; NaN and infinity, which JSON lacks, become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _json(getattr(value, entry.name)) for entry in fields(value) if entry.repr}
    if isinstance(value, Mapping):
        return {str(key): _json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"no JSON form for {type(value).__name__}")
