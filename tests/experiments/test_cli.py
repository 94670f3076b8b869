"""The command line as a user meets it: one small run, looked at from all sides."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphon_theory.derivation import Derivation, DerivationResult
from verification import engines
from verification.cli import main
from verification.engines import SpawnPool
from verification.ledger import FILE, Ledger
from verification.ledger.store import Row
from verification.progress import Progress

TINY = Path(__file__).parents[1] / "suites" / "tiny.toml"


def graphon(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process: most of what a process of its own would take is imports."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess([], code, out.getvalue(), err.getvalue())


# One worker makes the run that these tests look at, and has the processes that some of them use.
shares_the_run = pytest.mark.xdist_group("processes")


@pytest.fixture(autouse=True, scope="module")
def derivations_are_evaluated_once() -> Iterator[None]:
    """Remember the derivations of this process: only the first run, and runs in other processes, evaluate them."""
    genuine, known = Derivation.run, dict[str, DerivationResult]()

    def once(self: Derivation) -> DerivationResult:
        if self.id not in known:
            known[self.id] = genuine(self)
        return known[self.id]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Derivation, "run", once)
        yield


@pytest.fixture
def two_jobs(workers: SpawnPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``--jobs 2`` mean these workers."""

    def pool(jobs: int, *, gpus: tuple[int, ...] = ()) -> contextlib.nullcontext[SpawnPool]:
        assert (jobs, gpus) == (2, ())
        return contextlib.nullcontext(workers)

    monkeypatch.setattr(engines, "SpawnPool", pool)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, graphon("verify", "--suite", TINY, "--out", folder, "--jobs", 1, "--format", "json")


def _without_times(text: str) -> dict[str, object]:
    document = json.loads(text)
    del document["timing"]
    return document


@shares_the_run
def test_json_has_the_promised_shape(run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = run
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "graphon.verify/1"
    found = {entry["id"]: entry for entry in document["statements"]}
    assert set(found) == {"THR", "LIM-a", "TAX", "SNIP-S", "SNIP-1"}
    for entry in found.values():
        assert entry["status"] in {"supported", "refuted", "inconclusive", "not run"}
        assert entry["evidence"]["measurement"]["sample_size"] > 0
        assert entry["evidence"]["derivation"]["proved"] > 0
        assert entry["mutants"]
        assert all(isinstance(mutant["rejected"], bool) for mutant in entry["mutants"])
        # Inconclusive is what a small suite may say, but never without a reason.
        assert (entry["status"] == "supported") == (entry["reasons"] == [])
    assert found["THR"]["status"] == "supported"


@shares_the_run
def test_run_folder_is_complete(run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = run
    names = {path.name for path in folder.iterdir()}
    wanted = {"run.json", "observations.jsonl", "report.html", "masks.svg", "distances.svg", "ledger.sqlite"}
    assert wanted <= names
    assert not any(name.endswith(".part") for name in names)
    assert json.loads((folder / "run.json").read_text()) == json.loads(done.stdout)
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    trials = json.loads(done.stdout)["suite"]["trials"]
    assert len((folder / "observations.jsonl").read_text().splitlines()) == trials


@shares_the_run
def test_equal_seeds_give_equal_results_whatever_the_number_of_processes(
    run: tuple[Path, subprocess.CompletedProcess[str]], two_jobs: None, tmp_path: Path
) -> None:
    folder, done = run
    again = graphon("verify", "--suite", TINY, "--out", tmp_path, "--jobs", 2, "--format", "json")
    assert _without_times(again.stdout) == _without_times(done.stdout)
    for name in ("masks.svg", "distances.svg", "observations.jsonl"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@shares_the_run
def test_a_broken_off_run_goes_on_where_it_stopped(
    run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, done = run
    kept = 0
    with Ledger(folder / FILE) as source, Ledger(tmp_path / FILE) as copy:
        for row in source.rows():
            if row.repeat == 0:
                # A mark that decisions ignore, and that only a trial from the ledger can carry into the result.
                values = json.dumps(json.loads(row.values_json) | {"mark": {"seen": 1.0}})
                copy.insert([Row.seal(*row._replace(values_json=values)[:-1])])
                kept += 1
    again = graphon("verify", "--suite", TINY, "--out", tmp_path, "--jobs", 1, "--format", "json")
    assert _without_times(again.stdout) == _without_times(done.stdout)
    marked = (tmp_path / "observations.jsonl").read_text().count('"mark"')
    assert marked == kept
    assert 0 < kept < json.loads(done.stdout)["suite"]["trials"]


@shares_the_run
def test_another_seed_gives_other_numbers(run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    _, done = run
    other = graphon(
        *("verify", "--suite", TINY, "--only", "THR", "--seed", 5, "--out", tmp_path, "--jobs", 1, "--format", "json")
    )
    document = json.loads(other.stdout)
    assert document["suite"]["seed"] == 5
    (mine,) = document["statements"]
    assert (
        mine["evidence"]["measurement"]["observed"]
        != json.loads(done.stdout)["statements"][0]["evidence"]["measurement"]["observed"]
    )


def _refused(done: subprocess.CompletedProcess[str], *pieces: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith(("usage:", " "))]
    for piece in pieces:
        assert piece in line


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ('statement = "THR"', 'statement = "THX"', ("check 1.statement", "THX", "THR")),
        ("densities = [0.5]", "densities = [1.0]", ("check 1.densities", "1.0", "between 0 and 1")),
        ("widths = [128]", "widths = [-3]", ("check 1.widths", "-3", "positive integer")),
        ("repeats = 4", 'repeats = "four"', ("check 1.repeats", "four", "integer")),
        ("level = 0.01", "leevl = 0.01", ("leevl", "level")),
    ],
)
def test_bad_suites_end_with_one_line_and_exit_code_2(
    old: str, new: str, pieces: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(TINY.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    _refused(graphon("verify", "--suite", path, "--out", tmp_path / "run"), *pieces)
    assert not (tmp_path / "run").exists()


def test_bad_options_end_with_one_line_and_exit_code_2(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    _refused(graphon("verify", "--suite", TINY, "--out", blocked / "run"), "out", str(blocked))
    _refused(graphon("verify", "--suite", TINY, "--only", "THX", "--out", tmp_path), "only", "THX")
    _refused(graphon("verify", "--suite", tmp_path / "none.toml"), "none.toml")
    _refused(graphon("verify", "--suite", TINY, "--seed", -1, "--out", tmp_path), "seed", "-1")
    _refused(graphon("verify", "--suite", TINY, "--jobs", 0, "--out", tmp_path), "jobs", "0")
    _refused(graphon("verify", "--seed", "one"), "seed", "one")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    _refused(graphon("verify", "--suite", TINY, "--out", tmp_path), "out")


@shares_the_run
def test_bad_input_found_in_a_worker_process_ends_with_one_line_too(two_jobs: None, tmp_path: Path) -> None:
    """A profile that vanishes on half of the types: some draw of 16 of them leaves too few for rho = 0.49."""
    text = TINY.read_text(encoding="utf-8").split("[[check]]")[0] + _THR
    text = text.replace('g = "1/2 + u"', 'g = "max(u - 1/2, 0)"').replace("[128]", "[16]").replace("[0.5]", "[0.49]")
    path = tmp_path / "half.toml"
    path.write_text(text.replace("repeats = 4", "repeats = 12"), encoding="utf-8")
    _refused(graphon("verify", "--suite", path, "--out", tmp_path, "--jobs", 2), "density", "non-zero on a share")


def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("not a database, but long enough to be read as one" * 20, encoding="utf-8")
    _refused(graphon("verify", "--suite", TINY, "--out", tmp_path, "--jobs", 1), "ledger", "damaged")


def test_nothing_selected_is_said(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(TINY.read_text(encoding="utf-8").split("[[check]]")[0] + _THR, encoding="utf-8")
    done = graphon("verify", "--suite", path, "--only", "TAX", "--out", tmp_path)
    assert done.returncode == 5
    assert "nothing selected" in done.stderr


def test_fail_on_inconclusive_and_text_format(tmp_path: Path) -> None:
    path = tmp_path / "weak.toml"
    weak = _THR.replace("[128]", "[8]").replace("repeats = 4", "repeats = 2")
    path.write_text(TINY.read_text(encoding="utf-8").split("[[check]]")[0] + weak, encoding="utf-8")
    done = graphon("verify", "--suite", path, "--out", tmp_path, "--jobs", 1)
    assert done.returncode == 0
    assert "inconclusive" in done.stdout
    assert "why not supported" in done.stdout
    strict = graphon("verify", "--suite", path, "--out", tmp_path, "--jobs", 1, "--fail-on", "inconclusive")
    assert strict.returncode == 1


def test_the_installed_program_exits_with_the_code(tmp_path: Path) -> None:
    """The one test here with a process of its own."""
    program = Path(sys.executable).with_name("graphon")
    done = subprocess.run(
        [program, "ledger", "show", tmp_path / "none"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    _refused(done, "ledger", "none")


def test_an_interrupted_run_keeps_its_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after two of four trials; the next run takes up both."""
    finished = 0

    def advance(self: Progress, trial: object) -> None:
        nonlocal finished
        finished += 1
        if finished == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "advance", advance)
    options = ("verify", "--suite", TINY, "--only", "THR", "--out", tmp_path, "--jobs", 1)
    # Python's own handler: workers of pytest-xdist ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = graphon(*options)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.returncode == 130
    assert done.stdout == ""
    assert "interrupted; finished trials are kept" in done.stderr
    with Ledger(tmp_path / FILE) as ledger:
        assert len(list(ledger.rows())) == 2
    assert graphon(*options).returncode == 0


def test_help_and_claims() -> None:
    top = graphon("--help")
    assert top.returncode == 0
    assert "exit codes" in top.stdout
    assert graphon().returncode == 0
    listed = graphon("claims")
    assert listed.returncode == 0
    assert "SNIP-1" in listed.stdout
    assert "derived and measured; rests on THR, LIM-a, SNIP-S" in listed.stdout


_THR = """
[[check]]
statement = "THR"
criteria = ["magnitude"]
models = ["ramp"]
widths = [128]
densities = [0.5]
repeats = 4
"""


def test_mutants_are_shown_with_the_width_that_rejects_them(tmp_path: Path) -> None:
    options = ("verify", "--suite", TINY, "--only", "THR", "--out", tmp_path, "--jobs", 1, "--device", "auto")
    done = graphon(*options, "--mutants")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("THR")]
    assert {row[1]: row[2:4] for row in rows} == {
        "other-noise": ["rejected", "128"],
        "one-sided": ["rejected", "128"],
        "density-5-percent": ["rejected", "128"],
    }
    document = json.loads((tmp_path / "run.json").read_text())
    assert [mutant["rejected_from"] for mutant in document["statements"][0]["mutants"]] == [128] * 3


def test_an_absent_device_is_named(tmp_path: Path) -> None:
    done = graphon("verify", "--suite", TINY, "--out", tmp_path / "run", "--jobs", 1, "--device", "cuda:99")
    assert done.returncode == 2
    assert "device = 'cuda:99'" in done.stderr
    assert not (tmp_path / "run").exists()
