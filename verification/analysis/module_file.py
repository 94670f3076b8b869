"""A network from a file of the user's: ``file.py:factory``. The file is executed, and so is the factory."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from graphon_theory.errors import InputError
from verification.data.files import bad_file, require_file

_MODULE = "graphon_analysed_module"
_NOT_THEIRS = (
    str(Path(__file__).parents[1]),
    str(Path(__file__).parents[2] / "graphon_theory"),
    str(Path(torch.__file__).parents[1]),
    str(Path(contextlib.__file__).parent),
)  # this package, site-packages, the standard library


def load_module(spec: str, *, seed: int, fresh: bool = False) -> nn.Module:
    """Execute a file and call the factory in it.

    Parameters
    ----------
    spec
        ``file.py:factory``; the factory takes no arguments and returns a ``torch.nn.Module``. The folder of the
        file is importable while it runs.
    seed
        Seed of torch's global generator while file and factory run; it is put back afterwards.
    fresh
        Whether every layer that has ``reset_parameters`` draws its weights anew, for factories of trained networks.

    Raises
    ------
    InputError
        If the file or the attribute is missing, either raises (the message names the exception, file and line),
        or no module comes back.
    """
    path, colon, name = spec.rpartition(":")
    if not colon or not path or not name.isidentifier():
        raise InputError("module", spec, "give FILE.py:FACTORY, such as net.py:build")
    file = require_file(path)
    if file.suffix != ".py":
        raise bad_file(file, "is no .py file", "give FILE.py:FACTORY, or --mask FILE for a mask")
    with torch.random.fork_rng(devices=[]), _importable(file.resolve().parent):
        torch.manual_seed(seed)
        loader = importlib.util.spec_from_file_location(_MODULE, file)
        if loader is None or loader.loader is None:
            raise bad_file(file, "cannot be imported", "give a Python file")
        namespace = importlib.util.module_from_spec(loader)
        sys.modules[_MODULE] = namespace
        try:
            with user_code(f"executing {file.name}"):
                loader.loader.exec_module(namespace)
            if not hasattr(namespace, name):
                known = [key for key, value in vars(namespace).items() if callable(value) and not key.startswith("_")]
                raise InputError("module", spec, f"no {name} in it; it has {', '.join(known) or 'no functions'}")
            factory = getattr(namespace, name)
            if not callable(factory):
                raise InputError("module", spec, f"{name} is {_a(factory)}: give a function that returns a module")
            with user_code(f"calling {name}()"):
                module = factory()
            if not isinstance(module, nn.Module):
                raise InputError("module", spec, f"{name}() returned {_a(module)}: return a torch.nn.Module")
            if fresh:
                for part in module.modules():
                    if callable(getattr(part, "reset_parameters", None)):
                        part.reset_parameters()  # type: ignore[operator]
        finally:
            sys.modules.pop(_MODULE, None)
    return module


@contextmanager
def user_code(doing: str, *, foreign: bool = True) -> Iterator[None]:
    """Turn whatever the user's code raises into one line with its file and line; what it prints goes to stderr.

    Parameters
    ----------
    doing
        What was going on, for the message.
    foreign
        Whether exceptions are the user's that passed no file of theirs (torch's own, from a module of torch's).

    Raises
    ------
    InputError
        For every exception but those of this package and an interruption.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (InputError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # sys.exit in a script is the user's exception too
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if not f.filename.startswith(("<", *_NOT_THEIRS))]
        if not (own or foreign):
            raise
        place = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
        if isinstance(error, SyntaxError) and error.filename:
            place = f" at {Path(error.filename).name}:{error.lineno}"
        message = " ".join(str(error).split())
        raise InputError("module", f"{type(error).__name__}{place}", f"{doing}: {message or 'no message'}") from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def _a(value: object) -> str:
    return f"a {type(value).__name__}"
