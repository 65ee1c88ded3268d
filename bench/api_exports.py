"""A year as CSV: what the API sends, beside the same rows by `COPY` from the table itself."""

import http.client
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import psycopg

from bench.api_calls import Target
from bench.processes import family_cpu_seconds
from core.errors import UnavailableError

_TURNS: Final = 3
"""Turns that each takes, in turn; the quickest counts, for what else the machine does only slows them."""

_PART: Final = 1_048_576


class Sent(NamedTuple):
    """What came: rows, bytes, seconds on the wall, and seconds of the processor of the servers alone."""

    rows: int
    bytes: int
    wall_s: float
    cpu_s: float


class Wanted(NamedTuple):
    """A list to export: its path, the animals in it, and since when."""

    name: str
    path: str
    animals: list[int]
    since: datetime


def measure(api: Target, url: str, server: int, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Measure exports, and the same rows by `COPY`.

    Args:
        api: Ours.
        url: Of the database, as a role that reads the table itself.
        server: The database's main process.
        wanted: What is exported.
    """
    return [_measured(api, url, (api.pid, server), one) for one in wanted]


def _measured(api: Target, url: str, servers: Sequence[int], one: Wanted) -> dict[str, Any]:
    begin = urlencode({"format": "csv", "from": one.since.isoformat()})
    path = f"{one.path}{'&' if '?' in one.path else '?'}{begin}"

    def exported() -> tuple[int, int]:
        return _received(api.address, api.key, path)

    def copied() -> tuple[int, int]:
        return _copied(url, one.animals, one.since)

    turns = [(_timed(exported, servers), _timed(copied, servers)) for _ in range(_TURNS)]
    ours, copy = (min(tries, key=lambda sent: sent.wall_s) for tries in zip(*turns, strict=True))
    least = [min(sent.cpu_s for sent in tries) for tries in zip(*turns, strict=True)]
    of_copy = (ours.rows / ours.wall_s) / (copy.rows / copy.wall_s)
    sys.stderr.write(f"{one.name}: {of_copy:.2f} of COPY's rate\n")
    return {
        "name": one.name,
        "animals": len(one.animals),
        "api": ours._asdict(),
        "copy": copy._asdict(),
        "of_copy": of_copy,
        "of_copy_cpu": least[1] / least[0] if least[0] else None,
    }


def _timed(work: Callable[[], tuple[int, int]], servers: Sequence[int]) -> Sent:
    before, began = sum(map(family_cpu_seconds, servers)), time.perf_counter()
    rows, size = work()
    return Sent(rows, size, time.perf_counter() - began, sum(map(family_cpu_seconds, servers)) - before)


def _received(address: str, key: str, path: str) -> tuple[int, int]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=600)
    connection.request("GET", path, headers={"X-API-Key": key})
    answer, rows, size = connection.getresponse(), -1, 0
    if answer.status != http.client.OK:
        raise UnavailableError(f"{path} was answered with {answer.status}")
    while part := answer.read1(_PART):
        rows, size = rows + part.count(b"\n"), size + len(part)
    connection.close()
    return rows, size


_COPY: Final = """COPY (
  SELECT a.id, a.name, w.bucket, 900, w.received_s, w.known_s, w.standing_s, w.standing_ratio,
    w.known_s::real / 900::real
  FROM posture_window w JOIN animal a ON a.id = w.animal_id
  WHERE w.animal_id = ANY (%(animals)s) AND w.bucket >= %(since)s) TO STDOUT (FORMAT csv)"""


def _copied(url: str, animals: list[int], since: datetime) -> tuple[int, int]:
    """Read rows as the C library hands them on: the driver's own loop around it takes more than the database."""
    rows = size = 0
    with psycopg.connect(url, autocommit=True) as connection:
        statement = psycopg.ClientCursor(connection).mogrify(_COPY, {"animals": animals, "since": since})
        wire = connection.pgconn
        wire.exec_(statement.encode())
        take = wire.get_copy_data
        while (row := take(0))[0] > 0:
            rows, size = rows + 1, size + row[0]
        while wire.get_result() is not None:
            pass  # or the connection would still be within its command
    return rows, size
