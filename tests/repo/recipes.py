"""Recipes of CI servers: their structure, and the commands that they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml


class RecipeError(AssertionError):
    """A recipe that no server would take."""


def commands(text: str) -> Iterator[str]:
    """Yield the command lines of a GitHub Actions workflow, or of a GitLab CI file.

    Raises
    ------
    RecipeError
        If it is neither, or a job lacks what a server needs.
    """
    recipe = yaml.safe_load(text)
    _require(isinstance(recipe, dict), "the recipe is no mapping")
    if "jobs" in recipe:
        _require(True in recipe, "a workflow without on:")  # YAML 1.1 reads the word on as true
        for name, job in recipe["jobs"].items():
            _require({"runs-on", "steps"} <= set(job), f"job {name} needs runs-on and steps")
            for step in job["steps"]:
                _require(("uses" in step) != ("run" in step), f"job {name}: a step either uses or runs something")
                yield from step.get("run", "").splitlines()
    else:
        jobs = {name: job for name, job in recipe.items() if isinstance(job, Mapping) and "script" in job}
        _require(jobs, "neither a workflow nor a file with a script")
        for job in (recipe.get("default", {}), *jobs.values()):
            for key in ("before_script", "script", "after_script"):
                yield from _lines(job.get(key, []))


def _lines(script: Any) -> Iterator[str]:
    for entry in [script] if isinstance(script, str) else script:
        yield from entry.splitlines()


def _require(holds: object, why: str) -> None:
    if not holds:
        raise RecipeError(why)
