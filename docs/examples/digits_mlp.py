"""Perceptrons for scikit-learn's digits, as ``graphon analyse docs/examples/digits_mlp.py:FACTORY`` takes them."""

from __future__ import annotations

from torch import nn


def one_output() -> nn.Module:
    """One hidden layer, 64-256-1: digits 5 to 9 against 0 to 4."""
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 1))


def shallow_classes() -> nn.Module:
    """One hidden layer, 64-256-10, for the cross-entropy."""
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))


def ten_classes() -> nn.Module:
    """Two hidden layers, 64-512-256-10, for the cross-entropy."""
    return nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
