"""The machine-readable design, ``graphon.design/1``: described in docs/design.md."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Final

from verification.design.compare import Judged
from verification.design.result import DesignRun

SCHEMA: Final = "graphon.design/1"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_NAMES: Final = (
    "source", "density", "width", "inputs", "samples", "tested", "seed", "weights", "kind", "initialisation", "ridge",
    "delta", "signs",
)  # fmt: skip


def document(run: DesignRun) -> dict[str, Json]:
    """Turn a design into JSON data; arrays are in ``profile.npz`` and ``mask.npz``, degrees here as well."""
    found, tailored = run.found, run.tailored
    return {
        "schema": SCHEMA,
        **{name: _json(getattr(run, name)) for name in _NAMES},
        "image": None if run.image is None else list(run.image),
        "kept": int(run.mask.sum()),
        "size": run.mask.numel(),
        "methods": [_method(one) for one in run.judged],
        "limit": {
            "value": found.value,
            "constant": found.constant,
            "starts": [_json(asdict(start)) for start in found.starts],
        },
        "relaxed": {
            "value": found.relaxed.value,
            "constant": found.relaxed.constant,
            "floor": found.relaxed.floor,
            "explained": found.relaxed.explained,
        },
        "chosen": _json(asdict(tailored.chosen)),
        "crossed": tailored.crossed,
        "candidates": [_json(asdict(one)) for one in tailored.candidates],
        "degrees": [float(value) for value in run.profile.degrees],
        "effective_inputs": run.profile.effective_inputs,
        "threshold": run.profile.threshold,
    }


def _method(one: Judged) -> Json:
    """Leave out the path bound, which needs a linear teacher that is known."""
    return _json({name: value for name, value in asdict(one).items() if name != "path"})


def _json(value: object) -> Json:
    """Plain data; NaN and infinity, which JSON lacks, become null."""
    if isinstance(value, dict):
        return {str(key): _json(entry) for key, entry in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"no JSON form for {type(value).__name__}")
