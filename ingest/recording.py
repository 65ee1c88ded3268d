"""Recordings of MQTT messages: JSON lines, gzipped if the name ends in `.gz`.

The first line is a header, each further line one message:

    {"format":"animov-recording","version":1,"clock":"node","source":"mqtt://127.0.0.1:1883"}
    {"t":1761436800000,"topic":"animov/v1/demo/leg-01/samples","qos":1,"retain":false,"payload":"{...}"}

`t` is when the message was received, milliseconds since 1970 on the clock that the header names. A payload that is
UTF-8 is written as text, any other as `payload_b64`; either way the very bytes come back.
"""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

import msgspec

from core.errors import AnimovError
from core.readings import Message

FORMAT: Final = "animov-recording"
VERSION: Final = 1

Clock = Literal["wall", "node", "simulated"]
Qos = Literal[0, 1, 2]


class RecordingError(AnimovError):
    """A recording cannot be read on; all that came before the line is intact.

    Attributes:
        path: The file.
        line: Number of the line, from 1.
        reason: What is wrong with it.
    """

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"recording {path}, line {line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a recording says of itself.

    Attributes:
        format: Always `animov-recording`.
        version: Of the format; this code reads and writes 1.
        clock: Whose time `t` is: the wall's, a node's that may run faster, or a simulation's.
        source: Where the messages came from, for people.
    """

    format: Literal["animov-recording"]
    version: int
    clock: Clock = "wall"
    source: str = ""


class Recorded(NamedTuple):
    """A message as it was received, with what MQTT said about it."""

    message: Message
    qos: Qos = 1
    retain: bool = False


class _Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    t: int
    topic: str
    qos: Qos
    retain: bool
    payload: str | None = None
    payload_b64: bytes | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Line).decode
_decode_header: Final = msgspec.json.Decoder(Header).decode


class RecordingWriter:
    """Writes a new recording, message after message; a context manager. Never overwrites a file."""

    def __init__(self, path: Path, *, clock: Clock = "wall", source: str = "") -> None:
        self._plain = path.open("xb")
        # neither time nor name goes into the gzip header, so that equal messages make equal files
        self._file: BufferedIOBase = (
            gzip.GzipFile("", "wb", fileobj=self._plain, mtime=0) if path.suffix == ".gz" else self._plain
        )
        self._write(Header(format=FORMAT, version=VERSION, clock=clock, source=source))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write(self, message: Message, *, qos: Qos = 1, retain: bool = False) -> None:
        """Append a message."""
        self._write(_line_of(message, qos, retain=retain))

    def flush(self) -> None:
        """Hand everything so far to the operating system; in a gzip file this costs a few bytes each time."""
        self._file.flush()
        self._plain.flush()

    def close(self) -> None:
        """Finish the file; a gzip file that is not closed ends early and is readable up to there."""
        self._file.close()
        self._plain.close()

    def _write(self, line: msgspec.Struct) -> None:
        self._file.write(_encode(line) + b"\n")


class RecordingReader:
    """Reads a recording as a stream, in bounded memory; a context manager, and an iterator of `Recorded`.

    Attributes:
        header: The first line.
    """

    def __init__(self, path: Path) -> None:
        """Open a recording.

        Raises:
            RecordingError: the first line is no header, or of a later version of the format.
            OSError: the file cannot be opened.
        """
        self._path = path
        self._line = 0
        self._file: BufferedIOBase = gzip.GzipFile(path, "rb") if path.suffix == ".gz" else path.open("rb")
        try:
            self.header = self._read_header()
        except RecordingError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Recorded]:
        """Yield the messages in their order.

        Raises:
            RecordingError: a line is not readable or the file ends within one; what was yielded before is intact.
        """
        while line := self._next_line():
            yield self._recorded(line)

    def _next_line(self) -> bytes:
        self._line += 1
        try:
            line = self._file.readline()
        except EOFError:
            raise self._error("the file ends here, its writer was interrupted") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self._error(f"the gzip data are damaged: {error}") from None
        if line and not line.endswith(b"\n"):
            raise self._error("the file ends within this line, its writer was interrupted")
        return line

    def _read_header(self) -> Header:
        try:
            header = _decode_header(self._next_line())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._error(f"this is no header of a recording: {error}") from None
        if header.version != VERSION:
            raise self._error(f"version {header.version} of the format; this AniMOV reads version {VERSION}")
        return header

    def _recorded(self, line: bytes) -> Recorded:
        try:
            read = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._error(str(error)) from None
        if (read.payload is None) == (read.payload_b64 is None):
            raise self._error("a message has either payload or payload_b64")
        payload = read.payload_b64 if read.payload is None else read.payload.encode()
        return Recorded(Message(read.topic, read.t, payload or b""), read.qos, read.retain)

    def _error(self, reason: str) -> RecordingError:
        return RecordingError(self._path, self._line, reason)


def _line_of(message: Message, qos: Qos, *, retain: bool) -> _Line:
    try:
        text = message.payload.decode()
    except UnicodeDecodeError:
        return _Line(message.received_at, message.topic, qos, retain, payload_b64=message.payload)
    return _Line(message.received_at, message.topic, qos, retain, payload=text)
