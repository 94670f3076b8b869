"""The fair coin, registered where it is imported: for entry points."""

from __future__ import annotations

import verification
from tests.experiments.own import STATED, Coin

verification.claim(**STATED)(Coin)
