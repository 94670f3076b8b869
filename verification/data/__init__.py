"""Real and synthetic data: scikit-learn's digits, teachers, and readers of files that the user has.

    >>> import torch
    >>> from verification.data import as_class_batch, draw, load_data
    >>> samples = load_data("digits")
    >>> samples.shape, samples.classes
    ((1, 8, 8), 10)
    >>> batch = as_class_batch(next(draw(samples, 256, torch.Generator().manual_seed(0))))
    >>> tuple(batch.inputs.shape)
    (256, 64)

Modules: ``batch`` holds what a criterion is scored on; ``digits``, ``teacher`` and ``nonlinear`` draw such
batches; ``linear_task`` draws any number of independent samples of one teacher; ``samples`` holds a whole data
set, which ``idx``, ``mnist``, ``cifar10`` and ``npz`` read, ``load`` finds by a name, ``standardise`` centres
and ``draws`` cuts into batches; ``files`` and ``streams`` bound what is read. Nothing is ever downloaded or
unpickled.
"""

from __future__ import annotations

from verification.data.batch import LABELS, Batch, ClassBatch
from verification.data.cifar10 import CIFAR10_RECORDS, cifar10_folder
from verification.data.digits import DIGIT_SAMPLES, digits, digits_classes, require_digit_pixels
from verification.data.draws import as_batch, as_class_batch, draw
from verification.data.idx import read_idx
from verification.data.linear_task import LinearTask, Sample, digit_parts, linear_task
from verification.data.load import load_data
from verification.data.mnist import mnist_folder
from verification.data.nonlinear import LINKS, nonlinear_teacher
from verification.data.npz import read_npz
from verification.data.samples import SPLITS, Samples
from verification.data.standardise import Standardised, centred, standardised
from verification.data.teacher import teacher

__all__ = [
    "CIFAR10_RECORDS",
    "DIGIT_SAMPLES",
    "LABELS",
    "LINKS",
    "SPLITS",
    "Batch",
    "ClassBatch",
    "LinearTask",
    "Sample",
    "Samples",
    "Standardised",
    "as_batch",
    "as_class_batch",
    "centred",
    "cifar10_folder",
    "digit_parts",
    "digits",
    "digits_classes",
    "draw",
    "linear_task",
    "load_data",
    "mnist_folder",
    "nonlinear_teacher",
    "read_idx",
    "read_npz",
    "require_digit_pixels",
    "standardised",
    "teacher",
]
