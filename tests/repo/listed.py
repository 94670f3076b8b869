"""Code of pages that the tests check and do not run, or output that they do not make, and why."""

from __future__ import annotations

MINUTES = "takes minutes"
TABLE = "figures of a benchmark that the page names; it takes minutes to hours, and has tests of its own"
NEEDS_RUN = "needs the folder of a run that takes minutes; tests/experiments has the same commands on small runs"
ANALYSED = "tests/experiments/test_analyse*.py analyse this module"
EXAMPLE_PROJECT = "tests/experiments/test_own_criterion.py runs the example project"

LISTED: dict[str, dict[str, str]] = {
    "README.md": {
        "graphon verify --quick": MINUTES,
        "graphon verify --suite full --out runs/full": MINUTES,
        "graphon verify --quick --only THR LIM-a --seed 7": MINUTES,
        "graphon verify --suite criteria": MINUTES,
        "graphon verify --suite approximation": MINUTES,
        "graphon verify --suite ntk": MINUTES,
        "graphon verify --suite generalisation": MINUTES,
        "graphon verify --quick --mutants": MINUTES,
        "graphon verify --suite full --budget 10m": MINUTES,
        "graphon verify --suite readings": MINUTES,
        "graphon verify --quick --format json": MINUTES,
        "graphon report runs/full": NEEDS_RUN,
        "graphon report --derivations": MINUTES,
        "graphon analyse docs/examples/digits_mlp.py:one_output --criterion snip --density 0.1": ANALYSED,
        "graphon design --data digits --density 0.1 --out designed": "tests/experiments/test_design_cli.py runs it",
    },
    "docs/analyse.md": {
        "graphon analyse net.py:build --data digits --criterion snip --density 0.1 --out run": "the tutorial runs it",
        "graphon analyse docs/examples/digits_mlp.py:one_output --criterion snip --density 0.1": ANALYSED,
        "graphon analyse docs/examples/digits_mlp.py:ten_classes --criterion synflow --density 0.2": ANALYSED,
        "graphon analyse docs/examples/digits_cnn.py:build --criterion magnitude --density 0.2": ANALYSED,
        "graphon analyse docs/examples/digits_mlp.py:shallow_classes --criterion snip --density 0.1": ANALYSED,
        "graphon analyse docs/examples/digits_mlp.py:one_output --criterion grasp --density 0.1 --layers 0": ANALYSED,
    },
    "docs/benchmarks.md": {
        "LIM-a over observed, delta = 0.01, Gaussian noise, mean of 2 masks": TABLE,
        "task                                         digits asked   seconds  relative width": TABLE,
        "                       |              cut_norm, certified              |   screening    |    spectral    |"
        "        peer, sets found": TABLE,
        "suite small, 500 master seeds; intervals of total error 0.05": TABLE,
        "n = 4096: 16,818,176 weights, 64 MB of scores, 2 threads": TABLE,
        "load: 6.1, 6.0, 5.9; one thread, d = 784, float32": TABLE,
        "least width n at which the gap is 0.05 of the targets (limits at 0.05 each)": TABLE,
    },
    "docs/ci.md": {
        "pytest --graphon-suite suites/own.toml --graphon-inconclusive fail --graphon-out runs --hypothesis-profile ci"
        " --junitxml=out.xml": EXAMPLE_PROJECT,
        "graphon verify --suite small --budget 60s --fail-on inconclusive --format junit > graphon.xml": MINUTES,
    },
    "docs/clusters.md": {
        "graphon ledger show runs/full-seed0": NEEDS_RUN,
        "graphon ledger export runs/full-seed0 --out trials.csv": NEEDS_RUN,
        "graphon ledger export runs/full-seed0 --to parquet --out trials.parquet": NEEDS_RUN,
        "graphon ledger merge runs/all runs/node1 runs/node2": NEEDS_RUN,
        "dask scheduler                                     # on one machine; prints its address": "another's program",
        "dask worker tcp://10.0.0.1:8786 --nthreads 1       # as many as you like, anywhere": "another's program",
        "graphon verify --suite full --engine dask:tcp://10.0.0.1:8786": "needs a cluster",
        "from dask_jobqueue import SLURMCluster": "needs a package that is not installed, and Slurm",
    },
    "docs/deep.md": {
        "4 linear layers, density 0.1, threshold global; Euclidean distances to width 2000": TABLE,
        "squared null distance over squared degree-sorted distance, run to run, to width 2000, layer 2;": TABLE,
        "criterion            width      cut     null  gradient     p    sorted     p": TABLE,
        "criterion    width layer    lower    upper   over  constant    kept  mean P": TABLE,
    },
    "docs/design.md": {
        "graphon design --data digits --density 0.1 --out designed": "tests/experiments/test_design_cli.py runs it",
        "path: n = 128, d = 64, 5 seeds; design less snip with its interval": TABLE,
    },
    "docs/development/architecture.md": {
        "statement (theory)          suite (what to check, where, at which sizes)": "a drawing",
    },
    "docs/examples/own_criterion/README.md": {
        "pytest                                                          # derivation, properties of criterion and"
        " rule": EXAMPLE_PROJECT,
        "pytest --graphon-suite suites/own.toml --junitxml=out.xml       # and the claim, as a test": EXAMPLE_PROJECT,
        "pytest --graphon-suite quick                                    # statements of the theory, a few minutes": (
            MINUTES
        ),
        "graphon verify --suite suites/own.toml                          # the same claim, with a report": (
            EXAMPLE_PROJECT
        ),
    },
    "docs/generalisation.md": {
        "density  criterion                  error  complexity    path  tightness   bound    rank     top": TABLE,
        "density  criterion                  error  complexity   bound    rank     top": TABLE,
    },
    "docs/report.md": {
        "graphon report runs/quick-seed0": NEEDS_RUN,
        "graphon report runs/full-seed0 --to html,md,tex,pdf --out paper": NEEDS_RUN,
        "graphon report --derivations": MINUTES,
        "graphon report --derivations --only THR LIM-a --to tex": "tests/experiments/test_publish_report.py runs it",
        "\\documentclass{article}": "needs LaTeX",
    },
    "docs/scale.md": {
        "profile               n = d  floor ns  pass ns  ratio      lower      upper    u/l  x sqrt n  LIM-a/l"
        "   NULL   P~ - P       s": TABLE,
        "  n = d                               edge                     star_neuron(2)                      "
        "star_input(2)                            path(3)                                C_4": TABLE,
        "profile               n = d  floor ns  pass ns  ratio      LIM-a       s": TABLE,
    },
    "docs/spectra.md": {"alignment": TABLE},
    "docs/testing.md": {
        "@verification.claim(": "the decorator alone: the class is in docs/examples/own_criterion, and is run there",
        "pytest --graphon-suite suites/own.toml --hypothesis-profile ci --junitxml=out.xml": EXAMPLE_PROJECT,
        "pytest --graphon-suite quick --graphon-jobs 2 --junitxml=out.xml": MINUTES,
    },
}
"""Page -> first line of a block, or command -> why it is checked and not run."""
