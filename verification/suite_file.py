"""Write a suite as a suite file, so that what was run can be run again, whatever chose it."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields

from verification.check import Check
from verification.suite import SCHEMA, Suite


def suite_file(suite: Suite) -> str:
    """Return a suite as TOML that ``verification.suite.load_suite`` reads as the same suite, but for its budget.

    Parameters
    ----------
    suite
        A suite, as read or as fitted to a budget.
    """
    lines = [f'schema = "{SCHEMA}"', f"name = {_value(suite.name)}", f"summary = {_value(suite.summary)}"]
    lines += [f"level = {_value(suite.level)}", f"seed = {suite.seed}", f"device = {_value(suite.device)}"]
    for name, model in suite.models.items():
        lines += ["", f"[models.{_value(name)}]"]
        lines += [f"{key} = {_value(getattr(model, key))}" for key in ("g", "f", "noise")]
    for check in suite.checks:
        lines += ["", "[[check]]", *_check(check)]
    return "\n".join(lines) + "\n"


def _check(check: Check) -> list[str]:
    found = []
    for field in fields(Check):
        value = getattr(check, field.name)
        if field.default is MISSING or value != field.default:
            found.append(f"{field.name} = {_value(value)}")
    return found


def _value(value: object) -> str:
    """Write a string, number or list of these: TOML takes them as JSON does, but for the character DEL."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007F")
