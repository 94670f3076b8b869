"""What a run shows: a text table, machine-readable JSON, figures and a first HTML page."""

from __future__ import annotations
