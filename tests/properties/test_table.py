"""The table of docs/testing.md: every statement has a property here, or a reason why it has none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from graphon_theory.statements import STATEMENTS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "testing.md"


def _rows() -> list[tuple[str, str, str]]:
    """Statement, property and test of each row of the table."""
    text = PAGE.read_text(encoding="utf-8").partition("## Properties of the statements")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [(row[0], row[1], row[2]) for row in cells[2:]]


def _tests() -> dict[str, str]:
    """Test functions of this folder, each with its docstring."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in HERE.glob("test_*.py")]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_docstring(node) or "" for node in functions if node.name.startswith("test_")}


def test_every_statement_stands_in_the_table_once_with_a_property_or_a_reason() -> None:
    rows, tests = _rows(), _tests()
    assert [row[0] for row in rows] == list(STATEMENTS)
    for statement, said, test in rows:
        if test == "none":
            assert said.startswith("no property: "), statement
            continue
        named = re.findall(r"`(\w+)`", test)
        assert named, statement
        for name in named:
            assert name in tests, (statement, name)
            # A test says of which statement it is, so that none can be listed for another.
            assert re.search(rf"(?<![\w-]){re.escape(statement)}(?![\w-])", tests[name]), (statement, name)
