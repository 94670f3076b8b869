"""An analysis as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from verification.analysis.intrinsic import intrinsic_facts
from verification.analysis.result import Analysis, LayerAnalysis
from verification.analysis.text import COLUMNS, facts, feature_facts, layer_rows, overview, setting, verdict

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
.wide td, .wide th { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8885; vertical-align: top; }
tbody th { font-weight: 500; white-space: nowrap; }
.good { color: #00704e; } .bad { color: #b02a00; } .open { color: #8a5a00; }
.good, .bad, .open { font-weight: 600; }
@media (prefers-color-scheme: dark) { .good { color: #4cc9a0; } .bad { color: #ff8a66; } .open { color: #e6b450; } }
figure { margin: 1.5rem 0; background: #fff; padding: .5rem; color: #222; width: fit-content; max-width: 100%; }
figure img { max-width: 100%; height: auto; }
.warn { border-left: .25rem solid #b02a00; padding: .2rem 1rem; }
"""
_CLASSES = {"as predicted": "good", "may be constant": "good", "rejected": "bad", "collapsed": "bad"}


def render_page(analysis: Analysis, figures: Sequence[tuple[str, str, bytes]]) -> str:
    """Whole page.

    Parameters
    ----------
    analysis
        The analysis.
    figures
        (caption, alternative text, PNG) of each figure.
    """
    first, *warnings = overview(analysis)
    body = [
        f"<h1>{escape(analysis.source)}</h1>",
        f"<p>{escape(setting(analysis))}. {escape(first)}.</p>",
        *(f'<p class="warn">{escape(line)}</p>' for line in warnings),
        _layers(analysis),
        *(_figure(*figure) for figure in figures),
        *(_section(layer) for layer in analysis.layers),
    ]
    if analysis.features is not None:
        caption = f"{analysis.features.what}s of the network"
        body.append(_facts(caption[0].upper() + caption[1:], feature_facts(analysis.features)))
    if analysis.intrinsic is not None:
        body.append(_facts("Intrinsic dimension", intrinsic_facts(analysis.intrinsic)))
    if analysis.notes:
        body.append("<h2>Notes</h2><ul>" + "".join(f"<li>{escape(note)}</li>" for note in analysis.notes) + "</ul>")
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>graphon analyse: {escape(analysis.source)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _layers(analysis: Analysis) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in COLUMNS)
    lines = []
    for layer, row in zip(analysis.layers, layer_rows(analysis), strict=True):
        cells = [f'<th scope="row">{escape(row[0])}</th>', *(f"<td>{escape(cell)}</td>" for cell in row[1:-1])]
        style = _CLASSES.get(verdict(layer), "open")
        lines.append(f'<tr>{"".join(cells)}<td class="{style}">{escape(row[-1])}</td></tr>')
    table = f"<table><caption>Layers</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _section(layer: LayerAnalysis) -> str:
    title = f"Layer {layer.name or '(the module)'} ({layer.kind})"
    return _facts(title, [("matrix", layer.reading), *facts(layer)])


def _facts(title: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{escape(said)}</td></tr>' for label, said in rows)
    return f"<h2>{escape(title)}</h2><table><tbody>{lines}</tbody></table>"


def _figure(caption: str, alt: str, png: bytes) -> str:
    data = base64.b64encode(png).decode("ascii")
    image = f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"
