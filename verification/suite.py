"""Suite files: which statements to check, on what, at which widths.

A suite is a TOML file; ``docs/suites.md`` lists its keys. Everything is checked when the file is read, so
that a run never fails late over a typing mistake.
"""

from __future__ import annotations

import difflib
import itertools
import re
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path

from graphon_theory.errors import InputError, require_density
from verification.cases import Case, ModelSpec
from verification.check import Check
from verification.fit import require_fit
from verification.names import (
    ACTIVATIONS,
    DATA,
    INITIALISATIONS,
    LABELS,
    NOISES,
    TARGETS,
    WEIGHTS,
)
from verification.registry import criterion_names, own_claims, statement_names

SCHEMA = "graphon.suite/1"
LADDERS = ("batch", "width")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smh])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Suite:
    """A checked suite.

    Parameters
    ----------
    name, summary
        For people.
    level
        Probability, at most, that any true statement of the suite is called refuted; in (0, 1).
    seed
        Master seed, non-negative.
    models
        Saliency models by name.
    checks
        The checks, in the order of the file.
    device
        Where trials run unless the caller says otherwise.
    budget
        Seconds that the trials may take, positive; None for no limit. See ``verification.budget``.
    """

    name: str
    summary: str
    level: float
    seed: int
    models: dict[str, ModelSpec]
    checks: tuple[Check, ...]
    device: str = "cpu"
    budget: float | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        """Ids of the checked statements, in order of first appearance."""
        return tuple(dict.fromkeys(check.statement for check in self.checks))

    def cases(self, check: Check) -> tuple[Case, ...]:
        """Expand a check into its cases."""
        sources: list[tuple[str | None, ModelSpec | None]] = [(name, None) for name in check.criteria]
        sources += [(None, self.models[name]) for name in check.models]
        sizes = [(n, d) for n in check.widths for d in (check.inputs or (n,))]
        batches: list[tuple[int, float | None]] = [(size, None) for size in check.batch or (0,)]
        if check.batch_per_input:
            batches = [(0, ratio) for ratio in check.batch_per_input]
        return tuple(
            Case(
                statement=check.statement,
                variant=check.variant,
                criterion=criterion,
                model=model,
                initialisation=initialisation,
                data=check.data,
                labels=check.labels,
                signal=check.signal,
                width=n,
                inputs=d,
                square=not check.inputs,
                density=density,
                batch=size if ratio is None else max(2, round(ratio * d)),
                batch_per_input=ratio,
                ladder=check.ladder,
                activation=activation,
                depth=depth,
                active=active,
                target=target,
                weights=weights,
            )
            for (criterion, model), (n, d), density, (
                size,
                ratio,
            ), activation, depth, active, target, weights in itertools.product(
                sources,
                sizes,
                check.densities,
                batches,
                check.activations,
                check.depths,
                check.active,
                check.targets,
                check.weights,
            )
            for initialisation in (check.initialisations if model is None else (model.noise,))
        )


def shipped_suites() -> tuple[str, ...]:
    """Names of the suites that come with the package."""
    folder = resources.files("verification") / "suites"
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_suite(source: str) -> Suite:
    """Read a suite by the name of a shipped one, or from a file.

    Raises
    ------
    InputError
        If the file cannot be read or anything in it is missing, unknown, of the wrong type or out of range.
    """
    if source in shipped_suites():
        text = (resources.files("verification") / "suites" / f"{source}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "suite", source, f"{error}; give a readable TOML file or one of {', '.join(shipped_suites())}"
            ) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("suite", source, f"not valid TOML: {error}") from error
    return parse_suite(table)


def parse_suite(table: dict[str, object]) -> Suite:
    """Check a parsed TOML table and turn it into a suite.

    Raises
    ------
    InputError
        As ``load_suite``.
    """
    _known("suite", table, ("schema", "name", "summary", "level", "seed", "device", "budget", "models", "check"))
    if table.get("schema") != SCHEMA:
        raise InputError("schema", table.get("schema"), f'write schema = "{SCHEMA}"')
    level = _number("level", table.get("level", 0.01))
    seed = _integer("seed", table.get("seed", 0), least=0)
    models = {name: _model(name, value) for name, value in _tables("models", table.get("models", {})).items()}
    checks = table.get("check")
    if not isinstance(checks, list) or not checks:
        raise InputError("check", checks, "write at least one [[check]] table")
    parsed = tuple(_check(f"check {i + 1}", entry, models) for i, entry in enumerate(checks))
    _require_level(require_density(level, "level"), parsed)
    return Suite(
        name=_name(table.get("name", "unnamed")),
        summary=_text("summary", table.get("summary", "")),
        level=require_density(level, "level"),
        seed=seed,
        models=models,
        checks=parsed,
        device=_text("device", table.get("device", "cpu")),
        budget=duration(table["budget"]) if "budget" in table else None,
    )


def _require_level(level: float, checks: tuple[Check, ...]) -> None:
    """Refuse a level beyond what the rule of one of the user's own claims is made for."""
    own = own_claims()
    for check in checks:
        if check.statement in own and level > own[check.statement].level:
            most = own[check.statement].level
            raise InputError("level", level, f"{check.statement} declares that it is made for at most {most:g}")


def _model(name: str, value: object) -> ModelSpec:
    where = f"models.{name}"
    if not isinstance(value, dict):
        raise InputError(where, value, "write a table with g, f and noise")
    _known(where, value, ("g", "f", "noise"))
    noise = _choice(f"{where}.noise", value.get("noise", "gaussian"), NOISES)
    spec = ModelSpec(
        name=name,
        g=_text(f"{where}.g", value.get("g", "1")),
        f=_text(f"{where}.f", value.get("f", "1")),
        noise=noise,
    )
    try:
        spec.build()
    except ValueError as error:
        raise InputError(where, value, str(error)) from error
    return spec


def _check(where: str, value: object, models: dict[str, ModelSpec]) -> Check:
    if not isinstance(value, dict):
        raise InputError(where, value, "write a [[check]] table")
    _known(where, value, tuple(field.name for field in fields(Check)))
    for key in ("statement", "densities", "widths", "repeats"):
        if key not in value:
            raise InputError(f"{where}.{key}", "missing", "every check needs it")
    given: dict[str, object] = {
        "statement": _choice(f"{where}.statement", value["statement"], statement_names()),
        "densities": tuple(
            require_density(_number(f"{where}.densities", x), f"{where}.densities")
            for x in _list(f"{where}.densities", value["densities"])
        ),
        "repeats": _integer(f"{where}.repeats", value["repeats"], least=2),
    }
    for key in ("widths", "inputs", "batch", "depths", "active"):
        if key in value:
            entries = _list(f"{where}.{key}", value[key])
            given[key] = tuple(_integer(f"{where}.{key}", x, least=1) for x in entries)
    if "batch_per_input" in value:
        ratios = _list(f"{where}.batch_per_input", value["batch_per_input"])
        given["batch_per_input"] = tuple(_positive(f"{where}.batch_per_input", x) for x in ratios)
    for key, choices in (
        ("criteria", criterion_names()),
        ("models", tuple(models)),
        ("initialisations", INITIALISATIONS),
        ("activations", ACTIVATIONS),
        ("targets", TARGETS),
        ("weights", WEIGHTS),
    ):
        if key in value:
            entries = _list(f"{where}.{key}", value[key])
            given[key] = tuple(_choice(f"{where}.{key}", x, choices) for x in entries)
    for key, choices in (("data", DATA), ("labels", LABELS), ("ladder", LADDERS)):
        if key in value:
            given[key] = _choice(f"{where}.{key}", value[key], choices)
    if "variant" in value:
        given["variant"] = _text(f"{where}.variant", value["variant"])
    if "signal" in value:
        given["signal"] = _number(f"{where}.signal", value["signal"])
    check = Check(**given)  # type: ignore[arg-type]  # every value was checked above, key by key
    require_fit(where, check)
    return check


def _known(where: str, table: dict[str, object], keys: tuple[str, ...]) -> None:
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"{where}, key", key, f"unknown; {hint}known keys: {', '.join(keys)}")


def _tables(where: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise InputError(where, value, "write a table")
    return value


def _list(where: str, value: object) -> list[object]:
    if not isinstance(value, list) or not value:
        raise InputError(where, value, "give a non-empty list, such as [256, 1024]")
    return value


def _text(where: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(where, value, "give a string")
    return value


def _name(value: object) -> str:
    name = _text("name", value)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", name):
        raise InputError("name", name, "use letters, digits, '.', '_' and '-': it names the run folder")
    return name


def _choice(where: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        listed = ", ".join(choices) if choices else "(none is defined)"
        raise InputError(where, value, f"unknown; {hint}choose one of {listed}")
    return value


def _integer(where: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        kind = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise InputError(where, value, f"give {kind}")
    return value


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(where, value, "give a number")
    return float(value)


def duration(value: object) -> float:
    """Read a duration such as "90s", "10m" or "1.5h", in seconds.

    Raises
    ------
    InputError
        If it is none, or not positive.
    """
    text = _text("budget", value)
    found = _DURATION.fullmatch(text.strip())
    if found is None or float(found[1]) == 0.0:
        raise InputError("budget", text, 'give a time such as "90s", "10m" or "1.5h"')
    return float(found[1]) * _UNITS[found[2]]


def _positive(where: str, value: object) -> float:
    number = _number(where, value)
    if not 0.0 < number < float("inf"):
        raise InputError(where, value, "give a finite number above 0")
    return number
