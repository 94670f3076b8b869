"""Run a benchmark by name: ``python -m benchmarks tightness --largest 1024``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    cutnorm,
    deep,
    design,
    enclosures,
    generalisation,
    lazy,
    ntk,
    reliability,
    scale,
    scores,
    spectra,
    synflow_phase,
    tightness,
)

BY_SIZE: dict[str, Callable[[int], None]] = {
    "deep": deep.main,
    "enclosures": enclosures.main,
    "lazy": lazy.main,
    "ntk": ntk.main,
    "scores": scores.main,
    "synflow-phase": synflow_phase.main,
    "tightness": tightness.main,
}


def main() -> int:
    """Parse the name and hand over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        choices=sorted((*BY_SIZE, "cutnorm", "design", "generalisation", "reliability", "scale", "spectra")),
        help="which benchmark to run",
    )
    parser.add_argument("--largest", type=int, help="largest size (default 4096; scale 8192)")
    parser.add_argument("--smallest", type=int, default=1, help="smallest size (scale; default 1)")
    parser.add_argument("--peer-largest", type=int, default=2048, help="largest size of the peer (cutnorm; 2048)")
    parser.add_argument("--seeds", type=int, help="seeds (reliability; 500), networks (spectra; 3, generalisation; 5)")
    parser.add_argument("--samples", type=int, help="samples of a kernel (spectra; 256, generalisation; 192)")
    parser.add_argument("--json", action="store_true", help="JSON, no table (design, generalisation, scale, spectra)")
    parser.add_argument("--suite", default="small", help="suite (reliability; default small)")
    parser.add_argument("--jobs", type=int, help="processes (reliability; default one a core)")
    options = parser.parse_args()
    if options.largest is None:
        options.largest = 8192 if options.name == "scale" else 4096
    if options.name == "reliability":
        reliability.main(options.seeds or 500, options.suite, options.jobs)
    elif options.name == "cutnorm":
        cutnorm.main(options.largest, options.peer_largest)
    elif options.name == "scale":
        scale.main(options.largest, smallest=options.smallest, as_json=options.json)
    elif options.name == "design":
        width, samples = min(options.largest, 128), options.samples or 96
        design.main(design.Sizes(width, samples, options.seeds or 5), as_json=options.json)
    elif options.name == "generalisation":
        width, samples = min(options.largest, 512), options.samples or 192
        generalisation.main(generalisation.Sizes(width, samples, options.seeds or 5), as_json=options.json)
    elif options.name == "spectra":
        width, samples = min(options.largest, 1024), options.samples or 256
        sizes = spectra.Sizes(width=width, samples=samples, seeds=options.seeds or 3)
        spectra.main(sizes, as_json=options.json)
    else:
        BY_SIZE[options.name](options.largest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
