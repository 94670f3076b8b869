"""A progress bar of named steps on a terminal; silence elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO


class Steps:
    """Progress of an analysis, as a context.

    Parameters
    ----------
    stream
        Where to draw; nothing is drawn unless it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("{task.description:28}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(file=stream),
            disable=not stream.isatty(),
            transient=True,
        )
        self._task = self._bar.add_task("loading", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, doing: str, done: int, steps: int) -> None:
        """Show what is done next, and how many steps are done."""
        self._bar.update(self._task, description=doing, completed=done, total=steps)
