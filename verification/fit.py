"""Whether the parts of a check fit together: refused when the suite is read, not when a trial fails."""

from __future__ import annotations

from graphon_theory.errors import InputError
from verification.approximation.build import MOST_NEURONS
from verification.approximation.network import ACTIVATIONS as CERTIFIED
from verification.approximation.targets import MOST_COORDINATES
from verification.check import Check
from verification.claims import claims
from verification.claims.risk_trials import SAMPLES as GEN_SAMPLES
from verification.claims.tax import GROUPS
from verification.data import DIGIT_SAMPLES, require_digit_pixels
from verification.masks import kept_count
from verification.names import TARGETS
from verification.registry import own_criteria

MOST_ENTRIES = 1 << 27
"""Largest layer n d: a gigabyte a matrix in float64."""

BY_GRADIENT = ("snip", "grasp-magnitude", "grasp")
"""Criteria that need a loss and a batch."""

DIGIT_PIXELS = 64
"""Inputs of the digits as they come."""

LEAST_BATCH = 16
"""Smallest batch of digits: fewer may all have one label."""


def require_fit(where: str, check: Check) -> None:
    """Refuse a check whose keys contradict each other or its statement.

    Parameters
    ----------
    where
        Name of the check, for messages.
    check
        A check each of whose values is valid by itself.

    Raises
    ------
    InputError
        Naming the key, its value and the remedy.
    """
    _sources(where, check)
    _batches(where, check)
    _sizes(where, check)
    _ladder(where, check)
    _approximation(where, check)
    _kernels(where, check)


def _sources(where: str, check: Check) -> None:
    claim = claims()[check.statement]
    if not check.criteria and not check.models:
        raise InputError(f"{where}.criteria", "missing", "name criteria, models or both")
    for criterion in check.criteria:
        if criterion not in claim.criteria:
            listed = ", ".join(claim.criteria)
            raise InputError(f"{where}.criteria", criterion, f"{check.statement} is measured on {listed}")
    if check.models and not claim.on_models:
        raise InputError(f"{where}.models", check.models, f"{check.statement} is measured on criteria alone")
    own = ("statement", *(mutant.id for mutant in claim.mutants if mutant.own_data))
    if check.variant not in own:
        raise InputError(f"{where}.variant", check.variant, f"choose one of {', '.join(own)}")
    if check.variant != "statement" and check.models:
        raise InputError(f"{where}.models", check.models, "a variant with its own data is made on criteria alone")


def _batches(where: str, check: Check) -> None:
    if check.batch and check.batch_per_input:
        raise InputError(f"{where}.batch", check.batch, "give batch or batch_per_input, not both")
    drawn = bool(check.batch or check.batch_per_input)
    needing = (*BY_GRADIENT, *(own.name for own in own_criteria().values() if own.batch))
    by_gradient = [criterion for criterion in check.criteria if criterion in needing]
    if by_gradient and not drawn:
        raise InputError(f"{where}.batch", "missing", f"{by_gradient[0]} needs batch or batch_per_input")
    if drawn and len(by_gradient) < max(len(check.criteria), 1):
        raise InputError(
            f"{where}.batch",
            check.batch or check.batch_per_input,
            f"only {', '.join(needing)} draw a batch: leave it out",
        )
    if not 0.0 < check.signal <= 1.0:
        raise InputError(f"{where}.signal", check.signal, "give the explained share R^2, in (0, 1]")
    if not drawn or check.data != "digits":
        return
    if check.batch_per_input:
        raise InputError(f"{where}.batch_per_input", check.batch_per_input, "digits are limited: give batch")
    for size in check.batch:
        if not LEAST_BATCH <= size <= DIGIT_SAMPLES:
            raise InputError(f"{where}.batch", size, f"give {LEAST_BATCH} to {DIGIT_SAMPLES}, the number of digits")
    for pixels in check.inputs or check.widths:
        require_digit_pixels(pixels, f"{where}.inputs")


def _sizes(where: str, check: Check) -> None:
    for n in check.widths:
        for d in check.inputs or (n,):
            for density in check.densities:
                kept_count(n * d, density, f"{where}.densities")
            if n * d > MOST_ENTRIES:
                raise InputError(f"{where}.widths", n, f"n d = {n * d} is more than {MOST_ENTRIES}, too large to hold")
            if check.statement == "TAX" and min(n, d) < GROUPS:
                raise InputError(f"{where}.widths", n, f"TAX groups rows and columns: give sizes of at least {GROUPS}")


def _ladder(where: str, check: Check) -> None:
    if check.statement != "SNIP-1":
        return
    if not check.ladder:
        raise InputError(f"{where}.ladder", "missing", 'SNIP-1 needs one: "batch" (lambda grows) or "width"')
    if check.ladder == "batch" and check.data == "digits":
        raise InputError(f"{where}.ladder", "batch", "lambda needs the explained share of the label: use the teacher")
    rungs = check.widths if check.ladder == "width" else (check.batch or check.batch_per_input)
    if len(set(rungs)) < 2 or len(set(rungs)) < len(rungs):
        raise InputError(
            f"{where}.{'widths' if check.ladder == 'width' else 'batch'}", rungs, "give two rungs or more, each once"
        )
    if check.ladder == "width" and (check.batch_per_input or len(check.batch) != 1):
        raise InputError(f"{where}.batch", check.batch, "a ladder of widths holds one batch size fixed")


def _approximation(where: str, check: Check) -> None:
    """Refuse checks of UAT-count, UAT and UAT-n whose target, activation or coordinates cannot be had."""
    if check.statement == "UAT-count":
        _joined(where, check)
    if check.statement not in ("UAT", "UAT-n"):
        return
    on_networks = bool(check.criteria)
    if on_networks and "" in check.targets:
        raise InputError(f"{where}.targets", "missing", f"{check.statement} approximates: choose {', '.join(TARGETS)}")
    for activation in check.activations if on_networks else ():
        if activation not in CERTIFIED:
            raise InputError(f"{where}.activations", activation, f"errors are certified for {', '.join(CERTIFIED)}")
    if on_networks and max(check.active) > MOST_COORDINATES:
        raise InputError(f"{where}.active", max(check.active), f"targets have 1 to {MOST_COORDINATES} coordinates")
    fewest = min(check.inputs or check.widths)
    if on_networks and max(check.active) >= fewest:
        raise InputError(f"{where}.active", max(check.active), f"give fewer coordinates than inputs, below {fewest}")
    if on_networks and max(check.widths) > MOST_NEURONS:
        raise InputError(f"{where}.widths", max(check.widths), f"networks are built up to {MOST_NEURONS} neurons")


def _joined(where: str, check: Check) -> None:
    """Refuse checks of UAT-count in which no neuron can be joined to k inputs."""
    most, fewest = max(check.active), min(check.inputs or check.widths)
    if most > fewest:
        raise InputError(f"{where}.active", most, f"give at most as many coordinates as inputs, {fewest}")
    for n in check.widths:
        for d in check.inputs or (n,):
            for density in check.densities:
                kept = kept_count(n * d, density, f"{where}.densities")
                if kept < most:
                    remedy = f"it keeps {kept} of {n * d} entries: keep {most}, the largest of active, or more"
                    raise InputError(f"{where}.densities", density, remedy)


def _kernels(where: str, check: Check) -> None:
    """Refuse weights that a statement does not look at, and hypotheses that a statement on kernels does not have."""
    if check.statement in ("LAZY", "GRASP-D") and check.data != "teacher":
        raise InputError(f"{where}.data", check.data, f'{check.statement} draws samples as it needs: give "teacher"')
    if check.statement == "GRASP-D" and (check.activations, check.depths) != (("relu",), (1,)):
        raise InputError(f"{where}.activations", check.activations, "GRASP-D is about one hidden layer of relu")
    if check.statement in ("GEN", "PATH", "SCALE"):
        _generalisation(where, check)
        return
    if check.statement == "NTK-K":
        _conditioned(where, check)
    if check.statement not in ("NTK-c", "NTK-1", "NTK-L", "LAZY"):
        if check.weights != ("kept",):
            raise InputError(f"{where}.weights", check.weights, f"{check.statement} is measured on kept weights alone")
        return
    if check.statement == "NTK-c" and check.activations != ("relu",):
        raise InputError(f"{where}.activations", check.activations, "NTK-c is about relu: leave it out")
    if check.statement == "NTK-1" and check.depths != (1,):
        raise InputError(f"{where}.depths", check.depths, "NTK-1 has one hidden layer: use NTK-L")
    needs_data = check.statement == "NTK-1" and check.variant != "statement"
    if (needs_data or check.variant == "data-driven") and (check.criteria != ("snip",) or check.weights != ("kept",)):
        raise InputError(f"{where}.criteria", check.criteria, f"{check.variant} needs snip and kept weights, alone")
    without = check.statement == "NTK-L" and check.variant == "statement" and "kept" in check.weights
    if without and "snip" in check.criteria:
        remedy = 'give weights = ["redrawn"], or variant = "data-driven"'
        raise InputError(f"{where}.weights", check.weights, f"NTK-L excludes kept weights under snip: {remedy}")


def _conditioned(where: str, check: Check) -> None:
    """Refuse what NTK-K's recursion has no closed forms for."""
    if check.activations != ("relu",):
        raise InputError(f"{where}.activations", check.activations, "NTK-K is about relu: leave it out")
    if check.initialisations != ("gaussian",):
        raise InputError(f"{where}.initialisations", check.initialisations, "NTK-K is about gaussian: leave it out")
    if min(check.depths) < 2:
        raise InputError(f"{where}.depths", check.depths, "one hidden layer needs no conditioning: use NTK-1")
    if (check.data, check.labels) != ("teacher", "centred"):
        remedy = 'NTK-K needs independent inputs and centred labels: give data = "teacher", labels = "centred"'
        raise InputError(f"{where}.data", (check.data, check.labels), remedy)


def _generalisation(where: str, check: Check) -> None:
    """Refuse what GEN, PATH and SCALE are not about, or cannot draw."""
    if check.depths != (1,):
        raise InputError(f"{where}.depths", check.depths, f"{check.statement} is measured on one hidden layer")
    if check.statement != "GEN" and check.activations != ("relu",):
        raise InputError(f"{where}.activations", check.activations, f"{check.statement} is about relu: leave it out")
    if "grasp" in check.criteria and "kept" in check.weights:
        remedy = 'weights that the original grasp keeps have a mean: give weights = ["redrawn"]'
        raise InputError(f"{where}.weights", check.weights, remedy)
    if check.variant == "pruning-batch" and set(check.criteria) - set(BY_GRADIENT):
        raise InputError(
            f"{where}.criteria", check.criteria, f"pruning-batch needs criteria of {', '.join(BY_GRADIENT)}"
        )
    if check.statement != "PATH" and check.data != "teacher":
        raise InputError(f"{where}.data", check.data, f'{check.statement} draws samples as it needs: give "teacher"')
    if check.statement == "GEN" and check.variant == "pruning-batch" and check.batch != (GEN_SAMPLES,):
        raise InputError(f"{where}.batch", check.batch, f"the batch is the sample: give [{GEN_SAMPLES}]")
    if check.data == "digits" and check.inputs != (DIGIT_PIXELS,):
        raise InputError(f"{where}.inputs", check.inputs, f"these digits are not upsampled: give [{DIGIT_PIXELS}]")
