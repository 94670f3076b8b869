"""Whether what is registered can be called as it will be: found when it is registered, not in a trial."""

from __future__ import annotations

import inspect


def misfit(function: object, arguments: int) -> str:
    """Say why a call with so many arguments by position would fail; empty where it would not, as far as can be seen.

    Parameters
    ----------
    function
        What is to be called.
    arguments
        Number of arguments, all of them given by position.

    Returns
    -------
    str
        Such as "not callable" or "missing a required argument: 'scale'", for required keyword-only ones too. Of
        functions in C without a signature nothing can be seen.
    """
    if not callable(function):
        return "not callable"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*range(arguments))
    except TypeError as error:
        return str(error)
    return ""
