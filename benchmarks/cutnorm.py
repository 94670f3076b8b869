"""Cut norm against other ways to bound it: time, tightness and memory on residuals of masks at density 0.1.

Ours is ``verification.cut_norm``, bounds on both sides. Beside it, on the same matrices and in the same run:

- ``verification.cutnorm.screening_bound``, an upper bound without relaxation or search;
- ``||A||_2 / sqrt(n d)`` by ``torch.linalg.matrix_norm``, an upper bound too, though its rounding is not bounded;
- the package ``cutnorm``, a lower bound by the sets it finds, summed anew here in float64. Its relaxed value bounds
  nothing, being that of a feasible point. It runs in the interpreter named by the environment variable
  ``GRAPHON_PEER_PYTHON``, else in this one.

The package divides its input by ``n**2`` and then stops by absolute tolerances and fixed first steps, so that from
some size on it returns its random start. It is therefore given the matrix times ``n**2``, which undoes the division;
from n = 3,200 on it is also shown the matrix as it stands.

Both sides get the same number of threads, that of torch. Where other processes keep the cores busy, set
``OMP_NUM_THREADS=1``: threads that wait for one another then lose far more than a second core gains.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import math
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel
from verification.cutnorm import cut_norm, screening_bound
from verification.sampling import sample_mask

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = (256, 512, 1024, 2048, 4096)
DENSITY = 0.1
RUNS = 5
PATIENCE = 15.0
"""Seconds after which no further repeat is begun."""
PEER_TIMEOUT = 300.0
SHOWN_UNSCALED = 3200
MEASURED = 1024
"""Smallest size at which memory is measured and from which the exponent is fitted."""
PEER_SCRIPT = Path(__file__).with_name("peer_cutnorm.py")
# Okabe and Ito's palette: told apart with every common colour-vision deficiency.
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

T = TypeVar("T")


@dataclass(frozen=True)
class Timed:
    """A value and the seconds it took."""

    value: float
    seconds: float


@dataclass(frozen=True)
class Peer:
    """Outcome of the package: what its sets attain, its own two values, seconds, version."""

    attained: float
    rounded: float
    relaxed: float
    seconds: float
    version: str


@dataclass(frozen=True)
class Row:
    """All figures for one matrix; ``peer`` is a word where there is no outcome, ``copies`` NaN if not measured."""

    profile: str
    n: int
    seconds: float
    lower: float
    upper: float
    copies: float
    screening: Timed
    spectral: Timed
    peer: Peer | str
    unscaled: Peer | str | None


def residuals(n: int) -> dict[str, torch.Tensor]:
    """Mask minus probabilities, float32, by profile; the same matrices on every call."""
    generator = torch.Generator().manual_seed(n)
    a, b = (np.abs(torch.randn(n, generator=generator, dtype=torch.float64).numpy()) for _ in range(2))
    found = {}
    for name, profile in (("constant", np.ones((n, n))), ("half-normal, both", np.outer(a, b))):
        model = FiniteModel(profile, Gaussian())
        kept = sample_mask(model, DENSITY, generator)
        found[name] = kept.double().sub_(torch.from_numpy(model.probabilities(DENSITY))).float()
    return found


def best(task: Callable[[], T]) -> tuple[T, float]:
    """Give the last result and the seconds of the quickest run."""
    begun, seconds = time.perf_counter(), math.inf
    for _ in range(RUNS):
        start = time.perf_counter()
        result = task()
        seconds = min(seconds, time.perf_counter() - start)
        if time.perf_counter() - begun > PATIENCE:
            break
    return result, seconds


def extra_copies(path: Path) -> float:
    """Peak memory of ``cut_norm`` beyond what lies there before, in copies of the matrix; in a process of its own.

    With ``ru_maxrss`` a child would start from the size of its parent; the high-water mark of ``/proc`` is its own.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(_copies, str(path), torch.get_num_threads()).result()


def _copies(path: str, threads: int) -> float:
    torch.set_num_threads(threads)
    A = torch.from_numpy(np.load(path))
    side = min(len(A), 1030)
    cut_norm(A[:side, :side].clone())  # libraries and their buffers, loaded at the first call
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _high_water()
        cut_norm(A)
        return (_high_water() - before) / (A.numel() * A.element_size())
    except (OSError, AttributeError):
        return math.nan


def _high_water() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024.0 * float(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def peer_python() -> str | None:
    """Interpreter that has the package ``cutnorm``; None if there is none."""
    named = os.environ.get("GRAPHON_PEER_PYTHON")
    return named or (sys.executable if importlib.util.find_spec("cutnorm") is not None else None)


def attained(A: npt.NDArray[np.float32], rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_]) -> float:
    """``|A(S x T)| / (n d)``, summed in float64."""
    return abs(float(rows.astype(np.float64) @ A.astype(np.float64) @ columns.astype(np.float64))) / A.size


def run_peer(python: str, path: Path, scale: float) -> Peer | str:
    """Call the package on a stored matrix; a word where it does not finish."""
    sets = path.with_name("sets.npz")
    command = [python, str(PEER_SCRIPT), str(path), str(sets), repr(scale)]
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(torch.get_num_threads())
    )
    environment = dict(os.environ) | threads
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=PEER_TIMEOUT, check=True, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"over {PEER_TIMEOUT:.0f} s"
    except (subprocess.CalledProcessError, OSError) as error:
        print(getattr(error, "stderr", None) or error, file=sys.stderr)
        return "failed"
    outcome = json.loads(done.stdout.splitlines()[-1])
    with np.load(sets) as found:
        value = attained(np.load(path), found["rows"], found["columns"])
    return Peer(value, outcome["rounded"], outcome["relaxed"], outcome["seconds"], outcome["version"])


def measure(profile: str, A: torch.Tensor, folder: Path, peer: str | None, peer_largest: int) -> Row:
    """Take all figures for one matrix."""
    n, d = A.shape
    path = folder / "matrix.npy"
    np.save(path, A.numpy())
    found, seconds = best(lambda: cut_norm(A))
    assert found.upper is not None  # noqa: S101  # certified by default
    screening = Timed(*best(lambda: screening_bound(A)))
    spectral = Timed(*best(lambda: float(torch.linalg.matrix_norm(A, 2)) / math.sqrt(n * d)))
    copies = extra_copies(path) if n >= MEASURED else math.nan
    outcome: Peer | str = "none" if peer is None else "not run"
    unscaled: Peer | str | None = None
    if peer is not None and n <= peer_largest:
        outcome = run_peer(peer, path, float(n) ** 2)
        unscaled = run_peer(peer, path, 1.0) if n >= SHOWN_UNSCALED else None
    return Row(profile, n, seconds, found.lower, found.upper, copies, screening, spectral, outcome, unscaled)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log seconds against log n, by least squares; NaN with fewer than two sizes."""
    if len(sizes) < 2:
        return math.nan
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def main(largest: int, peer_largest: int = 2048, folder: Path = Path("runs/benchmarks")) -> None:
    """Print the tables for n = d up to ``largest``, the peer up to ``peer_largest``, and draw them into ``folder``."""
    peer = peer_python()
    print(f"Residuals of masks, density {DENSITY:g}, n = d, float32; best of up to {RUNS} runs, the peer's only one")
    print(_surroundings())
    print(_load("start"))
    if peer is None:
        print("peer: not installed (pip install cutnorm)")
    print()
    _header()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for n in (size for size in SIZES if size <= largest):
            for profile, A in residuals(n).items():
                rows.append(measure(profile, A, Path(scratch), peer, peer_largest))
                _print(rows[-1])
    print()
    _notes(rows)
    print(_load("end"))
    for suffix in draw(rows, folder):
        print(f"drawn: {folder / ('cutnorm' + suffix)}")


def _surroundings() -> str:
    chip = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        chip = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), chip)
    except OSError:
        pass
    cores = f"cores: {os.cpu_count()}, threads: {torch.get_num_threads()}"
    return f"{date.today().isoformat()}, {cores}, {chip}, torch {torch.__version__}"


def _load(when: str) -> str:
    """Say how many processes want a core; where they are more than the cores, times are noise."""
    try:
        return f"load at the {when}, mean over 1, 5 and 15 minutes: {', '.join(f'{x:.1f}' for x in os.getloadavg())}"
    except (OSError, AttributeError):
        return f"load at the {when}: unknown"


def _header() -> None:
    print(f"{'':23}|{'cut_norm, certified':^47}|{'screening':^16}|{'spectral':^16}|{'peer, sets found':^33}")
    bound = f"|{'/lower':>8}{'s':>8}"
    print(
        f"{'profile':18}{'n':>5}|{'s':>8}{'lower':>11}{'upper':>11}{'ratio':>8}{'copies':>9}{bound}{bound}"
        f"|{'/lower':>8}{'relaxed':>9}{'s':>8}{'s/ours':>8}",
        flush=True,
    )


def _print(row: Row) -> None:
    copies = "" if math.isnan(row.copies) else f"{row.copies:.2f}"
    bounds = "".join(f"|{b.value / row.lower:8.3f}{b.seconds:8.2f}" for b in (row.screening, row.spectral))
    peer = row.peer
    if isinstance(peer, str):
        told = f"{peer:>33}"
    else:
        values = f"{peer.attained / row.lower:8.3f}{peer.relaxed / row.lower:9.3f}"
        told = f"{values}{peer.seconds:8.1f}{peer.seconds / row.seconds:8.1f}"
    print(
        f"{row.profile:18}{row.n:5d}|{row.seconds:8.2f}{row.lower:11.6f}{row.upper:11.6f}{row.upper / row.lower:8.3f}"
        f"{copies:>9}{bounds}|{told}",
        flush=True,
    )
    if row.unscaled is not None:
        found = row.unscaled
        if isinstance(found, Peer):
            values = f"sets {found.attained / row.lower:.3f}, own value {found.rounded / row.lower:.3f} times our lower"
            found = f"{values}, {found.seconds:.1f} s, no warning"
        print(f"  the peer given the matrix as it stands, not times n**2: {found}", flush=True)


def _notes(rows: Sequence[Row]) -> None:
    print("copies: peak memory beyond the matrix, in copies of it; /lower: value over our lower bound; s: seconds")
    for profile in dict.fromkeys(row.profile for row in rows):
        own = [row for row in rows if row.profile == profile and row.n >= MEASURED]
        with_peer = [(row.n, row.peer.seconds) for row in own if isinstance(row.peer, Peer)]
        fitted = {
            "cut_norm": exponent([row.n for row in own], [row.seconds for row in own]),
            "screening": exponent([row.n for row in own], [row.screening.seconds for row in own]),
            "spectral": exponent([row.n for row in own], [row.spectral.seconds for row in own]),
            "peer": exponent([n for n, _ in with_peer], [seconds for _, seconds in with_peer]),
        }
        told = ", ".join(f"{name} {value:.2f}" for name, value in fitted.items() if not math.isnan(value))
        if told:
            print(f"exponent of time in n, fitted from n = {MEASURED}, {profile}: {told}")
    version = next((row.peer.version for row in rows if isinstance(row.peer, Peer)), None)
    if version is not None:
        print(f"peer: cutnorm {version}, input times n**2; relaxed: its relaxed value, which bounds nothing, /lower")


def draw(rows: Sequence[Row], folder: Path) -> tuple[str, ...]:
    """Write the figure as SVG and PNG; the suffixes written."""
    folder.mkdir(parents=True, exist_ok=True)
    suffixes = (".svg", ".png")
    style = {"svg.hashsalt": "graphon-theory", "font.size": 9.0, "axes.grid": True, "grid.alpha": 0.25}
    with mpl.rc_context(style):  # type: ignore[arg-type]  # keys are right, their type is a long literal
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for profile, line, filled in (("constant", "-", True), ("half-normal, both", "--", False)):
            _draw(left, right, [row for row in rows if row.profile == profile], line, filled=filled)
        sizes = sorted({row.n for row in rows})
        for axis in (left, right):
            axis.set_xscale("log")
            axis.set_xlabel("n = d")
            axis.xaxis.set_major_locator(FixedLocator(sizes))
            axis.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.minorticks_off()
        left.set_yscale("log")
        left.set_ylabel("seconds")
        right.set_ylabel("value / certified lower bound")
        right.axhline(1.0, color="black", linewidth=0.8)
        right.plot([], [], "-", color="black", label="constant profile")
        right.plot([], [], "--", color="black", label="half-normal profile")
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle(f"Cut norm of mask residuals, density {DENSITY:g}, {os.cpu_count()} cores")
        for suffix in suffixes:
            metadata = {"Date": None} if suffix == ".svg" else None
            figure.savefig(folder / f"cutnorm{suffix}", dpi=160, metadata=metadata)
    return suffixes


def _draw(left: Axes, right: Axes, rows: Sequence[Row], line: str, *, filled: bool) -> None:
    sizes = [row.n for row in rows]
    peers = [(row, row.peer) for row in rows if isinstance(row.peer, Peer)]
    reached = [row.n for row, _ in peers]
    curves = (
        ("cut_norm, certified (upper bound)", BLUE, "o", sizes, [r.seconds for r in rows],
         [r.upper / r.lower for r in rows]),
        ("screening_bound (upper bound)", GREEN, "s", sizes, [r.screening.seconds for r in rows],
         [r.screening.value / r.lower for r in rows]),
        ("spectral norm (upper bound)", PURPLE, "^", sizes, [r.spectral.seconds for r in rows],
         [r.spectral.value / r.lower for r in rows]),
        ("package cutnorm (sets found)", ORANGE, "D", reached, [p.seconds for _, p in peers],
         [p.attained / r.lower for r, p in peers]),
    )  # fmt: skip
    for label, colour, marker, xs, seconds, ratios in curves:
        if not xs:
            continue
        face = colour if filled else "white"
        for axis, values in ((left, seconds), (right, ratios)):
            axis.plot(xs, values, line, color=colour, marker=marker, markerfacecolor=face, markersize=5,
                      label=label if filled else None)  # fmt: skip
