"""Trials as a table for other tools: CSV, or Parquet where pyarrow is installed. One line a number."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from graphon_theory.errors import InputError
from verification.ledger.merge import locate
from verification.ledger.store import Ledger

FORMATS: Final = ("csv", "parquet")

_COLUMNS: Final = (
    ("statement", "string"),
    ("source", "string"),
    ("width", "int64"),
    ("inputs", "int64"),
    ("density", "double"),
    ("case", "string"),
    ("repeat", "int64"),
    ("seed", "int64"),
    ("device", "string"),
    ("code", "string"),
    ("seconds", "double"),
    ("variant", "string"),
    ("statistic", "string"),
    ("value", "double"),
)
_CHUNK: Final = 65_536


def export(source: Path, target: Path, form: str) -> int:
    """Write a ledger's trials as a table; returns the number of lines.

    Parameters
    ----------
    source
        Ledger or run folder.
    target
        File to write; it appears whole or not at all.
    form
        "csv" or "parquet".

    Raises
    ------
    InputError
        If the ledger is missing or damaged, the form unknown, pyarrow not installed, or the file cannot be written.
    """
    if form not in FORMATS:
        raise InputError("to", form, f"choose one of {', '.join(FORMATS)}")
    path = locate(source)
    if not path.is_file():
        raise InputError("ledger", str(path), "no such file: give a ledger or a run folder")
    part = target.with_name(target.name + ".part")
    try:
        with Ledger(path) as ledger:
            count = _csv(ledger, part) if form == "csv" else _parquet(ledger, part)
        part.replace(target)
    except OSError as error:
        raise InputError("out", str(target), f"{error.strerror}: name a file that can be written") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _lines(ledger: Ledger) -> Iterator[tuple[object, ...]]:
    """Lines in the order of ``_COLUMNS``; altered rows are left out."""
    for row in ledger.rows():
        if not row.intact:
            continue
        case = json.loads(row.case_json)
        model = case["model"]
        source = case["criterion"] if model is None else model["name"]
        asked = (row.statement, source, case["width"], case["inputs"], case["density"], row.case_json)
        made = (row.repeat, row.seed, row.device, row.code, row.seconds)
        for variant, statistics in json.loads(row.values_json).items():
            for name, value in statistics.items():
                yield (*asked, *made, variant, name, float(value))


def _csv(ledger: Ledger, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in _COLUMNS])
        for line in _lines(ledger):
            writer.writerow(line)
            count += 1
    return count


def _parquet(ledger: Ledger, path: Path) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("to", "parquet", "install pyarrow (pip install pyarrow), or export CSV") from error
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in _COLUMNS])
    count = 0
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        lines = _lines(ledger)
        while chunk := list(itertools.islice(lines, _CHUNK)):
            columns = zip(*chunk, strict=True)
            arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(chunk)
    return count
