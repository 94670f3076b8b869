"""Bytes out of files: through gzip where that is what they are, and never beyond what they declare."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from graphon_theory.errors import InputError
from verification.data.files import PathLike, bad_file, require_file

_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """A stream of bytes, plain or decompressed."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


@contextmanager
def refusing(path: Path, found: str, remedy: str) -> Iterator[None]:
    """Turn whatever a decoder raises inside the context into an ``InputError`` about the file."""
    try:
        yield
    except InputError:
        raise
    # On broken bytes gzip, zipfile and NumPy raise OSError, EOFError, zlib.error, struct.error, RuntimeError ...
    except Exception as error:
        raise bad_file(path, f"{found} ({type(error).__name__}: {error})", remedy) from error


@contextmanager
def opened(path: PathLike) -> Iterator[tuple[Path, Readable]]:
    """Open a file, through gzip where its content says so; yields the path and the stream of plain bytes.

    Raises
    ------
    InputError
        If it cannot be opened; also for any error of the decoder inside the context.
    """
    found = require_file(path)
    with refusing(found, "cannot be read", "give a complete, readable file"), found.open("rb") as raw:
        zipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        if zipped:
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield found, stream
        else:
            yield found, raw


def exactly(stream: Readable, count: int, path: Path, what: str) -> bytearray:
    """Read ``count`` bytes, in pieces, so that memory grows with what is there, not with what was declared.

    Raises
    ------
    InputError
        If fewer are left.
    """
    data = bytearray()
    while len(data) < count:
        piece = stream.read(min(_CHUNK, count - len(data)))
        if not piece:
            raise bad_file(path, f"ends after {len(data)} of {count} bytes of {what}", "give a complete file")
        data += piece
    return data


def require_end(stream: Readable, path: Path, declared: int) -> None:
    """Refuse a stream that goes on; reading its end also makes gzip and zip check their checksums.

    Raises
    ------
    InputError
        If a byte is left.
    """
    if stream.read(1):
        raise bad_file(path, f"goes on beyond the {declared} bytes it declares", "give an unaltered file")
