"""From the Markdown source to HTML, LaTeX and PDF, by pandoc and latexmk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from graphon_theory.errors import InputError
from verification.publish.embedded import compact
from verification.publish.escape import visible
from verification.publish.markdown import Page, made_at

FORMATS: Final = ("html", "md", "tex", "pdf")

# Everything off that a report does not write, above all raw HTML and raw TeX: what is escaped cannot come back.
READER: Final = (
    "markdown-raw_html-raw_tex-latex_macros-citations-smart-auto_identifiers-implicit_header_references-footnotes"
    "-yaml_metadata_block-pandoc_title_block-example_lists-implicit_figures-subscript-superscript-strikeout"
    "-inline_notes-abbreviations"
)
"""The dialect that reports are written in."""

_PATIENCE: Final = 300.0
"""Seconds after which LaTeX is given up."""

_MAIN: Final = r"""\documentclass[11pt,a4paper]{article}
\input{report-preamble}
\begin{document}
\input{report}
\end{document}
"""

_DISPLAYED: Final = re.compile(r"\\\[(.*?)\\\]", re.DOTALL)


class ConversionError(RuntimeError):
    """Pandoc or LaTeX failed on a source that the package made: a fault of the package, with what they said."""


def render(
    source: str,
    to: str,
    *,
    reader: str = READER,
    title: str = "",
    folder: Path | None = None,
    options: tuple[str, ...] = (),
) -> str:
    """Convert Markdown by pandoc; a warning of pandoc counts as a failure.

    Parameters
    ----------
    source
        In the dialect ``reader``.
    to
        Pandoc's name of the format.
    reader
        Pandoc's name of the dialect.
    title
        Title of the document, plain text.
    folder
        Where images lie.
    options
        Further options of pandoc.

    Raises
    ------
    InputError
        If pandoc is missing.
    ConversionError
        If pandoc fails or warns, as it does of TeX that it cannot read.
    """
    arguments = ["--fail-if-warnings", f"--metadata=pagetitle={visible(title) or 'report'}", *options]
    if folder is not None:
        arguments.append(f"--resource-path={folder}")
    done = subprocess.run(  # noqa: S603  # pandoc's own path and options made here
        [pandoc(), f"--from={reader}", f"--to={to}", *arguments],
        input=source.encode(),
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0:
        raise ConversionError(f"pandoc to {to}: {said[-2000:]}")
    return done.stdout.decode()


def pandoc() -> str:
    """Return the path of pandoc.

    Raises
    ------
    InputError
        If it is not there.
    """
    try:
        import pypandoc

        path: str = pypandoc.get_pandoc_path()
    except (ImportError, OSError) as error:
        raise InputError(
            "to",
            "html",
            f"pandoc was not found ({type(error).__name__}): pip install 'graphon-theory[report]', or "
            "write the source alone with --to md",
        ) from error
    return path


def html(page: Page) -> str:
    """Return one HTML file that holds everything: MathML, figures, style and script; it loads nothing."""
    parts = resources.files("verification.publish")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("template.html", "style.css", "script.js"):
            (folder / file).write_bytes((parts / file).read_bytes())
        _put(folder, page.files)
        options = (
            "--mathml",
            "--standalone",
            "--embed-resources",
            f"--template={folder / 'template.html'}",
            f"--variable=folder={folder}",
            "--default-image-extension=svg",
            "--wrap=none",
        )
        return compact(render(page.markdown, "html5", title=page.title, folder=folder, options=options))


def tex(page: Page) -> dict[str, bytes]:
    r"""Return the report in LaTeX: name -> content.

    ``report.tex`` can be ``\input`` into a paper that inputs ``report-preamble.tex`` before its document begins;
    ``report-main.tex`` is such a paper. Figures come as PDF and PNG.
    """
    body = render(
        page.markdown, "latex-smart", title=page.title, options=("--default-image-extension=pdf", "--wrap=none")
    )
    body = _DISPLAYED.sub(lambda found: f"\\GraphonFormula{{{found[1]}}}", body)
    head = "% \\input this in a document that has \\input{report-preamble} before \\begin{document}.\n"
    preamble = (resources.files("verification.publish") / "preamble.tex").read_text(encoding="utf-8")
    files = {
        "report.tex": (head + body).encode(),
        "report-preamble.tex": (preamble + _unicode(page.markdown)).encode(),
        "report-main.tex": _MAIN.encode(),
    }
    from verification.publish.svg_pdf import svg_to_pdf

    for name, content in page.files.items():
        if name.endswith(".svg"):
            files[name.removesuffix(".svg") + ".pdf"] = svg_to_pdf(content.decode())
        else:
            files[name] = content
    return files


def pdf(page: Page) -> bytes:
    """Return the report as PDF, by latexmk and pdflatex.

    Raises
    ------
    InputError
        If latexmk is not there.
    ConversionError
        If LaTeX fails, or takes longer than five minutes.
    """
    if latexmk() is None:
        raise InputError("to", "pdf", "latexmk was not found: install TeX Live with latexmk, or leave out pdf")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _put(folder, tex(page))
        # The time of the report, not of the conversion: so that one run gives one PDF.
        fixed = {"SOURCE_DATE_EPOCH": str(int(made_at().timestamp())), "FORCE_SOURCE_DATE": "1"}
        try:
            done = subprocess.run(  # noqa: S603  # latexmk's own path and options made here
                [
                    latexmk() or "",
                    "-pdf",
                    "-interaction=nonstopmode",
                    "-halt-on-error",
                    "-no-shell-escape",
                    "report-main",
                ],
                cwd=folder,
                env=os.environ | fixed,
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except subprocess.TimeoutExpired as error:
            raise ConversionError(f"LaTeX took longer than {_PATIENCE:.0f} s") from error
        result = folder / "report-main.pdf"
        if done.returncode != 0 or not result.is_file():
            raise ConversionError(
                "LaTeX failed:\n" + "\n".join(done.stdout.decode(errors="replace").splitlines()[-40:])
            )
        return result.read_bytes()


def latexmk() -> str | None:
    """Return the path of latexmk, or None."""
    return shutil.which("latexmk") if shutil.which("pdflatex") else None


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _unicode(text: str) -> str:
    """Tell LaTeX of every sign beyond Latin-1, so that none stops it: it prints the sign's number."""
    signs = sorted({sign for sign in text if ord(sign) > 0xFF})
    lines = (f"\\newunicode{{{ord(sign):04X}}}" for sign in signs)
    return "".join(f"{line}\n" for line in lines)
