"""Bulk import: tables of samples and postures become the messages that the collars would have sent.

So imported data takes the same way as live data, and importing a file twice changes nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from core.ratios import DATE, RATIO, Ratio, Unit, instant_of, ratios_of
from core.readings import CollarName, Message, Posture, Rejected
from core.tabular import Row, Table, TableError, number, shown
from core.timeline import to_ms
from core.wallclock import WallClock
from ingest.decoding import make_decoder, posture_payload, samples_payload, sums_payload, topic_of
from ingest.decoding.samples import Unit as SampleUnit
from ingest.tables import Progress, open_table, unheard

BATCH_MS: Final = 10_000
"""Longest distance between the first and last sample of a batch, inclusive: neck rules need 10 s."""

BATCH_ROWS: Final = 1000

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases={})


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose data a file holds and how its times are meant.

    Attributes:
        farm: Id of the farm.
        zone: Whose wall clock the times without an offset are.
        received_at: Stamped on every message, in milliseconds since 1970.
        collar: Id of the collar, for files without a column of ids.
        id_column: Column of collar ids, for files without `collar`.
    """

    farm: str
    zone: tzinfo
    received_at: int
    collar: str | None = None
    id_column: str = "id"


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Columns of acceleration, the axes in the order of the collar's axes setting, and their unit."""

    time: str = "time"
    axes: tuple[str, str, str] = ("acc_fwd", "acc_up", "acc_right")
    unit: SampleUnit = "g"


@dataclass(frozen=True, slots=True)
class PostureColumns:
    """Columns of spans or sums.

    A file has `start` and `end`, or only `time`, and then a row holds until the next full `step` of UTC:
    a row at 11:19:47 of a table by the minute holds for 13 seconds. It has `posture`, or `standing_s` and `lying_s`.
    """

    time: str = "local_time"
    start: str = "t0"
    end: str = "t1"
    posture: str = "posture"
    standing_s: str = "standing_s"
    lying_s: str = "lying_s"
    step: timedelta = timedelta(minutes=1)


@dataclass(slots=True)
class _Batch:
    """Samples of one collar that have not been sent yet."""

    clock: WallClock
    times: list[int] = field(default_factory=list)
    xyz: list[list[float]] = field(default_factory=list)

    def is_full_before(self, at: int) -> bool:
        return len(self.times) >= BATCH_ROWS or not 0 <= at - self.times[0] <= BATCH_MS


def read_samples(
    path: Path, origin: Origin, columns: SampleColumns | None = None, *, progress: Progress = unheard
) -> Iterator[Message]:
    """Read a table with one sample a row, of one or many collars, each sorted by time.

    Rows with an empty acceleration are left out.

    Raises:
        TableError: a cell can't be read, or a collar would be refused what the row says.
    """
    columns = columns or SampleColumns()
    open_batches: dict[CollarName, _Batch] = {}
    line = 1
    with open_table(path, progress) as table:
        for line, (collar_id, time, *cells) in _rows(table, origin, columns.time, *columns.axes):
            xyz = [number(cell, line=line, column=axis) for cell, axis in zip(cells, columns.axes, strict=True)]
            collar = _collar(origin, collar_id, line)
            batch = open_batches.setdefault(collar, _Batch(WallClock(origin.zone, distinct=False)))
            at = to_ms(instant_of(batch.clock, time, line=line, column=columns.time))
            if batch.times and batch.is_full_before(at):
                yield _sent(collar, batch, origin, columns.unit, line)
            if all(value is not None for value in xyz):
                batch.times.append(at)
                batch.xyz.append([value for value in xyz if value is not None])
    for collar, batch in open_batches.items():
        if batch.times:
            yield _sent(collar, batch, origin, columns.unit, line)


def read_posture(
    path: Path, origin: Origin, columns: PostureColumns | None = None, *, progress: Progress = unheard
) -> Iterator[Message]:
    """Read a table with a span or counted seconds a row, of one or many collars, each sorted by time.

    Rows with empty seconds are left out.

    Raises:
        TableError: a cell can't be read, or a collar would be refused what the row says.
    """
    columns = columns or PostureColumns()
    clocks: dict[CollarName, WallClock] = {}
    with open_table(path, progress) as table:
        spans = table.has(columns.start, columns.end)
        times = (columns.start, columns.end) if spans else (columns.time,)
        values = (columns.posture,) if table.has(columns.posture) else (columns.standing_s, columns.lying_s)
        for line, (collar_id, *cells) in _rows(table, origin, *times, *values):
            collar = _collar(origin, collar_id, line)
            clock = clocks.setdefault(collar, WallClock(origin.zone, distinct=not spans))
            t0, t1 = _span(clock, cells[: len(times)], times, columns.step, line)
            said = _postures(cells[len(times) :], values, line)
            if said is None:
                continue
            payload = posture_payload(t0, t1, said) if isinstance(said, Posture) else sums_payload(t0, t1, *said)
            yield _checked(Message(topic_of(collar, "posture"), origin.received_at, payload), line)


def read_ratios(
    path: Path,
    zone: tzinfo,
    *,
    unit: Unit = "ratio",
    columns: tuple[str, str] = (DATE, RATIO),
    progress: Progress = unheard,
) -> Iterator[Ratio]:
    """Read a table of `date, ratio_debout`, sorted by date; empty ratios come as None.

    Raises:
        TableError: a cell can't be read or is out of range, or dates do not go forward.
    """
    with open_table(path, progress) as table:
        yield from ratios_of(table.select(*columns), zone=zone, unit=unit)


def _rows(table: Table, origin: Origin, *columns: str) -> Iterator[Row]:
    if origin.collar is None:
        return table.select(origin.id_column, *columns)
    return (Row(line, [origin.collar, *cells]) for line, cells in table.select(*columns))


def _collar(origin: Origin, collar_id: Any, line: int) -> CollarName:
    if not _ID.fullmatch(str(collar_id)):
        why = f"{shown(collar_id)} is no collar id: 1 to 64 letters, digits, _ and -"
        raise TableError(why, line=line, column=origin.id_column)
    return CollarName(origin.farm, str(collar_id))


def _span(clock: WallClock, cells: list[Any], columns: tuple[str, ...], step: timedelta, line: int) -> tuple[int, int]:
    instants = [
        to_ms(instant_of(clock, cell, line=line, column=name)) for cell, name in zip(cells, columns, strict=True)
    ]
    if len(instants) == 2:
        return instants[0], instants[1]
    step_ms = step // timedelta(milliseconds=1)
    return instants[0], (instants[0] // step_ms + 1) * step_ms


def _postures(cells: list[Any], columns: tuple[str, ...], line: int) -> Posture | tuple[int, int] | None:
    if len(cells) == 1:
        return _posture(cells[0], columns[0], line)
    seconds = [_seconds(cell, name, line) for cell, name in zip(cells, columns, strict=True)]
    standing_s, lying_s = seconds
    return None if standing_s is None or lying_s is None else (standing_s, lying_s)


def _posture(cell: Any, column: str, line: int) -> Posture:
    try:
        return Posture(str(cell).casefold())
    except ValueError:
        raise TableError(f"{shown(cell)} is none of standing, lying and unknown", line=line, column=column) from None


def _seconds(cell: Any, column: str, line: int) -> int | None:
    value = number(cell, line=line, column=column)
    if value is not None and not value.is_integer():
        raise TableError(f"{value:g} is not a whole number of seconds", line=line, column=column)
    return None if value is None else int(value)


def _sent(collar: CollarName, batch: _Batch, origin: Origin, unit: SampleUnit, line: int) -> Message:
    t0 = batch.times[0]
    payload = samples_payload(batch.xyz, t0=t0, dt_ms=[at - t0 for at in batch.times], unit=unit)
    batch.times, batch.xyz = [], []
    return _checked(Message(topic_of(collar, "samples"), origin.received_at, payload), line)


def _checked(message: Message, line: int) -> Message:
    answer = _decode(message)
    if isinstance(answer, Rejected):
        raise TableError(f"at or before this line: {answer.detail}", line=line)
    return message
