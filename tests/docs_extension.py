"""The extensions of the documentation, loaded from their files: they belong to the pages, not to a package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[1] / "docs"


def load(name: str) -> ModuleType:
    """Load ``docs/_ext/NAME.py``, once."""
    known = f"docs_extension_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, DOCS / "_ext" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]
