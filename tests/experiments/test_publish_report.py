"""The report of a run: what it shows, what it refuses, what it escapes, and that it gives the same bytes again."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from publishing import SVG, Read, document, measurement, run_folder, statement

from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.cli import main
from verification.ledger.store import FILE, Ledger
from verification.publish import command, convert
from verification.publish.escape import literal, prose
from verification.publish.frames import draw_frames
from verification.publish.markdown import Page, made_at, run_page
from verification.publish.sources import read_run

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "$\\input{/etc/passwd}$ and \\(x\\) and $$y$$",
    "\\write18{touch x} \\end{document} % cut {\\bf",
    "![a](http://example.org/a.png) [b](http://example.org) <http://example.org>",
    "| a | b |\n|---|---|\n\n# heading {#part-top}",
    "```{=html}\n<b>raw</b>\n```",
    "::: {.notice}\nx\n:::\n\n---\ntitle: y\n---",
    "]{.supported} **bold** _it_ ~~s~~ ^up^ `code` @cite [^1] &lt; &amp;",
    "1. one\n* two\n> three\n    four --- 'five' \"six\" ...",
    "a\x00b\x1b[31m\u202ec\ufeff \U0001d54a \u03be",
)


@pytest.fixture(autouse=True)
def _fixed_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_folder(tmp_path_factory.mktemp("made") / "run")


def page_of(folder: Path, code: str = "0123456789abcdef") -> Page:
    return run_page(read_run(folder), code=code)


def shown(text: str) -> str:
    """A string as a reader should see it: control signs replaced, white space folded."""
    return re.sub(r"\s+", " ", re.sub("[\x00-\x08\x0e-\x1f\u202e\ufeff]", "\ufffd", text)).strip()


def test_a_report_shows_everything_and_every_link_resolves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "out"
    assert main(["report", str(folder), "--to", "html,md", "--out", str(out)]) == 0
    assert capsys.readouterr().out.split() == [str(out / "report.html"), str(out / "report.md")]
    page = (out / "report.html").read_text(encoding="utf-8")
    found = Read(page)
    for words in (
        "Verification report: made",
        "2023-11-14 22:13 UTC",
        "A sentence.",
        "0123456789abcdef",
        "The code has changed since this run",
        "THR: The threshold exists and the limit graphon is unique",
        "0 < rho < P(h != 0)",
        "15 steps: 1 proved, 14 not evaluated",
        "[0.37, 0.38]",
        "rates are stated",
        "0.0179 (relative error)",
        "8 trials",
        "Q of another law",
        "A mask grows into its graphon",
        "n = 512",
        "1/2 + u",
        "arXiv 2602.06675",
    ):
        assert words in found.text, words
    assert len(found.ids) == len(set(found.ids))
    assert found.targets
    assert {"#THR", "#part-status"} <= set(found.targets)
    assert {target.removeprefix("#") for target in found.targets} <= set(found.ids)
    assert all(source.startswith("data:") for source in found.loaded)
    assert not re.search(r"@import|url\((?!['\"]?data:)", page)
    assert len(page) < 1_000_000
    images = re.findall(r"!\[[^\]]*\]\(([\w.-]+)\)", (out / "report.md").read_text(encoding="utf-8"))
    assert images
    assert all((out / (name if "." in name else f"{name}.svg")).is_file() for name in images)


def test_whatever_a_user_named_is_shown_literally(tmp_path: Path) -> None:
    everything = " ".join(EVIL)
    hostile = statement(
        everything[:90],
        title=EVIL[1],
        reasons=list(EVIL),
        hypotheses=list(EVIL),
        conclusion=EVIL[2],
        source=EVIL[5],
        mutants=[{"id": x, "text": x, "reading": x, "rejected": False, "outcome": x} for x in EVIL],
        status="refuted",
    )
    others = [statement(x, title="other", uses=[*EVIL, "THR"]) for x in EVIL]
    hostile["evidence"]["steps"] = [{"id": x, "evidence": "contradicted", "detail": x} for x in EVIL]
    hostile["evidence"]["enclosures"] = [{"name": x, "lower": x, "upper": None, "holds": False} for x in EVIL]
    hostile["evidence"]["measurement"] = measurement("refuted", statistic=EVIL[3], rows=[{x: x for x in EVIL}] * 2)
    data = document(
        hostile,
        *others,
        headlines=list(EVIL),
        versions={x: x for x in EVIL},
        suite={"name": EVIL[0] + EVIL[-1], "summary": everything, "level": 0.01, "seed": 1, "trials": 1},
        figures=[{"name": x, "title": x, "caption": x} for x in EVIL],
    )
    page = page_of(run_folder(tmp_path, data))
    html = Read(convert.html(page))
    for text in EVIL:
        assert html.text.count(shown(text)) >= 7, text
    # The page has a title and a script of its own; the strings bring nothing.
    found = {tag: html.tags.count(tag) for tag in ("script", "h1", "img", "b", "iframe", "code", "math", "del", "sup")}
    assert found == {"script": 1, "h1": 1} | dict.fromkeys(("img", "b", "iframe", "code", "math", "del", "sup"), 0)
    assert not html.handlers
    assert {target[0] for target in html.targets} == {"#"}
    assert {target.removeprefix("#") for target in html.targets} <= set(html.ids)
    assert all(source.startswith("data:") for source in html.loaded)
    assert len(html.ids) == len(set(html.ids))
    body = convert.tex(page)["report.tex"].decode()
    assert not re.search(r"(?<!\\textbackslash)\\(input|write18|end\{document\}|href\{http)", body.split("\n", 1)[1])


def test_random_strings_of_signs_come_back_as_they_were() -> None:
    """One call of pandoc for 400 strings, as paragraphs and in cells of tables."""
    draw = random.Random(7)  # noqa: S311  # strings to try, no secret
    signs = "\\`*_{}[]()#+-.!|<>&$^~'\":;=@%/? ax1\n\t\u03be"
    texts = ["".join(draw.choices(signs, k=draw.randint(1, 30))) for _ in range(400)]
    blocks = [f"::: {{#p{i}}}\nx{literal(t)}x\n:::\n\n| h |\n|---|\n| x{literal(t)}x |" for i, t in enumerate(texts)]
    page = convert.render("\n\n".join(blocks), "html5", options=("--mathml", "--wrap=none"))
    read = Read(page).text
    for text in texts:
        folded = "x" + " ".join(text.split()) + "x"
        assert read.count(folded) >= 2, repr(text)
    assert set(Read(page).tags) == {"div", "p", "table", "thead", "tbody", "tr", "th", "td"}


def test_prose_keeps_maths_and_escapes_the_rest() -> None:
    assert prose("a*b $x_1$, c") == r"a\*b $x_1$\, c"
    assert prose("$x$ is") == "$x$ is"
    page = Read(convert.render(prose("p_1 <b> costs $n^2$."), "html5", options=("--mathml",)))
    assert {"math", "msup"} <= set(page.tags)
    assert page.text.startswith("p_1 <b> costs ")


def test_a_long_string_is_cut() -> None:
    assert literal("a" * 5000).count("a") == 2000
    assert literal("a" * 5000).endswith(r"\(cut\)")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "graphon.verify/2"}, "made by a newer version"),
        ({"schema": "graphon.analyse/1"}, "name a run folder"),
        ({"schema": 3}, "run.json.schema = 3: a string was expected"),
        ({"suite": []}, "run.json.suite"),
        ({"statements": [3]}, r"run.json.statements\[0\] = 3"),
        ({"statements": [statement("THR", status="true")]}, r"statements\[0\].status = 'true': one of supported"),
        ({"statements": [statement("THR", evidence={})]}, "evidence.steps = None: a list was expected"),
        ({"figures": [{"name": "a.svg"}]}, r"figures\[0\].title"),
    ],
)
def test_a_result_that_cannot_be_read_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_run(run_folder(tmp_path, document(**change)))


def test_no_run_and_damaged_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "no run.json and no ledger" in capsys.readouterr().err
    (tmp_path / "run.json").write_text('{"schema": ')
    with pytest.raises(InputError, match="run the suite again"):
        read_run(tmp_path)


def test_a_run_that_is_not_finished_says_so(tmp_path: Path) -> None:
    case = _case("LIM-a")
    with Ledger(tmp_path / FILE) as ledger:
        for repeat in range(3):
            seen = Observation(case=case, repeat=repeat, seed=repeat, values={"statement": {"x": 1.0}})
            ledger.put(seen, code="abc", seconds=1.0)
    page = page_of(tmp_path)
    text = Read(convert.html(page)).text
    assert "This run is not finished: 3 trials are done, and nothing is judged yet" in text
    assert "LIM-a3" in text.replace(" ", "")  # the row of finished trials
    assert "supported" not in text.replace("Why not supported", "")
    assert "13 not evaluated" in text
    assert "master seed" not in text


def test_missing_figures_are_named_and_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text(SVG)
    names = ["gone.svg", "../secret.svg", "link.svg", "/etc/passwd", "masks.svg"]
    data = document(figures=[{"name": name, "title": "t", "caption": ""} for name in names])
    folder = run_folder(tmp_path / "run", data)
    (folder / "link.svg").symlink_to(tmp_path / "secret.svg")
    page = page_of(folder)
    assert [name for name in page.files if name.startswith("figure")] == ["figure-masks.svg"]
    text = Read(convert.html(page)).text
    assert "Figures are missing from the run folder: gone.svg, ../secret.svg, link.svg, /etc/passwd." in text


def test_a_run_of_before_figures_were_listed_shows_those_of_its_folder(tmp_path: Path) -> None:
    data = document()
    del data["figures"]
    assert [figure.name for figure in read_run(run_folder(tmp_path, data)).figures] == ["masks.svg"]


def test_changed_code_is_said_and_the_same_code_is_not(folder: Path) -> None:
    assert "code has changed" not in page_of(folder).markdown
    assert "code has changed since this run** (then 0123456789abcdef, now ffff)" in page_of(folder, "ffff").markdown


def test_a_refuted_statement_shows_what_refutes_it(tmp_path: Path) -> None:
    bad = statement("THR", status="refuted", reasons=["the measurement refutes it"])
    bad["evidence"]["measurement"] = measurement("refuted", observed=3.5, rows=[{"width": 32.0, "error": 3.5}])
    bad["evidence"]["steps"] = [{"id": "start", "evidence": "contradicted", "detail": "fails at t = 2"}]
    bad["evidence"]["enclosures"][0] |= {"holds": False}
    other = statement("TAX")
    text = Read(convert.html(page_of(run_folder(tmp_path, document(bad, other))))).text
    assert text.count("Counterexample.") == 1
    assert "Step start fails: fails at t = 2." in text
    assert "The enclosure [0.37, 0.38] of tau of ramp excludes the value used, 0.375." in text
    assert "The case that decided: width 32, error 3.5." in text
    assert "1 contradicted, 14 not evaluated" in text


def test_statements_and_steps_that_the_code_does_not_know(tmp_path: Path) -> None:
    mine = statement("MY-1", uses=["THR", "MY-1", "OTHER"])
    old = statement("THR")
    old["evidence"]["steps"].append({"id": "of-old", "evidence": "proved", "detail": ""})
    folder = run_folder(tmp_path, document(old, mine))
    (folder / "suite.toml").write_text("not toml")
    text = Read(convert.html(page_of(folder))).text
    assert "The present code does not know these statements, and shows the run's own words: MY-1." in text
    assert "The run evaluated steps that the present derivation does not have: of-old." in text
    assert "The suite's file is missing or cannot be read" in text


def test_the_same_run_gives_the_same_bytes_but_for_the_date(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = convert.html(page_of(folder)), convert.html(page_of(folder))
    assert first == second
    now = page_of(folder).markdown
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    later = page_of(folder).markdown
    differing = [line for line, other in zip(now.splitlines(), later.splitlines(), strict=True) if line != other]
    assert len(differing) == 1
    assert "Made on 2023-11-14" in differing[0]


def test_frames_come_closer_to_the_graphon_and_again_with_the_same_seed(folder: Path) -> None:
    suite = read_run(folder).suite
    assert suite is not None
    frames, again = draw_frames(suite), draw_frames(suite)
    assert frames is not None
    assert frames == again
    differences = [frame.difference for frame in frames.frames]
    # One entry a cell at n = 16: about the root of the mean of W (1 - W), at most 1/2. Then it falls like 1/n, as the
    # noise of a mean over n^2/256 entries does, until the order of n^(-1/2) of the sorted types takes over.
    assert 0.3 < differences[0] < 0.5
    assert all(after < before for before, after in pairwise(differences))
    assert differences[-1] < 0.1 * differences[0]
    assert all(frame.mask.startswith(b"\x89PNG") for frame in frames.frames)
    assert draw_frames(type(suite)(**{**vars(suite), "checks": ()})) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "docx"], "choose among html, md, tex, pdf"),
        (["--to", "htm"], "did you mean 'html'"),
        (["--to", ""], "unknown"),
        (["--derivations"], "or give --derivations"),
        (["--only", "THR"], "give it with --derivations"),
    ],
)
def test_wrong_options_are_refused(
    folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_derivations_need_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 2
    assert main(["report", "--derivations", "--only", "LIM_a"]) == 2
    assert "did you mean 'LIM-a'" in capsys.readouterr().err
    assert main(["report", "--derivations", "--only", "COUNT", "--to", "md", "--out", str(tmp_path)]) == 0
    source = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "No network was measured" in source
    assert "derivation holds" in source
    assert "not evaluated" not in source


def test_a_folder_that_cannot_be_written_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "file").write_text("")
    assert main(["report", str(folder), "--to", "md", "--out", str(folder.parent / "file")]) == 2
    assert "name a folder that can be written" in capsys.readouterr().err


def test_a_wrong_date_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("now", "1e9", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", wrong)
        with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
            made_at()


def test_without_pandoc_or_latexmk_one_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = page_of(folder)
    with monkeypatch.context() as patch:
        patch.setattr(convert, "latexmk", lambda: None)
        assert command.write_report(page, ("md", "pdf"), tmp_path) == 2
        assert "no PDF: latexmk and pdflatex were not found" in capsys.readouterr().err
        assert (tmp_path / "report.md").is_file()
        with pytest.raises(InputError, match="latexmk was not found"):
            convert.pdf(page)
    monkeypatch.setitem(__import__("sys").modules, "pypandoc", None)
    with pytest.raises(InputError, match=r"pip install 'graphon-theory\[report\]'"):
        convert.pandoc()


@pytest.mark.skipif(convert.latexmk() is None, reason="latexmk and pdflatex are not installed")
def test_the_pdf_is_made_and_has_the_same_bytes_again() -> None:
    page = Page("small", f"# {literal(EVIL[-1])}\n\n$x^2$\n\n![a figure](one)\n", {"one.svg": SVG.encode()})
    first = convert.pdf(page)
    assert first.startswith(b"%PDF")
    assert first == convert.pdf(page)


def _case(name: str) -> Case:
    return replace(ORDINARY, statement=name, signal=0.0, width=32, inputs=32, density=0.5, ladder="width")
