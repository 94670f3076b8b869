"""Strings that users named, as Markdown that shows them literally, whatever they hold.

Everything that is not a letter, a digit or a space gets a backslash, which pandoc's Markdown allows before every
ASCII sign: no HTML, TeX, Markdown, table or attribute can begin. The converter reads without raw HTML and raw TeX.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SIGN: Final = re.compile(r"([!-/:-@\[-`{-~])")
_MATHS: Final = re.compile(r"\$([^$]+)\$")
_SHOWN: Final = 2000
"""Longest string shown, in characters: a report stays readable whatever a user named."""


def literal(text: object) -> str:
    """Return Markdown of one line that shows a text literally.

    Parameters
    ----------
    text
        Any object; its ``str`` is shown. Control characters and signs that turn the direction of the text are
        replaced, runs of white space become one space, and what is longer than 2,000 characters is cut.
    """
    clean = visible(text)
    if len(clean) > _SHOWN:
        clean = clean[:_SHOWN] + " ... (cut)"
    return _SIGN.sub(r"\\\1", clean)


def prose(text: str) -> str:
    r"""Return Markdown of a sentence of the theory: ``$...$`` stays maths, the rest is literal.

    Only for text of the package's own statements and steps: TeX goes through as it is.
    """
    parts = _MATHS.split(text)
    # Odd parts stood between dollars. A dollar before a digit would not close maths in pandoc, hence the brackets.
    shown = []
    for place, part in enumerate(parts):
        if place % 2:
            shown.append(f"${part.strip()}$")
            continue
        before, after = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
        shown.append(f"{' ' if before else ''}{literal(part)}{' ' if after and part.strip() else ''}")
    return "".join(shown).strip()


def visible(text: object) -> str:
    """Return a text in one line, with a mark for every sign that is not seen or that reorders those around it."""
    signs = (sign if sign.isspace() or unicodedata.category(sign)[0] != "C" else "\ufffd" for sign in str(text))
    return " ".join("".join(signs).split())
