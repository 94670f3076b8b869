"""Sphinx configuration."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "graphon-theory"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "statement_page"]
exclude_patterns = ["_build", "_ext", "examples"]
if tags.has("brief"):  # noqa: F821  # Sphinx gives it
    # `sphinx -t brief`: all but the API reference, which takes more time than everything else.
    exclude_patterns.append("api/**")
    suppress_warnings = ["toc.excluded"]

myst_enable_extensions = ["dollarmath"]
# Links to files outside of the pages (examples, sources) stay as they are on GitHub.
myst_heading_anchors = 3

# MathML that is made here: MathJax would be loaded from a network.
html_math_renderer = "mathml"
html_theme = "furo"
html_static_path = ["_static"]
html_show_sourcelink = False
html_copy_source = False

# Names of functions in every page's navigation would cost as much time as the rest of writing.
toc_object_entries = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
