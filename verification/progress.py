"""A progress bar on a terminal; silence elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from verification.trials import Trial


class Progress:
    """Progress of a sweep, as a context.

    Parameters
    ----------
    stream
        Where to draw; nothing is drawn unless it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description:28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(file=stream),
            disable=not stream.isatty(),
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, trials: tuple[Trial, ...]) -> None:
        """Announce the plan."""
        self._task = self._bar.add_task("trials", total=len(trials))

    def advance(self, trial: Trial) -> None:
        """Count a finished trial."""
        case = trial.case
        self._bar.update(self._task, advance=1, description=f"{case.statement} {case.source} n={case.width}")

    def note(self, sentence: str) -> None:
        """Say something, above the bar where there is one."""
        self._bar.console.print(f"graphon: {sentence}", markup=False, highlight=False, soft_wrap=True)
