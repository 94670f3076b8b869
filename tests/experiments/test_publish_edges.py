"""Reports of runs that lack something, and of derivations that fail: what the pages say then."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.patches import PathPatch
from publishing import document, measurement, run_folder, statement

from graphon_theory.errors import InputError
from verification.publish import command, convert
from verification.publish.entries import StepEntry, evidence_entry, run_entries
from verification.publish.frames import draw_frames
from verification.publish.markdown import Page, run_page
from verification.publish.section import section
from verification.publish.sources import RunRecord, read_run
from verification.publish.svg_pdf import svg_to_pdf
from verification.publish.tables import number, rows_table
from verification.suite import parse_suite


@pytest.fixture(autouse=True)
def _fixed_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def read(folder: Path, *statements: dict[str, Any]) -> RunRecord:
    return read_run(run_folder(folder, document(*statements)))


def shown(folder: Path, name: str = "THR", **changed: Any) -> str:
    """Return the section of one statement of a run."""
    (entry,) = [entry for entry in run_entries(read(folder, statement(name, **changed))) if entry.id == name]
    return section(entry, {})


def test_what_a_run_did_not_make_is_left_out(tmp_path: Path) -> None:
    whole = shown(tmp_path / "whole")
    assert "**Enclosures.**" in whole
    assert "other\\-noise" in whole
    assert "<details" in whole
    evidence = {"derivation": {}, "steps": [], "enclosures": [], "measurement": measurement(rows=[])}
    bare = shown(tmp_path / "bare", evidence=evidence, mutants=[])
    assert "**Enclosures.**" not in bare
    assert "other\\-noise" not in bare
    assert "**Measurement.**" in bare
    assert "<details" not in bare
    unmade = shown(tmp_path / "unmade", evidence=evidence | {"measurement": measurement("not run")})
    assert "**Measurement.** None was made." in unmade
    assert "smallest detectable" not in unmade


def test_a_step_says_how_it_was_found_and_nothing_where_nothing_is_known(tmp_path: Path) -> None:
    (entry,) = [entry for entry in run_entries(read(tmp_path / "run", statement("THR"))) if entry.id == "THR"]

    def said(**changed: Any) -> str:
        step = {"rule": "", "detail": "", "formula": None, "domain": (), "assumptions": (), "follows": ()} | changed
        made = StepEntry(id="one", kind="proved", text="A sentence.", **step)
        return section(_with(entry, steps=(made,), record=None), {})

    assert "::: {.how}" not in said()
    assert "Follows first\\-one, two." in said(follows=("first-one", "two"))


def _with(entry: Any, **changed: Any) -> Any:
    return type(entry)(**{name: getattr(entry, name) for name in type(entry).__dataclass_fields__} | changed)


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (("proved", "enclosed"), "derivation holds"),
        (("proved", "undecided"), "step undecided"),
        (("undecided", "contradicted", "proved"), "step contradicted"),
        ((), "not run"),
    ],
)
def test_one_bad_step_is_the_status_of_a_derivation(kinds: tuple[str, ...], status: str) -> None:
    evidence = {f"step-{place}": (kind, "found") for place, kind in enumerate(kinds)}
    assert evidence_entry("THR", evidence).status == status


def test_statements_whose_ids_look_alike_have_sections_of_their_own(tmp_path: Path) -> None:
    ids = ("MY/ONE", "MY ONE", "MY-ONE")
    entries = run_entries(read(tmp_path / "run", *(statement(name, uses=[]) for name in ids)))
    assert [entry.id for entry in entries] == list(ids)
    assert len({entry.anchor for entry in entries}) == 3
    assert not any(entry.known for entry in entries)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "True"), (None, "\\-"), (float("nan"), "\\-"), (float("inf"), "\\-")]
)
def test_what_is_no_number_is_no_figure(value: object, text: str) -> None:
    assert number(value) == text


def test_a_long_table_says_what_it_leaves_out() -> None:
    rows = [{"width": float(place)} for place in range(400)]
    said = rows_table(rows)
    assert "of 400 rows; the file run.json has all of them" in said
    assert said.count("\n| ") < 400
    assert "run.json" not in rows_table(rows[:2])


def test_a_figure_that_is_no_number_is_refused(tmp_path: Path) -> None:
    for place, wrong in enumerate((True, "8", None)):
        data = document()
        data["suite"]["trials"] = wrong
        with pytest.raises(InputError, match="trials"):
            read_run(run_folder(tmp_path / str(place), data))


SUITE: dict[str, Any] = {
    "schema": "graphon.suite/1",
    "check": [{"statement": "THR", "widths": [32], "densities": [0.5], "repeats": 2, "criteria": ["magnitude"]}],
}


def test_a_suite_without_models_has_no_frames() -> None:
    assert draw_frames(parse_suite(SUITE)) is None


def test_a_suite_without_models_has_no_table_of_them(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    assert "Saliency models:" in run_page(read_run(folder), code="0").markdown
    written = (folder / "suite.toml").read_text(encoding="utf-8")
    model = written[written.index("[models.ramp]") : written.index("[[check]]")]
    changed = written.replace(model, "").replace('models = ["ramp"]', 'criteria = ["magnitude"]')
    (folder / "suite.toml").write_text(changed, encoding="utf-8")
    page = run_page(read_run(folder), code="0")
    assert "Saliency models:" not in page.markdown
    assert "magnitude" in page.markdown


HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], PathPatch]:
    """Redraw an element and return the patch that was made of it."""
    made: list[PathPatch] = []
    add = mpl.axes.Axes.add_patch

    def kept(self: Any, artist: PathPatch) -> Any:
        made.append(artist)
        return add(self, artist)

    monkeypatch.setattr(mpl.axes.Axes, "add_patch", kept)

    def draw(element: str) -> PathPatch:
        assert svg_to_pdf(f"{HEAD}{element}</svg>").startswith(b"%PDF")
        return made[-1]

    return draw


def test_every_form_of_a_path_is_read(drawn: Callable[[str], PathPatch]) -> None:
    corners = [(10.0, 20.0), (40.0, 20.0), (40.0, 60.0)]
    for path in ("M 10 20 H 40 V 60", "M 10 20 L 40 20 L 40 60", "M 10 20 L 40 20 40 60"):
        assert [tuple(corner) for corner in drawn(f'<path d="{path}"/>').get_path().vertices.tolist()] == corners


@pytest.mark.parametrize(
    ("transform", "corner"),
    [
        ("translate(5)", (15.0, 20.0)),
        ("scale(2)", (20.0, 40.0)),
        ("scale(2 3)", (20.0, 60.0)),
        ("rotate(90)", (-20.0, 10.0)),
        ("matrix(0 1 -1 0 3 4)", (-17.0, 14.0)),
        ("translate(1 2) matrix(2 0 0 2 0 0)", (21.0, 42.0)),
        ("skewX(0)", (10.0, 20.0)),
    ],
)
def test_transforms_are_those_of_svg(
    transform: str, corner: tuple[float, float], drawn: Callable[[str], PathPatch]
) -> None:
    found = drawn(f'<path transform="{transform}" d="M 10 20 L 40 20"/>').get_path().vertices[0]
    assert tuple(found) == pytest.approx(corner)


def test_an_odd_list_of_dashes_is_taken_twice(drawn: Callable[[str], PathPatch]) -> None:
    style = "stroke: #000000; stroke-width: 1; stroke-dasharray: "
    odd, even = (drawn(f'<path d="M 0 0 L 9 9" style="{style}{dashes}"/>') for dashes in ("3 1 2", "3 1 2 3 1 2"))
    assert odd._dash_pattern == even._dash_pattern
    assert list(odd._dash_pattern[1]) == [3.0, 1.0, 2.0, 3.0, 1.0, 2.0]


PAGE = Page("Made", "# One {#part-top}\n\nText.\n", {"masks.png": b"\x89PNG", "graph.svg": f"{HEAD}</svg>".encode()})


def test_figures_that_are_no_svg_go_with_the_tex_as_they_are() -> None:
    files = convert.tex(PAGE)
    assert files["masks.png"] == b"\x89PNG"
    assert files["graph.pdf"].startswith(b"%PDF")
    assert "graph.svg" not in files


def _latex(monkeypatch: pytest.MonkeyPatch, run: Callable[[Path], int]) -> None:
    """Put something else in the place of latexmk."""
    monkeypatch.setattr(convert, "latexmk", lambda: "latexmk")
    monkeypatch.setattr(convert, "tex", lambda page: {"report-main.tex": b"made"})

    def started(arguments: list[str], *, cwd: Path, **others: Any) -> subprocess.CompletedProcess[bytes]:
        assert "-no-shell-escape" in arguments
        assert others["env"]["SOURCE_DATE_EPOCH"] == "1700000000"
        return subprocess.CompletedProcess(arguments, run(cwd), b"! Undefined control sequence.\nl.1 \\odd", b"")

    monkeypatch.setattr(subprocess, "run", started)


def test_a_pdf_is_what_latex_makes_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(folder: Path) -> int:
        (folder / "report-main.pdf").write_bytes(b"%PDF " + (folder / "report-main.tex").read_bytes())
        return 0

    _latex(monkeypatch, made)
    assert command.write_report(PAGE, ("pdf",), tmp_path / "out") == 0
    assert (tmp_path / "out" / "report.pdf").read_bytes() == b"%PDF made"


@pytest.mark.parametrize(("code", "left"), [(0, False), (12, False), (12, True)])
def test_a_failure_of_latex_is_shown(code: int, left: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a PDF even 0 is a failure, and what LaTeX left before it failed is no report."""

    def fails(folder: Path) -> int:
        if left:
            (folder / "report-main.pdf").write_bytes(b"%PDF half")
        return code

    _latex(monkeypatch, fails)
    with pytest.raises(convert.ConversionError, match="Undefined control sequence"):
        convert.pdf(PAGE)


def test_latex_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(folder: Path) -> int:
        raise subprocess.TimeoutExpired("latexmk", 300.0)

    _latex(monkeypatch, hang)
    with pytest.raises(convert.ConversionError, match="longer than"):
        convert.pdf(PAGE)
