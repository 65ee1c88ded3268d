"""A zip that is sent while it is made, in constant memory: Python's own, on a stream that can't be gone back on."""

from collections.abc import Generator, Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

PORTION: Final = 1 << 18
"""Bytes that are compressed, or handed on, at a time."""

_LEVEL: Final = 4
"""Of 1 to 9: strings of bits shrink to a fraction with any."""


class Written(NamedTuple):
    """A file of a zip: its size before compression, and its sha256 in hexadecimal."""

    bytes: int
    sha256: str


class StreamedZip:
    """A zip that grows file by file; each yields what is to be sent on."""

    def __init__(self) -> None:
        self._way = _Way()
        self._zip = ZipFile(self._way, "w", ZIP_DEFLATED, compresslevel=_LEVEL)  # type: ignore[call-overload]

    def add(self, name: str, content: Iterable[bytes]) -> Generator[bytes, None, Written]:
        """Add a file of any size."""
        digest, size = sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as file:
            for portion in _portions(content):
                file.write(portion)
                digest.update(portion)
                size += len(portion)
                if len(self._way.waiting) >= PORTION:
                    yield self._way.take()
        return Written(size, digest.hexdigest())

    def end(self) -> bytes:
        """Return the rest: without it nobody takes the file for whole."""
        self._zip.close()
        return self._way.take()


class _Way:
    """What the zip is written to."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, content: bytes) -> int:
        self.waiting += content
        return len(content)

    def flush(self) -> None:
        """Do nothing: what was written waits to be taken."""

    def take(self) -> bytes:
        taken, self.waiting = bytes(self.waiting), bytearray()
        return taken


def _portions(content: Iterable[bytes]) -> Iterator[bytes]:
    """Join what comes in small pieces, such as rows."""
    joined = bytearray()
    for piece in content:
        joined += piece
        if len(joined) >= PORTION:
            yield bytes(joined)
            joined.clear()
    yield bytes(joined)
