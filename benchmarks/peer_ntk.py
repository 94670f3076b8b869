"""Time ``neural-tangents`` in whichever interpreter has it: ``peer_ntk.py N D DEPTH``; prints JSON.

Dense ReLU network of DEPTH hidden layers, variance 1 a layer, kernel of all layers. The diagonal is compared with
``(DEPTH + 1) |x|^2/(d 2^DEPTH)``, which it is exactly.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata

import numpy as np


def main() -> None:
    """Build the kernel function, warm it up, time it."""
    from neural_tangents import stax  # type: ignore[import-not-found]

    n, d, depth = (int(word) for word in sys.argv[1:])
    layers = [part for _ in range(depth) for part in (stax.Dense(512, W_std=1.0), stax.Relu())]
    _, _, kernel = stax.serial(*layers, stax.Dense(1, W_std=1.0))
    import jax  # type: ignore[import-not-found]

    compiled = jax.jit(lambda X: kernel(X, None, "ntk"))
    X = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
    seconds = float("inf")
    for k in range(6):
        start = time.process_time()
        found = np.asarray(compiled(X))
        if k:
            seconds = min(seconds, time.process_time() - start)
    exact = (depth + 1) * np.square(X.astype(np.float64)).sum(axis=1) / d / 2.0**depth
    wrong = float(np.abs(np.diag(found) / exact - 1.0).max())
    print(json.dumps({"seconds": seconds, "diagonal": wrong, "version": metadata.version("neural-tangents")}))


if __name__ == "__main__":
    main()
