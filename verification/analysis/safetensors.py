"""Files of the safetensors format, read within bounds: a header of names, dtypes and offsets, then plain numbers.

Source: the format description at https://huggingface.co/docs/safetensors. Nothing in such a file is executed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from verification.data.files import bad_file

_HEADER = 8
_MOST_HEADER = 100_000_000
_DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
    "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64,
}  # fmt: skip


def looks_like_safetensors(head: bytes) -> bool:
    """Whether the first nine bytes are a plausible length and an opening brace."""
    return len(head) >= _HEADER + 1 and head[_HEADER : _HEADER + 1] == b"{" and _length(head) <= _MOST_HEADER


def read_safetensors(file: Path) -> dict[str, Tensor]:
    """Read all tensors of a file.

    Raises
    ------
    InputError
        If the header is no JSON object of tensors, or offsets, shapes and dtypes do not fit the file.
    """
    data = file.read_bytes()
    start = _HEADER + _length(data[:_HEADER])
    remedy = "give a complete safetensors file"
    try:
        header: Any = json.loads(data[_HEADER:start])
    except (ValueError, RecursionError) as error:
        raise bad_file(file, "has a safetensors header that is no JSON", remedy) from error
    if start > len(data) or not isinstance(header, dict):
        raise bad_file(file, "is cut off in its safetensors header", remedy)
    body = memoryview(bytearray(data[start:]))
    found: dict[str, Tensor] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype, shape = _DTYPES[entry["dtype"]], [int(size) for size in entry["shape"]]
            first, last = (int(offset) for offset in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise bad_file(file, f"describes {name!r} in a way that is not read", remedy) from error
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or not 0 <= first <= last <= len(body) or last - first != size:
            raise bad_file(file, f"has {name!r} of shape {shape} at bytes {first} to {last}", remedy)
        values = torch.frombuffer(body[first:last], dtype=dtype) if size else torch.empty(0, dtype=dtype)
        found[name] = values.reshape(shape)
    return found


def _length(head: bytes) -> int:
    return int.from_bytes(head[:_HEADER], "little")
