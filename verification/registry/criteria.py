"""Criteria of the user's own: a function from weights to scores, with a name for suite files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from graphon_theory.errors import InputError
from verification.names import CRITERIA
from verification.registry.calls import misfit
from verification.registry.entry_points import discover

if TYPE_CHECKING:
    from torch import Tensor, nn

F = TypeVar("F", bound=Callable[..., Mapping[str, Any]])

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DATA_FREE: Final = ("weights",)
_DATA_DRIVEN: Final = ("module", "weights", "loss", "batches")

_found: dict[str, OwnCriterion] = {}


@dataclass(frozen=True)
class OwnCriterion:
    """A registered criterion.

    Parameters
    ----------
    name
        As in suite files.
    function
        ``weights -> scores``, or ``(module, weights, loss, batches) -> scores`` where ``batch`` is set.
    batch
        Whether it needs a loss and batches.
    """

    name: str
    function: Callable[..., Mapping[str, Any]]
    batch: bool


def criterion(name: str, *, batch: bool = False) -> Callable[[F], F]:
    """Register a function as a pruning criterion, for suites, ``score`` and own claims.

    Parameters
    ----------
    name
        Its name in suite files: lower case letters, digits and single hyphens.
    batch
        False: the function takes the weights, layer name to tensor. True: it takes module, weights, loss and batches,
        as ``verification.criteria.snip.snip_scores``. It returns scores by the same names, of the same shapes; the
        largest are kept.

    Returns
    -------
    callable
        A decorator that returns the function as it is.

    Raises
    ------
    InputError
        If the name is malformed or taken, or the function does not take these arguments.
    """

    def register(function: F) -> F:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError("name", name, "use lower case letters and digits, joined by hyphens")
        if name in CRITERIA or name in _found:
            raise InputError("name", name, "a criterion of this name exists: choose another")
        arguments = _DATA_DRIVEN if batch else _DATA_FREE
        reason = misfit(function, len(arguments))
        if reason:
            raise InputError(f"criterion {name}", reason, f"let it take ({', '.join(arguments)})")
        _found[name] = OwnCriterion(name, function, batch)
        return function

    return register


def own_criteria() -> Mapping[str, OwnCriterion]:
    """Return all registered criteria by name, those of entry points among them.

    Raises
    ------
    InputError
        If an entry point cannot be loaded.
    """
    discover()
    return MappingProxyType(_found)


def own_scores(
    own: OwnCriterion,
    module: nn.Module,
    weights: Mapping[str, Tensor],
    loss: Callable[[Tensor, Tensor], Tensor] | None,
    batches: Iterable[tuple[Tensor, Tensor]] | None,
) -> dict[str, Tensor]:
    """Score with a registered criterion, and check what it returns.

    Parameters
    ----------
    own
        The criterion.
    module, weights
        The network, and its layers' weights by name.
    loss, batches
        Handed on to criteria that need them.

    Returns
    -------
    dict
        Layer name to score, in the order, shape and number of the weights, detached.

    Raises
    ------
    InputError
        If a loss or batch is needed and missing, or the scores do not fit the weights.
    """
    import torch

    if not own.batch:
        scores = own.function(weights)
    elif loss is None or batches is None:
        raise InputError("loss and batch", (loss, batches), f"{own.name} needs a loss and at least one batch")
    else:
        scores = own.function(module, weights, loss, batches)
    where = f"scores of {own.name}"
    if not isinstance(scores, Mapping) or set(scores) != set(weights):
        raise InputError(where, sorted(scores) if isinstance(scores, Mapping) else type(scores), "return one a layer")
    for layer, weight in weights.items():
        found = scores[layer]
        if not isinstance(found, torch.Tensor) or found.shape != weight.shape:
            shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
            raise InputError(f"{where}, layer {layer}", shape, f"return a tensor of shape {tuple(weight.shape)}")
    return {layer: scores[layer].detach() for layer in weights}
