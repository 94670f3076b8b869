"""The result of a run as a JUnit report: a suite is a test suite, a statement a test case."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any, Final

from verification.claims import Outcome

# What XML 1.0 has no character for.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: Mapping[str, Any], *, inconclusive_fails: bool = False) -> str:
    """Write a result as a JUnit report.

    Parameters
    ----------
    result
        The result, ``graphon.verify/1``.
    inconclusive_fails
        Whether an inconclusive statement is a failure; else it is skipped, with its reasons.

    Returns
    -------
    str
        XML: a refuted statement is a failure with the figures of its decision, one that was not run is skipped, and
        each has the properties that :func:`properties` lists.
    """
    suite = result["suite"]
    cases = [_case(result, found, inconclusive_fails=inconclusive_fails) for found in result["statements"]]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{sum(result['timing'].values()):.3f}",
    }
    root = ET.Element("testsuites", counts)
    inner = ET.SubElement(root, "testsuite", {"name": _written(f"graphon:{suite['name']}"), **counts})
    inner.extend(cases)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def properties(result: Mapping[str, Any], statement: str) -> list[tuple[str, object]]:
    """Return what a JUnit report says of a statement: name and value, numbers as they are.

    ``alpha`` is the level that the statement was tested at, its share of ``suite_alpha``.

    Raises
    ------
    KeyError
        If the result has no such statement.
    """
    found, suite = part(result, statement), result["suite"]
    measured, counts = found["evidence"]["measurement"], found["evidence"]["derivation"] or {}
    rejected = [mutant["rejected"] for mutant in found["mutants"]]
    return [
        ("status", found["status"]),
        ("reasons", _reasons(found)),
        ("alpha", measured["level"]),
        ("sample_size", measured["sample_size"]),
        ("seed", suite["seed"]),
        ("smallest_detectable_deviation", _shown(measured["detectable"])),
        ("detectable_unit", measured["detectable_unit"]),
        ("observed", _shown(measured["observed"])),
        ("bound", _shown(measured["bound"])),
        ("p_value", _shown(measured["p_value"])),
        ("mutants_rejected", f"{sum(rejected)}/{len(rejected)}"),
        ("derivation", ", ".join(f"{n} {kind}" for kind, n in counts.items() if n) or "none"),
        ("suite", suite["name"]),
        ("suite_alpha", suite["level"]),
        ("code", result["versions"]["code"]),
    ]


def describe(result: Mapping[str, Any], statement: str) -> str:
    """Say why a statement is not supported, with the figures of its decision.

    Raises
    ------
    KeyError
        If the result has no such statement.
    """
    found = part(result, statement)
    measured = found["evidence"]["measurement"]
    lines = [
        f"{statement} is {found['status']}: {_reasons(found)}",
        f"  {found['title']}",
        f"  null: {measured['null']}",
        f"  alternative: {measured['alternative']}",
        f"  {measured['statistic']}: {_shown(measured['observed'])} against {_shown(measured['bound'])}",
        f"  level {measured['level']:.3g}, p {_shown(measured['p_value'])}, {measured['sample_size']} trials, "
        f"seed {result['suite']['seed']}",
        f"  would have detected {_shown(measured['detectable'])} ({measured['detectable_unit']}) with probability 0.9",
    ]
    passed = [mutant["id"] for mutant in found["mutants"] if not mutant["rejected"]]
    if passed:
        lines.append(f"  false variants that were not rejected: {', '.join(passed)}")
    return "\n".join(lines)


def part(result: Mapping[str, Any], statement: str) -> Mapping[str, Any]:
    """Return the part of a result on one statement.

    Raises
    ------
    KeyError
        If the result has no such statement.
    """
    for found in result["statements"]:
        if found["id"] == statement:
            return dict(found)
    raise KeyError(statement)


def _case(result: Mapping[str, Any], found: Mapping[str, Any], *, inconclusive_fails: bool) -> ET.Element:
    name, status = found["id"], Outcome(found["status"])
    where = {"classname": f"graphon:{result['suite']['name']}", "name": name}
    case = ET.Element("testcase", {key: _written(text) for key, text in where.items()})
    listed = ET.SubElement(case, "properties")
    for key, value in properties(result, name):
        ET.SubElement(listed, "property", name=key, value=_written(str(value)))
    message = _written(f"{name} is {status.value}: {_reasons(found)}")
    if status is Outcome.REFUTED or (status is Outcome.INCONCLUSIVE and inconclusive_fails):
        ET.SubElement(case, "failure", message=message).text = _written(describe(result, name))
    elif status is not Outcome.SUPPORTED:
        ET.SubElement(case, "skipped", message=message)
    return case


def _reasons(found: Mapping[str, Any]) -> str:
    return "; ".join(found["reasons"])


def _shown(value: float | None) -> str:
    """Write a number; what JSON has no number for (NaN, infinity) came as None."""
    return "none" if value is None else f"{value:.6g}"


def _written(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
