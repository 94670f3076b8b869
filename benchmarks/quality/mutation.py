"""Mutation testing of a sample: ``python -m benchmarks.quality.mutation --modules holm-exact --sample 200``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from scipy.stats import binomtest

from benchmarks.quality.rooms import ROOT, Room, selected
from benchmarks.quality.workspace import RoomError, Workspace, status

NOTICED = ("killed", "timeout")

# In a process of its own: mutmut reads its settings once, from the folder that it is started in.
LISTING = (
    "import sys; from pathlib import Path\n"
    "from mutmut.mutation.file_mutation import mutate_file_contents\n"
    "from mutmut.utils.format_utils import get_mutant_name\n"
    "for path in map(Path, sys.argv[1:]):\n"
    "    for name in mutate_file_contents(str(path), path.read_text()).mutant_names:\n"
    "        print(path, get_mutant_name(path, name))\n"
)


def mutants(modules: list[str], cache: Path) -> dict[str, list[str]]:
    """Names of all mutants of each module; the cache knows those of unchanged files.

    Parameters
    ----------
    modules : list of str
        Files relative to the repository.
    cache : Path
        JSON file, made if missing.
    """
    known = json.loads(cache.read_text(encoding="utf-8")) if cache.exists() else {}
    digests = {module: hashlib.sha256((ROOT / module).read_bytes()).hexdigest() for module in modules}
    fresh = [module for module in modules if known.get(module, {}).get("sha256") != digests[module]]
    if fresh:
        print(f"listing the mutants of {len(fresh)} modules ...", flush=True)
        listed = subprocess.run(
            [sys.executable, "-c", LISTING, *fresh], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        names: dict[str, list[str]] = {module: [] for module in fresh}
        for line in listed:
            module, name = line.split()
            names[module].append(name)
        known |= {module: {"sha256": digests[module], "names": names[module]} for module in fresh}
        cache.parent.mkdir(parents=True, exist_ok=True)
        beside = cache.with_suffix(".new")
        beside.write_text(json.dumps(known), encoding="utf-8")
        beside.replace(cache)
    return {module: known[module]["names"] for module in modules}


def drawn(by_module: dict[str, list[str]], size: int | None, seed: int) -> set[str]:
    """Draw a sample without replacement; all mutants where no size is given."""
    every = sorted(name for names in by_module.values() for name in names)
    if size is None or size >= len(every):
        return set(every)
    return set(random.Random(seed).sample(every, size))  # noqa: S311  # a sample, not a secret


def table(counts: dict[str, dict[str, int]]) -> str:
    """Lay counts out as a Markdown table, a line a room."""
    columns = ["mutants", "judged", "killed", "survived", "timeout", "no tests"]
    others = sorted({key for row in counts.values() for key in row} - {*columns, "not run"})
    columns += others
    total = {column: sum(row.get(column, 0) for row in counts.values()) for column in columns}
    lines = ["| room | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in [*counts.items(), ("all", total)]:
        lines.append(f"| {name} | " + " | ".join(str(row.get(column, 0)) for column in columns) + " |")
    return "\n".join(lines)


def listed(by_module: dict[str, list[str]], results: Path) -> set[str]:
    """Return the mutants that an earlier run did not see killed and that still exist; a sample would be another one.

    A name counts the changes within a function: where the function has changed, it may stand for another mutant.
    """
    before = json.loads(results.read_text(encoding="utf-8"))
    wanted = {name for name, what in before.items() if what not in NOTICED}
    every = {name for names in by_module.values() for name in names}
    gone = sorted(wanted - every)
    if gone:
        print("not among these modules, or no longer there:", *gone, sep="\n  ")
    return wanted & every


def estimate(judged: list[str]) -> str:
    """Say which share of the mutants tests notice, with the exact 95 % interval where they are a sample.

    A timeout is noticed too; what the tests never call is not. Mutants that were not judged do not count.
    """
    noticed = sum(what in NOTICED for what in judged)
    size = noticed + sum(what in ("survived", "no tests") for what in judged)
    if not size:
        return "no mutant was judged"
    interval = binomtest(noticed, size).proportion_ci(0.95)
    return f"noticed: {noticed} of {size}, {noticed / size:.1%} (95 %: {interval.low:.1%} to {interval.high:.1%})"


def count(names: list[str], codes: dict[str, int | None]) -> dict[str, int]:
    """Count the drawn mutants of a room by what became of them."""
    row: dict[str, int] = {}
    for name in names:
        key = status(codes.get(name))
        row[key] = row.get(key, 0) + 1
    row["judged"] = sum(number for key, number in row.items() if key != "not run" and not key.startswith("exit"))
    return row


def main() -> int:
    """Sample, judge room by room, and keep the results; what was judged before is not judged again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.mutation", description=__doc__)
    parser.add_argument("--modules", nargs="*", default=[], help="rooms, modules or patterns (default: all rooms)")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random (default: all)")
    parser.add_argument("--names", type=Path, help="results.json of a run: those that it let live, and no others")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time (default: one a core)")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "mutation", help="folder of workspaces and results")
    parser.add_argument("--again", action="store_true", help="judge survivors again, after tests were added")
    options = parser.parse_args()
    chosen = selected(options.modules)
    out: Path = options.out.resolve()
    by_module = mutants([module for room in chosen for module in room.modules], out / "mutants.json")
    sample = listed(by_module, options.names) if options.names else drawn(by_module, options.sample, options.seed)
    print(f"{len(sample)} of {sum(map(len, by_module.values()))} mutants, seed {options.seed}", flush=True)
    counts: dict[str, dict[str, int]] = {}
    judged: dict[str, str] = {}
    survivors: list[str] = []
    failed: list[str] = []
    for place, room in enumerate(chosen, 1):
        names = sorted(name for module in room.modules for name in by_module[module] if name in sample)
        if not names:
            continue
        workspace = Workspace(_whole(room), out / room.name)
        codes = _known(out, room, by_module)
        pending = [name for name in names if _pending(codes.get(name), again=options.again)]
        print(f"room {place} of {len(chosen)}: {room.name}, {len(pending)} of {len(names)} mutants left", flush=True)
        if pending:
            try:
                workspace.run(pending, options.jobs)
            except RoomError as error:  # the other rooms are judged all the same
                failed.append(f"{room.name}: {error}")
            finally:
                # mutmut forgets what it judged when a room's tests change; what was judged stays judged here.
                codes |= {name: code for name, code in workspace.results().items() if code is not None}
                _keep(out, room, codes)
        counts[room.name] = count(names, codes) | {"mutants": sum(len(by_module[module]) for module in room.modules)}
        judged |= {name: status(codes.get(name)) for name in names}
        survivors += [workspace.difference(name) for name in names if status(codes.get(name)) == "survived"]
        (out / "results.json").write_text(json.dumps(judged, indent=1), encoding="utf-8")
        (out / "table.md").write_text(table(counts) + "\n", encoding="utf-8")
        (out / "survivors.diff").write_text("\n".join(survivors), encoding="utf-8")
    print(table(counts))
    print(estimate(list(judged.values())))
    print(f"{out / 'results.json'}, {out / 'survivors.diff'}")
    if failed:
        print("not judged to the end:", *failed, sep="\n  ")
    return 1 if failed else 0


def _known(out: Path, room: Room, by_module: dict[str, list[str]]) -> dict[str, int | None]:
    """Exit codes found before, of modules that have not changed since."""
    file = out / f"{room.name}.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found: dict[str, int | None] = {}
    for module in room.modules:
        entry = kept.get(module, {})
        if entry.get("sha256") == hashlib.sha256((ROOT / module).read_bytes()).hexdigest():
            found |= {name: entry["codes"][name] for name in by_module[module] if name in entry["codes"]}
    return found


def _keep(out: Path, room: Room, codes: dict[str, int | None]) -> None:
    file = out / f"{room.name}.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    listed = json.loads((out / "mutants.json").read_text(encoding="utf-8"))
    for module in room.modules:
        names = listed[module]["names"]
        own = {name: codes[name] for name in names if name in codes}
        kept[module] = {"sha256": listed[module]["sha256"], "codes": own}
    file.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def _whole(room: Room) -> Room:
    """Return the room with all its modules: its workspace must not depend on what was chosen this time."""
    return next(other for other in selected([]) if other.name == room.name)


def _pending(code: int | None, *, again: bool) -> bool:
    found = status(code)
    return found == "not run" or found.startswith("exit") or (again and found in ("survived", "no tests", "timeout"))


if __name__ == "__main__":
    sys.exit(main())
