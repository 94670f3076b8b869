"""torch's global generators under Hypothesis: seeded before every example, restored after it."""

from __future__ import annotations

import sys
from typing import Any, Final

from hypothesis import register_random


class TorchRandom:
    """torch's generators of CPU and CUDA as Hypothesis wants a generator to be; nothing while torch is not loaded."""

    def seed(self, value: int = 0, *_: Any, **__: Any) -> None:
        """Seed all of them; called before every example."""
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(value)

    def getstate(self) -> Any:
        """Return the states: CPU, then every CUDA device in use; None while torch is not loaded."""
        torch = sys.modules.get("torch")
        if torch is None:
            return None
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
        return torch.get_rng_state(), cuda

    def setstate(self, state: Any) -> None:
        """Restore what ``getstate`` gave; called after every example."""
        torch = sys.modules.get("torch")
        if torch is None or state is None:
            return
        cpu, cuda = state
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


_TORCH: Final = TorchRandom()  # Hypothesis holds it weakly


def register_torch() -> None:
    """Hand torch's generators to Hypothesis; harmless when done again. ``random`` and NumPy it knows by itself."""
    register_random(_TORCH)
