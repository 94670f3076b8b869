"""An analysis as text: one table of layers, then what there is to say of each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from verification.analysis.intrinsic import intrinsic_facts
from verification.analysis.result import Analysis, Comparison, Degrees, Features, LayerAnalysis

COLUMNS = ("layer", "shape", "kept", "density", "predicted", "graphon", "cut distance", "null 90 %", "p", "verdict")
"""Columns of the table of layers."""

_WIDTH = 110
_LABEL = 13
_LISTED = 12


def render_text(analysis: Analysis) -> str:
    """Whole report."""
    parts = [f"{analysis.source}: {setting(analysis)}", *overview(analysis), "", _table(COLUMNS, layer_rows(analysis))]
    for layer in analysis.layers:
        parts += ["", f"layer {layer.name or '(the module)'}: {layer.reading}"]
        parts += [_wrapped(label, said) for label, said in facts(layer)]
    if analysis.features is not None:
        parts += ["", f"{analysis.features.what}s of the network (layer {analysis.features.layer or '(the module)'})"]
        parts += [_wrapped(label, said) for label, said in feature_facts(analysis.features)]
    if analysis.intrinsic is not None:
        parts += ["", "intrinsic dimension: what the network sees of its inputs"]
        parts += [_wrapped(label, said) for label, said in intrinsic_facts(analysis.intrinsic)]
    if analysis.notes:
        parts += ["", "notes"]
        parts += [
            textwrap.fill(note, _WIDTH, initial_indent="  - ", subsequent_indent="    ") for note in analysis.notes
        ]
    return "\n".join(parts) + "\n"


def setting(analysis: Analysis) -> str:
    """Return one line on what was asked for."""
    if analysis.criterion is None or analysis.density is None:
        return "masks as they are" + (f", made by {analysis.criterion}" if analysis.criterion else "")
    parts = [f"{analysis.criterion} at density {analysis.density:g}"]
    parts.append("one threshold over all layers" if analysis.scope == "global" else "one threshold a layer")
    if analysis.loss:
        means = ", labels with their mean" if analysis.labels == "raw" else ""
        parts.append(f"{analysis.loss} loss{means}, batch {analysis.batch} of {analysis.data}")
    return ", ".join([*parts, f"seed {analysis.seed}"])


def overview(analysis: Analysis) -> list[str]:
    """Lines on the whole network."""
    kept, size = analysis.kept, analysis.size
    line = f"{kept} of {size} weights kept ({kept / size:.4f})"
    if analysis.effective is not None:
        line += f"; {analysis.effective} of them on a path from input to output"
    lines = [line]
    if analysis.collapsed:
        lines.append(f"LAYER COLLAPSE: nothing is kept of {', '.join(analysis.collapsed)}; no signal passes")
    return lines


def layer_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """One row a layer, of the columns ``COLUMNS``: its first comparison."""
    rows: list[tuple[str, ...]] = []
    for layer in analysis.layers:
        first = layer.comparisons[0] if layer.comparisons else None
        rows.append(
            (
                layer.name or "-",
                " x ".join(map(str, layer.shape)),
                str(layer.kept),
                f"{layer.density:.4f}",
                "-" if layer.predicted_density is None else f"{layer.predicted_density:.4f}",
                "-" if first is None else first.name,
                "-" if first is None else _interval(first),
                "-" if first is None or first.null is None else f"{first.null[0]:.4f}-{first.null[1]:.4f}",
                "-" if first is None or not first.adjusted else f"{min(first.adjusted.values()):.3g}",
                verdict(layer),
            )
        )
    return rows


def verdict(layer: LayerAnalysis) -> str:
    """One word or two on a layer."""
    if layer.kept == 0:
        return "collapsed"
    if layer.kept == layer.size:
        return "kept whole"
    first = layer.comparisons[0] if layer.comparisons else None
    if first is None or first.rejected is None:
        return "not tested"
    if layer.prediction is None:
        return "not constant" if first.rejected else "may be constant"
    return "rejected" if first.rejected else "as predicted"


def facts(layer: LayerAnalysis) -> list[tuple[str, str]]:
    """(label, sentence) of a layer."""
    found = [("theory", layer.theory)]
    # A layer that is empty or full is a finding about it, not a hypothesis.
    found += [("not met" if 0 < layer.kept < layer.size else "note", said) for said in layer.unmet]
    if layer.weights is not None:
        law = layer.weights
        fit = "fits" if law.fits else "does NOT fit"
        found.append(("weights", f"{law.name}, scale {law.scale:.4g} ({fit}; Kolmogorov distance {law.distance:.3g})"))
    if layer.regime is not None:
        place = layer.regime
        share = "R^2 not estimable" if place.explained is None else f"R^2 = {place.explained:.2f}"
        lam = "" if place.lam is None else f", lambda = {place.lam:.3g}"
        found.append(
            ("regime", f"{place.name}: S = {place.batch}, S/d = {place.per_input:.3g}, {share}{lam}: {place.text}")
        )
    found += [(comparison.name, compared(comparison)) for comparison in layer.comparisons]
    if layer.histogram is not None:
        h = layer.histogram
        cells = [value for row in h.densities for value in row]
        found.append(
            (
                "histogram",
                f"{h.blocks} x {h.blocks} cells, cross-fitted: densities {min(cells):.3f} to {max(cells):.3f} "
                f"(standard error at most {h.standard_error:.3f}), spread {h.spread:.4f}; against constant: "
                f"p = {h.p_value:.3g}",
            )
        )
    channels = layer.reading.startswith("output channels")
    found.append(("rows", degrees_text(layer.rows, "output channels" if channels else "outputs")))
    found.append(("columns", degrees_text(layer.columns, "columns" if channels else "inputs")))
    dead = [f"{len(layer.empty_rows)} outputs without an edge{_listed(layer.empty_rows)}"]
    if layer.off_path:
        dead.append(f"{len(layer.off_path)} with edges, but on no path from input to output{_listed(layer.off_path)}")
    if layer.empty_rows or layer.off_path:
        found.append(("dead", "; ".join(dead)))
    return found


def compared(comparison: Comparison) -> str:
    """Sentence on a comparison."""
    said = f"cut distance {_interval(comparison)}"
    if comparison.upper is not None:
        said += " (certified)"
    if comparison.bound is not None and comparison.delta is not None:
        said += f", bound {comparison.bound:.4f} with probability {1 - comparison.delta:g} if true"
    if comparison.null is not None and comparison.searched is not None:
        low, high = comparison.null
        said += f"; by search {comparison.searched:.4f}, {comparison.draws} sampled masks {low:.4f}-{high:.4f}"
    if not comparison.independent:
        if comparison.ratio is not None:
            said += f"; {comparison.ratio:.2f} times the mean of masks sampled with independent edges"
        said += f"; no p-value: {comparison.statement} bounds the distance, and edges of one row depend on each other"
    if comparison.adjusted:
        worst = min(comparison.adjusted, key=comparison.adjusted.__getitem__)
        word = {True: "REJECTED", False: "not rejected", None: "too few draws to reject"}[comparison.rejected]
        said += (
            f"; {word}, smallest p = {comparison.adjusted[worst]:.3g} ({worst}; Holm over {len(comparison.adjusted)})"
        )
    return said


def degrees_text(degrees: Degrees, what: str) -> str:
    """Sentence on the degrees of one side."""
    if degrees.count == 1:
        return f"one, with {degrees.most} edges"
    if degrees.most <= 1:
        return f"{degrees.count} {what}, {degrees.count - degrees.empty} of them with an edge"
    said = (
        f"{degrees.count} {what}, degrees {degrees.least} to {degrees.most}, mean {degrees.mean:.1f}, spread "
        f"{degrees.spread:.2f} (uniform: {degrees.expected_spread:.2f})"
    )
    if degrees.p_spread is not None and degrees.p_largest is not None:
        said += f", p = {degrees.p_spread:.3g}; largest p = {degrees.p_largest:.3g}"
    return said + (f"; {degrees.empty} empty" if degrees.empty else "; none empty")


def feature_facts(features: Features) -> list[tuple[str, str]]:
    """(label, sentence) of the input features."""
    found = [
        ("active", f"{features.active} of {features.count} have an edge"),
        ("most", _pairs(features.most, features)),
        ("least", _pairs(features.least, features)),
    ]
    if features.empty:
        found.append(("empty", f"{len(features.empty)}{_listed(features.empty)}: the network cannot see them"))
    return found


def _pairs(pairs: Sequence[tuple[int, int]], features: Features) -> str:
    said = []
    for index, degree in pairs:
        place = ""
        if features.image is not None:
            channels, height, width = features.image
            channel, rest = divmod(index, height * width)
            row, column = divmod(rest, width)
            place = f" (row {row}, column {column}" + (f", channel {channel})" if channels > 1 else ")")
        said.append(f"{index}{place}: {degree}")
    return ", ".join(said)


def _interval(comparison: Comparison) -> str:
    if comparison.upper is None:
        return f">= {comparison.lower:.4f}"
    low, high = f"{comparison.lower:.4f}", f"{comparison.upper:.4f}"
    return low if low == high else f"{low}-{high}"


def _listed(indices: Sequence[int]) -> str:
    if not indices:
        return ""
    more = ", ..." if len(indices) > _LISTED else ""
    return f" ({', '.join(map(str, indices[:_LISTED]))}{more})"


def _wrapped(label: str, said: str) -> str:
    lead = f"  {label:<{_LABEL}}"
    return textwrap.fill(said, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(f"  {'':<{_LABEL}}"))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
