"""The rooms: modules whose mutants are judged by the same tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Room:
    """Modules and the tests that judge their mutants.

    Attributes
    ----------
    name : str
        As in ``rooms.toml``.
    modules : tuple of str
        Files relative to the repository, sorted.
    tests : tuple of str
        Test files relative to the repository, sorted.
    """

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


def rooms(root: Path = ROOT) -> list[Room]:
    """Read ``rooms.toml`` and resolve its patterns; a module is given to the first room that names it.

    Raises
    ------
    SystemExit
        If a pattern fits no file: the table is then out of date.
    """
    table = tomllib.loads((root / "benchmarks" / "quality" / "rooms.toml").read_text(encoding="utf-8"))
    taken: set[str] = set()
    found = []
    for name, entry in table.items():
        modules = [path for path in _resolve(root, name, entry["modules"]) if path not in taken]
        taken.update(modules)
        found.append(Room(name, tuple(modules), tuple(_resolve(root, name, entry["tests"]))))
    return found


def selected(patterns: list[str], root: Path = ROOT) -> list[Room]:
    """Keep the rooms and modules that any pattern names: a room, a dotted module or a pattern of one.

    Raises
    ------
    SystemExit
        If a pattern names nothing that is in a room.
    """
    every = rooms(root)
    if not patterns:
        return every
    for pattern in patterns:
        if not any(_named(room, module, [pattern]) for room in every for module in room.modules):
            raise SystemExit(
                f"{pattern!r} names no module in benchmarks/quality/rooms.toml: give a room, a module or a pattern"
            )
    kept = [
        Room(room.name, tuple(module for module in room.modules if _named(room, module, patterns)), room.tests)
        for room in every
    ]
    return [room for room in kept if room.modules]


def _named(room: Room, module: str, patterns: list[str]) -> bool:
    dotted = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return any(room.name == pattern or fnmatch(dotted, pattern) for pattern in patterns)


def _resolve(root: Path, name: str, patterns: list[str]) -> list[str]:
    files: set[str] = set()
    for pattern in patterns:
        matches = [path.relative_to(root).as_posix() for path in root.glob(pattern) if path.suffix == ".py"]
        if not matches:
            raise SystemExit(f"benchmarks/quality/rooms.toml, room {name!r}: {pattern!r} fits no file: mend the table")
        files.update(matches)
    return sorted(files)
