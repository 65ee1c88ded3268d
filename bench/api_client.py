"""A client of an API over loopback that costs little itself: HTTP/1.1 on connections that are kept, answers counted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import numpy as np

from core.errors import UnavailableError


class Latency(NamedTuple):
    """Milliseconds that half and 99 % of the answers took at the most, and answers per second."""

    p50_ms: float
    p99_ms: float
    per_s: float

    @classmethod
    def of(cls, seconds: Sequence[float], elapsed_s: float) -> Self:
        """Sum up what single answers took."""
        p50, p99 = 1000 * np.quantile(seconds, [0.5, 0.99])
        return cls(float(p50), float(p99), len(seconds) / elapsed_s)


@dataclass(slots=True)
class Wire:
    """One connection, on which one request waits for its answer at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes

    @classmethod
    async def to(cls, address: str, key: str) -> Self:
        """Connect to `http://host:port` and show an API key with each request."""
        url = urlsplit(address)
        reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=2**22)
        return cls(reader, writer, f"\r\nHost: {url.netloc}\r\nX-API-Key: {key}\r\n\r\n".encode())

    async def get(self, path: str) -> bytes:
        """Return the body of an answer.

        Raises:
            UnavailableError: it was no success; the next one can be asked for.
        """
        self.writer.write(b"GET " + path.encode() + b" HTTP/1.1" + self.head)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0] or b"0")
        body = await self.reader.readexactly(length)
        if int(head.split(b" ", 2)[1]) != HTTPStatus.OK:
            raise UnavailableError(f"{path} was answered with {head.splitlines()[0].decode()}: {body[:200]!r}")
        return body


async def one_by_one(address: str, key: str, path: str, requests: int) -> tuple[Latency, int]:
    """Ask so many times, each time when the last answer has come; return the latency and the bytes of an answer."""
    wire, taken, size = await Wire.to(address, key), [], 0
    began = time.perf_counter()
    for _ in range(requests):
        asked = time.perf_counter()
        size = len(await wire.get(path))
        taken.append(time.perf_counter() - asked)
    wire.writer.close()
    return Latency.of(taken, time.perf_counter() - began), size


async def at_a_rate(
    address: str, key: str, paths: Sequence[str], *, per_s: float, seconds: float
) -> tuple[Latency, int]:
    """Ask for paths in turn at fixed instants, whether or not the last answers have come.

    Return the latency, and how many answers were refusals of a server that had enough to do. The time of an answer
    counts from the instant for which its request was planned, so that a server that holds everybody up is not spared.
    """
    wires: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
    taken: list[float] = []
    refused: list[str] = []

    async def ask(path: str, planned: float) -> None:
        wire = _open(wires) or await Wire.to(address, key)
        try:
            await wire.get(path)
        except UnavailableError:
            refused.append(path)
        wires.put_nowait(wire)
        taken.append(time.perf_counter() - planned)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(per_s * seconds)):
            planned = began + number / per_s
            await asyncio.sleep(max(0.0, planned - time.perf_counter()))
            group.create_task(ask(paths[number % len(paths)], planned))
    elapsed_s = time.perf_counter() - began
    while not wires.empty():
        wires.get_nowait().writer.close()
    return Latency.of(taken, elapsed_s), len(refused)


def _open(wires: asyncio.LifoQueue[Wire]) -> Wire | None:
    """Take a connection that the server has not closed, as it does with those that idle."""
    while not wires.empty():
        wire = wires.get_nowait()
        if not wire.reader.at_eof():
            return wire
        wire.writer.close()
    return None
