"""Maths of the pages as MathML, by pandoc: browsers show it without a script, and nothing is loaded from anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from docutils import nodes
from sphinx.util import logging

from verification.publish.convert import ConversionError, render

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.writers.html5 import HTML5Translator

_LOG: Final = logging.getLogger(__name__)
_MATH: Final = re.compile(r"<math.*?</math>", re.DOTALL)
_ANNOTATION: Final = re.compile(r"<annotation .*?</annotation>", re.DOTALL)


def to_mathml(formulas: list[tuple[str, bool]]) -> list[str]:
    """Turn TeX into MathML, all by one call of pandoc.

    Parameters
    ----------
    formulas
        Pairs (TeX without delimiters, whether it is displayed).

    Returns
    -------
    list of str
        A ``<math>`` element each.

    Raises
    ------
    verification.publish.convert.ConversionError
        If pandoc cannot read one of them.
    """
    if not formulas:
        return []
    lines = (f"$${tex.strip()}$$" if shown else f"${tex.strip()}$" for tex, shown in formulas)
    found = _MATH.findall(render("\n\n".join(lines), "html5", options=("--mathml", "--wrap=none")))
    if len(found) != len(formulas):
        raise ConversionError(f"{len(formulas)} formulas gave {len(found)} elements")
    return [without_tex(one) for one in found]


def without_tex(html: str) -> str:
    """Leave out the TeX that pandoc notes beside its MathML."""
    return _ANNOTATION.sub("", html)


def _gather(app: Sphinx, doctree: nodes.document) -> None:
    """Note the formulas of a page, so that those of all pages are converted together."""
    found = doctree.findall(lambda node: isinstance(node, (nodes.math, nodes.math_block)))
    formulas = {(node.astext(), isinstance(node, nodes.math_block)) for node in found}
    _pages(app.env)[app.env.current_document.docname] = formulas


def _convert(_app: Sphinx, env: BuildEnvironment) -> None:
    wanted = set().union(*_pages(env).values())
    missing = sorted(wanted - set(_made(env)))
    try:
        _made(env).update(zip(missing, to_mathml(missing), strict=True))
    except ConversionError as error:
        _LOG.warning("formula: %s", error)


def _forget(_app: Sphinx, env: BuildEnvironment, page: str) -> None:
    _pages(env).pop(page, None)


def _merge(_app: Sphinx, env: BuildEnvironment, pages: set[str], other: BuildEnvironment) -> None:
    _pages(env).update({page: formulas for page, formulas in _pages(other).items() if page in pages})


def _pages(env: BuildEnvironment) -> dict[str, set[tuple[str, bool]]]:
    """Formulas of each page."""
    return _kept(env, "graphon_formulas")


def _made(env: BuildEnvironment) -> dict[tuple[str, bool], str]:
    """MathML of each formula."""
    return _kept(env, "graphon_mathml")


def _kept(env: BuildEnvironment, name: str) -> dict[Any, Any]:
    if not hasattr(env, name):
        setattr(env, name, {})
    found: dict[Any, Any] = getattr(env, name)
    return found


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_made(translator.builder.env).get((node.astext(), False), ""))
    raise nodes.SkipNode


def _display(translator: HTML5Translator, node: nodes.math_block) -> None:
    found = _made(translator.builder.env).get((node.astext(), True), "")
    translator.body.append(f'<div class="formula">{found}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.connect("doctree-read", _gather)
    app.connect("env-updated", _convert)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
