"""The subcommand ``graphon design``; heavy imports happen inside it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_DESCRIPTION = """\
Find the mask whose graphon has the least bound on the risk for your data, at a density: the optimum of the
scale-free bound over rank-one graphons, put on a network of one hidden ReLU layer. One half of the data designs;
the bound is stated on the other half, beside those of Random, Magnitude, SNIP, GraSP, SynFlow and the dense network.

Nothing of yours is executed: data is read as plain numbers, and pickles are refused.
"""

_EPILOG = """\
examples:
  graphon design --data digits --density 0.1
  graphon design --data digits --density 0.1 --hidden 512 --out designed
  graphon design --data mine.npz --density 0.05 --format json
  graphon design --data teacher:512x64 --density 0.1 --weights redrawn
  graphon analyse --mask designed/mask.npz --weights designed/weights.npz

stdout carries the result, stderr the progress.
exit codes: 0 done; 2 usage or input error (a kernel that is singular among them); 3 internal error
"""


def add_design(commands: Any) -> None:
    """Add the subcommand to ``argparse``'s subparsers."""
    parser = commands.add_parser(
        "design",
        help="find the mask of the least bound for your data",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = "digits (default), teacher[:SAMPLESxINPUTS], mnist:FOLDER, cifar10:FOLDER, FILE.npz with x and y"
    parser.add_argument("--data", default="digits", metavar="SPEC", help=data)
    parser.add_argument("--density", type=float, required=True, metavar="RHO", help="kept fraction, in (0, 1)")
    parser.add_argument("--hidden", type=int, default=256, metavar="N", help="neurons of the layer (default 256)")
    parser.add_argument("--samples", type=int, metavar="N", help="samples of each half (default: at most 256)")
    parser.add_argument(
        "--weights",
        choices=("kept", "redrawn"),
        default="kept",
        help="weights on the mask: kept (default) or drawn anew",
    )
    parser.add_argument(
        "--kind",
        choices=("top", "bernoulli"),
        default="top",
        help="the largest g|f w| exactly (default), or independent edges (with --weights redrawn)",
    )
    parser.add_argument(
        "--init", choices=("gaussian", "uniform"), default="gaussian", help="law of the weights (default gaussian)"
    )
    parser.add_argument(
        "--ridge", type=float, default=0.0, metavar="R", help="add R tr K/N to the kernel's diagonal (default 0)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of halves, weights and draws (default 0)")
    parser.add_argument("--out", metavar="DIR", help="write design.json, profile.npz, mask.npz and figures there")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what stdout carries")
    parser.set_defaults(command=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Run the subcommand; bad input is raised as ``InputError``, which the command line turns into exit code 2."""
    import json
    from pathlib import Path

    from graphon_theory.errors import require_density
    from verification.analysis.steps import Steps

    require_density(options.density)
    if options.out:
        from verification.analysis.folder import require_writable

        require_writable(Path(options.out))
    from verification.data import load_data
    from verification.design.result import run_design
    from verification.threads import one_thread

    samples = load_data(options.data)
    with Steps(sys.stderr) as steps, one_thread():
        found = run_design(
            samples,
            options.density,
            source=options.data,
            width=options.hidden,
            size=options.samples,
            seed=options.seed,
            weights=options.weights,
            kind=options.kind,
            initialisation=options.init,
            ridge=options.ridge,
            on_step=steps.tell,
        )
    if options.out:
        from verification.design.folder import write_folder

        files = write_folder(found, Path(options.out))
        print(f"folder: {options.out} ({', '.join(sorted(files))})", file=sys.stderr)  # noqa: T201
    if options.format == "json":
        from verification.design.document import document

        json.dump(document(found), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        from verification.design.text import render_text

        sys.stdout.write(render_text(found))
    return 0
