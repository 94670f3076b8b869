"""A small convolutional network for scikit-learn's digits (1 x 8 x 8), as ``graphon analyse`` takes it."""

from __future__ import annotations

from torch import Tensor, nn


class SmallCNN(nn.Module):
    """Two convolutions of 3 x 3 taps, 16 and 32 channels, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, stride=2)
        self.head = nn.Linear(32 * 4 * 4, 10)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (S, 10), for images of shape (S, 1, 8, 8)."""
        return self.head(self.relu(self.conv2(self.relu(self.conv1(x)))).flatten(1))


def build() -> nn.Module:
    """Return a fresh network."""
    return SmallCNN()
