"""Sphinx configuration."""

project = "graphon-theory"
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
html_theme = "furo"
exclude_patterns = ["_build", "examples"]
