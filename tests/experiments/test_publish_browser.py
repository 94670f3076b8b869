"""The page of a report in a real browser: script, links, colours. Skipped where chromium is missing."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from publishing import document, run_folder, statement

from verification.publish import convert
from verification.publish.frames import draw_frames
from verification.publish.graph import LOOKS
from verification.publish.markdown import run_page
from verification.publish.sources import read_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
with_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

STYLE = (resources.files("verification.publish") / "style.css").read_text(encoding="utf-8")

# What a reader does, and what the page shows then, as one line of JSON in an element of its own.
ACTS = """
<script>
const seen = {};
const rows = () => [...document.querySelectorAll("#status-table tbody tr")].filter((r) => !r.hidden)
  .map((r) => r.cells[0].textContent.trim());
const visible = () => [...document.querySelectorAll(".frame")].filter((f) => !f.hidden).map((f) => f.dataset.width);
seen.before = rows();
const heads = document.querySelectorAll("#status-table th button");
seen.buttons = [...heads].every((b) => b.type === "button" && b.tabIndex === 0 && b.textContent.trim() !== "");
heads[0].click();
seen.up = rows();
seen.sort = heads[0].parentElement.getAttribute("aria-sort");
heads[0].click();
seen.down = rows();
const status = document.querySelector("#filter-status");
seen.choices = [...status.options].map((o) => o.value);
status.value = "refuted"; status.dispatchEvent(new Event("change"));
seen.refuted = rows();
status.value = ""; status.dispatchEvent(new Event("change"));
const text = document.querySelector("#filter-text");
text.value = "homoGENEous"; text.dispatchEvent(new Event("input"));
seen.text = rows();
seen.said = document.querySelector("#status-table output").textContent;
const range = document.querySelector("#width");
seen.first = visible();
range.value = 3; range.dispatchEvent(new Event("input"));
seen.fourth = visible();
seen.aria = range.getAttribute("aria-valuetext");
seen.labels = [...document.querySelectorAll("input, select")].every((c) => c.labels.length === 1);
seen.links = [...document.querySelectorAll("a[href]")].every((a) => a.tabIndex === 0 &&
  document.getElementById((a.getAttribute("href")).slice(1)) !== null);
seen.maths = [...document.querySelectorAll("math")].filter((m) => m.getBoundingClientRect().width < 2).length;
seen.wide = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
seen.loaded = performance.getEntriesByType("resource").filter((e) => !e.name.startsWith("data:")).length;
document.body.append(Object.assign(document.createElement("pre"), { id: "seen", textContent: JSON.stringify(seen) }));
</script>
"""


def _chromium(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        f"--user-data-dir={page.parent / 'profile'}",
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    data = document(
        statement("THR"),
        statement("LIM-a", status="inconclusive", reasons=["too few trials"]),
        statement("TAX", status="refuted"),
        statement("UAT-count"),  # the longest formulas
    )
    run = read_run(run_folder(folder / "run", data))
    assert run.suite is not None
    made = convert.html(run_page(run, code="0123456789abcdef", frames=draw_frames(run.suite)))
    (folder / "report.html").write_text(made, encoding="utf-8")
    (folder / "plain.html").write_text(re.sub(r"<script.*?</script>", "", made, flags=re.DOTALL), encoding="utf-8")
    (folder / "acts.html").write_text(made.replace("</body>", ACTS + "</body>"), encoding="utf-8")
    return folder / "report.html"


@with_chromium
def test_sort_filter_and_slide_without_errors(page: Path) -> None:
    done = _chromium(page.with_name("acts.html"), "--dump-dom", "--window-size=500,900")
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stdout[-2000:]
    seen = json.loads(html.unescape(found[1]))
    assert seen["before"] == ["THR", "LIM-a", "TAX", "UAT-count"]
    assert seen["up"] == ["LIM-a", "TAX", "THR", "UAT-count"]
    assert seen["sort"] == "ascending"
    assert seen["down"] == ["UAT-count", "THR", "TAX", "LIM-a"]
    assert seen["choices"] == ["", "supported", "inconclusive", "refuted"]
    assert seen["refuted"] == ["TAX"]
    assert seen["text"] == ["TAX"]
    assert seen["said"] == "1 of 4 shown"
    assert (seen["first"], seen["fourth"], seen["aria"]) == (["16"], ["128"], "n = 128")
    assert seen["buttons"]
    assert seen["labels"]
    assert seen["links"]
    assert seen["maths"] == 0  # none is empty
    assert seen["wide"]  # what is too wide scrolls in its own box
    assert seen["loaded"] == 0


@with_chromium
@pytest.mark.parametrize(("scheme", "name"), [(0, "dark"), (1, "light")])
def test_the_page_follows_light_and_dark_and_needs_no_script(page: Path, scheme: int, name: str) -> None:
    shot = page.with_name(f"{name}.png")
    blink = f"--blink-settings=preferredColorScheme={scheme}"
    source, height = (page.with_name("plain.html"), 3000) if name == "dark" else (page, 300)
    _chromium(source, f"--screenshot={shot}", f"--window-size=1000,{height}", "--hide-scrollbars", blink)
    pixels = np.rint(matplotlib.image.imread(shot)[..., :3] * 255).astype(int)
    wanted = _colours()[name]["page"]
    assert pixels.shape[:2] == (height, 1000)
    assert tuple(pixels[5, 5]) == tuple(int(wanted[i : i + 2], 16) for i in (1, 3, 5))
    # Six frames stand in rows of cividis' darkest and brightest blue and yellow without script.
    bright = np.all(np.abs(pixels - np.array([254, 232, 56])) < 3, axis=-1).sum()
    assert name == "light" or bright > 60_000


def _colours() -> dict[str, dict[str, str]]:
    """Colours of the style sheet by scheme and name."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(blocks) == 3
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def _luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2, from sRGB."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_black_on_white_and_of_no_difference() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#777777") == 1.0
    assert _contrast("#777777", "#ffffff") < 4.5 < _contrast("#757575", "#ffffff")


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_words_have_contrast_on_every_ground(scheme: str) -> None:
    """WCAG 2.2: 4.5 for text (1.4.3), 3 for lines that carry meaning (1.4.11)."""
    colours = _colours()[scheme]
    for ground in ("page", "panel"):
        for word in ("text", "muted", "link", "supported", "refuted", "inconclusive", "absent"):
            assert _contrast(colours[word], colours[ground]) >= 4.5, (scheme, word, ground)
        assert _contrast(colours["edge"], colours[ground]) >= 3.0


def test_print_is_the_light_scheme() -> None:
    assert _colours()["print"] == _colours()["light"]


def test_every_status_has_contrast_on_white_and_a_sign_for_those_who_see_no_colour() -> None:
    by_class: dict[str, set[tuple[str, str]]] = {}
    for look in LOOKS.values():
        assert _contrast(look.colour, "#ffffff") >= 4.5
        by_class.setdefault(look.css, set()).add((look.colour, look.dash))
    assert all(len(drawn) == 1 for drawn in by_class.values())
    signs = {LOOKS[name].shape for name in ("supported", "refuted", "inconclusive", "not run", "not in this run")}
    assert len(signs) == 5
    assert set(by_class) == {"supported", "refuted", "inconclusive", "absent"} <= set(re.findall(r"\.(\w+)", STYLE))
