"""Reports of runs and of derivations: one Markdown source with TeX maths, turned into HTML, LaTeX and PDF."""

from __future__ import annotations
