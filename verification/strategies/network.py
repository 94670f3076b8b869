"""Networks at initialisation."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from verification.names import ACTIVATIONS, INITIALISATIONS
from verification.networks import perceptron
from verification.strategies.given import SEEDS, Given, strategy


def networks(
    inputs: Given[int] = st.integers(1, 5),
    widths: Given[Sequence[int]] = st.lists(st.integers(1, 5), min_size=1, max_size=3),
    *,
    outputs: Given[int] = st.integers(1, 3),
    activation: Given[str] = st.sampled_from(ACTIVATIONS),
    initialisation: Given[str] = st.sampled_from(INITIALISATIONS),
    seed: Given[int] = SEEDS,
) -> SearchStrategy[nn.Sequential]:
    """Perceptrons without biases; parameters as of ``verification.networks.perceptron``.

    Parameters
    ----------
    inputs, widths, outputs
        Sizes, positive; hidden widths first to last, one at least.
    activation, initialisation
        Names, as in suite files.
    seed
        Seed of the weights, local: the global generator is not touched.

    Returns
    -------
    SearchStrategy
        Modules; shrink to one input, one ReLU neuron and one output, Gaussian weights of seed 0.
    """
    return st.builds(
        perceptron,
        strategy(inputs),
        strategy(widths),
        outputs=strategy(outputs),
        activation=strategy(activation),
        initialisation=strategy(initialisation),
        seed=strategy(seed),
    )
