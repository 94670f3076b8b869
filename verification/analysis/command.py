"""The subcommand ``graphon analyse``; heavy imports happen inside it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from verification import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from verification.analysis.result import Analysis

_DESCRIPTION = """\
Prune a network of yours at initialisation and say what its mask is in graphon terms: layer by layer which theory
applies, how far the mask is from its prediction, whether sampled masks look like it, and which inputs it connects.

FILE.py:FACTORY is EXECUTED: the file is imported and FACTORY() called, with your rights, like any script that you
run. Nothing else is executed: data and mask files are read as plain numbers, and pickles are refused.
"""

_EPILOG = """\
examples:
  graphon analyse docs/examples/digits_mlp.py:one_output --criterion snip --density 0.1
  graphon analyse docs/examples/digits_cnn.py:build --criterion synflow --density 0.2 --out cnn
  graphon analyse net.py:build --data mnist:folder --criterion magnitude --density 0.05 --scope layer
  graphon analyse --mask pruned.safetensors --format json

stdout carries the result, stderr the progress.
exit codes: 0 done; 2 usage or input error; 3 internal error
"""


def add_analyse(commands: Any) -> None:
    """Add the subcommand to ``argparse``'s subparsers."""
    parser = commands.add_parser(
        "analyse",
        help="say what the mask of your own network is in graphon terms (executes your file)",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "module", nargs="?", metavar="FILE.py:FACTORY", help="your file, which is executed, and a function in it"
    )
    parser.add_argument("--mask", metavar="FILE", help="a mask or state dict instead: .safetensors, .npz, .npy, .pt")
    parser.add_argument(
        "--weights", metavar="FILE", help="with --mask: the weights at initialisation, for Magnitude's densities"
    )
    data = "digits (default), teacher[:SAMPLESxINPUTS], mnist:FOLDER, cifar10:FOLDER, npz:FILE"
    parser.add_argument("--data", metavar="SPEC", help=data)
    parser.add_argument("--criterion", metavar="NAME", help=f"{', '.join(names.CRITERIA)}, or a registered one")
    parser.add_argument("--density", type=float, metavar="RHO", help="kept fraction, in (0, 1)")
    parser.add_argument("--loss", metavar="NAME", help="squared or cross-entropy (default: by the outputs)")
    parser.add_argument(
        "--labels", metavar="NAME", help="centred (default), or raw: squared-loss labels keep their mean"
    )
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="prune these layers (default: all)")
    parser.add_argument("--scope", choices=("global", "layer"), help="one threshold over all layers (default), or each")
    parser.add_argument("--batch", type=int, metavar="N", help="batch size (default: all samples up to 1024)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of weights, batch and draws (default 0)")
    parser.add_argument(
        "--init", action="store_true", help="draw all weights anew by reset_parameters(), for a trained network"
    )
    parser.add_argument(
        "--conv", choices=("tap", "mean"), default="tap", help="taps of a convolution: columns (default), or averaged"
    )
    parser.add_argument(
        "--draws", type=int, metavar="N", help="masks sampled from each prediction (default 199; 0 for no p-values)"
    )
    parser.add_argument("--out", metavar="DIR", help="write analyse.json, report.html, mask.npz and figures there")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what stdout carries")
    parser.set_defaults(command=run_analyse)


def run_analyse(options: argparse.Namespace) -> int:
    """Run the subcommand; bad input is raised as ``InputError``, which the command line turns into exit code 2."""
    import json
    from pathlib import Path

    from verification.analysis.steps import Steps

    _require_consistent(options)
    if options.out:
        from verification.analysis.folder import require_writable

        require_writable(Path(options.out))
    with Steps(sys.stderr) as steps:
        found = _of_mask(options, steps.tell) if options.mask else _of_module(options, steps.tell)
    if options.out:
        from verification.analysis.folder import write_folder

        files = write_folder(found, Path(options.out))
        print(f"folder: {options.out} ({', '.join(sorted(files))})", file=sys.stderr)  # noqa: T201
    if options.format == "json":
        from verification.analysis.document import document

        json.dump(document(found), sys.stdout, indent=2, allow_nan=False)
        sys.stdout.write("\n")
    else:
        from verification.analysis.text import render_text

        sys.stdout.write(render_text(found))
    return 0


def _require_consistent(options: argparse.Namespace) -> None:
    from graphon_theory.errors import InputError

    if bool(options.module) == bool(options.mask):
        raise InputError("module", options.module, "give either FILE.py:FACTORY or --mask FILE")
    if options.mask:
        given = [
            name
            for name in ("data", "density", "loss", "labels", "layers", "scope", "batch", "init")
            if getattr(options, name) not in (None, False)
        ]
        if given:
            raise InputError("mask", options.mask, f"--{given[0]} needs FILE.py:FACTORY, not a mask")
        return
    if options.weights:
        raise InputError("weights", options.weights, "goes with --mask; a module brings its weights along")
    for name, example in (("criterion", "snip"), ("density", "0.1")):
        if getattr(options, name) is None:
            raise InputError(name, None, f"give --{name}, such as {example}")


def _of_module(options: argparse.Namespace, tell: Callable[[str, int, int], None]) -> Analysis:
    from pathlib import Path

    from verification.analysis.module_file import load_module
    from verification.analysis.network import DRAWS, analyse

    if not 0 <= options.seed < 2**63:
        from graphon_theory.errors import InputError

        raise InputError("seed", options.seed, "give an integer of at least 0, below 2^63")
    module = load_module(options.module, seed=options.seed, fresh=options.init)
    return analyse(
        module,
        options.data or "digits",
        criterion=options.criterion,
        density=options.density,
        loss=options.loss,
        labels=options.labels or "centred",
        layers=options.layers,
        scope=options.scope or "global",
        batch=options.batch,
        seed=options.seed,
        conv=options.conv,
        draws=DRAWS if options.draws is None else options.draws,
        source=Path(options.module.rpartition(":")[0]).name + ":" + options.module.rpartition(":")[2],
        on_step=tell,
    )


def _of_mask(options: argparse.Namespace, tell: Callable[[str, int, int], None]) -> Analysis:
    from pathlib import Path

    from verification.analysis.mask_file import read_masks, read_weights
    from verification.analysis.network import DRAWS, analyse_masks

    masks, notes = read_masks(options.mask)
    return analyse_masks(
        masks,
        weights=read_weights(options.weights, masks) if options.weights else None,
        criterion=options.criterion,
        seed=options.seed,
        conv=options.conv,
        draws=DRAWS if options.draws is None else options.draws,
        source=Path(options.mask).name,
        notes=notes,
        on_step=tell,
    )
