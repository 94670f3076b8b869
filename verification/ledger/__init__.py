"""The ledger: every finished trial of a run in one SQLite file, its lock, its exports, and the version of the code."""

from __future__ import annotations

from verification.ledger.code import code_version
from verification.ledger.export import FORMATS, export
from verification.ledger.lock import single_writer
from verification.ledger.merge import Merged, merge
from verification.ledger.store import FILE, Ledger

__all__ = ["FILE", "FORMATS", "Ledger", "Merged", "code_version", "export", "merge", "single_writer"]
