"""Names of devices: what they stand for, and what is said of those that are absent."""

from __future__ import annotations

import pytest
import torch

from graphon_theory.errors import InputError
from verification.devices import current, resolve, running_on


def test_the_processor_is_always_there() -> None:
    assert resolve("cpu") == torch.device("cpu")


@pytest.mark.parametrize("present", [True, False])
def test_auto_prefers_cuda(present: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    assert resolve("auto").type == ("cuda" if present else "cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:7"])
def test_absent_devices_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"device = .*no CUDA device here") as caught:
        resolve(name)
    assert (caught.value.argument, caught.value.value) == ("device", name)


def test_numbers_of_devices_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve("cuda") == torch.device("cuda")
    assert resolve("cuda:1") == torch.device("cuda:1")
    with pytest.raises(InputError, match="2 CUDA devices"):
        resolve("cuda:2")


@pytest.mark.parametrize("name", ["", "gpu", "CPU", "mps", "cuda:", "cuda:-1", "cuda:x", None, 0])
def test_other_names_are_refused(name: object) -> None:
    with pytest.raises(InputError, match='give "cpu"'):
        resolve(name)  # type: ignore[arg-type]


def test_trials_run_on_the_device_that_the_context_names() -> None:
    assert current() == "cpu"
    with running_on("auto"):
        assert current() == str(resolve("auto"))
    assert current() == "cpu"
    with pytest.raises(InputError, match="device"), running_on("tpu"):
        raise AssertionError("not reached")
