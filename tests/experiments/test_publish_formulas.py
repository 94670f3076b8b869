"""Every formula of every derivation renders, as MathML and in LaTeX, and none is changed on the way."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
import sympy

from graphon_theory.derivation import Step
from graphon_theory.statements import STATEMENTS
from verification.publish.convert import ConversionError, latexmk, render, tex
from verification.publish.escape import prose
from verification.publish.markdown import Page
from verification.publish.tex import domain_tex, step_tex

MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def formulas() -> dict[str, str]:
    """TeX of every formula of the registry, by statement, step and part."""
    found = {}
    for name, statement in STATEMENTS.items():
        for step in statement.derive().steps:
            formula = step_tex(step)
            assert (formula is None) == step.is_cited
            if formula is not None:
                found[f"{name}/{step.id}"] = formula
            found |= {f"{name}/{step.id}/domain/{i}": part for i, part in enumerate(domain_tex(step))}
        found |= {f"{name}/conclusion/{i}": t for i, t in enumerate(re.findall(r"\$([^$]+)\$", statement.conclusion))}
    return found


@pytest.fixture(scope="module")
def rendered(formulas: dict[str, str]) -> dict[str, ET.Element]:
    """The MathML of each, by one call of pandoc, for which a warning is a failure."""
    source = "\n\n".join(f"::: {{#f{i}}}\n$${formula}$$\n:::" for i, formula in enumerate(formulas.values()))
    page = ET.fromstring(f"<body>{render(source, 'html5', options=('--mathml',))}</body>")  # noqa: S314  # pandoc's
    boxes = {box.get("id"): box for box in page.iter("div")}
    return {name: boxes[f"f{i}"] for i, name in enumerate(formulas)}


def test_every_formula_becomes_mathml(formulas: dict[str, str], rendered: dict[str, ET.Element]) -> None:
    assert len(formulas) > 250
    for name, box in rendered.items():
        assert len(list(box.iter(f"{MATHML}math"))) == 1, name
        assert not list(box.iter("span")), name  # where pandoc leaves TeX that it cannot read
        assert not list(box.iter(f"{MATHML}merror")), name
        shown = "".join(t for node in box.iter() if node.tag != f"{MATHML}annotation" for t in [node.text or ""])
        assert "\\" not in shown.replace("∖", ""), name


def test_no_number_and_no_fraction_is_lost(formulas: dict[str, str], rendered: dict[str, ET.Element]) -> None:
    """A converter that drops parts in silence would be caught: numerals, fractions, roots, integrals are counted."""
    for name, formula in formulas.items():
        nodes = [node for node in rendered[name].iter() if node.tag != f"{MATHML}annotation"]
        shown = "".join(node.text or "" for node in nodes)
        assert Counter(re.findall(r"\d", shown)) == Counter(re.findall(r"\d", formula)), name
        tags = Counter(node.tag.removeprefix(MATHML) for node in nodes)
        # A binomial is a fraction without a bar.
        assert tags["mfrac"] == len(re.findall(r"\\[dt]?frac(?![a-z])|\\binom|\{\\binom", formula)), name
        assert tags["msqrt"] + tags["mroot"] == len(re.findall(r"\\sqrt(?![a-z])", formula)), name
        integrals = len(re.findall(r"\\int(?![a-z])", formula)) + 2 * len(re.findall(r"\\iint", formula))
        assert shown.count("∫") + 2 * shown.count("∬") == integrals, name


def test_tex_that_pandoc_cannot_read_is_a_failure() -> None:
    with pytest.raises(ConversionError, match="notacommand"):
        render(r"$$\notacommand{x} \frac{1}$$", "html5", options=("--mathml",))


def test_a_long_formula_breaks_at_its_relation_and_a_citation_has_none() -> None:
    x = sympy.Symbol("x")
    long = sympy.Add(*(sympy.sin(k * x) / (k + x) for k in range(1, 30)), evaluate=False)
    (first, *more) = (step_tex(Step(id="s", text="", left=long, relation="=", right=1, rule="")) or "").split(r" \\ & ")
    assert len(more) > 2  # a sum breaks between terms ...
    terms = " ".join((first, *more[:-1])).replace("{}", "").replace(r"\begin{aligned} &", "")
    assert terms.split() == sympy.latex(long).split()  # ... and none is lost or changes its sign
    broken = step_tex(Step(id="a", text="", left=long, relation=">=", right=x, rule=""))
    assert broken is not None
    assert broken.startswith(r"\begin{aligned}")
    assert rf"\\ & \quad \ge {sympy.latex(x)}" in broken
    assert step_tex(Step(id="b", text="", source="a book")) is None
    assert domain_tex(Step(id="b", text="", source="a book", domain={x: (0, 1)})) == ()
    assert domain_tex(Step(id="c", text="", left=x, relation=">=", right=0, domain={x: (0, 1)})) == (r"0 \le x \le 1",)
    assert step_tex(Step(id="c", text="", left=x, relation="=", right=1, rule="")) == "x = 1"


@pytest.mark.skipif(latexmk() is None, reason="latexmk and pdflatex are not installed")
def test_all_formulas_compile_in_latex(formulas: dict[str, str], tmp_path: Path) -> None:
    source = "\n\n".join(f"$${formula}$$" for formula in formulas.values())
    conclusions = "\n\n".join(prose(statement.conclusion) for statement in STATEMENTS.values())
    for name, content in tex(Page("formulas", f"{source}\n\n{conclusions}\n", {})).items():
        (tmp_path / name).write_bytes(content)
    command = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "report-main.tex")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-3000:]
    # Display formulas fit the line by construction; the words around them may stick out by a hair.
    wide = [float(found) for found in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt too wide\)", log)]
    assert all(points < 40.0 for points in wide), wide
