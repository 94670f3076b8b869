"""IDX files, the format of MNIST: two zero bytes, a dtype code, the number of dimensions, sizes, values.

Source: the page of the format, http://yann.lecun.com/exdb/mnist/ ("The IDX file format"). Everything is
big-endian. This differs from common readers in: every size is checked against the length of the file, and a
compressed file is read no further than its header declares.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import numpy.typing as npt

from verification.data.files import MOST_VALUES, PathLike, bad_file
from verification.data.streams import exactly, opened, require_end

# Code -> big-endian dtype.
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 8


def read_idx(path: PathLike) -> npt.NDArray[np.generic]:
    """Read an IDX file, plain or gzipped (its content decides, not its name).

    Parameters
    ----------
    path
        The file, of at most 2 GiB and 2^28 values.

    Returns
    -------
    numpy.ndarray
        Of the shape and dtype declared (uint8, int8, int16, int32, float32 or float64), in native byte order,
        writable.

    Raises
    ------
    InputError
        If the file is missing, a directory, unreadable, empty or too large; if its magic number, dtype code or
        sizes are wrong; if it ends too early, goes on too long, or its checksum fails.
    """
    with opened(path) as (file, stream):
        zero, code, dimensions = struct.unpack(">HBB", exactly(stream, 4, file, "the magic number"))
        if zero != 0 or code not in _DTYPES:
            magic = f"magic number {zero:04x}{code:02x}{dimensions:02x}"
            raise bad_file(file, magic, "an IDX file begins with 0000 and one of 08, 09, 0b, 0c, 0d, 0e")
        if not 1 <= dimensions <= _MOST_DIMENSIONS:
            raise bad_file(file, f"{dimensions} dimensions", f"give an IDX file of 1 to {_MOST_DIMENSIONS} dimensions")
        shape = struct.unpack(f">{dimensions}I", exactly(stream, 4 * dimensions, file, "the sizes"))
        values = math.prod(shape)
        if not 1 <= values <= MOST_VALUES:
            raise bad_file(file, f"declared shape {shape}", f"give an array of 1 to {MOST_VALUES} values")
        dtype = np.dtype(_DTYPES[code])
        data = exactly(stream, values * dtype.itemsize, file, f"an array of shape {shape}")
        require_end(stream, file, 4 + 4 * dimensions + len(data))
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
