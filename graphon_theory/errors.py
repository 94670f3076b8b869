"""The error for bad input: it names the argument, its value and the remedy."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input from the caller.

    Parameters
    ----------
    argument
        Name of the offending argument, as the caller wrote it.
    value
        What was passed.
    remedy
        What to pass instead, as a clause ("give a number in (0, 1)").
    """

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        self.argument = argument
        self.value = value
        self.remedy = remedy
        super().__init__(f"{argument} = {value!r}: {remedy}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, object, str]]:
        # An exception with its own constructor does not travel between processes by itself.
        return InputError, (self.argument, self.value, self.remedy)


def require_density(density: float, argument: str = "density") -> float:
    """Return ``density`` if it lies in (0, 1).

    Raises
    ------
    InputError
        If it is not a finite number strictly between 0 and 1.
    """
    if isinstance(density, bool) or not isinstance(density, (int, float)) or not 0.0 < density < 1.0:
        raise InputError(argument, density, "give a kept fraction strictly between 0 and 1, such as 0.1")
    return float(density)
