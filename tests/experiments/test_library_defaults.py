"""What a process has set for torch, NumPy and warnings changes no trial, and is there again afterwards."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from faults import trials

import verification
from graphon_theory.derivation import Derivation
from tests.experiments.own import STATED, Coin, fair, suite_text
from verification.cases import Case, Values
from verification.claims import Outcome
from verification.library_defaults import library_defaults
from verification.registry import claims as registered_claims
from verification.report import folder
from verification.run import verify
from verification.suite import Suite, parse_suite
from verification.trials import observe, plan

pytest_plugins = ["pytester"]

TRIAL = trials(2)[0]


class Touchy(Coin):
    """Its trial draws by torch, differentiates, underflows and warns."""

    id = "TOUCHY"

    def trial(self, case: Case, seed: int) -> Values:
        weight = torch.nn.Linear(3, 1).weight.new_ones(1, requires_grad=True)
        (slope,) = torch.autograd.grad((weight**2).sum(), weight)
        drawn = torch.randn(1, generator=torch.Generator().manual_seed(seed))
        small = np.exp(np.array(-1000.0))
        warnings.warn("a trial that warns", UserWarning, stacklevel=1)
        values = super().trial(case, seed)
        return {**values, "seen": {"slope": float(slope), "drawn": float(drawn), "small": float(small)}}


def warning_derivation() -> Derivation:
    """Warns, and is the fair coin's."""
    warnings.warn("a derivation that warns", UserWarning, stacklevel=1)
    return fair()


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setattr(registered_claims, "_found", {})
    verification.claim(**STATED | {"derivation": warning_derivation})(Touchy)
    return parse_suite(tomllib.loads(suite_text("TOUCHY")))


@pytest.fixture
def process() -> Iterator[ExitStack]:
    """What a test changes for the whole process is put back; warnings are collected."""
    dtype, errors, gradients = torch.get_default_dtype(), np.geterr(), torch.is_grad_enabled()
    with ExitStack() as stack:
        yield stack
    torch.set_default_dtype(dtype)
    torch.set_default_device(None)
    torch.set_grad_enabled(gradients)
    np.seterr(**errors)


def _settings() -> tuple[object, ...]:
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        np.geterr(),
        list(warnings.filters),
    )


LEAKS: dict[str, Callable[[ExitStack], object]] = {
    "dtype": lambda stack: torch.set_default_dtype(torch.float64),
    "device": lambda stack: torch.set_default_device("meta"),
    "device of a block": lambda stack: stack.enter_context(torch.device("meta")),
    "gradients": lambda stack: torch.set_grad_enabled(False),
    "inference": lambda stack: stack.enter_context(torch.inference_mode()),
    "numpy": lambda stack: np.seterr(all="raise"),
    "warnings": lambda stack: warnings.simplefilter("error"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_setting_changes_no_trial_and_is_there_again(process: ExitStack, suite: Suite, leak: str) -> None:
    touchy = plan(suite)[0]
    with warnings.catch_warnings(record=True) as shown:
        given = observe(TRIAL), observe(touchy)
        LEAKS[leak](process)
        before = _settings()
        assert (observe(TRIAL), observe(touchy)) == given
        assert _settings() == before
        process.close()
    assert {str(warning.message) for warning in shown} == {"a trial that warns"}


def test_settings_are_there_again_after_an_error(process: ExitStack) -> None:
    for leak in LEAKS.values():
        leak(process)
    before, inside = _settings(), []

    @library_defaults()
    def fail() -> None:
        inside.extend(_settings())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inside[:4] == [torch.float32, torch.device("cpu"), True, False]
    assert _settings() == before
    process.close()


def _warning_page(*given: object) -> str:
    warnings.warn("a report that warns", UserWarning, stacklevel=1)
    return "a page"


@pytest.mark.parametrize(("action", "shown"), [("error", 3), ("ignore", 0)])
def test_a_run_shows_warnings_and_raises_none(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, shown: int
) -> None:
    """Trials', derivations' and reports' warnings, each kind; what is ignored stays so."""
    monkeypatch.setattr(folder, "render_page", _warning_page)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)  # type: ignore[arg-type]
        run = verify(suite, out=tmp_path / "run")
        folder.write_folder(run)
    assert [verdict.status for verdict in run.verdicts] == [Outcome.SUPPORTED]
    assert len({str(warning.message) for warning in caught}) == shown


def test_in_the_tests_of_this_package_a_shown_warning_is_a_failure(pytester: pytest.Pytester) -> None:
    """The hooks of ``tests/conftest.py``: what trials show must not pass by unseen here."""
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        "import warnings\n\n\ndef test_shown():\n    with warnings.catch_warnings():\n"
        "        warnings.simplefilter('default')\n        warnings.warn('seen', stacklevel=1)\n\n\n"
        "def test_silent(): pass\n"
    )
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*shown, not raised: UserWarning: seen*"])
